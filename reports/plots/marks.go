package plots

import (
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/raftbench/raftbench/reports/palette"
)

const (
	lineWidth    = vg.Length(1.7)
	markerRadius = vg.Length(3.1)
)

func lineStyle(s palette.Style, width vg.Length) draw.LineStyle {
	l := draw.LineStyle{Color: s.Colour, Width: width}
	for _, d := range s.Dashes {
		l.Dashes = append(l.Dashes, vg.Length(d))
	}
	return l
}

// drawMarker draws the marker with a thin white rim, which keeps it apart from
// the lines that it lies on.
func drawMarker(c *draw.Canvas, s palette.Style, at vg.Point) {
	fillMarker(c, s.Marker, color.White, markerRadius+0.9, at)
	fillMarker(c, s.Marker, s.Colour, markerRadius, at)
	if s.Hollow {
		fillMarker(c, s.Marker, color.White, markerRadius-1.1, at)
	}
}

func fillMarker(c *draw.Canvas, m palette.Marker, colour color.Color, radius vg.Length, at vg.Point) {
	points := make([]vg.Point, len(m))
	for i, p := range m {
		points[i] = vg.Point{X: at.X + radius*vg.Length(p.X), Y: at.Y + radius*vg.Length(p.Y)}
	}
	c.FillPolygon(colour, points)
}

// curve is a line with markers at some of its points.
type curve struct {
	points  plotter.XYs
	markers plotter.XYs
	style   palette.Style
}

// Plot implements plot.Plotter.
func (l *curve) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	line := make([]vg.Point, len(l.points))
	for i, xy := range l.points {
		line[i] = vg.Point{X: x(xy.X), Y: y(xy.Y)}
	}
	c.StrokeLines(lineStyle(l.style, lineWidth), c.ClipLinesXY(line)...)
	for _, xy := range l.markers {
		if at := (vg.Point{X: x(xy.X), Y: y(xy.Y)}); c.Contains(at) {
			drawMarker(&c, l.style, at)
		}
	}
}

// band is an area between two lines.
type band struct {
	upper, lower plotter.XYs
	style        palette.Style
}

// Plot implements plot.Plotter.
func (b *band) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	var outline []vg.Point
	for _, xy := range b.upper {
		outline = append(outline, vg.Point{X: x(xy.X), Y: y(xy.Y)})
	}
	for i := len(b.lower) - 1; i >= 0; i-- {
		outline = append(outline, vg.Point{X: x(b.lower[i].X), Y: y(b.lower[i].Y)})
	}
	if len(outline) > 2 {
		c.FillPolygon(b.style.Faint(), c.ClipPolygonXY(outline))
	}
}

// newAxes returns axes in the house's style, with a grid at the labelled ticks.
func newAxes(xLabel, yLabel string) *plot.Plot {
	p := bareAxes(xLabel, yLabel)
	g := plotter.NewGrid()
	g.Vertical.Color, g.Horizontal.Color = gridGrey(), gridGrey()
	p.Add(g)
	return p
}

// bareAxes have no grid.
func bareAxes(xLabel, yLabel string) *plot.Plot {
	p := plot.New()
	p.BackgroundColor = color.White
	p.X.Label.Text, p.Y.Label.Text = xLabel, yLabel
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		centre := a.Label.TextStyle
		a.Label.TextStyle = textStyle(10, false)
		a.Label.TextStyle.XAlign, a.Label.TextStyle.YAlign = centre.XAlign, centre.YAlign
		a.Label.Padding = 4
		tick := a.Tick.Label
		a.Tick.Label = textStyle(10, false)
		a.Tick.Label.XAlign, a.Tick.Label.YAlign = tick.XAlign, tick.YAlign
		a.Color, a.Tick.Color = color.Gray{0x77}, color.Gray{0x77}
		a.Padding = 0
	}
	return p
}
