package palette_test

import (
	"image/color"
	"math"
	"testing"

	"github.com/raftbench/raftbench/reports/palette"
)

func stages() []string {
	return []string{"dispatch", "queue", "linger", "request", "inbox", "log", "quorum", "apply", "reply", "deliver"}
}

func contrast(a, b color.NRGBA) float64 {
	la, lb := luminance(a.R, a.G, a.B), luminance(b.R, b.G, b.B)
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

// Stages that lie next to each other in a bar are told apart in a grey printout.
func TestNeighbouringStagesDifferInLightness(t *testing.T) {
	names := stages()
	for i := 1; i < len(names); i++ {
		if c := contrast(palette.Stage(names[i-1]), palette.Stage(names[i])); c < 1.8 {
			t.Errorf("%s and %s have a contrast of %.2f, want 1.8", names[i-1], names[i], c)
		}
	}
}

// A stage that raftbench does not know yet is drawn all the same.
func TestUnknownStage(t *testing.T) {
	if got := palette.Hex(palette.Stage("teleport")); got != "#bbbbbb" {
		t.Errorf("%s, want grey", got)
	}
	seen := map[color.NRGBA]string{}
	for _, name := range append(stages(), "teleport") {
		c := palette.Stage(name)
		if other, ok := seen[c]; ok {
			t.Errorf("%s and %s have one colour", name, other)
		}
		seen[c] = name
	}
	for _, s := range palette.OfTransports(append(known(), "a", "b", "c", "d", "e", "f")) {
		if name, ok := seen[s.Colour]; ok {
			t.Errorf("a transport has the colour of the stage %s", name)
		}
	}
}

// deficiencies are the severe forms of colour blindness as matrices on linear RGB,
// after Machado, Oliveira and Fernandes (2009).
func deficiencies() map[string][9]float64 {
	return map[string][9]float64{
		"none":         {1, 0, 0, 0, 1, 0, 0, 0, 1},
		"protanopia":   {0.152286, 1.052583, -0.204868, 0.114503, 0.786281, 0.099216, -0.003882, -0.048116, 1.051998},
		"deuteranopia": {0.367322, 0.860646, -0.227968, 0.280085, 0.672501, 0.047413, -0.011820, 0.042940, 0.968881},
		"tritanopia":   {1.255528, -0.076749, -0.178779, -0.078411, 0.930809, 0.147602, 0.004733, 0.691367, 0.303900},
	}
}

// lab is a colour as someone with a deficiency sees it, in CIE L*a*b*.
func lab(c color.NRGBA, m [9]float64) [3]float64 {
	linear := func(v uint8) float64 {
		x := float64(v) / 255
		if x <= 0.04045 {
			return x / 12.92
		}
		return math.Pow((x+0.055)/1.055, 2.4)
	}
	in := [3]float64{linear(c.R), linear(c.G), linear(c.B)}
	var rgb [3]float64
	for i := range rgb {
		rgb[i] = min(max(m[3*i]*in[0]+m[3*i+1]*in[1]+m[3*i+2]*in[2], 0), 1)
	}
	f := func(v float64) float64 {
		if v > 0.008856 {
			return math.Cbrt(v)
		}
		return 7.787*v + 16.0/116
	}
	x := f((0.4124*rgb[0] + 0.3576*rgb[1] + 0.1805*rgb[2]) / 0.95047)
	y := f(0.2126*rgb[0] + 0.7152*rgb[1] + 0.0722*rgb[2])
	z := f((0.0193*rgb[0] + 0.1192*rgb[1] + 0.9505*rgb[2]) / 1.08883)
	return [3]float64{116*y - 16, 500 * (x - y), 200 * (y - z)}
}

func distance(a, b [3]float64) float64 {
	return math.Sqrt((a[0]-b[0])*(a[0]-b[0]) + (a[1]-b[1])*(a[1]-b[1]) + (a[2]-b[2])*(a[2]-b[2]))
}

// Whatever the reader's eyes, two transports that wires separate never look the
// same: a difference of 10 is seen at a glance, and markers differ as well.
func TestColourBlindReadersTellTransportsApart(t *testing.T) {
	styles := palette.OfTransports(known())
	for who, m := range deficiencies() {
		for i := range styles {
			for j := range i {
				if d := distance(lab(styles[i].Colour, m), lab(styles[j].Colour, m)); d < 10 {
					t.Errorf("%s: %s and %s differ by %.1f, want 10", who, known()[i], known()[j], d)
				}
			}
		}
		names := stages()
		for i := 1; i < len(names); i++ {
			if d := distance(lab(palette.Stage(names[i]), m), lab(palette.Stage(names[i-1]), m)); d < 20 {
				t.Errorf("%s: %s and %s differ by %.1f, want 20", who, names[i-1], names[i], d)
			}
		}
	}
}
