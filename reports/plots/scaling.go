package plots

import (
	"math"

	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"github.com/raftbench/raftbench/reports/palette"
)

// Scaling is throughput over the operations under way, with a curve that describes it.
type Scaling struct {
	Title   string
	Machine string
	Notes   []string // small print: what the curve is, and what it is not
	Lines   []ScalingLine
}

// ScalingLine is what was measured of one transport, and its curve.
type ScalingLine struct {
	Label     string // in the legend
	Note      string // below it: the parameters
	Transport string
	Points    []ScalingPoint
	Curve     func(concurrency float64) float64 // operations per second; nil: none was fitted
}

// ScalingPoint is one measurement.
type ScalingPoint struct {
	Concurrency float64
	Throughput  float64 // operations per second
}

// curveSteps is how many straight pieces a curve is drawn with.
const curveSteps = 200

// Picture draws the lines. It has no panel where there are no points.
func (s *Scaling) Picture() Picture {
	f := &figure{title: s.Title, machine: s.Machine}
	var transports []string
	right, top := 0.0, 0.0
	for _, l := range s.Lines {
		transports = append(transports, l.Transport)
		for _, p := range l.Points {
			right, top = max(right, p.Concurrency), max(top, p.Throughput)
		}
	}
	if right > 0 {
		axes := newAxes("operations under way (mean)", "operations per second")
		p := panel{plot: axes, height: 4 * vg.Inch}
		for i, style := range palette.OfTransports(transports) {
			l := &s.Lines[i]
			axes.Add(&curve{points: l.line(right), markers: l.markers(), style: style})
			p.legend = append(p.legend, entry{name: l.Label, note: l.Note, style: style, noLine: l.Curve == nil})
		}
		axes.X.Min, axes.X.Max, axes.Y.Min, axes.Y.Max = 0, right*1.04, 0, top*1.12
		axes.X.Tick.Marker, axes.Y.Tick.Marker = linearTicks{countLabel}, linearTicks{countLabel}
		f.panels = append(f.panels, p)
	}
	for _, note := range s.Notes {
		f.leftOut(note)
	}
	return Picture{"scaling", f}
}

func (l *ScalingLine) markers() plotter.XYs {
	var list plotter.XYs
	for _, p := range l.Points {
		list = append(list, plotter.XY{X: p.Concurrency, Y: p.Throughput})
	}
	return list
}

// line is the curve from the first point to the last: it says nothing beyond.
func (l *ScalingLine) line(right float64) plotter.XYs {
	if l.Curve == nil || len(l.Points) == 0 {
		return nil
	}
	first, last := math.Inf(1), 0.0
	for _, p := range l.Points {
		first, last = min(first, p.Concurrency), max(last, p.Concurrency)
	}
	var list plotter.XYs
	for i := range curveSteps + 1 {
		x := min(first+(last-first)*float64(i)/curveSteps, right)
		list = append(list, plotter.XY{X: x, Y: l.Curve(x)})
	}
	return list
}
