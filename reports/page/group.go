package page

import (
	"fmt"
	"slices"
	"strings"

	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/reports/tables"
)

// groupView is the arms of one load.
type groupView struct {
	Index     int
	Alone     bool // the run has no other group: its headline is that of the page
	Load      string
	Headline  reports.Headline
	Base      string // what the others are compared with
	Ranking   []rankView
	Interval  string   // what stands in brackets behind a difference
	Remarks   []string // on all comparisons
	Table     tables.Table
	Notes     []tables.Note
	MoreNotes []tables.Note // folded away
	Compare   []compareView
	Figures   []figure
	Sections  []tables.Section // what is not in the figures' tables comes here too: steps, batches, queues, warm-up
	Events    []eventView
	Arms      []armView
}

// armView is what is shown of one arm beside its numbers.
type armView struct {
	Label      string
	Swatch     swatch
	Options    []reports.Option
	Replicates tables.Table
}

type eventView struct {
	Arm       string
	Replicate int
	At, Text  string
}

func newGroupView(index int, g *reports.Group, comparisons []reports.Comparison, looks map[*reports.Arm]look) groupView {
	v := groupView{
		Index: index, Load: g.Load.String(), Headline: g.Headline(), Ranking: rankingOf(g, looks, comparisons),
		Interval: intervalName(comparisons), Remarks: sharedWarnings(comparisons), Table: tables.SummaryTable(g), Figures: figuresOf(g), Sections: append(tables.Sections(g), tables.Depths(g)...),
	}
	if len(comparisons) > 0 {
		v.Base = comparisons[0].Base.Label
	}
	for i := range comparisons {
		c := &comparisons[i]
		v.Compare = append(v.Compare, compareView{c.Other.Label + " compared with " + c.Base.Label, tables.CompareTable(c), c.Warnings})
	}
	v.Notes = slices.DeleteFunc(tables.Notes(g), func(n tables.Note) bool { return n.Bad }) // why an arm is invalid stands on top of the page
	if len(v.Notes) > shownNotes {
		v.Notes, v.MoreNotes = v.Notes[:shownNotes], v.Notes[shownNotes:]
	}
	for i := range g.Summaries {
		a := g.Summaries[i].Arm
		v.Arms = append(v.Arms, armView{a.Label, looks[a].swatch, a.Options, replicatesTable(a)})
		for j := range a.Replicates {
			for _, e := range a.Replicates[j].Events {
				v.Events = append(v.Events, eventView{a.Label, a.Replicates[j].Index, reports.FormatLatency(float64(e.At)), e.Kind + ": " + e.Text})
			}
		}
	}
	return v
}

// replicatesTable is an arm's replicates, a row for each.
func replicatesTable(a *reports.Arm) tables.Table {
	t := tables.Table{Columns: []tables.Column{
		{Title: "replicate"}, {Title: "block"}, {Title: "place in block"}, {Title: "throughput"}, {Title: "p50"}, {Title: "p99"},
		{Title: "CPU/op"}, {Title: "wire/op"}, {Title: "succeeded"}, {Title: "errors"}, {Title: "elections"}, {Title: "warm-up"}, {Title: "check", Left: true},
	}}
	for i := range a.Replicates {
		r := &a.Replicates[i]
		row := texts(fmt.Sprint(r.Index), fmt.Sprint(r.Block), fmt.Sprint(r.Position))
		for _, m := range []reports.Metric{reports.Throughput(), reports.Latency(0.5), reports.Latency(0.99), reports.CPUPerOp(), reports.WireBytesPerOp()} {
			text := absent
			if v, ok := m.Value(r); ok {
				text = m.Format(v)
			}
			row = append(row, tables.Cell{Text: text})
		}
		errors := r.Operations.Failed + r.Operations.Unknown + r.Operations.Refused
		row = append(row, texts(count(r.Operations.Succeeded), count(errors), count(r.Elections), r.Warmup.String(), checkText(r))...)
		t.Rows = append(t.Rows, row)
	}
	return t
}

// shownNotes is how many notes stand below the table; the others are folded away.
const shownNotes = 6

// absent stands where a number was not measured.
const absent = "-"

func texts(list ...string) []tables.Cell {
	cells := make([]tables.Cell, len(list))
	for i, s := range list {
		cells[i].Text = s
	}
	return cells
}

func count(n uint64) string { return reports.FormatCount(float64(n)) }

func checkText(r *reports.Replicate) string {
	text := "valid"
	if !r.Valid {
		text = "INVALID: " + strings.Join(r.Reasons, "; ")
	}
	if r.Partial {
		text = "partial; " + text
	}
	return text
}
