package plots

import (
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/raftbench/raftbench/reports/palette"
)

// rowChart is bars with words beside them: a row for each arm, a column for each
// number, every column with a scale of its own that begins at zero.
type rowChart struct {
	rows    []rowName
	columns []barColumn
	names   vg.Length // room for the names; zero: what they take
}

// rowName is an arm at the left.
type rowName struct {
	name  string
	style palette.Style
}

// barColumn is one number of all rows.
type barColumn struct {
	title string
	ticks plot.Ticker // of an axis below; nil: the bars have their values beside them
	bars  []bar       // one for each row
}

// bar is one number of one row.
type bar struct {
	parts     []barPart // from zero, one after the other; none: not measured
	low, high float64   // of the whisker; equal: none
	mark      float64   // a dark line across; zero: none
	text      string    // beside the bar
	bold      bool
}

// barPart is a stretch of a bar. Its word is written where there is room.
type barPart struct {
	length float64
	colour color.Color
	word   string
}

const (
	rowLine    = 0.165 * vg.Inch
	rowRoom    = 0.12 * vg.Inch // around the words of a row
	rowHead    = 0.27 * vg.Inch
	rowFoot    = 0.24 * vg.Inch
	rowNameMax = 2.1 * vg.Inch
	rowMarker  = 0.2 * vg.Inch
	rowGap     = 0.16 * vg.Inch
	barHeight  = 0.17 * vg.Inch
	lift       = 0.8 // the library centres the line of a text and not its digits
)

func rowStyle() text.Style { return textStyle(9.5, false) }

func valueStyle(bold bool) text.Style {
	s := textStyle(9, bold)
	s.YAlign = text.YCenter
	return s
}

func (r *rowName) lines() []string { return wrapLabel(rowStyle(), r.name, rowNameMax) }

func (r *rowName) height() vg.Length {
	return max(barHeight, vg.Length(len(r.lines()))*rowLine) + rowRoom
}

func (r *rowChart) height() vg.Length {
	h := vg.Length(rowHead)
	for i := range r.rows {
		h += r.rows[i].height()
	}
	for i := range r.columns {
		if r.columns[i].ticks != nil {
			return h + rowFoot
		}
	}
	return h
}

func (r *rowChart) nameWidth() vg.Length {
	widest := vg.Length(0)
	for i := range r.rows {
		for _, line := range r.rows[i].lines() {
			widest = max(widest, rowStyle().Width(line))
		}
	}
	return max(r.names, rowMarker+widest+rowGap)
}

// alignRows gives the names of all charts the same room, so that columns line up
// from panel to panel.
func alignRows(panels []panel) {
	widest := vg.Length(0)
	for i := range panels {
		if panels[i].rows != nil {
			widest = max(widest, panels[i].rows.nameWidth())
		}
	}
	for i := range panels {
		if panels[i].rows != nil {
			panels[i].rows.names = widest
		}
	}
}

func (r *rowChart) draw(c draw.Canvas) {
	top := c.Max.Y - rowHead
	y := top
	for i := range r.rows {
		r.rows[i].draw(c, y)
		y -= r.rows[i].height()
	}
	left := c.Min.X + r.nameWidth()
	each := (c.Max.X - left) / vg.Length(max(1, len(r.columns)))
	for i := range r.columns {
		area := c
		area.Min.X = left + vg.Length(i)*each
		area.Max.X = area.Min.X + each - rowGap
		area.Min.Y = y
		r.columns[i].draw(area, r.rows)
	}
}

// draw draws the marker and the name in the middle of the row that begins at y.
func (r *rowName) draw(c draw.Canvas, y vg.Length) {
	lines := r.lines()
	middle := y - r.height()/2
	drawMarker(&c, r.style, vg.Point{X: c.Min.X + 5, Y: middle})
	at := vg.Point{X: c.Min.X + rowMarker, Y: middle + vg.Length(len(lines))*rowLine/2 + 0.5}
	for _, line := range lines {
		c.FillText(rowStyle(), at, line)
		at.Y -= rowLine
	}
}

