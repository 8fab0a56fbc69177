// Package palette says how an arm looks wherever it is drawn: its colour, its
// dashes and its marker, without drawing anything.
//
// A transport has the same colour and marker in every picture of every run.
// Colour is never alone: markers tell transports apart, and dashes the arms of
// one transport, so that neither colour blindness nor a grey printout takes the
// difference away. It starts no goroutine.
package palette

import (
	"hash/fnv"
	"image/color"
	"math"

	"github.com/raftbench/raftbench/reports"
)

// Style is the look of one arm.
type Style struct {
	Colour color.NRGBA
	Dashes []float64 // lengths of strokes and gaps in points; nil: solid
	Marker Marker
	Hollow bool // the marker is an outline; every second arm of a transport
}

// Point is a place on the plane.
type Point struct{ X, Y float64 }

// Marker is a closed polygon around the origin, as large as a circle of radius 1.
type Marker []Point

// Hex is the colour as CSS wants it.
func (s Style) Hex() string { return Hex(s.Colour) }

// Faint is the colour for an area behind a line.
func (s Style) Faint() color.NRGBA {
	c := s.Colour
	c.A = 0x38
	return c
}

// Of returns the style of each arm of the run.
func Of(run *reports.Run) []Style {
	var transports []string
	for i := range run.Arms {
		transports = append(transports, run.Arms[i].Transport)
	}
	return OfTransports(transports)
}

// OfTransports returns styles for arms of these transports, in their order. Those
// of one transport differ.
func OfTransports(transports []string) []Style {
	styles := make([]Style, len(transports))
	seen := map[string]int{}
	patterns := dashPatterns()
	for i, t := range transports {
		styles[i] = first(t)
		styles[i].Dashes = patterns[seen[t]%len(patterns)]
		styles[i].Hollow = seen[t]%2 == 1
		seen[t]++
	}
	return styles
}

// first returns the style of the first arm of a transport. The colours are
// those of Okabe and Ito (2008), which people with any common form of colour
// blindness tell apart, without their yellow and black, which cannot be seen on
// white and on black; an olive of Tol's takes a place. The zero line is grey. Transports from elsewhere share three looks by the hash of
// their name.
func first(name string) Style {
	switch name {
	case "inproc":
		return Style{Colour: rgb(0x7a, 0x7a, 0x7a), Marker: cross(math.Pi / 4)}
	case "rawtcp":
		return Style{Colour: rgb(0xd5, 0x5e, 0x00), Marker: polygon(20, 1, 0)}
	case "grpc":
		return Style{Colour: rgb(0x00, 0x72, 0xb2), Marker: polygon(4, 1.2, math.Pi/4)}
	case "http":
		return Style{Colour: rgb(0x00, 0x9e, 0x73), Marker: polygon(3, 1.35, math.Pi/2)}
	case "netrpc":
		return Style{Colour: rgb(0xcc, 0x79, 0xa7), Marker: polygon(4, 1.3, 0)}
	}
	h := fnv.New32a()
	h.Write([]byte(name))
	return []Style{
		{Colour: rgb(0xe6, 0x9f, 0x00), Marker: polygon(3, 1.35, -math.Pi/2)},
		{Colour: rgb(0x56, 0xb4, 0xe9), Marker: cross(0)},
		{Colour: rgb(0x99, 0x99, 0x33), Marker: polygon(5, 1.2, math.Pi/2)},
	}[h.Sum32()%3]
}

// dashPatterns are for the arms of one transport in order; after the last they
// begin again.
func dashPatterns() [][]float64 {
	return [][]float64{nil, {6, 3}, {2, 2}, {9, 3, 2, 3}, {14, 4}, {4, 2, 1, 2, 1, 2}}
}

func rgb(r, g, b uint8) color.NRGBA { return color.NRGBA{r, g, b, 0xff} }

// polygon is a regular polygon with its first corner at an angle.
func polygon(corners int, radius, angle float64) Marker {
	m := make(Marker, corners)
	for i := range m {
		sin, cos := math.Sincos(angle + 2*math.Pi*float64(i)/float64(corners))
		m[i] = Point{radius * cos, radius * sin}
	}
	return m
}

// cross is a plus sign turned by an angle.
func cross(angle float64) Marker {
	const long, half = 1.3, 0.36
	sin, cos := math.Sincos(angle)
	var m Marker
	for _, p := range []Point{
		{long, -half}, {long, half}, {half, half}, {half, long}, {-half, long}, {-half, half},
		{-long, half}, {-long, -half}, {-half, -half}, {-half, -long}, {half, -long}, {half, -half},
	} {
		m = append(m, Point{cos*p.X - sin*p.Y, sin*p.X + cos*p.Y})
	}
	return m
}
