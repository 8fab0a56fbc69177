package plots

import (
	"fmt"
	"math"
	"slices"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"github.com/raftbench/raftbench/reports"
)

const (
	// markersPerLine is about how many markers a line over time bears.
	markersPerLine = 6

	// maxPoints bounds a line over time: about a point for two pixels.
	maxPoints = 500
)

// overTime is a number that replicates have at each moment of their windows.
type overTime struct {
	title string // before the load
	unit  string // the label of the axis
	empty string
	band  func(*reports.Arm) []reports.BandPoint
	note  func(*reports.Summary) (text string, height float64)

	log    bool // a latency; else a rate, from zero
	key    bool // the legend is drawn, with what happened
	height vg.Length
}

func throughputOverTime() *overTime {
	return &overTime{
		unit: "operations completed (ops/s)", empty: "no throughput over time was recorded",
		band: (*reports.Arm).ThroughputBand, key: true,
		note: func(s *reports.Summary) (string, float64) {
			return "median " + reports.FormatCompact(s.Throughput.Median) + " ops/s", s.Throughput.Median
		},
	}
}

func breakersOverTime() *overTime {
	return &overTime{
		unit: "links whose breaker is not closed", empty: "no circuit breakers were watched",
		band: (*reports.Arm).BreakerBand, key: true,
		note: func(s *reports.Summary) (string, float64) {
			n := float64(s.Counters["transport_breaker_trips"])
			return reports.FormatCount(n) + " trips", n
		},
	}
}

func latencyOverTime(q float64, band func(*reports.Arm) []reports.BandPoint) *overTime {
	name := reports.FormatQuantile(q)
	return &overTime{
		title: name + ": ", unit: name + " response time (log scale)", empty: "no latency over time was recorded",
		band: band, log: true, height: 3.1 * vg.Inch,
		note: func(s *reports.Summary) (string, float64) {
			i := slices.IndexFunc(s.Latency, func(p reports.Percentile) bool { return p.Quantile == q && p.Carried })
			if i < 0 {
				return "", 0
			}
			return name + " " + reports.FormatLatency(float64(s.Latency[i].Value)), float64(s.Latency[i].Value)
		},
	}
}

// panel draws the arms of a group. It is nil where there is nothing to draw.
func (o *overTime) panel(g group, flags []moment) *panel {
	p := &panel{title: o.title + g.load.String(), flags: flags, height: o.height}
	axes := newAxes("time since the start of the window (s)", o.unit)
	axes.Add(flagLines(flags))
	var heights []float64
	var lines []*curve
	extent := newExtent()
	for i := range g.arms {
		points := thin(o.band(g.arms[i].Arm))
		if len(points) == 0 {
			continue
		}
		for _, part := range inPieces(points) {
			b, line := o.drawn(part, &g.arms[i])
			extent.take(b.lower)
			extent.take(b.upper)
			line.markers = spaced(line.points, i, len(g.arms), len(points))
			axes.Add(b)
			lines = append(lines, line)
		}
		note, height := o.note(g.arms[i].Summary)
		p.legend = append(p.legend, entry{name: g.arms[i].name(), note: note, style: g.arms[i].style})
		heights = append(heights, height)
	}
	if len(lines) == 0 {
		return nil
	}
	for _, l := range lines { // after the bands, so that no line is covered
		axes.Add(l)
	}
	p.legend = append(inOrder(p.legend, heights), legendOf(flags)...)
	if !o.key {
		p.legend = nil
	}
	o.scale(axes, extent)
	p.plot = axes
	return p
}

func (o *overTime) scale(axes *plot.Plot, e *extent) {
	axes.X.Min, axes.X.Max = 0, max(e.right*1.02, 1e-3)
	axes.X.Tick.Marker = linearTicks{reports.FormatPlain}
	if o.log {
		axes.Y.Min, axes.Y.Max = e.low-0.05, e.high+0.08
		axes.Y.Tick.Marker = latencyTicks()
		return
	}
	axes.Y.Min, axes.Y.Max = 0, max(e.high*1.06, 1)
	axes.Y.Tick.Marker = linearTicks{countLabel}
}

func (o *overTime) drawn(points []reports.BandPoint, a *arm) (*band, *curve) {
	at := func(p reports.BandPoint, v float64) plotter.XY {
		if o.log {
			v = math.Log10(math.Max(1, v))
		}
		return plotter.XY{X: p.At.Seconds(), Y: v}
	}
	b, line := &band{style: a.style}, &curve{style: a.style}
	for _, p := range points {
		b.lower = append(b.lower, at(p, p.Min))
		b.upper = append(b.upper, at(p, p.Max))
		line.points = append(line.points, at(p, p.Median))
	}
	return b, line
}

// spaced picks the markers of one arm's line, between those of the others.
func spaced(line plotter.XYs, arm, arms, points int) plotter.XYs {
	every := max(1, points/markersPerLine)
	var picked plotter.XYs
	for j, p := range line {
		if j%every == (arm+1)*every/(arms+1) || len(line) == 1 {
			picked = append(picked, p)
		}
	}
	return picked
}

// inPieces cuts a band where there are moments without a value, so that nothing
// is drawn there.
func inPieces(points []reports.BandPoint) [][]reports.BandPoint {
	step := time.Duration(math.MaxInt64)
	for i := 1; i < len(points); i++ {
		step = min(step, points[i].At-points[i-1].At)
	}
	var pieces [][]reports.BandPoint
	from := 0
	for i := 1; i <= len(points); i++ {
		if i == len(points) || points[i].At-points[i-1].At > step+step/2 {
			pieces = append(pieces, points[from:i])
			from = i
		}
	}
	return pieces
}

// thin joins points until there are few enough for the width of a picture: of
// each stretch, the median of the medians and the extremes of all.
func thin(points []reports.BandPoint) []reports.BandPoint {
	stretch := (len(points) + maxPoints - 1) / maxPoints
	if stretch <= 1 {
		return points
	}
	var joined []reports.BandPoint
	for part := range slices.Chunk(points, stretch) {
		p := part[len(part)/2]
		medians := make([]float64, len(part))
		for i, q := range part {
			medians[i] = q.Median
			p.Min, p.Max = min(p.Min, q.Min), max(p.Max, q.Max)
		}
		slices.Sort(medians)
		p.Median = medians[len(medians)/2]
		joined = append(joined, p)
	}
	return joined
}

// thinned says that thin joined points of a group.
func thinned(g group) string {
	longest, width := 0, time.Duration(0)
	for i := range g.arms {
		if n := len(g.arms[i].Arm.ThroughputBand()); n > longest {
			longest, width = n, g.arms[i].Arm.Replicates[0].Series.Bucket
		}
	}
	if longest <= maxPoints {
		return ""
	}
	stretch := (longest + maxPoints - 1) / maxPoints
	return fmt.Sprintf("Each point joins %v: the median of the medians and the extremes of all.", time.Duration(stretch)*width)
}

// extent is the part of the plane that data take.
type extent struct{ left, right, low, high float64 }

func newExtent() *extent {
	return &extent{math.Inf(1), math.Inf(-1), math.Inf(1), math.Inf(-1)}
}

func (e *extent) take(points plotter.XYs) {
	for _, p := range points {
		e.left, e.right = min(e.left, p.X), max(e.right, p.X)
		e.low, e.high = min(e.low, p.Y), max(e.high, p.Y)
	}
}
