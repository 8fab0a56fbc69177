package palette

import (
	"fmt"
	"image/color"
)

// Stage is the colour of a stage of the breakdown, the same wherever it is drawn.
// Most are of Tol's muted scheme, made for people with any form of colour
// blindness; light and dark take turns in the order in which an operation passes
// the stages, so that neighbours are told apart in a grey printout. No transport
// has one of them: a colour must not mean two things. A stage that is not known
// is grey.
func Stage(name string) color.NRGBA {
	switch name {
	case "dispatch":
		return rgb(0x66, 0x66, 0x77)
	case "queue":
		return rgb(0x88, 0xcc, 0xee)
	case "linger":
		return rgb(0x88, 0x22, 0x55)
	case "request":
		return rgb(0xdd, 0xcc, 0x77)
	case "inbox":
		return rgb(0xaa, 0x44, 0x99)
	case "log":
		return rgb(0x9a, 0xd3, 0xc4)
	case "quorum":
		return rgb(0x33, 0x22, 0x88)
	case "apply":
		return rgb(0xee, 0xa4, 0x8c)
	case "reply":
		return rgb(0x3a, 0x7a, 0x78)
	case "deliver":
		return rgb(0xe2, 0xb8, 0xe0)
	}
	return rgb(0xbb, 0xbb, 0xbb)
}

// Hex is a colour as CSS wants it.
func Hex(c color.NRGBA) string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) }
