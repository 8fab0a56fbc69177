package plots

import (
	"image/color"

	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/raftbench/raftbench/reports/palette"
)

// entry is one line of a legend, with a number below the name.
type entry struct {
	name   string
	note   string // may be empty
	style  palette.Style
	noLine bool        // a marker alone
	patch  color.Color // an area of this colour in place of line and marker
	letter string      // a flag's letter in place of line and marker
}

// The library's own legend lies over the data. This one has a column of its own.
const (
	legendGap     = 0.12 * vg.Inch
	legendMax     = 2.5 * vg.Inch
	sampleWidth   = 0.42 * vg.Inch
	legendLine    = 0.185 * vg.Inch
	legendBetween = 0.09 * vg.Inch
)

func nameStyle() text.Style { return textStyle(10, false) }
func noteStyle() text.Style { return greyStyle(8.5) }

func legendWidth(list []entry) vg.Length {
	widest := vg.Length(0)
	for i := range list {
		for _, line := range list[i].lines() {
			widest = max(widest, nameStyle().Width(line))
		}
		for _, line := range list[i].notes() {
			widest = max(widest, noteStyle().Width(line))
		}
	}
	if widest == 0 {
		return 0
	}
	return sampleWidth + widest + 2
}

// lines breaks the name where it may be broken, so that all of it is shown.
func (e *entry) lines() []string {
	if e.letter != "" {
		return nil // what happened is small print
	}
	return wrapLabel(nameStyle(), e.name, legendMax-sampleWidth)
}

func (e *entry) notes() []string {
	if e.note == "" {
		return nil
	}
	return wrap(noteStyle(), e.note, legendMax-sampleWidth)
}

func (e *entry) height() vg.Length {
	return vg.Length(len(e.lines())+len(e.notes()))*legendLine + legendBetween
}

func legendHeight(list []entry) vg.Length {
	h := vg.Length(0)
	for i := range list {
		h += list[i].height()
	}
	return h
}

func drawLegend(c draw.Canvas, list []entry) {
	y := c.Max.Y
	for i := range list {
		e := &list[i]
		e.drawSample(c, vg.Point{X: c.Min.X + sampleWidth/2 - 3, Y: y - legendLine/2 + 1})
		at := vg.Point{X: c.Min.X + sampleWidth, Y: y}
		for _, line := range e.lines() {
			c.FillText(nameStyle(), at, line)
			at.Y -= legendLine
		}
		for _, line := range e.notes() {
			c.FillText(noteStyle(), at, line)
			at.Y -= legendLine
		}
		y -= e.height()
	}
}

func (e *entry) drawSample(c draw.Canvas, middle vg.Point) {
	switch {
	case e.letter != "":
		drawLetter(&c, e.letter, middle, e.noLine)
	case e.patch != nil:
		fillBox(&c, e.patch, middle.X-9, middle.Y-4.5, middle.X+9, middle.Y+4.5)
	default:
		if !e.noLine {
			c.StrokeLine2(lineStyle(e.style, lineWidth), c.Min.X, middle.Y, c.Min.X+sampleWidth-6, middle.Y)
		}
		drawMarker(&c, e.style, middle)
	}
}

// The keys of areas stand side by side.
const (
	keySample  = 0.32 * vg.Inch
	keyBetween = 0.2 * vg.Inch
	keyLine    = 0.22 * vg.Inch
	keyBelow   = 0.07 * vg.Inch
)

func (e *entry) keyWidth() vg.Length { return keySample + nameStyle().Width(e.name) + keyBetween }

// keyLines breaks the keys into lines of the width of the picture.
func (p *panel) keyLines() [][]entry {
	var lines [][]entry
	left := vg.Length(0)
	for _, k := range p.keys {
		if left < k.keyWidth()-keyBetween {
			lines, left = append(lines, nil), width-2*margin
		}
		last := len(lines) - 1
		lines[last] = append(lines[last], k)
		left -= k.keyWidth()
	}
	return lines
}

func (p *panel) keyRoom() vg.Length {
	if len(p.keys) == 0 {
		return 0
	}
	return vg.Length(len(p.keyLines()))*keyLine + keyBelow
}

func drawKeys(c draw.Canvas, lines [][]entry) {
	at := vg.Point{X: c.Min.X, Y: c.Max.Y}
	for _, line := range lines {
		for i := range line {
			k := &line[i]
			k.drawSample(c, vg.Point{X: at.X + 9, Y: at.Y - legendLine/2 + 1})
			c.FillText(nameStyle(), vg.Point{X: at.X + keySample, Y: at.Y}, k.name)
			at.X += k.keyWidth()
		}
		at = vg.Point{X: c.Min.X, Y: at.Y - keyLine}
	}
}

func fillBox(c *draw.Canvas, colour color.Color, x0, y0, x1, y1 vg.Length) {
	c.FillPolygon(colour, []vg.Point{{X: x0, Y: y0}, {X: x1, Y: y0}, {X: x1, Y: y1}, {X: x0, Y: y1}})
}
