package plots

import (
	"fmt"
	"image/color"
	"io"
	"strings"

	"golang.org/x/image/font"
	"gonum.org/v1/plot"
	plotfont "gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"

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

// figure is a picture: a title, panels below each other, and small print.
type figure struct {
	title  string
	panels []panel
	footer []string
}

// panel is one system of axes with its legend to the right.
type panel struct {
	title  string
	plot   *plot.Plot
	legend []entry
	empty  string    // said in place of the axes where there is nothing to draw
	height vg.Length // at least; zero: panelHeight
}

func newFigure(run *reports.Run, title string) *figure {
	f := &figure{title: title}
	small := []string{}
	for _, s := range []string{run.Machine(), run.Windows(), strings.TrimSpace("raftbench " + run.Tool.Version)} {
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

func (f *figure) leftOut(what string) { f.footer = append(f.footer, what) }

func (f *figure) writePNG(w io.Writer) error {
	if _, err := (vgimg.PngCanvas{Canvas: f.image(dpi)}).WriteTo(w); err != nil {
		return fmt.Errorf("write picture: %w", err)
	}
	return nil
}

func (f *figure) image(dpi int) *vgimg.Canvas {
	if len(f.panels) == 0 {
		f.panels = []panel{{empty: "nothing was measured"}}
	}
	c := vgimg.NewWith(vgimg.UseWH(width, f.height()), vgimg.UseDPI(dpi), vgimg.UseBackgroundColor(color.White))
	f.draw(draw.New(c))
	return c
}

const (
	titleRoom  = 0.36 * vg.Inch
	footerLine = 0.19 * vg.Inch
)

func (f *figure) height() vg.Length {
	h := 2*margin + titleRoom + vg.Length(len(f.footer))*footerLine
	for i := range f.panels {
		h += f.panels[i].room()
	}
	return h
}

func (f *figure) draw(c draw.Canvas) {
	c = draw.Crop(c, margin, -margin, margin, -margin)
	c.FillText(textStyle(15, true), vg.Point{X: c.Min.X, Y: c.Max.Y}, f.title)
	y := c.Max.Y - titleRoom
	legend := f.legendWidth()
	for i := range f.panels {
		p := &f.panels[i]
		area := c
		area.Max.Y = y
		area.Min.Y = y - p.room() + panelGap
		p.draw(area, legend)
		y -= p.room()
	}
	for _, line := range f.footer {
		c.FillText(textStyle(8.5, false), vg.Point{X: c.Min.X, Y: y - 4}, cut(textStyle(8.5, false), line, c.Size().X))
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
	panelTitleRoom = 0.32 * vg.Inch
	panelGap       = 0.12 * vg.Inch
)

// room is the height the panel takes. A long legend makes it higher.
func (p *panel) room() vg.Length {
	return panelTitleRoom + panelGap + max(p.height, panelHeight-panelTitleRoom, legendHeight(p.legend))
}

func (p *panel) draw(c draw.Canvas, legend vg.Length) {
	c.FillText(textStyle(10.5, false), vg.Point{X: c.Min.X, Y: c.Max.Y}, cut(textStyle(10.5, false), p.title, c.Size().X))
	c.Max.Y -= panelTitleRoom
	if p.empty != "" {
		style := textStyle(12, false)
		style.XAlign, style.YAlign = text.XCenter, text.YCenter
		c.FillText(style, c.Center(), p.empty)
		return
	}
	axes := draw.Crop(c, 0, -legend-legendGap, 0, 0)
	p.plot.Draw(axes)
	legendArea := c
	legendArea.Min.X = axes.Max.X + legendGap
	drawLegend(legendArea, p.legend)
}

func textStyle(points float64, bold bool) text.Style {
	f := plotfont.Font{Typeface: "Liberation", Variant: "Sans"}
	if bold {
		f.Weight = font.WeightBold
	}
	return text.Style{
		Color:   ink(),
		Font:    plotfont.From(f, vg.Points(points)),
		XAlign:  text.XLeft,
		YAlign:  text.YTop,
		Handler: plot.DefaultTextHandler,
	}
}

func ink() color.Color      { return color.Gray{0x22} }
func gridGrey() color.Color { return color.Gray{0xdd} }

// cut shortens a line that does not fit.
func cut(s text.Style, line string, room vg.Length) string {
	if s.Width(line) <= room {
		return line
	}
	runes := []rune(line)
	for len(runes) > 0 && s.Width(string(runes)+"…") > room {
		runes = runes[:len(runes)-1]
	}
	return string(runes) + "…"
}
