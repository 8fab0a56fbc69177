package palette_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/reports/palette"
)

func known() []string { return []string{"inproc", "rawtcp", "grpc", "http", "netrpc"} }

// These colours are in published pictures; they do not change.
func TestColoursStay(t *testing.T) {
	want := []string{"#7a7a7a", "#d55e00", "#0072b2", "#009e73", "#cc79a7"}
	var got []string
	for _, s := range palette.OfTransports(known()) {
		got = append(got, s.Hex())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("(-want +got):\n%s", diff)
	}
}

func TestATransportLooksTheSameInEveryRun(t *testing.T) {
	a := &reports.Run{Arms: []reports.Arm{{Transport: "grpc"}, {Transport: "quic"}, {Transport: "grpc"}}}
	b := &reports.Run{Arms: []reports.Arm{{Transport: "quic"}, {Transport: "grpc"}}}
	sa, sb := palette.Of(a), palette.Of(b)
	if diff := cmp.Diff(sa[1], sb[0]); diff != "" {
		t.Errorf("quic:\n%s", diff)
	}
	if diff := cmp.Diff(sa[0], sb[1]); diff != "" {
		t.Errorf("grpc:\n%s", diff)
	}
	if sa[0].Hex() != sa[2].Hex() || cmp.Equal(sa[0].Dashes, sa[2].Dashes) || sa[2].Hollow == sa[0].Hollow {
		t.Errorf("two arms of grpc: %v and %v, want one colour and two patterns", sa[0], sa[2])
	}
}

// In a grey printout the markers must tell the transports apart.
func TestMarkersDiffer(t *testing.T) {
	seen := map[string]string{}
	for i, s := range palette.OfTransports(known()) {
		shape := fmt.Sprint(s.Marker)
		if other, ok := seen[shape]; ok {
			t.Errorf("%s and %s have one marker", other, known()[i])
		}
		seen[shape] = known()[i]
	}
}

// Every colour can be seen on white and on the dark page: contrast 2 or more
// against either, for lines that a marker and a legend name as well.
func TestColoursAreSeenOnBothBackgrounds(t *testing.T) {
	names := append(known(), "a", "b", "c", "d", "e", "f", "g", "h")
	for i, s := range palette.OfTransports(names) {
		l := luminance(s.Colour.R, s.Colour.G, s.Colour.B)
		white, dark := 1.05/(l+0.05), (l+0.05)/(luminance(0x14, 0x16, 0x1a)+0.05)
		if white < 2 || dark < 2 {
			t.Errorf("%s %s: contrast %.1f on white, %.1f on dark", names[i], s.Hex(), white, dark)
		}
	}
}

// luminance as WCAG 2 defines it.
func luminance(r, g, b uint8) float64 {
	linear := func(c uint8) float64 {
		v := float64(c) / 255
		if v <= 0.04045 {
			return v / 12.92
		}
		return math.Pow((v+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(r) + 0.7152*linear(g) + 0.0722*linear(b)
}
