package tables

import (
	"fmt"
	"io"
	"strings"

	"github.com/raftbench/raftbench/reports"
)

// Text writes the result of a run for a terminal: what was measured, then for
// each load the headline, the table and what to know about it. With colour it
// uses ANSI sequences; without, the best value of a column still bears a mark.
func Text(w io.Writer, run *reports.Run, colour bool) error {
	p := painter(colour)
	var b strings.Builder
	if s := run.StatusText(); s != "" {
		fmt.Fprintf(&b, "%s\n\n", p.bad(s))
	}
	groups := reports.Summarize(run)
	if len(groups) == 0 {
		b.WriteString("Nothing was measured.\n\n")
	}
	for _, g := range groups {
		h := g.Headline()
		fmt.Fprintln(&b, p.bold(h.Text))
		if h.Note != "" {
			fmt.Fprintln(&b, h.Note)
		}
		fmt.Fprintf(&b, "\n%s\n%s\n\n", clean(g.Load.String()), run.Windows())
		t := SummaryTable(&g)
		b.WriteString(t.text(p))
		if t.hasBest() && !colour {
			fmt.Fprintf(&b, "%s best of those ranked\n", mark)
		}
		b.WriteString("\n")
		for _, n := range Notes(&g) {
			fmt.Fprintln(&b, n.paint(p))
		}
		if len(Notes(&g)) > 0 {
			b.WriteString("\n")
		}
	}
	fmt.Fprintln(&b, clean(run.Machine()))
	for _, warning := range run.Warnings {
		fmt.Fprintf(&b, "warning: %s\n", clean(warning))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Markdown writes the result of a run for a pull request or an issue.
func Markdown(w io.Writer, run *reports.Run) error {
	var b strings.Builder
	b.WriteString("## raftbench\n\n")
	if s := run.StatusText(); s != "" {
		fmt.Fprintf(&b, "**%s**\n\n", s)
	}
	for _, g := range reports.Summarize(run) {
		h := g.Headline()
		fmt.Fprintf(&b, "**%s** %s\n\n", escapeMarkdown(h.Text), escapeMarkdown(h.Note))
		fmt.Fprintf(&b, "%s; %s.\n\n", escapeMarkdown(g.Load.String()), run.Windows())
		t := SummaryTable(&g)
		b.WriteString(t.markdown())
		b.WriteString("\n")
		for _, n := range Notes(&g) {
			fmt.Fprintf(&b, "- %s\n", escapeMarkdown(n.Text))
		}
		if len(Notes(&g)) > 0 {
			b.WriteString("\n")
		}
	}
	fmt.Fprintf(&b, "%s; raftbench %s.\n", escapeMarkdown(run.Machine()), escapeMarkdown(run.Tool.Version))
	for _, warning := range run.Warnings {
		fmt.Fprintf(&b, "\nWarning: %s\n", escapeMarkdown(warning))
	}
	_, err := io.WriteString(w, b.String())
	return err
}
