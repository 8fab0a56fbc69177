// Package plots draws runs and comparisons as PNG and SVG: percentile curves,
// throughput and latency over time, latency against load, where the time goes,
// what an operation costs, the whole distribution, and how arms differ.
//
// A picture says in itself what was measured and on what machine. Arms that
// carried different loads stand in panels of their own. Legends lie outside the
// data. It is not interactive: that is package page. The same run gives the same
// bytes. It starts no goroutine; functions may be called concurrently.
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

// Picture is one of the pictures of a run, ready to be written.
type Picture struct {
	Name   string // of its files, without the ending
	figure *figure
}

// WritePNG writes the picture, 1600 pixels wide.
func (p *Picture) WritePNG(w io.Writer) error { return p.figure.writePNG(w) }

// WriteSVG writes the picture with its text as text.
func (p *Picture) WriteSVG(w io.Writer) error { return p.figure.writeSVG(w) }

// Names lists what the pictures of runs are called, in the order of Of. A run has
// those that it has data for.
func Names() []string {
	return []string{"latency", "throughput", "latency-over-time", "load", "stages", "cost", "ecdf", "breakers"}
}

// Of returns the pictures that the run has data for.
func Of(run *reports.Run) []Picture {
	s := newScene(run)
	drawings := []func(*scene) *figure{
		latencyFigure, throughputFigure, latencyOverTimeFigure, loadFigure, stagesFigure, costFigure, ecdfFigure, breakersFigure,
	}
	var list []Picture
	for i, name := range Names() {
		if f := drawings[i](s); len(f.panels) > 0 {
			list = append(list, Picture{name, f})
		}
	}
	return list
}

// scene is what the pictures of a run have in common.
type scene struct {
	run     *reports.Run
	groups  []group
	leftOut []string
}

// group is the arms of one panel.
type group struct {
	load    reports.Load
	arms    []arm
	summary *reports.Group // of the same arms
}

// arm is what a panel needs to know of an arm.
type arm struct {
	*reports.Summary
	response *reports.Histogram // of all replicates
	style    palette.Style
}

// newScene splits the run into panels and keeps to the bounds.
func newScene(run *reports.Run) *scene {
	s := &scene{run: run}
	summaries := reports.Summarize(run)
	for i := range summaries {
		g := &summaries[i]
		if len(g.Summaries) > maxArms {
			s.leftOut = append(s.leftOut, fmt.Sprintf("the first %d of %d arms are drawn", maxArms, len(g.Summaries)))
			g.Summaries = g.Summaries[:maxArms]
		}
		out := group{load: g.Load, summary: g}
		styles := stylesOf(g)
		for j := range g.Summaries {
			a := &g.Summaries[j]
			out.arms = append(out.arms, arm{a, a.Arm.Response(), styles[j]})
		}
		s.groups = append(s.groups, out)
	}
	return s
}

// stylesOf is the look of each arm of a panel: those of one transport differ there.
func stylesOf(g *reports.Group) []palette.Style {
	var transports []string
	for i := range g.Summaries {
		transports = append(transports, g.Summaries[i].Arm.Transport)
	}
	return palette.OfTransports(transports)
}

// Compare draws by what factor arms differ from the arms they are compared with,
// for each metric: the estimate and the spread over replicates.
func Compare(w io.Writer, list []reports.Comparison) error {
	if len(list) == 0 {
		return errNothing()
	}
	return compareFigure(list).writePNG(w)
}

// CompareSVG draws what Compare does, with its text as text.
func CompareSVG(w io.Writer, list []reports.Comparison) error {
	if len(list) == 0 {
		return errNothing()
	}
	return compareFigure(list).writeSVG(w)
}

func errNothing() error { return fmt.Errorf("draw comparison: there is nothing to compare") }

func compareFigure(list []reports.Comparison) *figure {
	f := newFigure(list[0].Other.Run, "Differences between arms")
	if len(list) > maxRows {
		f.leftOut(fmt.Sprintf("the first %d of %d comparisons are drawn", maxRows, len(list)))
		list = list[:maxRows]
	}
	f.panels = append(f.panels, comparePanel(list))
	return f
}
