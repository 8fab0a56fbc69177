package page

import (
	"math"
	"slices"
	"strconv"

	"github.com/raftbench/raftbench/reports"
)

// plotData is what the script draws. Empty lists stay lists in JSON.
type plotData struct {
	Groups []groupPlots `json:"groups"`
	Load   *groupPlots  `json:"load"` // latency against load
}

// groupPlots is what is drawn of the arms of one load, or of the lines of one
// plot across loads.
type groupPlots struct {
	Arms   []armPlots  `json:"arms"`
	Stages []stageLook `json:"stages"` // of the breakdown, in the order in which an operation passes them
	Costs  []costTitle `json:"costs"`
	Rate   float64     `json:"rate"` // offered, operations/s; zero in a closed loop
	Offers bool        `json:"offers"`
}

// armPlots is one arm. Points are short: the page repeats them thousands of times.
type armPlots struct {
	Label  string `json:"label"`
	Colour string `json:"colour"`
	Dashes string `json:"dashes"`
	Marker string `json:"marker"`
	Hollow bool   `json:"hollow"`

	Curve []point  `json:"curve,omitempty"` // quantile; ns, low, high
	ECDF  []point  `json:"ecdf,omitempty"`  // ns; share
	Rate  []point  `json:"rate,omitempty"`  // s; ops/s, low, high
	P50   []point  `json:"p50,omitempty"`   // s, or ops/s against load; ns, low, high
	P99   []point  `json:"p99,omitempty"`
	P999  []point  `json:"p999,omitempty"`  // against load only
	Shut  []point  `json:"shut,omitempty"`  // s; links whose circuit breaker is not closed, low, high
	Notes []string `json:"notes,omitempty"` // against load: what to know of each point

	Events []eventMark `json:"events,omitempty"`
	Stages *armStages  `json:"stages,omitempty"`
	Costs  []costBar   `json:"costs,omitempty"`
}

// point is x, y and, where there is a band, its lower and upper end.
type point []float64

// eventMark is something that happened, on the axis of time.
type eventMark struct {
	At        float64 `json:"at"` // s
	Kind      string  `json:"kind"`
	Text      string  `json:"text"`
	Replicate int     `json:"replicate"`
}

// What bounds a plot in the page. The raw data has everything.
const (
	maxPoints = 500 // of a line over time
	maxEvents = 60  // of an arm
	perDecade = 48  // points of a cumulative distribution
)

func newArmPlots(label string, l look) armPlots {
	return armPlots{Label: label, Colour: l.swatch.Colour, Dashes: l.swatch.Dashes, Marker: l.swatch.Marker, Hollow: l.swatch.Hollow}
}

func newGroupPlots(g *reports.Group, looks map[*reports.Arm]look) groupPlots {
	p := groupPlots{Arms: []armPlots{}, Rate: g.Load.Rate, Stages: stagesOf(g), Costs: costsOf(g)}
	grid := ecdfGrid(g)
	for i := range g.Summaries {
		a := g.Summaries[i].Arm
		ap := newArmPlots(a.Label, looks[a])
		response := a.Response()
		ap.Curve = curvePoints(response)
		ap.ECDF = ecdfPoints(response, grid)
		ap.Rate = bandPoints(a.ThroughputBand())
		ap.P50 = bandPoints(a.P50Band())
		ap.P99 = bandPoints(a.P99Band())
		ap.Shut = bandPoints(a.BreakerBand())
		ap.Events = eventsOf(a)
		ap.Stages = armStagesOf(a, p.Stages)
		ap.Costs = costBarsOf(a, p.Costs)
		p.Arms = append(p.Arms, ap)
	}
	return p
}

// curvePoints is the percentile curve as deep as the sample carries, with the
// confidence interval of each percentile. Below a nanosecond counts as one: the
// axis is logarithmic.
func curvePoints(h *reports.Histogram) []point {
	var points []point
	for _, c := range h.Curve() {
		switch {
		case !c.Carried:
		case c.High == 0:
			points = append(points, point{c.Quantile, atLeastOne(c.Value)})
		default:
			points = append(points, point{c.Quantile, atLeastOne(c.Value), atLeastOne(c.Low), atLeastOne(c.High)})
		}
	}
	return points
}

func atLeastOne(ns int64) float64 { return round4(max(1, float64(ns))) }

// round4 keeps four significant digits, one more than a reader is shown.
func round4(v float64) float64 {
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 4, 64), 64)
	if err != nil || math.IsInf(rounded, 0) || math.IsNaN(rounded) {
		return 0
	}
	return rounded
}

// ecdfGrid is the latencies at which all distributions of a group are read, so
// that a cursor finds a value of every arm: even on a logarithmic axis.
func ecdfGrid(g *reports.Group) []float64 {
	low, high := math.Inf(1), 0.0
	for i := range g.Summaries {
		if h := g.Summaries[i].Arm.Response(); h.Count() > 0 {
			low, high = min(low, atLeastOne(h.AtRank(1))), max(high, float64(h.Max()))
		}
	}
	if high == 0 {
		return nil
	}
	var grid []float64
	first, last := math.Floor(math.Log10(low)*perDecade), math.Ceil(math.Log10(high)*perDecade)
	for i := first; i <= last; i++ {
		grid = append(grid, round4(math.Pow(10, i/perDecade)))
	}
	return grid
}

// ecdfPoints is the share of operations that took at most each latency of the
// grid, from the last without any to the first with all.
func ecdfPoints(h *reports.Histogram, grid []float64) []point {
	var points []point
	steps := h.Cumulative()
	next, share := 0, 0.0
	for _, ns := range grid {
		for next < len(steps) && float64(steps[next].Value) <= ns {
			share = steps[next].Share
			next++
		}
		p := point{ns, math.Round(share*1e6) / 1e6}
		if share == 0 && len(points) > 0 {
			points[0] = p
			continue
		}
		points = append(points, p)
		if next == len(steps) {
			break
		}
	}
	return points
}

// bandPoints thins a band: of each stretch of points it keeps the median's
// middle one and the extremes of all.
func bandPoints(band []reports.BandPoint) []point {
	var points []point
	stretch := (len(band) + maxPoints - 1) / maxPoints
	for i := 0; i < len(band); i += stretch {
		part := band[i:min(i+stretch, len(band))]
		middle := part[len(part)/2]
		low, high := middle.Min, middle.Max
		for _, p := range part {
			low, high = min(low, p.Min), max(high, p.Max)
		}
		p := point{math.Round(middle.At.Seconds()*1e4) / 1e4, round4(middle.Median)}
		if low, high = round4(low), round4(high); low < high {
			p = append(p, low, high)
		}
		points = append(points, p)
	}
	return points
}

func eventsOf(a *reports.Arm) []eventMark {
	var list []eventMark
	for i := range a.Replicates {
		for _, e := range a.Replicates[i].Events {
			list = append(list, eventMark{round4(e.At.Seconds()), e.Kind, e.Text, a.Replicates[i].Index})
		}
	}
	slices.SortStableFunc(list, func(a, b eventMark) int { return int(math.Copysign(1, a.At-b.At)) })
	return list[:min(len(list), maxEvents)]
}
