package plots

import (
	"image/color"

	"github.com/raftbench/raftbench/reports"
)

// drawnCosts are the costs that have bars, the most telling first; a table has
// all.
func drawnCosts() []reports.Metric {
	return []reports.Metric{
		reports.CPUPerOp(), reports.WireBytesPerOp(), reports.SyscallsPerOp(), reports.SegmentsPerOp(), reports.AllocsPerOp(),
	}
}

// costPanel draws what an operation costs, over the replicates of each arm of a
// group. It is nil where nothing was measured.
func costPanel(g group) *panel {
	chart := &rowChart{}
	for i := range g.arms {
		chart.rows = append(chart.rows, rowName{g.arms[i].name(), g.arms[i].style})
	}
	for _, m := range drawnCosts() {
		if c, ok := costColumn(g, m); ok {
			chart.columns = append(chart.columns, c)
		}
	}
	if len(chart.columns) == 0 {
		return nil
	}
	return &panel{title: g.load.String(), rows: chart}
}

func costColumn(g group, m reports.Metric) (barColumn, bool) {
	c := barColumn{title: m.Title}
	if m.Unit != "" {
		c.title += " (" + m.Unit + ")"
	}
	measured := false
	best := g.best(m)
	for i := range g.arms {
		a := &g.arms[i]
		s := reports.SpreadOf(m, a.Arm)
		if s.N == 0 {
			c.bars = append(c.bars, bar{text: "-"})
			continue
		}
		measured = true
		c.bars = append(c.bars, bar{
			parts: []barPart{{s.Median, color.Color(a.style.Colour), ""}},
			low:   s.Min, high: s.Max,
			text: reports.FormatNumber(s.Median), bold: i == best,
		})
	}
	return c, measured
}

// best is the index of the ranked arm with the least of a cost, or -1.
func (g *group) best(m reports.Metric) int {
	return g.summary.Best(m.HigherIsBetter, func(s *reports.Summary) (float64, bool) {
		spread := reports.SpreadOf(m, s.Arm)
		return spread.Median, spread.N > 0
	})
}

// idleNote says whether the costs are those of the operations alone.
func idleNote(run *reports.Run) string {
	measured, missing := false, false
	for i := range run.Arms {
		for j := range run.Arms[i].Replicates {
			if run.Arms[i].Replicates[j].Idle != nil {
				measured = true
			} else {
				missing = true
			}
		}
	}
	switch {
	case measured && missing:
		return "What the idle cluster uses is subtracted where it was measured."
	case measured:
		return "What the idle cluster uses is subtracted."
	}
	return "What the idle cluster uses was not measured and is included."
}
