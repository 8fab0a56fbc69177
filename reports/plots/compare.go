package plots

import (
	"image/color"
	"math"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/reports/palette"
)

// comparedMetrics are drawn, and what else is gating; a table has all of them.
func comparedMetrics(list []reports.Comparison) []reports.Metric {
	metrics := []reports.Metric{
		reports.Throughput(), reports.Latency(0.5), reports.Latency(0.99), reports.Latency(0.999),
		reports.CPUPerOp(), reports.WireBytesPerOp(), reports.AllocsPerOp(),
	}
	for _, d := range list[0].Differences {
		drawn := slices.ContainsFunc(metrics, func(m reports.Metric) bool { return m.Name == d.Metric.Name })
		if d.Gating && !drawn {
			metrics = append(metrics, d.Metric)
		}
	}
	return metrics
}

// whisker is an estimate with its interval or its spread, on the axis of log2 of the
// ratio.
type whisker struct {
	low, at, high float64
	row           float64
	style         palette.Style
	verdict       string // beside it, with the number of the comparison; empty: none
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
	if k.verdict == "" {
		return
	}
	word, end := noteStyle(), x(k.high)+5
	if k.at < 0 { // away from the line in the middle
		word.XAlign, end = text.XRight, x(k.low)-5
	}
	word.YAlign = text.YCenter
	c.FillText(word, vg.Point{X: end, Y: row}, k.verdict)
}

func comparePanel(list []reports.Comparison) panel {
	p := panel{title: compareTitle(list)}
	axes := bareAxes(compareAxis(list), "")
	rules := &rules{margins: margins(list)}
	axes.Add(rules)
	var ticks []plot.Tick
	styles := compareStyles(list)
	numbers := numbersOf(styles)
	row, low, high := 0.0, -rules.widest(), rules.widest()
	for _, m := range comparedMetrics(list) {
		rows := whiskers(list, styles, numbers, m, row)
		if len(rows) == 0 {
			continue
		}
		for _, k := range rows {
			axes.Add(k)
			low, high = min(low, k.low), max(high, k.high)
		}
		last := rows[len(rows)-1].row
		rules.bands = append(rules.bands, metricRows{m.Name, rows[0].row + betweenMetrics/2, last - betweenMetrics/2})
		ticks = append(ticks, plot.Tick{Value: (rows[0].row + last) / 2, Label: metricLabel(m)})
		row = last - betweenMetrics
		rules.rows = append(rules.rows, last-betweenMetrics/2)
	}
	if len(ticks) == 0 {
		return panel{title: p.title, empty: "the arms have no metric in common"}
	}
	room := math.Max((high-low)*0.06, 0.02)
	axes.X.Min, axes.X.Max = low-room, high+room
	if hasVerdicts(list) || numbers[0] != "" {
		axes.X.Min, axes.X.Max = axes.X.Min-2*room, axes.X.Max+2*room // for the words
	}
	axes.Y.Min, axes.Y.Max = row+betweenMetrics/2, betweenMetrics/2
	axes.X.Tick.Marker, axes.Y.Tick.Marker = changeTicks{}, plot.ConstantTicks(ticks)
	axes.Y.Tick.Length = 0
	p.plot = axes
	p.height = vg.Length(axes.Y.Max-axes.Y.Min)*0.18*vg.Inch + 0.6*vg.Inch
	p.legend = compareLegend(list, styles, numbers)
	return p
}

// betweenMetrics is the distance between the groups, in rows.
const betweenMetrics = 1.8

func whiskers(list []reports.Comparison, styles []palette.Style, numbers []string, m reports.Metric, row float64) []*whisker {
	var rows []*whisker
	for i := range list {
		c := &list[i]
		d := c.Difference(m)
		if d == nil || d.Ratio.N == 0 {
			continue
		}
		k := &whisker{row: row - float64(len(rows)), style: styles[i]}
		k.low, k.at, k.high = math.Log2(d.Ratio.Min), math.Log2(d.Ratio.Median), math.Log2(d.Ratio.Max)
		if c.Exact() {
			k.low, k.at, k.high = math.Log2(d.Effect.Low), math.Log2(d.Effect.Ratio), math.Log2(d.Effect.High)
		}
		if d.Gating && d.Verdict != reports.NoVerdict {
			k.verdict = string(d.Verdict)
		}
		k.verdict = strings.TrimSpace(numbers[i] + " " + k.verdict)
		rows = append(rows, k)
	}
	return rows
}

