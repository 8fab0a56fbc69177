package plots

import (
	"cmp"
	"fmt"
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

// loadFamily is the arms that were asked for the same but for how much: what
// latency is drawn against.
type loadFamily struct {
	load  reports.Load // of all, without rate and clients
	lines []loadLine
}

// loadLine is one transport with its options and tuning, under several loads.
type loadLine struct {
	label     string
	transport string
	points    []loadSample // by what was asked for
}

// loadSample is what was measured under one load: an arm, or a step of the schedule
// of one.
type loadSample struct {
	asked    float64 // operations per second, or clients
	achieved float64 // operations per second; the median of the replicates
	merged   *reports.Histogram
	each     []*reports.Histogram // of the replicates
	doubtful bool                 // INVALID, not sustained, or a lower bound
}

// loadKey is what the points of a line have in common.
type loadKey struct {
	transport, options, label string
	workload                  reports.Workload
}

// loadFamilies joins arms that differ in their rate, or in their number of
// clients, only, and the steps of an arm whose schedule has several. Arms without
// such a companion are in none.
func loadFamilies(groups []group) []loadFamily {
	var keys []loadKey
	at := map[loadKey]*loadLine{}
	for i := range groups {
		for j := range groups[i].arms {
			a := &groups[i].arms[j]
			k := loadKey{a.Arm.Transport, fmt.Sprint(a.Arm.Options), withoutLoad(a.Arm.Label), a.Arm.Workload}
			k.workload.Rate, k.workload.Clients = 0, 0
			if at[k] == nil {
				at[k] = &loadLine{label: k.label, transport: k.transport}
				keys = append(keys, k)
			}
			at[k].points = append(at[k].points, samplesOf(a)...)
		}
	}
	var families []loadFamily
	for _, k := range keys {
		line := at[k]
		if len(line.points) < 2 {
			continue
		}
		slices.SortStableFunc(line.points, func(a, b loadSample) int { return cmp.Compare(a.asked, b.asked) })
		f := slices.IndexFunc(families, func(f loadFamily) bool { return f.load == k.workload.Load })
		if f < 0 {
			f = len(families)
			families = append(families, loadFamily{load: k.workload.Load})
		}
		families[f].lines = append(families[f].lines, *line)
	}
	return families
}

// samplesOf is an arm as a point, or its steps.
func samplesOf(a *arm) []loadSample {
	if steps := a.Arm.Steps(); len(steps) > 1 {
		var list []loadSample
		for _, s := range steps {
			list = append(list, loadSample{s.Offered, s.Achieved.Median, s.Response, s.Each, !s.Sustained || !s.Valid})
		}
		return list
	}
	s := loadSample{
		asked: float64(a.Arm.Workload.Clients), achieved: a.Throughput.Median,
		merged: a.response, doubtful: !a.Valid || a.Censored,
	}
	if a.Arm.Workload.Loop == reports.LoopOpen {
		s.asked = a.Arm.Workload.Rate
	}
	for i := range a.Arm.Replicates {
		s.each = append(s.each, a.Arm.Replicates[i].Response())
	}
	return []loadSample{s}
}

// withoutLoad drops from a label what the points of a line differ in.
func withoutLoad(label string) string {
	kept := slices.DeleteFunc(strings.Fields(label), func(w string) bool {
		return strings.HasPrefix(w, "r=") || strings.HasPrefix(w, "c=")
	})
	if len(kept) == 0 {
		return label
	}
	return strings.Join(kept, " ")
}

// styles are those of the transports, as everywhere.
func (f *loadFamily) styles() []palette.Style {
	var transports []string
	for i := range f.lines {
		transports = append(transports, f.lines[i].transport)
	}
	return palette.OfTransports(transports)
}

// title describes the load of a family with the range of what differs.
func (f *loadFamily) title() string {
	low, high := math.Inf(1), 0.0
	for i := range f.lines {
		for _, p := range f.lines[i].points {
			low, high = min(low, p.asked), max(high, p.asked)
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
		c := l.curve(q, open, style)
		if len(c.points) == 0 {
			continue
		}
		for _, pt := range c.points {
			extent.take(plotter.XYs{{X: pt.x, Y: pt.low}, {X: pt.x, Y: pt.high}})
		}
		points += len(c.points)
		drawn = append(drawn, c)
		p.legend = append(p.legend, entry{name: l.label, style: style})
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

func (l *loadLine) curve(q float64, open bool, style palette.Style) *loadCurve {
	c := &loadCurve{style: style}
	for _, s := range l.points {
		merged := s.merged.Percentile(q)
		if !merged.Carried {
			continue
		}
		p := loadPoint{
			x: s.achieved, y: logLatency(merged.Value), low: logLatency(merged.Low), high: logLatency(merged.High),
			doubtful: s.doubtful,
		}
		if open {
			p.x = s.asked
		}
		if low, high, n := spreadOf(q, s.each); n > 1 {
			p.low, p.high = min(p.y, logLatency(low)), max(p.y, logLatency(high))
		}
		c.points = append(c.points, p)
	}
	return c
}

// spreadOf is the range of a percentile over replicates, of the n that carry it.
func spreadOf(q float64, each []*reports.Histogram) (low, high int64, n int) {
	for _, h := range each {
		p := h.Percentile(q)
		if !p.Carried {
			continue
		}
		if n == 0 || p.Value < low {
			low = p.Value
		}
		high = max(high, p.Value)
		n++
	}
	return low, high, n
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
