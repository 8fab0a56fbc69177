// Package plots draws a run as PNG pictures: latency by percentile, throughput
// over time, and how arms differ.
//
// A picture says in itself what was measured and on what machine. Arms that
// carried different loads stand in panels of their own. Legends lie outside the
// data. It starts no goroutine; functions may be called concurrently.
package plots

import (
	"fmt"
	"io"

	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/reports/palette"
)

// Bounds on what one picture shows; what is left out is said below it.
const (
	maxPanels = 6
	maxArms   = 32
	maxRows   = 16 // comparisons, a row in each metric
)

// arm is what a panel needs to know of an arm.
type arm struct {
	*reports.Summary
	style palette.Style
}

// group is the arms of one panel.
type group struct {
	load reports.Load
	arms []arm
}

// Latency draws the percentile curves of the response times, each as deep as its
// sample carries, on an axis where every further nine takes the same room.
func Latency(w io.Writer, run *reports.Run) error { return latencyFigure(run).writePNG(w) }

func latencyFigure(run *reports.Run) *figure {
	f := newFigure(run, "Latency of committed operations by percentile")
	for _, g := range f.groups(run) {
		f.panels = append(f.panels, latencyPanel(g))
	}
	return f
}

// Throughput draws operations completed per second over the window: the median
// of the replicates, and a band from the least to the most.
func Throughput(w io.Writer, run *reports.Run) error { return throughputFigure(run).writePNG(w) }

func throughputFigure(run *reports.Run) *figure {
	f := newFigure(run, "Committed operations per second over time")
	for _, g := range f.groups(run) {
		f.panels = append(f.panels, throughputPanel(g))
	}
	return f
}

// Compare draws by what factor arms differ from the arms they are compared with,
// for each metric: the estimate and the spread over replicates.
func Compare(w io.Writer, list []reports.Comparison) error {
	if len(list) == 0 {
		return fmt.Errorf("draw comparison: there is nothing to compare")
	}
	return compareFigure(list).writePNG(w)
}

func compareFigure(list []reports.Comparison) *figure {
	f := newFigure(list[0].Other.Run, "Differences between arms")
	if len(list) > maxRows {
		f.leftOut(fmt.Sprintf("the first %d of %d comparisons are drawn", maxRows, len(list)))
		list = list[:maxRows]
	}
	f.panels = append(f.panels, comparePanel(list))
	return f
}

// groups splits the run into panels and keeps to the bounds.
func (f *figure) groups(run *reports.Run) []group {
	styles := map[*reports.Arm]palette.Style{}
	for i, s := range palette.Of(run) {
		styles[&run.Arms[i]] = s
	}
	summaries := reports.Summarize(run)
	if len(summaries) > maxPanels {
		f.leftOut(fmt.Sprintf("the first %d of %d loads are drawn", maxPanels, len(summaries)))
		summaries = summaries[:maxPanels]
	}
	var groups []group
	for _, g := range summaries {
		if len(g.Summaries) > maxArms {
			f.leftOut(fmt.Sprintf("the first %d of %d arms are drawn", maxArms, len(g.Summaries)))
			g.Summaries = g.Summaries[:maxArms]
		}
		out := group{load: g.Load}
		for i := range g.Summaries {
			s := &g.Summaries[i]
			out.arms = append(out.arms, arm{s, styles[s.Arm]})
		}
		groups = append(groups, out)
	}
	return groups
}