// numbersOf tells comparisons apart where marks do not: dashes do that for lines, and these
// have none. It is empty for each where no two look alike.
func numbersOf(styles []palette.Style) []string {
	type look struct {
		colour color.NRGBA
		hollow bool
	}
	numbers, seen, alike := make([]string, len(styles)), map[look]bool{}, false
	for i, s := range styles {
		l := look{s.Colour, s.Hollow}
		alike = alike || seen[l]
		seen[l], numbers[i] = true, strconv.Itoa(i+1)
	}
	if !alike {
		clear(numbers)
	}
	return numbers
}

// compareAxis says what marks and lines are.
func compareAxis(list []reports.Comparison) string {
	for i := range list {
		if !list[i].Exact() {
			return "relative difference: the mark is the median, the line spans the replicates (log scale)"
		}
	}
	return "relative difference: estimate and exact 95 % interval (log scale); grey: too small to be a difference"
}

func hasVerdicts(list []reports.Comparison) bool {
	return slices.ContainsFunc(list, func(c reports.Comparison) bool { return len(c.Obstacles) == 0 })
}

// changeTicks labels the axis in per cent also where a single factor of two is on it.
type changeTicks struct{}

// Ticks implements plot.Ticker.
func (changeTicks) Ticks(low, high float64) []plot.Tick {
	if high-low < 1.6 {
		return percentTicks(low, high)
	}
	return ratioTicks{}.Ticks(low, high)
}

// margins are the smallest differences that are called one, by metric.
func margins(list []reports.Comparison) map[string]float64 {
	widest := map[string]float64{}
	for i := range list {
		for _, d := range list[i].Differences {
			if d.Gating && d.Verdict != reports.NoVerdict {
				widest[d.Metric.Name] = max(widest[d.Metric.Name], math.Log2(1+d.Margin))
			}
		}
	}
	return widest
}

func compareStyles(list []reports.Comparison) []palette.Style {
	var transports []string
	for i := range list {
		transports = append(transports, list[i].Other.Arm.Transport)
	}
	return palette.OfTransports(transports)
}

// rules are what lies behind the marks: the margins of the gating metrics, lines between
// metrics and at each labelled ratio, and a dark one where there is no difference.
type rules struct {
	rows    []float64
	margins map[string]float64 // by metric, as log2 of the ratio
	bands   []metricRows
}

// metricRows is where the rows of a metric lie.
type metricRows struct {
	metric    string
	top, base float64
}

func (r *rules) widest() float64 {
	widest := 0.0
	for _, m := range r.margins {
		widest = max(widest, m)
	}
	return widest
}

// Plot implements plot.Plotter.
func (r *rules) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	for _, b := range r.bands {
		if m := r.margins[b.metric]; m > 0 {
			c.FillPolygon(color.Gray{0xee}, []vg.Point{
				{X: x(-m), Y: y(b.base)}, {X: x(m), Y: y(b.base)}, {X: x(m), Y: y(b.top)}, {X: x(-m), Y: y(b.top)},
			})
		}
	}
	grey := draw.LineStyle{Color: gridGrey(), Width: 0.5}
	for _, t := range (changeTicks{}).Ticks(p.X.Min, p.X.Max) {
		c.StrokeLine2(grey, x(t.Value), c.Min.Y, x(t.Value), c.Max.Y)
	}
	for _, row := range r.rows {
		c.StrokeLine2(grey, c.Min.X, y(row), c.Max.X, y(row))
	}
	c.StrokeLine2(draw.LineStyle{Color: color.Gray{0x55}, Width: 1}, x(0), c.Min.Y, x(0), c.Max.Y)
}

// compareTitle is the verdict of a single comparison, and of several what they are
// compared with: their verdicts stand in the legend.
func compareTitle(list []reports.Comparison) string {
	load := list[0].Base.Arm.Workload.Load.String()
	if len(list) == 1 {
		return list[0].Outcome() + "; " + load
	}
	base := list[0].Base.Label
	for i := range list {
		if list[i].Base.Label != base {
			return "each against its base; " + load
		}
	}
	return "against " + base + "; " + load
}

func metricLabel(m reports.Metric) string {
	if m.HigherIsBetter {
		return m.Title + " (more is better)"
	}
	return m.Title + " (less is better)"
}

func compareLegend(list []reports.Comparison, styles []palette.Style, numbers []string) []entry {
	var legend []entry
	for i := range list {
		e := entry{name: strings.TrimSpace(numbers[i] + " " + list[i].Other.Label), style: styles[i], noLine: true, note: string(list[i].Verdict)}
		if list[i].Base.Label != list[0].Base.Label {
			e.note += " against " + list[i].Base.Label
		}
		legend = append(legend, e)
	}
	return legend
}
