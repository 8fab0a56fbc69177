package tables

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/raftbench/raftbench/reports"
)

// CompareText writes comparisons for a terminal: of each the verdict, and then the table.
func CompareText(w io.Writer, list []reports.Comparison, colour bool) error {
	p := painter(colour)
	var b strings.Builder
	shared := sharedRemarks(list)
	for i := range list {
		c := &list[i]
		if i > 0 {
			b.WriteString("\n")
		}
		fmt.Fprintln(&b, p.verdict(c.Verdict, clean(c.Conclusion())))
		if basis := c.Basis(); basis != "" {
			fmt.Fprintln(&b, clean(basis))
		}
		for _, o := range c.Obstacles {
			fmt.Fprintf(&b, "reason: %s\n", clean(o))
		}
		t := CompareTable(c)
		fmt.Fprintf(&b, "\n%s", t.text(p))
		writeNotes(&b, remarks(c, shared))
	}
	writeNotes(&b, shared)
	_, err := io.WriteString(w, b.String())
	return err
}

func writeNotes(b *strings.Builder, notes []string) {
	if len(notes) > 0 {
		b.WriteString("\n")
	}
	for _, n := range notes {
		fmt.Fprintf(b, "note: %s\n", clean(n))
	}
}

// verdict colours a sentence by what it says.
func (p painter) verdict(v reports.Verdict, s string) string {
	switch v {
	case reports.Better:
		return p.good(s)
	case reports.Worse:
		return p.bad(s)
	}
	return p.bold(s)
}

// remarks are the warnings that are no obstacles, without those that come later.
func remarks(c *reports.Comparison, later []string) []string {
	var list []string
	for _, w := range c.Warnings {
		if !slices.Contains(c.Obstacles, w) && !slices.Contains(later, w) {
			list = append(list, w)
		}
	}
	return list
}

// sharedRemarks are those of all comparisons, if there are several.
func sharedRemarks(list []reports.Comparison) []string {
	if len(list) < 2 {
		return nil
	}
	var shared []string
	for _, r := range remarks(&list[0], nil) {
		if !slices.ContainsFunc(list, func(c reports.Comparison) bool { return !slices.Contains(c.Warnings, r) }) {
			shared = append(shared, r)
		}
	}
	return shared
}

// CompareMarkdown writes comparisons for a pull request: of each the verdict, and then
// the table.
func CompareMarkdown(w io.Writer, list []reports.Comparison) error {
	var b strings.Builder
	shared := sharedRemarks(list)
	notes := func(notes []string) {
		for _, n := range notes {
			fmt.Fprintf(&b, "- %s\n", escapeMarkdown(n))
		}
		if len(notes) > 0 {
			b.WriteString("\n")
		}
	}
	for i := range list {
		c := &list[i]
		fmt.Fprintf(&b, "**%s**\n\n", escapeMarkdown(c.Conclusion()))
		if basis := c.Basis(); basis != "" {
			fmt.Fprintf(&b, "%s\n\n", escapeMarkdown(basis))
		}
		var why []string
		for _, o := range c.Obstacles {
			why = append(why, "reason: "+o)
		}
		notes(why)
		t := CompareTable(c)
		b.WriteString(t.markdown() + "\n")
		notes(remarks(c, shared))
	}
	notes(shared)
	_, err := io.WriteString(w, b.String())
	return err
}

// CompareCSV writes comparisons with a row for each metric.
func CompareCSV(w io.Writer, list []reports.Comparison) error {
	head := []string{
		"base", "other", "comparison_verdict", "metric", "verdict", "gating", "paired", "pairs",
		"effect_ratio", "effect_low", "effect_high", "confidence", "p", "p_holm", "margin", "noise_floor",
		"base_median", "base_min", "base_max", "other_median", "other_min", "other_max",
		"absolute_median", "absolute_min", "absolute_max", "ratio_median", "ratio_min", "ratio_max",
	}
	return writeCSV(w, head, func(row func(...string)) {
		for i := range list {
			c := &list[i]
			for j := range c.Differences {
				d := &c.Differences[j]
				fields := []string{
					c.Base.Label, c.Other.Label, string(c.Verdict), d.Metric.Name, verdict(d),
					fmt.Sprint(d.Gating), fmt.Sprint(c.Paired), fmt.Sprint(c.Pairs),
				}
				fields = append(fields, effect(d)...)
				for _, s := range []reports.Spread{d.Base, d.Other, d.Absolute, d.Ratio} {
					fields = append(fields, spread(s)...)
				}
				row(fields...)
			}
		}
	})
}

// effect are the fields of an estimate from pairs; empty without pairs.
func effect(d *reports.Difference) []string {
	fields := make([]string, 6)
	if e := d.Effect; e.N > 0 {
		fields = []string{number(e.Ratio), number(e.Low), number(e.High), number(e.Confidence), number(e.P), ""}
		if d.Gating && d.Verdict != reports.NoVerdict {
			fields[5] = number(d.AdjustedP)
		}
	}
	return append(fields, number(d.Margin), number(d.NoiseFloor))
}

// verdict of a metric; empty of one that was not asked for a verdict.
func verdict(d *reports.Difference) string {
	if !d.Gating {
		return ""
	}
	return string(d.Verdict)
}

// CompareTable is the table of one comparison, a row for each metric.
func CompareTable(c *reports.Comparison) Table {
	t := Table{Columns: []Column{
		{Title: "metric", Left: true}, {Title: "base"}, {Title: "other"}, {Title: "difference"}, {Title: "relative"},
	}}
	if c.Exact() {
		t.Columns = append(t.Columns, Column{Title: "95 % interval"}, Column{Title: "p"})
	} else {
		t.Columns = append(t.Columns, Column{Title: "spread of relative"})
	}
	t.Columns = append(t.Columns, Column{Title: "verdict", Left: true})
	for i := range c.Differences {
		t.Rows = append(t.Rows, compareRow(c, &c.Differences[i]))
	}
	return t
}

func compareRow(c *reports.Comparison, d *reports.Difference) []Cell {
	name := d.Metric.Title
	if d.Metric.HigherIsBetter {
		name += " (higher is better)"
	}
	texts := []string{name, d.Metric.Format(d.Base.Median), d.Metric.Format(d.Other.Median), signed(d)}
	switch e := d.Effect; {
	case !c.Exact():
		texts = append(texts, ratio(d.Ratio, d.Ratio.Median), ratioSpread(d.Ratio))
	case e.N == 0:
		texts = append(texts, absent, absent, absent)
	default:
		texts = append(texts, reports.FormatRatio(e.Ratio), reports.FormatInterval(e.Low, e.High), reports.FormatP(e.P))
	}
	texts = append(texts, verdict(d))
	row := make([]Cell, len(texts))
	for i, s := range texts {
		row[i] = Cell{Text: s}
	}
	return row
}

// signed writes a difference; one in the ten-thousandth part of what it is a
// difference of is nothing.
func signed(d *reports.Difference) string {
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
	return reports.FormatInterval(s.Min, s.Max)
}
