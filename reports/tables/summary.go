package tables

import (
	"fmt"
	"io"
	"strings"

	"github.com/raftbench/raftbench/reports"
)

// maxDetailed is up to how many loads the text for a terminal goes into detail: a
// matrix would fill many screens.
const maxDetailed = 3

// lineWidth is what a table takes of a terminal at most; wider ones are cut into
// several.
const lineWidth = 120

// Text writes the result of a run for a terminal: for each load the headline, what
// was measured, the table, what to know about it, and the costs, stages and
// batches. With colour it uses ANSI sequences; without, the best value of a column
// still bears a mark.
func Text(w io.Writer, run *reports.Run, colour bool) error { return writeText(w, run, colour, false) }

// Full writes what Text does and all that there is besides: percentiles with their
// confidence intervals, the warm-up, settings and environment.
func Full(w io.Writer, run *reports.Run, colour bool) error { return writeText(w, run, colour, true) }

func writeText(w io.Writer, run *reports.Run, colour, full bool) error {
	p := painter(colour)
	var b strings.Builder
	if s := run.StatusText(); s != "" {
		fmt.Fprintf(&b, "%s\n\n", p.bad(s))
	}
	groups := reports.Summarize(run)
	if len(groups) == 0 {
		b.WriteString("Nothing was measured.\n\n")
	}
	for i := range groups {
		writeGroup(&b, run, &groups[i], p)
		sections := Sections(&groups[i])
		if len(groups) > maxDetailed && !full {
			sections = nil
		}
		if full {
			sections = append(Depths(&groups[i]), sections...)
		}
		for j := range sections {
			sections[j].text(&b, p)
		}
	}
	if len(groups) > maxDetailed && !full {
		b.WriteString("Costs, stages and batches of each load: raftbench report DIR --format full\n")
	}
	if line := warmupLine(run); line != "" {
		fmt.Fprintln(&b, line)
	}
	fmt.Fprintln(&b, clean(run.Machine()))
	for _, warning := range run.Warnings {
		fmt.Fprintf(&b, "warning: %s\n", clean(warning))
	}
	if full {
		writeSettings(&b, run, p)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// writeGroup writes the headline and the summary of the arms of one load.
func writeGroup(b *strings.Builder, run *reports.Run, g *reports.Group, p painter) {
	h := g.Headline()
	fmt.Fprintln(b, p.bold(clean(h.Text)))
	if h.Note != "" {
		fmt.Fprintln(b, clean(h.Note))
	}
	fmt.Fprintf(b, "\n%s\n%s\n\n", clean(g.Load.String()), run.Windows())
	t := SummaryTable(g)
	for _, part := range t.within(lineWidth) {
		b.WriteString(part.text(p))
	}
	if t.hasBest() && !bool(p) {
		fmt.Fprintf(b, "%s best of those ranked\n", mark)
	}
	b.WriteString("\n")
	notes := Notes(g)
	for _, n := range notes {
		fmt.Fprintln(b, n.paint(p))
	}
	if len(notes) > 0 {
		b.WriteString("\n")
	}
}

func (s *Section) text(b *strings.Builder, p painter) {
	fmt.Fprintln(b, p.bold(s.Title))
	for i, part := range s.Table.within(lineWidth) {
		if len(part.Columns) == 0 {
			break // there are notes only
		}
		if i > 0 {
			b.WriteString("\n")
		}
		b.WriteString(part.text(p))
	}
	for _, n := range s.Notes {
		fmt.Fprintln(b, n.paint(p))
	}
	b.WriteString("\n")
}

// writeSettings writes the effective settings with where each came from.
func writeSettings(b *strings.Builder, run *reports.Run, p painter) {
	if len(run.Settings) == 0 {
		return
	}
	t := Table{Columns: []Column{{Title: "setting", Left: true}, {Title: "value", Left: true}, {Title: "from", Left: true}}}
	for _, s := range run.Settings {
		t.Rows = append(t.Rows, []Cell{{Text: clean(s.Name)}, {Text: clean(s.Value)}, {Text: clean(s.Source)}})
	}
	b.WriteString("\n" + t.text(p))
	fmt.Fprintf(b, "\n%s; seed %d\n", clean(strings.Join(run.Argv, " ")), run.Seed)
}

// Markdown writes the result of a run for a pull request or an issue: short, with
// the details folded away.
func Markdown(w io.Writer, run *reports.Run) error {
	var b strings.Builder
	b.WriteString("## raftbench\n\n")
	if s := run.StatusText(); s != "" {
		fmt.Fprintf(&b, "**%s**\n\n", s)
	}
	groups := reports.Summarize(run)
	for i := range groups {
		g := &groups[i]
		h := g.Headline()
		fmt.Fprintf(&b, "**%s** %s\n\n", escapeMarkdown(h.Text), escapeMarkdown(h.Note))
		fmt.Fprintf(&b, "%s; %s.\n\n", escapeMarkdown(g.Load.String()), run.Windows())
		t := SummaryTable(g)
		b.WriteString(t.markdown())
		b.WriteString("\n")
		writeMarkdownNotes(&b, Notes(g))
		writeDetails(&b, g)
	}
	if line := warmupLine(run); line != "" {
		fmt.Fprintf(&b, "%s\n\n", escapeMarkdown(line))
	}
	fmt.Fprintf(&b, "%s; raftbench %s.\n", escapeMarkdown(run.Machine()), escapeMarkdown(run.Tool.Version))
	for _, warning := range run.Warnings {
		fmt.Fprintf(&b, "\nWarning: %s\n", escapeMarkdown(warning))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func writeMarkdownNotes(b *strings.Builder, notes []Note) {
	for _, n := range notes {
		fmt.Fprintf(b, "- %s\n", escapeMarkdown(n.Text))
	}
	if len(notes) > 0 {
		b.WriteString("\n")
	}
}

// writeDetails folds the sections of a group. The blank lines make GitHub read what
// is inside as Markdown.
func writeDetails(b *strings.Builder, g *reports.Group) {
	sections := append(Sections(g), Depths(g)...)
	if len(sections) == 0 {
		return
	}
	b.WriteString("<details><summary>Costs, stages, batches, confidence intervals</summary>\n\n")
	for i := range sections {
		fmt.Fprintf(b, "**%s**\n\n", escapeMarkdown(sections[i].Title))
		if len(sections[i].Table.Columns) > 0 {
			b.WriteString(sections[i].Table.markdown() + "\n")
		}
		writeMarkdownNotes(b, sections[i].Notes)
	}
	b.WriteString("</details>\n\n")
}
