package plots

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/plot/plotter"

	"github.com/raftbench/raftbench/reports"
)

func latencyPanel(g group) panel {
	p := panel{title: g.load.String()}
	axes := newAxes("share of operations that took at most this long", "response time (log scale)")
	var ends []float64 // of the curves, for the order of the legend
	low, high, deepest := math.Inf(1), math.Inf(-1), 0.0
	for i := range g.arms {
		points := carriedPoints(g.arms[i].Arm.Response())
		if len(points) == 0 {
			continue
		}
		axes.Add(&curve{points: points, markers: atNines(points), style: g.arms[i].style})
		p.legend = append(p.legend, entry{name: g.arms[i].name(), note: latencyNote(g.arms[i].Summary), style: g.arms[i].style})
		ends = append(ends, points[len(points)-1].Y)
		for _, xy := range points {
			low, high, deepest = min(low, xy.Y), max(high, xy.Y), max(deepest, xy.X)
		}
	}
	if len(p.legend) == 0 {
		return panel{title: p.title, empty: "no arm has enough operations to state a percentile"}
	}
	p.legend = inOrder(p.legend, ends)
	axes.X.Min, axes.X.Max = 0, deepest+0.03
	axes.Y.Min, axes.Y.Max = low-0.05, high+0.08
	axes.X.Tick.Marker, axes.Y.Tick.Marker = ninesTicks{}, latencyTicks{}
	p.plot = axes
	return p
}

// carriedPoints is the part of the percentile curve that the sample carries, as
// nines and as the logarithm of nanoseconds. (The library has a logarithmic
// scale; it misplaces the label of the axis.) Below a nanosecond counts as one.
func carriedPoints(h *reports.Histogram) plotter.XYs {
	var points plotter.XYs
	for _, c := range h.Curve() {
		if c.Carried {
			points = append(points, plotter.XY{X: nines(c.Quantile), Y: math.Log10(math.Max(1, float64(c.Value)))})
		}
	}
	return points
}

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
