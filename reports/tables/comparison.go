package tables

import (
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/raftbench/raftbench/reports"
)

// CompareText writes comparisons for a terminal, a table for each.
func CompareText(w io.Writer, list []reports.Comparison, colour bool) error {
	p := painter(colour)
	var b strings.Builder
	for i := range list {
		c := &list[i]
		if i > 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "%s\n\n", p.bold(clean(title(c))))
		t := CompareTable(c)
		b.WriteString(t.text(p))
		if len(c.Warnings) > 0 {
			b.WriteString("\n")
		}
		for _, warning := range c.Warnings {
			fmt.Fprintf(&b, "note: %s\n", clean(warning))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// CompareMarkdown writes comparisons for a pull request.
func CompareMarkdown(w io.Writer, list []reports.Comparison) error {
	var b strings.Builder
	for i := range list {
		c := &list[i]
		fmt.Fprintf(&b, "### %s\n\n", escapeMarkdown(title(c)))
		t := CompareTable(c)
		b.WriteString(t.markdown() + "\n")
		for _, warning := range c.Warnings {
			fmt.Fprintf(&b, "- %s\n", escapeMarkdown(warning))
		}
		if len(c.Warnings) > 0 {
			b.WriteString("\n")
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// CompareCSV writes comparisons with a row for each metric.
func CompareCSV(w io.Writer, list []reports.Comparison) error {
	head := []string{
		"base", "other", "paired", "pairs", "metric", "base_median", "base_min", "base_max", "other_median", "other_min", "other_max",
		"absolute_median", "absolute_min", "absolute_max", "ratio_median", "ratio_min", "ratio_max", "verdict",
	}
	return writeCSV(w, head, func(row func(...string)) {
		for i := range list {
			c := &list[i]
			for _, d := range c.Differences {
				fields := []string{c.Base.Label, c.Other.Label, fmt.Sprint(c.Paired), fmt.Sprint(c.Pairs), d.Metric.Name}
				for _, s := range []reports.Spread{d.Base, d.Other, d.Absolute, d.Ratio} {
					fields = append(fields, spread(s)...)
				}
				row(append(fields, string(d.Verdict))...)
			}
		}
	})
}

func title(c *reports.Comparison) string {
	text := fmt.Sprintf("%s compared with %s", c.Other.Label, c.Base.Label)
	if c.Paired {
		text += fmt.Sprintf(", in %d interleaved pairs", c.Pairs)
	}
	return text
}

// CompareTable is the table of one comparison, a row for each metric.
func CompareTable(c *reports.Comparison) Table {
	t := Table{Columns: []Column{
		{Title: "metric", Left: true}, {Title: "base"}, {Title: "other"},
		{Title: "difference"}, {Title: "relative"}, {Title: "spread of relative"}, {Title: "verdict", Left: true},
	}}
	for _, d := range c.Differences {
		name := d.Metric.Title
		if d.Metric.HigherIsBetter {
			name += " (higher is better)"
		}
		t.Rows = append(t.Rows, []Cell{
			{Text: name},
			{Text: d.Metric.Format(d.Base.Median)},
			{Text: d.Metric.Format(d.Other.Median)},
			{Text: signed(d)},
			{Text: ratio(d.Ratio, d.Ratio.Median)},
			{Text: ratioSpread(d.Ratio)},
			{Text: string(d.Verdict)},
		})
	}
	return t
}

// signed writes a difference; one in the ten-thousandth part of what it is a
// difference of is nothing.
func signed(d reports.Difference) string {
	v := d.Absolute.Median
	switch {
	case math.Abs(v) < 1e-4*math.Abs(d.Base.Median) || v == 0:
		return "0"
	case v < 0:
		return "-" + d.Metric.Format(-v)
	}
	return "+" + d.Metric.Format(v)
}

func ratio(s reports.Spread, v float64) string {
	if s.N == 0 {
		return absent
	}
	return reports.FormatRatio(v)
}

func ratioSpread(s reports.Spread) string {
	if s.N < 2 {
		return absent
	}
	return reports.FormatRatio(s.Min) + " to " + reports.FormatRatio(s.Max)
}
