package plots

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/plot/plotter"

	"github.com/raftbench/raftbench/reports"
)

// latencyPanel draws the percentile curves of a group. It is nil where no sample
// carries a percentile.
func latencyPanel(g group) *panel {
	p := &panel{title: g.load.String()}
	axes := newAxes("share of operations that took at most this long", "response time (log scale)")
	var ends []float64 // of the curves, for the order of the legend
	var curves []*curve
	extent := newExtent()
	for i := range g.arms {
		points, interval := carriedPoints(g.arms[i].response)
		if len(points) == 0 {
			continue
		}
		interval.style = g.arms[i].style
		axes.Add(interval)
		curves = append(curves, &curve{points: points, markers: atNines(points), style: g.arms[i].style})
		p.legend = append(p.legend, entry{name: g.arms[i].name(), note: latencyNote(g.arms[i].Summary), style: g.arms[i].style})
		ends = append(ends, points[len(points)-1].Y)
		for _, line := range []plotter.XYs{points, interval.lower, interval.upper} {
			extent.take(line)
		}
	}
	if len(curves) == 0 {
		return nil
	}
	for _, c := range curves { // after the intervals, so that no curve is covered
		axes.Add(c)
	}
	p.legend = inOrder(p.legend, ends)
	axes.X.Min, axes.X.Max = 0, extent.right+0.03
	axes.Y.Min, axes.Y.Max = extent.low-0.05, extent.high+0.08
	axes.X.Tick.Marker, axes.Y.Tick.Marker = ninesTicks{}, latencyTicks()
	p.plot = axes
	return p
}

// carriedPoints is the part of the percentile curve that the sample carries, as
// nines and as the logarithm of nanoseconds, with its confidence interval. (The
// library has a logarithmic scale; it misplaces the label of the axis.) The
// smallest value is where the curve begins; it is no estimate of anything and has
// no interval.
func carriedPoints(h *reports.Histogram) (plotter.XYs, *band) {
	var points plotter.XYs
	interval := &band{}
	for _, c := range h.Curve() {
		if !c.Carried {
			continue
		}
		x := nines(c.Quantile)
		points = append(points, plotter.XY{X: x, Y: logLatency(c.Value)})
		interval.lower = append(interval.lower, plotter.XY{X: x, Y: logLatency(c.Low)})
		interval.upper = append(interval.upper, plotter.XY{X: x, Y: logLatency(c.High)})
	}
	return points, interval
}

// logLatency is where a latency lies on a logarithmic axis; below a nanosecond
// counts as one.
func logLatency(ns int64) float64 { return math.Log10(math.Max(1, float64(ns))) }

// atNines picks the points at 50 %, 90 %, 99 % and so on.
func atNines(points plotter.XYs) plotter.XYs {
	var picked plotter.XYs
	for _, p := range points {
		if math.Abs(p.X-math.Round(p.X)) < 1e-6 && p.X > 0.5 || math.Abs(p.X-nines(0.5)) < 1e-6 {
			picked = append(picked, p)
		}
	}
	return picked
}

func latencyNote(s *reports.Summary) string {
	note := ""
	for _, p := range s.Latency {
		if p.Carried && (p.Quantile == 0.5 || p.Quantile == 0.99) {
			if note != "" {
				note += ", "
			}
			note += reports.FormatQuantile(p.Quantile) + " " + reports.FormatLatency(float64(p.Value))
		}
	}
	if note != "" && s.Censored {
		note += "; lower bounds, as operations were refused"
	}
	return note
}

func (a *arm) name() string {
	if !a.Valid {
		return a.Arm.Label + " (INVALID)"
	}
	return a.Arm.Label
}

// inOrder sorts a legend as the curves lie, the highest first.
func inOrder(legend []entry, heights []float64) []entry {
	order := make([]int, len(legend))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(heights[b], heights[a]) })
	sorted := make([]entry, len(legend))
	for i, from := range order {
		sorted[i] = legend[from]
	}
	return sorted
}
