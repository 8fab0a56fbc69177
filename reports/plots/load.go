package plots

import (
	"image/color"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/reports/palette"
)

// loadFamily is the lines that were asked for the same but for how much: what
// latency is drawn against.
type loadFamily struct {
	load  reports.Load // of all, without rate and clients
	lines []reports.LoadLine
}

func loadFamilies(groups []group) []loadFamily {
	var summaries []reports.Group
	for i := range groups {
		summaries = append(summaries, *groups[i].summary)
	}
	var families []loadFamily
	for _, line := range reports.LoadLines(summaries) {
		f := slices.IndexFunc(families, func(f loadFamily) bool { return f.load == line.Load })
		if f < 0 {
			f = len(families)
			families = append(families, loadFamily{load: line.Load})
		}
		families[f].lines = append(families[f].lines, line)
	}
	return families
}

// styles are those of the transports, as everywhere.
func (f *loadFamily) styles() []palette.Style {
	var transports []string
	for i := range f.lines {
		transports = append(transports, f.lines[i].Transport)
	}
	return palette.OfTransports(transports)
}

// title describes the load of a family with the range of what differs.
func (f *loadFamily) title() string {
	low, high := math.Inf(1), 0.0
	for i := range f.lines {
		for _, p := range f.lines[i].Points {
			low, high = min(low, p.Asked), max(high, p.Asked)
		}
	}
	span := reports.FormatCount(low) + " to " + reports.FormatCount(high)
	text := f.load.String()
	text = strings.Replace(text, "0 operations/s offered", span+" operations/s offered", 1)
	return strings.Replace(text, "0 clients in", span+" clients in", 1)
}

// loadPanel draws one percentile against the load. It is nil where fewer than two
// samples carry it.
func (f *loadFamily) panel(q float64) *panel {
	name := reports.FormatQuantile(q)
	p := &panel{title: name + ": " + f.title(), height: 3.7 * vg.Inch}
	open := f.load.Loop == reports.LoopOpen
	xLabel := "operations achieved (ops/s), closed loop"
	if open {
		xLabel = "operations offered (ops/s), open loop"
	}
	extent := newExtent()
	var drawn []*loadCurve
	var heights []float64
	points := 0
	for i, style := range f.styles() {
		l := &f.lines[i]
		c := curveOf(l, q, open, style)
		if len(c.points) == 0 {
			continue
		}
		for _, pt := range c.points {
			extent.take(plotter.XYs{{X: pt.x, Y: pt.low}, {X: pt.x, Y: pt.high}})
		}
		points += len(c.points)
		drawn = append(drawn, c)
		p.legend = append(p.legend, entry{name: l.Label, style: style})
		heights = append(heights, c.points[len(c.points)-1].y)
	}
	if points < 2 {
		return nil
	}
	wide := extent.left > 0 && extent.right/extent.left > wideRange
	if wide {
		xLabel += " (log scale)"
	}
	axes := newAxes(xLabel, name+" response time (log scale)")
	for _, c := range drawn {
		c.log = wide
		axes.Add(c)
	}
	scaleLoad(axes, extent, wide)
	p.legend = inOrder(p.legend, heights)
	p.plot = axes
	return p
}

// wideRange is the range of loads from which the axis is logarithmic.
const wideRange = 30

func scaleLoad(axes *plot.Plot, e *extent, wide bool) {
	axes.Y.Min, axes.Y.Max = e.low-0.08, e.high+0.1
	axes.Y.Tick.Marker = latencyTicks()
	axes.X.Min, axes.X.Max = 0, e.right*1.04
	axes.X.Tick.Marker = linearTicks{countLabel}
	if wide {
		axes.X.Min, axes.X.Max = math.Log10(e.left)-0.05, math.Log10(e.right)+0.05
		axes.X.Tick.Marker = logTicks{countLabel}
	}
}

// loadPoint is one arm: its load, its percentile and the range over its
// replicates, or the confidence interval if there is one replicate.
type loadPoint struct {
	x            float64
	y, low, high float64 // logarithms of nanoseconds
	doubtful     bool    // INVALID, not sustained, or a lower bound
}

// loadCurve is the points of a line; those that are sound and next to each other
// are joined.
type loadCurve struct {
	points []loadPoint
	style  palette.Style
	log    bool // of x
}

func curveOf(l *reports.LoadLine, q float64, open bool, style palette.Style) *loadCurve {
	c := &loadCurve{style: style}
	for i := range l.Points {
		s := &l.Points[i]
		merged := s.Response.Percentile(q)
		if !merged.Carried {
			continue
		}
		p := loadPoint{
			x: s.Achieved, y: logLatency(merged.Value), low: logLatency(merged.Low), high: logLatency(merged.High),
			doubtful: s.Doubt != "",
		}
		if open {
			p.x = s.Asked
		}
		if low, high, n := s.Range(q); n > 1 {
			p.low, p.high = min(p.y, logLatency(low)), max(p.y, logLatency(high))
		}
		c.points = append(c.points, p)
	}
	return c
}

// Plot implements plot.Plotter.
func (l *loadCurve) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	at := func(pt loadPoint, v float64) vg.Point {
		if l.log {
			return vg.Point{X: x(math.Log10(pt.x)), Y: y(v)}
		}
		return vg.Point{X: x(pt.x), Y: y(v)}
	}
	for i := 1; i < len(l.points); i++ {
		a, b := l.points[i-1], l.points[i]
		if !a.doubtful && !b.doubtful {
			c.StrokeLines(lineStyle(l.style, lineWidth), []vg.Point{at(a, a.y), at(b, b.y)})
		}
	}
	thin := draw.LineStyle{Color: l.style.Colour, Width: 0.9}
	for _, pt := range l.points {
		low, high := at(pt, pt.low), at(pt, pt.high)
		c.StrokeLine2(thin, low.X, low.Y, high.X, high.Y)
		for _, end := range []vg.Point{low, high} {
			c.StrokeLine2(thin, end.X-2.5, end.Y, end.X+2.5, end.Y)
		}
		middle := at(pt, pt.y)
		if !pt.doubtful {
			drawMarker(&c, l.style, middle)
			continue
		}
		drawDoubt(&c, l.style, middle)
	}
}

// drawDoubt crosses a point out.
func drawDoubt(c *draw.Canvas, s palette.Style, at vg.Point) {
	fillMarker(c, s.Marker, s.Colour, markerRadius+1.5, at)
	fillMarker(c, s.Marker, color.White, markerRadius, at)
	const arm = 6
	line := draw.LineStyle{Color: ink(), Width: 1}
	c.StrokeLine2(line, at.X-arm, at.Y-arm, at.X+arm, at.Y+arm)
	c.StrokeLine2(line, at.X-arm, at.Y+arm, at.X+arm, at.Y-arm)
}
