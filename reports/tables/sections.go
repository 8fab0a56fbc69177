package tables

import (
	"fmt"
	"slices"

	"github.com/raftbench/raftbench/reports"
)

// Section is a table of its own below that of the summary, about one side of a group
// of arms.
type Section struct {
	Title string
	Open  bool // where others are folded, it is not: it is what the run was about
	Table Table
	Notes []Note
}

// Sections are what there is to say of a group beside its summary: what followed
// faults, what was done about errors, the steps of the schedule, costs, stages, batches and queues. Those without data are left out.
func Sections(g *reports.Group) []Section {
	return whereMeasured(recoverySection(g), troubleSection(g), stepSection(g), costSection(g), stageSection(g), spreadSection(g))
}

// Depths are the sections for who asks for all of it: each percentile with its
// confidence interval, and what the warm-up left out.
func Depths(g *reports.Group) []Section {
	return whereMeasured(intervalSection(g), kindSection(g), warmupSection(g))
}

func whereMeasured(list ...*Section) []Section {
	var measured []Section
	for _, s := range list {
		if s != nil {
			measured = append(measured, *s)
		}
	}
	return measured
}

// table makes the table of a group from its fields, a row for each arm, and marks
// the best of each column.
func table(g *reports.Group, fs []field) Table {
	var t Table
	for _, f := range fs {
		t.Columns = append(t.Columns, f.Column)
	}
	for i := range g.Summaries {
		row := make([]Cell, len(fs))
		for c, f := range fs {
			row[c].Text = f.text(&g.Summaries[i])
		}
		t.Rows = append(t.Rows, row)
	}
	for c, f := range fs {
		if f.value == nil {
			continue
		}
		if best := g.Best(f.higherIsBetter, f.value); best >= 0 {
			t.Rows[best][c].Best = true
		}
	}
	return t
}

// stepSection is the steps of the schedule, a row for each of each arm.
func stepSection(g *reports.Group) *Section {
	t := Table{Columns: []Column{
		{Title: "transport", Left: true}, {Title: "step", Left: true}, {Title: "offered", Unit: "ops/s"}, {Title: "achieved", Unit: "ops/s"},
	}}
	for _, q := range reports.Quantiles() {
		t.Columns = append(t.Columns, Column{Title: reports.FormatQuantile(q)})
	}
	t.Columns = append(t.Columns, Column{Title: "", Left: true})
	for i := range g.Summaries {
		s := &g.Summaries[i]
		for _, step := range s.Arm.Steps() {
			row := []Cell{
				{Text: label(s)}, {Text: clean(step.Name)},
				{Text: reports.FormatCount(step.Offered)}, {Text: reports.FormatCount(step.Achieved.Median)},
			}
			for _, q := range reports.Quantiles() {
				text := absent
				if p := step.Response.Percentile(q); p.Carried {
					text = reports.FormatLatency(float64(p.Value))
				}
				row = append(row, Cell{Text: text})
			}
			remark := ""
			if !step.Sustained {
				remark = "NOT SUSTAINED"
			}
			t.Rows = append(t.Rows, append(row, Cell{Text: remark}))
		}
	}
	if len(t.Rows) == 0 {
		return nil
	}
	return &Section{Title: "steps of the schedule", Table: t}
}

// costSection is what an operation costs beside CPU time and bytes on the wire,
// which the summary has.
func costSection(g *reports.Group) *Section {
	fs := []field{{Column: Column{Title: "transport", Left: true}, text: label}}
	for _, m := range reports.CostMetrics() {
		measured := slices.ContainsFunc(g.Summaries, func(s reports.Summary) bool { return reports.SpreadOf(m, s.Arm).N > 0 })
		if measured && m.Name != reports.CPUPerOp().Name && m.Name != reports.WireBytesPerOp().Name {
			fs = append(fs, costField(m))
		}
	}
	if len(fs) == 1 {
		return nil
	}
	return &Section{Title: "other costs: " + idleText(g), Table: table(g, fs)}
}

func costField(m reports.Metric) field {
	value := func(s *reports.Summary) (float64, bool) {
		spread := reports.SpreadOf(m, s.Arm)
		return spread.Median, spread.N > 0
	}
	f := field{Column: Column{Title: m.Title, Unit: m.Unit}, text: formatted(value, reports.FormatNumber), value: value}
	if m.Unit == "" {
		f.text = formatted(value, m.Format)
	}
	return f
}

// idleText says of a group what costs are of.
func idleText(g *reports.Group) string {
	measured, missing := 0, 0
	for i := range g.Summaries {
		for j := range g.Summaries[i].Arm.Replicates {
			if g.Summaries[i].Arm.Replicates[j].Idle != nil {
				measured++
			} else {
				missing++
			}
		}
	}
	switch {
	case missing == 0:
		return "what the idle cluster uses is subtracted, here and above"
	case measured > 0:
		return fmt.Sprintf("what the idle cluster uses is subtracted, here and above, but for %d of the replicates", missing)
	}
	return "what the idle cluster uses is included, here and above"
}

// stageSection is where the time of sampled operations goes.
func stageSection(g *reports.Group) *Section {
	breakdowns := map[*reports.Arm]*reports.Breakdown{}
	var names []string
	for i := range g.Summaries {
		b := g.Summaries[i].Arm.Breakdown()
		if b == nil {
			continue
		}
		breakdowns[g.Summaries[i].Arm] = b
		for _, s := range b.Stages {
			if !slices.Contains(names, s.Name) {
				names = append(names, s.Name)
			}
		}
	}
	if len(breakdowns) == 0 {
		return nil
	}
	fs := []field{{Column: Column{Title: "transport", Left: true}, text: label}}
	add := func(title string, text func(*reports.Breakdown) string) {
		fs = append(fs, field{Column: Column{Title: title}, text: func(s *reports.Summary) string {
			if b := breakdowns[s.Arm]; b != nil {
				return text(b)
			}
			return absent
		}})
	}
	for _, name := range names {
		add(name, func(b *reports.Breakdown) string {
			i := slices.IndexFunc(b.Stages, func(s reports.Stage) bool { return s.Name == name })
			if i < 0 {
				return absent
			}
			return duration(int64(b.Stages[i].Mean))
		})
	}
	add("sum", func(b *reports.Breakdown) string { return reports.FormatLatency(b.Sum()) })
	add("response", func(b *reports.Breakdown) string { return reports.FormatLatency(b.Response) })
	section := &Section{Title: "where the time goes: means of sampled operations", Table: table(g, fs)}
	for i := range g.Summaries {
		if b := breakdowns[g.Summaries[i].Arm]; b != nil && !b.AddsUp() {
			section.Notes = append(section.Notes, Note{Bad: true, Text: clean(fmt.Sprintf(
				"%s: its stages miss the mean response time by %+.0f %%, more than %.0f: the breakdown is doubtful",
				g.Summaries[i].Arm.Label, 100*b.Gap(), 100*reports.MaxStageGap))})
		}
	}
	return section
}
