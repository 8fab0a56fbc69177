package plots

import (
	"fmt"
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/raftbench/raftbench/reports"
)

// Heatmap is a metric of settings over batch.size and linger, in a panel for each
// combination of whatever else differs.
type Heatmap struct {
	Name    string // of the picture's files, without the ending
	Title   string
	Machine string
	Notes   []string // small print
	Metric  reports.Metric
	Panels  []HeatPanel
}

// HeatPanel is a grid. Cells has a slice for each row.
type HeatPanel struct {
	Title         string
	Columns, Rows string // what they are, with the unit
	ColumnNames   []string
	RowNames      []string
	Cells         [][]HeatCell
}

// HeatCell is a setting.
type HeatCell struct {
	Value    float64
	Measured bool
	Doubtful bool // INVALID or not sustained: it is crossed out and has no colour
	Framed   bool // the winner
	Dotted   bool // the default
}

// Picture draws the map. It has no panel where nothing was measured.
func (h *Heatmap) Picture() Picture {
	f := &figure{title: h.Title, machine: h.Machine}
	worst, best := h.bounds()
	for i := range h.Panels {
		if i == maxPanels {
			f.leftOut(fmt.Sprintf("%d further panels are not drawn.", len(h.Panels)-i))
			break
		}
		f.panels = append(f.panels, h.panel(&h.Panels[i], worst, best))
	}
	f.leftOut("The darker, the better. Framed: the winner of the search. Dotted frame: the default. " +
		"Crossed out: INVALID or not sustained, and not ranked. Empty: not tried.")
	for _, note := range h.Notes {
		f.leftOut(note)
	}
	return Picture{h.Name, f}
}

// bounds are the worst and the best value that is not in doubt. Zero is not on the scale,
// which is one of logarithms: it is as light as the worst.
func (h *Heatmap) bounds() (worst, best float64) {
	low, high := math.Inf(1), math.Inf(-1)
	for i := range h.Panels {
		for _, row := range h.Panels[i].Cells {
			for _, c := range row {
				if c.Measured && !c.Doubtful && c.Value > 0 {
					low, high = min(low, c.Value), max(high, c.Value)
				}
			}
		}
	}
	if h.Metric.HigherIsBetter {
		return low, high
	}
	return high, low
}

func (h *Heatmap) panel(p *HeatPanel, worst, best float64) panel {
	axes := bareAxes(p.Columns, p.Rows)
	axes.X.Tick.Marker, axes.Y.Tick.Marker = nameTicks(p.ColumnNames), nameTicks(p.RowNames)
	axes.X.Tick.Length, axes.Y.Tick.Length = 0, 0
	axes.X.Min, axes.X.Max = -0.5, float64(len(p.ColumnNames))-0.5
	axes.Y.Min, axes.Y.Max = -0.5, float64(len(p.RowNames))-0.5
	axes.Add(&heat{p.Cells, h.Metric, worst, best})
	out := panel{title: p.Title, plot: axes, height: vg.Length(len(p.RowNames))*0.36*vg.Inch + 0.7*vg.Inch}
	if math.IsInf(best, 0) {
		return out
	}
	out.legend = []entry{
		{name: heatText(h.Metric, best), note: "the best", patch: heatColour(1)},
		{name: heatText(h.Metric, worst), note: "the worst", patch: heatColour(0)},
	}
	return out
}

// nameTicks puts a name at each whole number from zero.
func nameTicks(names []string) plot.ConstantTicks {
	var ticks plot.ConstantTicks
	for i, name := range names {
		ticks = append(ticks, plot.Tick{Value: float64(i), Label: name})
	}
	return ticks
}

// heatColour goes from a light to a dark blue: what differs in lightness alone looks the
// same to everybody, and on paper.
func heatColour(share float64) color.NRGBA {
	mix := func(from, to float64) uint8 { return uint8(math.Round(from + share*(to-from))) }
	return color.NRGBA{mix(0xe8, 0x0b), mix(0xf1, 0x3c), mix(0xfa, 0x6f), 0xff}
}

// heat draws the cells.
type heat struct {
	cells       [][]HeatCell
	metric      reports.Metric
	worst, best float64
}

// share is how good a value is, from 0 to 1, on a logarithmic scale.
func (h *heat) share(v float64) float64 {
	if span := math.Log(h.best / h.worst); span != 0 && !math.IsNaN(span) {
		return min(1, max(0, math.Log(v/h.worst)/span))
	}
	return 1
}

// Plot implements plot.Plotter.
func (h *heat) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	for i, row := range h.cells {
		for j, cell := range row {
			box := vg.Rectangle{
				Min: vg.Point{X: x(float64(j)-0.5) + 1, Y: y(float64(i)-0.5) + 1},
				Max: vg.Point{X: x(float64(j)+0.5) - 1, Y: y(float64(i)+0.5) - 1},
			}
			h.drawCell(&c, cell, box)
		}
	}
}

func (h *heat) drawCell(c *draw.Canvas, cell HeatCell, box vg.Rectangle) {
	if !cell.Measured {
		return
	}
	share := h.share(cell.Value)
	fill, words := color.Color(heatColour(share)), ink()
	if share > 0.45 {
		words = color.White
	}
	if cell.Doubtful {
		fill, words = color.Gray{0xee}, ink()
	}
	fillBox(c, fill, box.Min.X, box.Min.Y, box.Max.X, box.Max.Y)
	style := textStyle(9, cell.Framed)
	style.XAlign, style.YAlign, style.Color = text.XCenter, text.YCenter, words
	middle := vg.Point{X: (box.Min.X + box.Max.X) / 2, Y: (box.Min.Y+box.Max.Y)/2 + lift}
	c.FillText(style, middle, cut(style, heatText(h.metric, cell.Value), box.Max.X-box.Min.X))
	if cell.Doubtful {
		line := draw.LineStyle{Color: color.Gray{0x77}, Width: 0.8}
		c.StrokeLine2(line, box.Min.X, box.Min.Y, box.Max.X, box.Max.Y)
	}
	frame := draw.LineStyle{Color: ink(), Width: 2.2}
	if cell.Dotted && !cell.Framed {
		frame.Width, frame.Dashes = 1.4, []vg.Length{2, 2}
	}
	if cell.Framed || cell.Dotted {
		corners := []vg.Point{box.Min, {X: box.Max.X, Y: box.Min.Y}, box.Max, {X: box.Min.X, Y: box.Max.Y}, box.Min}
		c.StrokeLines(frame, corners)
	}
}

// heatText is short: there is little room in a cell.
func heatText(m reports.Metric, v float64) string {
	if m.Unit == "ops/s" {
		return reports.FormatCompact(v)
	}
	return m.Format(v)
}
