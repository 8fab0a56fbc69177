package tables

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/raftbench/raftbench/reports/claimtable"
)

// claimWidth is how wide the prose of a claim is on a terminal.
const claimWidth = 100

// Claims writes a table of claims for a terminal: the verdicts first, then each claim with
// its source, its rule and its figures.
func Claims(w io.Writer, t *claimtable.Table, colour bool) error {
	p := painter(colour)
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s\n\n", p.bold(t.Headline()), clean(claimsMeasured(t)))
	b.WriteString(paintVerdicts(ClaimVerdicts(t), p))
	for i := range t.Claims {
		writeClaim(&b, &t.Claims[i], p)
	}
	b.WriteString("\n" + wrapped("reading", claimtable.Reading))
	for _, warning := range t.Warnings {
		fmt.Fprintf(&b, "\nwarning: %s\n", clean(warning))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// claimsMeasured says where and when.
func claimsMeasured(t *claimtable.Table) string {
	if !t.Measured() {
		return "Nothing was measured."
	}
	text := t.Started.UTC().Format("2006-01-02 15:04 MST") + "; " + t.Machine + "; raftbench " + t.Tool.Version
	if t.Tool.Revision != "" {
		text += " " + t.Tool.Revision
	}
	if t.Tool.Modified {
		text += " with changes"
	}
	return text
}

// ClaimVerdicts is the table of verdicts, a row for each claim, the verdict first.
func ClaimVerdicts(t *claimtable.Table) Table {
	out := Table{Columns: []Column{{Title: "verdict", Left: true}, {Title: "no."}, {Title: "claim", Left: true}, {Title: "measured", Left: true}}}
	for i := range t.Claims {
		c := &t.Claims[i]
		out.Rows = append(out.Rows, texts(string(c.Verdict), fmt.Sprint(c.Number), c.ID, shortFigure(c)))
	}
	return out
}

// shortFigure is the figure that decided, in a few words.
func shortFigure(c *claimtable.Claim) string {
	if f := c.Decisive(); f != nil {
		return f.Short()
	}
	return clean(c.Because)
}

// ClaimFigures is the table of a claim's figures, those that count first.
func ClaimFigures(c *claimtable.Claim) Table {
	out := Table{Columns: []Column{
		{Title: "figure", Left: true}, {Title: "of", Left: true}, {Title: "against", Left: true},
		{Title: "claimed", Left: true}, {Title: "holds if", Left: true}, {Title: "measured", Left: true}, {Title: "verdict", Left: true},
	}}
	for i := range c.Figures {
		f := &c.Figures[i]
		verdict := string(f.Verdict)
		if !f.Counts && verdict != "" {
			verdict = "(" + verdict + ")"
		}
		out.Rows = append(out.Rows, texts(f.Title, clean(f.Arm), orAbsent(clean(f.Against)), orAbsent(f.Claimed), orAbsent(f.Line), f.Measured, orAbsent(verdict)))
	}
	return out
}

func orAbsent(s string) string {
	if s == "" {
		return absent
	}
	return s
}

func texts(list ...string) []Cell {
	var cells []Cell
	for _, s := range list {
		cells = append(cells, Cell{Text: s})
	}
	return cells
}

func writeClaim(b *strings.Builder, c *claimtable.Claim, p painter) {
	fmt.Fprintf(b, "\n%s\n", p.bold(fmt.Sprintf("%d. %s", c.Number, clean(c.ID))))
	paragraph := func(name, text string) {
		if text != "" {
			b.WriteString(wrapped(name, clean(text)))
		}
	}
	paragraph("claim", c.Sentence)
	b.WriteString(p.claim(c.Verdict, wrapped("verdict", strings.ToUpper(string(c.Verdict)))))
	paragraph("because", c.Because)
	for _, s := range c.Sources {
		paragraph("source", strings.TrimSpace(s.Text+" "+s.URL))
	}
	paragraph("setup", strings.TrimSpace(c.Setup+" "+c.Windows()))
	paragraph("rule", c.Rule)
	paragraph("note", c.Mechanism)
	if len(c.Figures) > 0 {
		t := ClaimFigures(c)
		b.WriteString("\n" + indented(t.text(p)))
	}
	for _, why := range c.Doubts() {
		paragraph("doubt", why)
	}
}

// wrapped writes a paragraph behind its name.
func wrapped(name, text string) string {
	const indent = 11
	var b strings.Builder
	line := fmt.Sprintf("  %-*s", indent-2, name)
	empty := true
	for word := range strings.FieldsSeq(text) {
		if !empty && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > claimWidth {
			b.WriteString(line + "\n")
			line, empty = strings.Repeat(" ", indent), true
		}
		if !empty {
			line += " "
		}
		line, empty = line+word, false
	}
	b.WriteString(line + "\n")
	return b.String()
}

func indented(text string) string {
	return "  " + strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\n  ") + "\n"
}

// claim colours a text by a verdict.
func (p painter) claim(v claimtable.Verdict, s string) string {
	body := strings.TrimSuffix(s, "\n")
	switch v {
	case claimtable.Holds:
		return p.good(body) + s[len(body):]
	case claimtable.DoesNotHold:
		return p.bad(body) + s[len(body):]
	}
	return s
}

// paintVerdicts lays the table of verdicts out and colours its first column.
func paintVerdicts(t Table, p painter) string {
	lines := strings.SplitAfter(t.text(p), "\n")
	for i, row := range t.Rows {
		verdict := row[0].Text
		lines[i+1] = p.claim(claimtable.Verdict(verdict), verdict) + strings.TrimPrefix(lines[i+1], verdict)
	}
	return strings.Join(lines, "")
}

// ClaimsMarkdown writes a table of claims as Markdown.
func ClaimsMarkdown(w io.Writer, t *claimtable.Table) error {
	var b strings.Builder
	verdicts := ClaimVerdicts(t)
	fmt.Fprintf(&b, "# Published claims, put to the test\n\n%s\n\n%s\n\n%s\n%s\n",
		escapeMarkdown(t.Headline()), escapeMarkdown(claimsMeasured(t)), verdicts.markdown(), escapeMarkdown(claimtable.Reading))
	for i := range t.Claims {
		markdownClaim(&b, &t.Claims[i])
	}
	for _, warning := range t.Warnings {
		fmt.Fprintf(&b, "\nWarning: %s\n", escapeMarkdown(warning))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func markdownClaim(b *strings.Builder, c *claimtable.Claim) {
	fmt.Fprintf(b, "\n## %d. %s\n\n> %s\n\n**%s**: %s\n\n", c.Number, escapeMarkdown(c.ID), escapeMarkdown(c.Sentence), escapeMarkdown(string(c.Verdict)), escapeMarkdown(c.Because))
	for _, s := range c.Sources {
		text := "- " + escapeMarkdown(s.Text)
		if s.URL != "" {
			text += fmt.Sprintf(" <%s>", s.URL)
		}
		b.WriteString(text + "\n")
	}
	for _, part := range [][2]string{{"Setup", strings.TrimSpace(c.Setup + " " + c.Windows())}, {"Rule", c.Rule}, {"Note", c.Mechanism}} {
		fmt.Fprintf(b, "\n%s: %s\n", part[0], escapeMarkdown(part[1]))
	}
	if len(c.Figures) > 0 {
		t := ClaimFigures(c)
		fmt.Fprintf(b, "\n%s", t.markdown())
	}
	for _, why := range c.Doubts() {
		fmt.Fprintf(b, "\nDoubt: %s\n", escapeMarkdown(why))
	}
}
