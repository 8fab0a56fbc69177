package page

import (
	"fmt"
	"math"
	"strings"

	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/reports/palette"
)

// groupPlots is what the script draws of one load. The names are short: they
// are repeated in the page.
type groupPlots struct {
	Arms []armPlots `json:"arms"`
}

type armPlots struct {
	Label  string      `json:"label"`
	Colour string      `json:"colour"`
	Dashes string      `json:"dashes"`
	Marker string      `json:"marker"`
	Hollow bool        `json:"hollow"`
	Curve  [][]float64 `json:"curve"` // quantile, ns
	Rate   [][]float64 `json:"rate"`  // s, ops/s: median, min, max
	P99    [][]float64 `json:"p99"`   // s, ns: median, min, max
}

// swatch is an arm's look as SVG attributes.
type swatch struct {
	Colour, Dashes, Marker, Fill string
}

// look is a style in the forms the page needs.
type look struct {
	style  palette.Style
	swatch swatch
}

func looksOf(run *reports.Run) map[*reports.Arm]look {
	looks := map[*reports.Arm]look{}
	for i, s := range palette.Of(run) {
		w := swatch{Colour: s.Hex(), Dashes: dashes(s), Marker: markerPath(s.Marker), Fill: s.Hex()}
		if s.Hollow {
			w.Fill = "none"
		}
		looks[&run.Arms[i]] = look{s, w}
	}
	return looks
}

func dashes(s palette.Style) string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(s.Dashes), " ", ","), "[]")
}

// markerPath is the marker as an SVG path, four units in radius. The screen's y
// axis points down.
func markerPath(m palette.Marker) string {
	var b strings.Builder
	for i, p := range m {
		command := 'L'
		if i == 0 {
			command = 'M'
		}
		fmt.Fprintf(&b, "%c%.2f %.2f", command, 4*p.X, -4*p.Y)
	}
	return b.String() + "Z"
}

// maxPoints bounds a line over time in the page; raw data has them all.
const maxPoints = 600

func newGroupPlots(g *reports.Group, looks map[*reports.Arm]look) groupPlots {
	p := groupPlots{Arms: []armPlots{}}
	for i := range g.Summaries {
		a := g.Summaries[i].Arm
		l := looks[a]
		ap := armPlots{
			Label: a.Label, Colour: l.style.Hex(), Dashes: l.swatch.Dashes, Marker: l.swatch.Marker, Hollow: l.style.Hollow,
			Curve: [][]float64{}, Rate: bandPoints(a.ThroughputBand()), P99: bandPoints(a.P99Band()),
		}
		for _, c := range a.Response().Curve() {
			if c.Carried {
				ap.Curve = append(ap.Curve, []float64{c.Quantile, math.Max(1, float64(c.Value))})
			}
		}
		p.Arms = append(p.Arms, ap)
	}
	return p
}

// bandPoints thins a band: of each stretch of points it keeps the median's
// middle one and the extremes of all.
func bandPoints(band []reports.BandPoint) [][]float64 {
	points := [][]float64{}
	stretch := (len(band) + maxPoints - 1) / maxPoints
	for i := 0; i < len(band); i += stretch {
		part := band[i:min(i+stretch, len(band))]
		middle := part[len(part)/2]
		low, high := middle.Min, middle.Max
		for _, p := range part {
			low, high = min(low, p.Min), max(high, p.Max)
		}
		points = append(points, []float64{middle.At.Seconds(), middle.Median, low, high})
	}
	return points
}
