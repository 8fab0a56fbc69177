package plots

import (
	"gonum.org/v1/plot/plotter"

	"github.com/raftbench/raftbench/reports"
)

// markersPerLine is about how many markers a line over time bears.
const markersPerLine = 6

func throughputPanel(g group) panel {
	p := panel{title: g.load.String()}
	axes := newAxes("time since the start of the window (s)", "operations completed (ops/s)")
	var heights []float64
	var lines []*curve
	high, last := 0.0, 0.0
	for i := range g.arms {
		points := g.arms[i].Arm.ThroughputBand()
		if len(points) == 0 {
			continue
		}
		style := g.arms[i].style
		b, line := &band{style: style}, &curve{style: style}
		for j, pt := range points {
			x := pt.At.Seconds()
			b.lower = append(b.lower, plotter.XY{X: x, Y: pt.Min})
			b.upper = append(b.upper, plotter.XY{X: x, Y: pt.Max})
			line.points = append(line.points, plotter.XY{X: x, Y: pt.Median})
			if every := max(1, len(points)/markersPerLine); j%every == (i+1)*every/(len(g.arms)+1) {
				line.markers = append(line.markers, plotter.XY{X: x, Y: pt.Median})
			}
			high, last = max(high, pt.Max), max(last, x)
		}
		axes.Add(b)
		lines = append(lines, line)
		median := g.arms[i].Throughput.Median
		p.legend = append(p.legend, entry{name: g.arms[i].name(), note: "median " + reports.FormatCompact(median) + " ops/s", style: style})
		heights = append(heights, median)
	}
	if len(lines) == 0 {
		return panel{title: p.title, empty: "no throughput over time was recorded"}
	}
	for _, l := range lines { // after the bands, so that no line is covered
		axes.Add(l)
	}
	p.legend = inOrder(p.legend, heights)
	axes.X.Min, axes.X.Max = 0, max(last*1.02, 1e-3)
	axes.Y.Min, axes.Y.Max = 0, max(high*1.06, 1)
	axes.X.Tick.Marker, axes.Y.Tick.Marker = linearTicks{reports.FormatPlain}, linearTicks{reports.FormatCompact}
	p.plot = axes
	return p
}
