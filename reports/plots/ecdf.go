package plots

import (
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/reports/palette"
)

// The ECDF shows the body of a distribution, and is cut where the percentile
// curves show the tail better.
const (
	ecdfFrom = 0.001
	ecdfTo   = 0.995
	ecdfFine = 0.004 // of all values, that a point of a line is worth
	ecdfHair = 0.01  // the same for a replicate
)

// ecdfPanel draws which share of the operations took at most how long: each arm
// in all, and faintly each of its replicates. It is nil where there is no sample.
func ecdfPanel(g group) *panel {
	p := &panel{title: g.load.String()}
	axes := newAxes("response time (log scale)", "share of operations (%)")
	extent := newExtent()
	var curves []*curve
	var medians []float64
	for i := range g.arms {
		a := &g.arms[i]
		points := stepsOf(a.response, ecdfFine)
		if len(points) == 0 {
			continue
		}
		extent.take(points)
		if n := len(a.Arm.Replicates); n > 1 {
			for j := range n {
				axes.Add(&hairline{points: stepsOf(a.Arm.Replicates[j].Response(), ecdfHair), style: a.style})
			}
		}
		curves = append(curves, &curve{points: points, markers: quartiles(points), style: a.style})
		p.legend = append(p.legend, entry{name: a.name(), note: latencyNote(a.Summary), style: a.style})
		medians = append(medians, float64(a.response.AtRank((a.response.Count()+1)/2)))
	}
	if len(curves) == 0 {
		return nil
	}
	for _, c := range curves {
		axes.Add(c)
	}
	p.legend = inOrder(p.legend, medians)
	room := max(0.03*(extent.right-extent.left), 0.01)
	axes.X.Min, axes.X.Max = extent.left-room, extent.right+room
	axes.Y.Min, axes.Y.Max = 0, 100
	axes.X.Tick.Marker, axes.Y.Tick.Marker = latencyTicks(), linearTicks{reports.FormatPlain}
	p.plot = axes
	return p
}

// stepsOf is the part of a distribution that is drawn, a point for each step of
// the share, and as stairs where a single value is worth more than that.
func stepsOf(h *reports.Histogram, step float64) plotter.XYs {
	var points plotter.XYs
	drawn, before := 0.0, 0.0 // the share that the last point has, and that of the value before this one
	for _, s := range h.Cumulative() {
		if before > ecdfTo {
			break
		}
		if s.Share >= ecdfFrom && s.Share-drawn >= step || s.Share > ecdfTo {
			x := logLatency(s.Value)
			if s.Share-before > step {
				points = append(points, plotter.XY{X: x, Y: 100 * before})
			}
			points = append(points, plotter.XY{X: x, Y: 100 * s.Share})
			drawn = s.Share
		}
		before = s.Share
	}
	return points
}

// quartiles picks the points of the line that are next to 25, 50 and 75 %.
func quartiles(points plotter.XYs) plotter.XYs {
	var picked plotter.XYs
	for _, wanted := range []float64{25, 50, 75} {
		nearest := points[0]
		for _, p := range points {
			if math.Abs(p.Y-wanted) < math.Abs(nearest.Y-wanted) {
				nearest = p
			}
		}
		picked = append(picked, nearest)
	}
	return picked
}

// hairline is a thin line without markers, behind the curves.
type hairline struct {
	points plotter.XYs
	style  palette.Style
}

// Plot implements plot.Plotter.
func (l *hairline) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	line := make([]vg.Point, len(l.points))
	for i, xy := range l.points {
		line[i] = vg.Point{X: x(xy.X), Y: y(xy.Y)}
	}
	colour := l.style.Colour
	colour.A = 0x77
	c.StrokeLines(draw.LineStyle{Color: colour, Width: 0.5}, c.ClipLinesXY(line)...)
}
