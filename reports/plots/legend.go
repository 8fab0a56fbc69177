package plots

import (
	"image/color"
	"strings"

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
	noLine bool // a marker alone
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

func noteStyle() text.Style {
	s := textStyle(8.5, false)
	s.Color = color.Gray{0x55}
	return s
}

func legendWidth(list []entry) vg.Length {
	widest := vg.Length(0)
	for _, e := range list {
		widest = max(widest, nameStyle().Width(e.name), noteStyle().Width(e.note))
	}
	return min(sampleWidth+widest+2, legendMax)
}

// lines breaks the name where it may be broken, so that all of it is shown.
func (e *entry) lines() []string {
	style, room := nameStyle(), legendMax-sampleWidth
	var lines []string
	line := ""
	for _, word := range strings.SplitAfter(strings.ReplaceAll(e.name, ",", ", "), " ") {
		if line != "" && style.Width(line+word) > room {
			lines = append(lines, line)
			line = ""
		}
		line += word
	}
	lines = append(lines, line)
	for i := range lines {
		lines[i] = cut(style, strings.TrimSpace(lines[i]), room)
	}
	return lines
}

func (e *entry) height() vg.Length {
	n := len(e.lines())
	if e.note != "" {
		n++
	}
	return vg.Length(n)*legendLine + legendBetween
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
		middle := vg.Point{X: c.Min.X + sampleWidth/2 - 3, Y: y - legendLine/2 + 1}
		if !e.noLine {
			c.StrokeLine2(lineStyle(e.style, lineWidth), c.Min.X, middle.Y, c.Min.X+sampleWidth-6, middle.Y)
		}
		drawMarker(&c, e.style, middle)
		at := vg.Point{X: c.Min.X + sampleWidth, Y: y}
		for _, line := range e.lines() {
			c.FillText(nameStyle(), at, line)
			at.Y -= legendLine
		}
		c.FillText(noteStyle(), at, cut(noteStyle(), e.note, c.Max.X-at.X))
		y -= e.height()
	}
}
