package plots

import (
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/reports/palette"
)

// comparedMetrics are drawn; a table has all of them.
func comparedMetrics() []reports.Metric {
	return []reports.Metric{
		reports.Throughput(), reports.Latency(0.5), reports.Latency(0.99), reports.Latency(0.999),
		reports.CPUPerOp(), reports.WireBytesPerOp(), reports.AllocsPerOp(),
	}
}

// whisker is an estimate with its spread, on the axis of log2 of the ratio.
type whisker struct {
	low, at, high float64
	row           float64
	style         palette.Style
}

// Plot implements plot.Plotter.
func (k *whisker) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	line := draw.LineStyle{Color: k.style.Colour, Width: lineWidth}
	row := y(k.row)
	c.StrokeLine2(line, x(k.low), row, x(k.high), row)
	for _, end := range []float64{k.low, k.high} {
		c.StrokeLine2(line, x(end), row-2.5, x(end), row+2.5)
	}
	fillMarker(&c, k.style.Marker, k.style.Colour, markerRadius, vg.Point{X: x(k.at), Y: row})
	if k.style.Hollow {
		fillMarker(&c, k.style.Marker, color.White, markerRadius-1.1, vg.Point{X: x(k.at), Y: row})
	}
}

func comparePanel(list []reports.Comparison) panel {
	p := panel{title: compareTitle(list)}
	axes := bareAxes("relative difference: the mark is the median, the line spans the replicates (log scale)", "")
	rules := &rules{}
	axes.Add(rules)
	var ticks []plot.Tick
	styles := compareStyles(list)
	row, low, high := 0.0, 0.0, 0.0
	for _, m := range comparedMetrics() {
		rows := whiskers(list, styles, m, row)
		if len(rows) == 0 {
			continue
		}
		for _, k := range rows {
			axes.Add(k)
			low, high = min(low, k.low), max(high, k.high)
		}
		last := rows[len(rows)-1].row
		ticks = append(ticks, plot.Tick{Value: (rows[0].row + last) / 2, Label: metricLabel(m)})
		row = last - betweenMetrics
		rules.rows = append(rules.rows, last-betweenMetrics/2)
	}
	if len(ticks) == 0 {
		return panel{title: p.title, empty: "the arms have no metric in common"}
	}
	room := math.Max((high-low)*0.06, 0.02)
	axes.X.Min, axes.X.Max = low-room, high+room
	axes.Y.Min, axes.Y.Max = row+betweenMetrics/2, betweenMetrics/2
	axes.X.Tick.Marker, axes.Y.Tick.Marker = ratioTicks{}, plot.ConstantTicks(ticks)
	axes.Y.Tick.Length = 0
	p.plot = axes
	p.height = vg.Length(axes.Y.Max-axes.Y.Min)*0.18*vg.Inch + 0.6*vg.Inch
	p.legend = compareLegend(list, styles)
	return p
}

// betweenMetrics is the distance between the groups, in rows.
const betweenMetrics = 1.8

func whiskers(list []reports.Comparison, styles []palette.Style, m reports.Metric, row float64) []*whisker {
	var rows []*whisker
	for i := range list {
		d := slices.IndexFunc(list[i].Differences, func(d reports.Difference) bool { return d.Metric.Name == m.Name })
		if d < 0 || list[i].Differences[d].Ratio.N == 0 {
			continue
		}
		r := list[i].Differences[d].Ratio
		rows = append(rows, &whisker{math.Log2(r.Min), math.Log2(r.Median), math.Log2(r.Max), row - float64(len(rows)), styles[i]})
	}
	return rows
}

func compareStyles(list []reports.Comparison) []palette.Style {
	var transports []string
	for i := range list {
		transports = append(transports, list[i].Other.Arm.Transport)
	}
	return palette.OfTransports(transports)
}

// rules are the lines behind the marks: between metrics, at each labelled ratio,
// and a dark one where there is no difference.
type rules struct{ rows []float64 }

// Plot implements plot.Plotter.
func (r *rules) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	grey := draw.LineStyle{Color: gridGrey(), Width: 0.5}
	for _, t := range (ratioTicks{}).Ticks(p.X.Min, p.X.Max) {
		c.StrokeLine2(grey, x(t.Value), c.Min.Y, x(t.Value), c.Max.Y)
	}
	for _, row := range r.rows {
		c.StrokeLine2(grey, c.Min.X, y(row), c.Max.X, y(row))
	}
	c.StrokeLine2(draw.LineStyle{Color: color.Gray{0x55}, Width: 1}, x(0), c.Min.Y, x(0), c.Max.Y)
}

func compareTitle(list []reports.Comparison) string {
	base := list[0].Base.Label
	for i := range list {
		if list[i].Base.Label != base {
			return "each against its base; " + list[0].Base.Arm.Workload.Load.String()
		}
	}
	return "against " + base + "; " + list[0].Base.Arm.Workload.Load.String()
}

func metricLabel(m reports.Metric) string {
	if m.HigherIsBetter {
		return m.Title + " (more is better)"
	}
	return m.Title + " (less is better)"
}

func compareLegend(list []reports.Comparison, styles []palette.Style) []entry {
	var legend []entry
	for i := range list {
		e := entry{name: list[i].Other.Label, style: styles[i], noLine: true}
		if list[i].Base.Label != list[0].Base.Label {
			e.note = "against " + list[i].Base.Label
		}
		legend = append(legend, e)
	}
	return legend
}