// reach is the largest number of the column.
func (b *barColumn) reach() float64 {
	most := 0.0
	for i := range b.bars {
		sum := 0.0
		for _, p := range b.bars[i].parts {
			sum += p.length
		}
		most = max(most, sum, b.bars[i].high, b.bars[i].mark)
	}
	return most
}

func (b *barColumn) draw(c draw.Canvas, rows []rowName) {
	c.FillText(rowStyle(), vg.Point{X: c.Min.X, Y: c.Max.Y}, cut(rowStyle(), b.title, c.Size().X))
	c.Max.Y -= rowHead
	room := vg.Length(0) // for the values beside the bars
	for i := range b.bars {
		room = max(room, valueStyle(true).Width(b.bars[i].text)+6)
	}
	reach := b.reach()
	if reach == 0 {
		reach = 1 // all are zero
	}
	scale := func(v float64) vg.Length { return c.Min.X + (c.Size().X-room)*vg.Length(v/reach) }
	if b.ticks != nil {
		b.axis(c, scale, reach)
	}
	y := c.Max.Y
	for i := range b.bars {
		b.bars[i].draw(c, scale, y-rows[i].height()/2)
		y -= rows[i].height()
	}
	c.StrokeLine2(draw.LineStyle{Color: color.Gray{0x77}, Width: 0.7}, c.Min.X, c.Min.Y, c.Min.X, c.Max.Y)
}

func (b *barColumn) axis(c draw.Canvas, scale func(float64) vg.Length, reach float64) {
	style := greyStyle(8.5)
	style.XAlign = text.XCenter
	for _, t := range b.ticks.Ticks(0, reach) {
		x := scale(t.Value)
		c.StrokeLine2(draw.LineStyle{Color: gridGrey(), Width: 0.5}, x, c.Min.Y, x, c.Max.Y)
		c.FillText(style, vg.Point{X: x, Y: c.Min.Y - 3}, t.Label)
	}
}

func (b *bar) draw(c draw.Canvas, scale func(float64) vg.Length, middle vg.Length) {
	const half = barHeight / 2
	from, end := 0.0, scale(0)
	for _, p := range b.parts {
		x0, x1 := scale(from), scale(from+p.length)
		fillBox(&c, p.colour, x0, middle-half, x1, middle+half)
		if from > 0 && x1-x0 > 1 {
			c.StrokeLine2(draw.LineStyle{Color: color.White, Width: 0.7}, x0, middle-half, x0, middle+half)
		}
		p.write(c, x0, x1, middle)
		from += p.length
		end = max(end, x1)
	}
	if scale(b.high)-scale(b.low) > 1 { // or it is a blot
		line := draw.LineStyle{Color: ink(), Width: 0.9}
		c.StrokeLine2(line, scale(b.low), middle, scale(b.high), middle)
		for _, x := range []vg.Length{scale(b.low), scale(b.high)} {
			c.StrokeLine2(line, x, middle-2.5, x, middle+2.5)
		}
		end = max(end, scale(b.high))
	}
	if b.mark > 0 {
		x := scale(b.mark)
		c.StrokeLine2(draw.LineStyle{Color: ink(), Width: 1.6}, x, middle-half-2.5, x, middle+half+2.5)
		end = max(end, x)
	}
	c.FillText(valueStyle(b.bold), vg.Point{X: end + 4, Y: middle + lift}, b.text)
}

// write puts the word of a part into it, in white where the part is dark.
func (p *barPart) write(c draw.Canvas, x0, x1, middle vg.Length) {
	style := textStyle(8, false)
	style.XAlign, style.YAlign = text.XCenter, text.YCenter
	if p.word == "" || style.Width(p.word)+5 > x1-x0 {
		return
	}
	if r, g, b, _ := p.colour.RGBA(); 0.3*float64(r)+0.59*float64(g)+0.11*float64(b) < 0.5*0xffff {
		style.Color = color.White
	}
	c.FillText(style, vg.Point{X: (x0 + x1) / 2, Y: middle + lift}, p.word)
}
