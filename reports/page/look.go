package page

import (
	"fmt"
	"strings"

	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/reports/palette"
)

// look is an arm's style in the forms the page needs: that of the pictures.
type look struct {
	style  palette.Style
	swatch swatch
}

// swatch is an arm's look as SVG attributes.
type swatch struct {
	Colour, Dashes, Marker string
	Hollow                 bool
}

// looksOf gives the arms of one load their looks: the transport's colour and
// marker, and dashes where a transport has several arms among them.
func looksOf(g *reports.Group) map[*reports.Arm]look {
	var transports []string
	for i := range g.Summaries {
		transports = append(transports, g.Summaries[i].Arm.Transport)
	}
	looks := map[*reports.Arm]look{}
	for i, s := range palette.OfTransports(transports) {
		looks[g.Summaries[i].Arm] = newLook(s)
	}
	return looks
}

func newLook(s palette.Style) look {
	return look{s, swatch{Colour: s.Hex(), Dashes: dashes(s), Marker: markerPath(s.Marker), Hollow: s.Hollow}}
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
