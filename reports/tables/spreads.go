package tables

import (
	"slices"
	"strings"

	"github.com/raftbench/raftbench/reports"
)

// spreadSection is the distributions of what is not a latency: batch sizes, queue
// depths. It has a row for each of them and a column for each arm, for there may be
// many and their names are long. What is one and the same number for all arms is
// in a note.
func spreadSection(g *reports.Group) *Section {
	section := &Section{Title: "batches and queues"}
	t := &section.Table
	t.Columns = []Column{{Title: "p50 / p99 / max", Left: true}}
	var known []reports.Distribution // of all arms, by name
	all := make([][]reports.Distribution, len(g.Summaries))
	for i := range g.Summaries {
		t.Columns = append(t.Columns, Column{Title: label(&g.Summaries[i])})
		all[i] = g.Summaries[i].Arm.Spreads()
		for _, d := range all[i] {
			if !slices.ContainsFunc(known, func(k reports.Distribution) bool { return k.Name == d.Name }) {
				known = append(known, d)
			}
		}
	}
	var constant []string
	for _, k := range known {
		row := spreadRow(k.Name, all)
		if text, ok := theSame(row); ok {
			constant = append(constant, spreadName(k)+" "+text)
			continue
		}
		t.Rows = append(t.Rows, append([]Cell{{Text: spreadName(k)}}, row...))
	}
	if len(constant) > 0 {
		section.Notes = []Note{{Text: "always, for all: " + strings.Join(constant, ", ")}}
	}
	if len(t.Rows) == 0 {
		section.Table = Table{}
	}
	if len(known) == 0 {
		return nil
	}
	return section
}

// spreadRow is one distribution of all arms.
func spreadRow(name string, all [][]reports.Distribution) []Cell {
	row := make([]Cell, len(all))
	for i := range all {
		row[i].Text = absent
		for _, d := range all[i] {
			if d.Name == name {
				row[i].Text = spreadText(d)
			}
		}
	}
	return row
}

// theSame says that all cells hold one and the same single number.
func theSame(row []Cell) (string, bool) {
	for _, c := range row {
		if c.Text != row[0].Text || c.Text == absent || strings.Contains(c.Text, "/") {
			return "", false
		}
	}
	return row[0].Text, len(row) > 0
}

// spreadName is the name of a distribution in words, with its unit where neither the
// name nor the values have it.
func spreadName(d reports.Distribution) string {
	name := strings.ReplaceAll(d.Name, "_", " ")
	switch d.Unit {
	case "ns":
		return clean(strings.TrimSuffix(name, " ns"))
	case "bytes", "B", "":
		return clean(name)
	}
	if !strings.Contains(name, d.Unit) {
		name += " (" + d.Unit + ")"
	}
	return clean(name)
}

// spreadText is the median, p99 and maximum, or the number that all are.
func spreadText(d reports.Distribution) string {
	format := func(v int64) string { return reports.FormatCount(float64(v)) }
	switch d.Unit {
	case "ns":
		format = duration
	case "bytes", "B":
		format = reports.FormatBytes
	}
	if d.Histogram.Count() == 0 {
		return absent
	}
	if most := d.Histogram.Max(); d.Histogram.AtRank(1) >= most {
		return format(most)
	}
	parts := []string{}
	for _, q := range []float64{0.5, 0.99} {
		text := absent
		if p := d.Histogram.Percentile(q); p.Carried {
			text = format(p.Value)
		}
		parts = append(parts, text)
	}
	return strings.Join(append(parts, format(d.Histogram.Max())), " / ")
}

// duration writes nanoseconds, and nothing as nothing.
func duration(ns int64) string {
	if ns == 0 {
		return "0"
	}
	return reports.FormatLatency(float64(ns))
}
