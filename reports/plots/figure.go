package plots

import (
	"fmt"
	"image/color"
	"image/png"
	"io"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"

	"github.com/raftbench/raftbench/reports"
)

// A picture is 1600 pixels wide: sharp on a screen with two pixels to the point
// at the width of a README.
const (
	width       = 10 * vg.Inch
	panelHeight = 4.6 * vg.Inch
	margin      = 0.16 * vg.Inch
	dpi         = 160
)

// figure is a picture: a title, the machine, panels below each other, and small
// print.
type figure struct {
	title   string
	machine string
	panels  []panel
	footer  []string
}

// panel is one system of axes, or what draws itself, with a legend to the right or above.
type panel struct {
	title  string
	plot   *plot.Plot
	rows   *rowChart // in place of axes
	legend []entry
	keys   []entry   // a legend in lines below the title: of rows that have names already
	flags  []moment  // what happened, at the top of the axes
	empty  string    // said in place of the axes where there is nothing to draw
	height vg.Length // at least; zero: panelHeight
}

func newFigure(run *reports.Run, title string) *figure {
	f := &figure{title: title, machine: run.Machine()}
	small := []string{}
	for _, s := range []string{run.Windows(), strings.TrimSpace("raftbench " + run.Tool.Version)} {
		if s != "" {
			small = append(small, s)
		}
	}
	f.footer = []string{strings.Join(small, "; ")}
	if s := run.StatusText(); s != "" {
		f.footer = append(f.footer, s)
	}
	return f
}

// leftOut adds a line of small print. What is said already is not said again.
func (f *figure) leftOut(what string) {
	for _, line := range f.footer {
		if line == what {
			return
		}
	}
	f.footer = append(f.footer, what)
}

func (f *figure) writePNG(w io.Writer) error {
	if err := png.Encode(w, f.image(dpi).Image()); err != nil {
		return fmt.Errorf("write picture: %w", err)
	}
	return nil
}

// writeSVG writes text as text, which can be searched and copied. Liberation
// Sans, by which it was measured, has the widths of Arial and Helvetica, so a
// reader without it sees the same layout.
func (f *figure) writeSVG(w io.Writer) error {
	c := vgsvg.NewWith(vgsvg.UseWH(width, f.height()))
	f.draw(draw.New(c))
	var b strings.Builder
	if _, err := c.WriteTo(&b); err != nil {
		return fmt.Errorf("write picture: %w", err)
	}
	family := strings.NewReplacer("font-family:Liberation Sans;font-variant:normal;", "font-family:Liberation Sans,Arial,Helvetica,sans-serif;")
	if _, err := family.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write picture: %w", err)
	}
	return nil
}

func (f *figure) image(dpi int) *vgimg.Canvas {
	c := vgimg.NewWith(vgimg.UseWH(width, f.height()), vgimg.UseDPI(dpi), vgimg.UseBackgroundColor(color.White))
	f.draw(draw.New(c))
	return c
}

const (
	titleRoom   = 0.29 * vg.Inch
	machineRoom = 0.26 * vg.Inch
	footerLine  = 0.17 * vg.Inch
)

func titleStyle() text.Style   { return textStyle(15, true) }
func machineStyle() text.Style { return greyStyle(9.5) }
func footerStyle() text.Style  { return textStyle(8.5, false) }

// smallPrint is the footer broken into lines that fit.
func (f *figure) smallPrint() []string {
	var lines []string
	for _, s := range f.footer {
		lines = append(lines, wrap(footerStyle(), s, width-2*margin)...)
	}
	return lines
}

func (f *figure) all() []panel {
	if len(f.panels) == 0 {
		return []panel{{empty: "nothing was measured"}}
	}
	return f.panels
}

func (f *figure) height() vg.Length {
	h := 2*margin + titleRoom + machineRoom + vg.Length(len(f.smallPrint()))*footerLine
	panels := f.all()
	for i := range panels {
		h += panels[i].room()
	}
	return h
}

func (f *figure) draw(c draw.Canvas) {
	c.SetColor(color.White)
	c.Fill(c.Path())
	c = draw.Crop(c, margin, -margin, margin, -margin)
	c.FillText(titleStyle(), vg.Point{X: c.Min.X, Y: c.Max.Y}, cut(titleStyle(), f.title, c.Size().X))
	c.FillText(machineStyle(), vg.Point{X: c.Min.X, Y: c.Max.Y - titleRoom}, cut(machineStyle(), f.machine, c.Size().X))
	y := c.Max.Y - titleRoom - machineRoom
	legend := f.legendWidth()
	panels := f.all()
	for i := range panels {
		p := &panels[i]
		area := c
		area.Max.Y = y
		area.Min.Y = y - p.room() + panelGap
		p.draw(area, legend)
		y -= p.room()
	}
	for _, line := range f.smallPrint() {
		c.FillText(footerStyle(), vg.Point{X: c.Min.X, Y: y - 4}, line)
		y -= footerLine
	}
}

// legendWidth is that of the widest legend, so that the panels' axes line up.
func (f *figure) legendWidth() vg.Length {
	widest := vg.Length(0)
	for i := range f.panels {
		widest = max(widest, legendWidth(f.panels[i].legend))
	}
	return widest
}

const (
	panelTitleRoom = 0.3 * vg.Inch
	panelGap       = 0.14 * vg.Inch
)

func panelStyle() text.Style { return textStyle(10.5, false) }

func (p *panel) titleLines() []string { return wrap(panelStyle(), p.title, width-2*margin) }

func (p *panel) titleRoom() vg.Length {
	return panelTitleRoom + vg.Length(len(p.titleLines())-1)*0.19*vg.Inch
}

// room is the height the panel takes. A long legend makes it higher.
func (p *panel) room() vg.Length {
	body := p.height
	switch {
	case p.empty != "":
		body = 0.8 * vg.Inch
	case p.rows != nil:
		body = p.rows.height()
	case body == 0:
		body = panelHeight - panelTitleRoom
	}
	return p.titleRoom() + p.keyRoom() + panelGap + max(body, legendHeight(p.legend))
}

func (p *panel) draw(c draw.Canvas, legend vg.Length) {
	at := vg.Point{X: c.Min.X, Y: c.Max.Y}
	for _, line := range p.titleLines() {
		c.FillText(panelStyle(), at, line)
		at.Y -= 0.19 * vg.Inch
	}
	c.Max.Y -= p.titleRoom()
	drawKeys(c, p.keyLines())
	c.Max.Y -= p.keyRoom()
	if p.empty != "" {
		style := textStyle(11, false)
		style.XAlign, style.YAlign = text.XCenter, text.YCenter
		c.FillText(style, c.Center(), p.empty)
		return
	}
	body := draw.Crop(c, 0, -legend-legendGap, 0, 0)
	if legend == 0 {
		body = c
	}
	if p.rows != nil {
		p.rows.draw(body)
	} else {
		p.drawAxes(body)
	}
	legendArea := c
	legendArea.Min.X = c.Max.X - legend
	drawLegend(legendArea, p.legend)
}

func (p *panel) drawAxes(c draw.Canvas) {
	if len(p.flags) > 0 {
		c.Max.Y -= flagRoom
	}
	p.plot.Draw(c)
	drawFlags(p.plot.DataCanvas(c), p.plot, p.flags)
}
