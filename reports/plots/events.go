package plots

import (
	"cmp"
	"fmt"
	"image/color"
	"slices"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/raftbench/raftbench/reports"
)

// moment is a letter above the axes, for what happened at about one moment. The
// legend says what that was.
type moment struct {
	letter string
	at     []float64 // seconds since the start of the window, ascending
	fault  bool      // done to the cluster, and not by it
	text   string
}

const (
	maxFlags     = 10
	flagRoom     = 0.24 * vg.Inch
	flagDistance = 0.02 // of the window: events of a kind that follow each other closer share a flag
)

// happening is one event of one replicate.
type happening struct {
	reports.Event
	arm       *reports.Arm
	replicate int
}

// flagsOf gathers the events of a group's arms. more is how many moments there
// were besides those that have a flag.
func flagsOf(g group) (flags []moment, more int) {
	var all []happening
	window := time.Duration(0)
	for i := range g.arms {
		a := g.arms[i].Arm
		for j := range a.Replicates {
			r := &a.Replicates[j]
			window = max(window, r.Window)
			for _, e := range r.Events {
				all = append(all, happening{e, a, r.Index})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b happening) int { return cmp.Compare(a.At, b.At) })
	for len(all) > 0 {
		together, rest := neighbours(all, time.Duration(flagDistance*float64(window)))
		all = rest
		if len(flags) == maxFlags {
			more++
			continue
		}
		flags = append(flags, newMoment(string(rune('A'+len(flags))), together, len(g.arms)))
	}
	return flags, more
}

// neighbours takes the first event out of the list, and those of its kind that
// follow each other closely.
func neighbours(all []happening, distance time.Duration) (together, rest []happening) {
	last := all[0]
	for _, h := range all {
		if h.Kind == last.Kind && h.At-last.At <= distance {
			together = append(together, h)
			last = h
		} else {
			rest = append(rest, h)
		}
	}
	return together, rest
}

func newMoment(letter string, list []happening, arms int) moment {
	f := moment{letter: letter, fault: list[0].Kind == reports.EventFault || list[0].Kind == reports.EventChange}
	var texts []string
	for _, h := range list {
		f.at = append(f.at, h.At.Seconds())
		if !slices.Contains(texts, h.Text) {
			texts = append(texts, h.Text)
		}
	}
	f.text = fmt.Sprintf("%s s, %s: %s", when(f.at), list[0].Kind, texts[0])
	if len(texts) > 1 {
		f.text += fmt.Sprintf(", and %d alike", len(texts)-1)
	}
	f.text += whose(list, arms)
	return f
}

// when writes an instant, or from when to when.
func when(at []float64) string {
	first, last := fmt.Sprintf("%.2f", at[0]), fmt.Sprintf("%.2f", at[len(at)-1])
	if first == last {
		return first
	}
	return first + " to " + last
}

// whose says which arms and replicates events belong to.
func whose(list []happening, arms int) string {
	one := list[0].arm
	var concerned []*reports.Arm
	var replicates []int
	for _, h := range list {
		if !slices.Contains(concerned, h.arm) {
			concerned = append(concerned, h.arm)
		}
		if h.arm == one && !slices.Contains(replicates, h.replicate) {
			replicates = append(replicates, h.replicate)
		}
	}
	switch {
	case len(concerned) == arms && arms > 1:
		return " (all arms)"
	case len(concerned) > 1:
		return fmt.Sprintf(" (%d arms)", len(concerned))
	case len(replicates) == len(one.Replicates):
		return " (" + one.Label + ")"
	case len(replicates) == 1:
		return fmt.Sprintf(" (%s, replicate %d)", one.Label, replicates[0])
	}
	return fmt.Sprintf(" (%s, %d replicates)", one.Label, len(replicates))
}

// legendOf explains flags below the arms of a legend.
func legendOf(flags []moment) []entry {
	var list []entry
	for _, f := range flags {
		list = append(list, entry{letter: f.letter, note: f.text, noLine: f.fault})
	}
	return list
}

// flagLines are the lines of flags through the data, behind the curves: solid for
// what was done to the cluster, dashed for an election or a repair. Between the first and the last of many is an
// area.
type flagLines []moment

// Plot implements plot.Plotter.
func (l flagLines) Plot(c draw.Canvas, p *plot.Plot) {
	x, _ := p.Transforms(&c)
	for _, f := range l {
		style := draw.LineStyle{Color: flagGrey(), Width: 0.9}
		if !f.fault {
			style.Dashes = []vg.Length{3, 2}
		}
		first, last := x(inside(p, f.at[0])), x(inside(p, f.at[len(f.at)-1]))
		if last-first > 2 {
			fillBox(&c, color.NRGBA{0x66, 0x66, 0x66, 0x22}, first, c.Min.Y, last, c.Max.Y)
			c.StrokeLine2(style, last, c.Min.Y, last, c.Max.Y)
		}
		c.StrokeLine2(style, first, c.Min.Y, first, c.Max.Y)
	}
}

func flagGrey() color.Color { return color.Gray{0x66} }

// inside moves what happened beyond the data to their edge.
func inside(p *plot.Plot, at float64) float64 { return min(max(at, p.X.Min), p.X.Max) }

// letterSize is the height and the width of a flag.
const letterSize = vg.Length(12)

// drawFlags draws the letters above the data, apart from each other, each with a
// line to its moment.
func drawFlags(data draw.Canvas, p *plot.Plot, flags []moment) {
	x, _ := p.Transforms(&data)
	at := make([]vg.Length, len(flags))
	right := data.Min.X
	for i, f := range flags {
		at[i] = max(x(inside(p, f.at[0])), right)
		right = at[i] + letterSize + 1
	}
	left := data.Max.X
	for i := len(flags) - 1; i >= 0; i-- {
		at[i] = min(at[i], left)
		left = at[i] - letterSize - 1
	}
	line := draw.LineStyle{Color: flagGrey(), Width: 0.9}
	for i, f := range flags {
		y := data.Max.Y + 5 + letterSize/2
		moment := x(inside(p, f.at[0]))
		data.StrokeLine2(line, moment, data.Max.Y, at[i], y-letterSize/2)
		drawLetter(&data, f.letter, vg.Point{X: at[i], Y: y}, f.fault)
	}
}

// drawLetter draws a letter in a box, which is filled for what was done to the cluster.
func drawLetter(c *draw.Canvas, letter string, middle vg.Point, fault bool) {
	const half = letterSize / 2
	fillBox(c, color.Gray{0x44}, middle.X-half, middle.Y-half, middle.X+half, middle.Y+half)
	style := textStyle(8.5, true)
	style.XAlign, style.YAlign = text.XCenter, text.YCenter
	style.Color = color.White
	if !fault {
		fillBox(c, color.White, middle.X-half+1, middle.Y-half+1, middle.X+half-1, middle.Y+half-1)
		style.Color = color.Gray{0x22}
	}
	c.FillText(style, middle, letter)
}
