package page

import (
	"fmt"
	"math"
	"slices"

	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/reports/tables"
)

// figure is a plot: what the script draws, what it shows in words, and its values
// as a table.
type figure struct {
	Kind  string // names the drawing in kinds.js
	Title string
	About string
	Wide  bool
	Table tables.Table
}

// figuresOf lists the plots of a group for which there is something to draw.
func figuresOf(g *reports.Group) []figure {
	if g.Load.Name == reports.NameCodec {
		return costFigure(g) // no operation was timed by itself
	}
	list := []figure{
		{"curve", "Latency by percentile", "intended start to done; log scale; as deep as the sample carries; the band is the 95 % interval", true, curveTable(g)},
		{"rate", "Throughput over time", "successful operations per second; median and range of the replicates", false, rateTable(g)},
		{"time", "Latency over time", "by intended start; log scale; median and range of the replicates", false, timeTable(g)},
	}
	if t := stageTable(g); len(t.Rows) > 0 {
		list = append(list, figure{"stages", "Where the time goes", "mean of each stage of a sampled operation", false, t})
	}
	list = append(list, figure{"ecdf", "Share of operations done within a time", "intended start to done; log scale", false, shareTable(g)})
	list = append(list, costFigure(g)...)
	if slices.ContainsFunc(g.Summaries, func(s reports.Summary) bool { return s.Arm.BreakerBand() != nil }) {
		list = append(list, figure{"breakers", "Circuit breakers that are not closed", "links between two endpoints, over time; median and range of the replicates", true, breakerTable(g)})
	}
	list[3].Wide = len(list) > 3 && list[3].Kind == "ecdf" // nothing stands beside it
	return list
}

// costFigure is that of the costs, if there are any.
func costFigure(g *reports.Group) []figure {
	t := costTable(g)
	if len(t.Columns) < 2 {
		return nil
	}
	return []figure{{"costs", "Cost", "less what the idle cluster uses; shorter is cheaper; median and range of the replicates", true, t}}
}

func transportColumn() tables.Column { return tables.Column{Title: "transport", Left: true} }

// curveTable has the percentiles with their intervals.
func curveTable(g *reports.Group) tables.Table {
	t := tables.Table{Columns: []tables.Column{transportColumn()}}
	quantiles := append(reports.Quantiles(), 0.9999)
	for _, q := range quantiles {
		t.Columns = append(t.Columns, tables.Column{Title: reports.FormatQuantile(q)}, tables.Column{Title: "95 % interval"})
	}
	for i := range g.Summaries {
		h := g.Summaries[i].Arm.Response()
		row := texts(g.Summaries[i].Arm.Label)
		for _, q := range quantiles {
			p := h.Percentile(q)
			if !p.Carried {
				row = append(row, texts(absent, absent)...)
				continue
			}
			row = append(row, texts(atLeast(&g.Summaries[i])+reports.FormatLatency(float64(p.Value)),
				reports.FormatLatency(float64(p.Low))+" to "+reports.FormatLatency(float64(p.High)))...)
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func rateTable(g *reports.Group) tables.Table {
	return overTime(g, (*reports.Arm).ThroughputBand, reports.Throughput().Format)
}

func breakerTable(g *reports.Group) tables.Table {
	return overTime(g, (*reports.Arm).BreakerBand, reports.FormatNumber)
}

func timeTable(g *reports.Group) tables.Table {
	p50 := overTime(g, (*reports.Arm).P50Band, reports.FormatLatency)
	p99 := overTime(g, (*reports.Arm).P99Band, reports.FormatLatency)
	for i, c := range p50.Columns[1:] {
		p50.Columns[i+1].Title = "p50 " + c.Title
		c.Title = "p99 " + c.Title
		p50.Columns = append(p50.Columns, c)
	}
	for i := range p50.Rows {
		p50.Rows[i] = append(p50.Rows[i], p99.Rows[i][1:]...)
	}
	return p50
}

// overTime says between what a value moved within the windows. Every moment is in
// timeseries.csv.
func overTime(g *reports.Group, band func(*reports.Arm) []reports.BandPoint, format func(float64) string) tables.Table {
	t := tables.Table{Columns: []tables.Column{transportColumn(), {Title: "at first"}, {Title: "lowest"}, {Title: "highest"}, {Title: "at last"}}}
	for i := range g.Summaries {
		points := band(g.Summaries[i].Arm)
		row := texts(g.Summaries[i].Arm.Label, absent, absent, absent, absent)
		if len(points) > 0 {
			low, high := math.Inf(1), math.Inf(-1)
			for _, p := range points {
				low, high = min(low, p.Min), max(high, p.Max)
			}
			row = texts(g.Summaries[i].Arm.Label, format(points[0].Median), format(low), format(high), format(points[len(points)-1].Median))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// stageTable has a row for each arm that was sampled.
func stageTable(g *reports.Group) tables.Table {
	stages := stagesOf(g)
	t := tables.Table{Columns: []tables.Column{transportColumn()}}
	for _, s := range stages {
		t.Columns = append(t.Columns, tables.Column{Title: s.Name})
	}
	t.Columns = append(t.Columns, tables.Column{Title: "sum"}, tables.Column{Title: "mean response"}, tables.Column{Title: "samples"}, tables.Column{Title: "adds up", Left: true})
	for i := range g.Summaries {
		b := g.Summaries[i].Arm.Breakdown()
		if b == nil {
			continue
		}
		row := texts(g.Summaries[i].Arm.Label)
		for _, s := range stages {
			text := absent
			if j := slices.IndexFunc(b.Stages, func(own reports.Stage) bool { return own.Name == s.Name }); j >= 0 {
				text = reports.FormatLatency(b.Stages[j].Mean)
			}
			row = append(row, tables.Cell{Text: text})
		}
		adds := "yes"
		switch {
		case !b.AddsUp():
			adds = fmt.Sprintf("NO: %+.0f %%", 100*b.Gap())
		case b.ByChance():
			adds = fmt.Sprintf("%+.0f %% by chance of sampling", 100*b.Gap())
		}
		t.Rows = append(t.Rows, append(row, texts(reports.FormatLatency(b.Sum()), reports.FormatLatency(b.Response), count(b.Samples), adds)...))
	}
	return t
}

func costTable(g *reports.Group) tables.Table {
	t := tables.Table{Columns: []tables.Column{transportColumn()}}
	costs := costsOf(g)
	for _, c := range costs {
		t.Columns = append(t.Columns, tables.Column{Title: c.Title})
	}
	for i := range g.Summaries {
		row := texts(g.Summaries[i].Arm.Label)
		for _, c := range costBarsOf(g.Summaries[i].Arm, costs) {
			text := absent
			if c != nil {
				text = c.Text
			}
			row = append(row, tables.Cell{Text: text})
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// shareTable reads the distributions at round latencies.
func shareTable(g *reports.Group) tables.Table {
	t := tables.Table{Columns: []tables.Column{transportColumn()}}
	limits := roundLatencies(g)
	for _, ns := range limits {
		t.Columns = append(t.Columns, tables.Column{Title: "within " + reports.FormatLatency(ns)})
	}
	for i := range g.Summaries {
		steps := g.Summaries[i].Arm.Response().Cumulative()
		row := texts(g.Summaries[i].Arm.Label)
		for _, ns := range limits {
			share := 0.0
			for _, s := range steps {
				if float64(s.Value) > ns {
					break
				}
				share = s.Share
			}
			row = append(row, tables.Cell{Text: shareText(share)})
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// shareText never rounds up to all, nor down to none.
func shareText(share float64) string {
	switch {
	case share == 0 || share == 1:
		return fmt.Sprintf("%.0f %%", 100*share)
	case share > 0.9999:
		return ">99.99 %"
	case share < 0.0001:
		return "<0.01 %"
	}
	return reports.FormatNumber(100*share) + " %"
}

// roundLatencies lists 1, 2 and 5 of each power of ten between the fastest median
// and the slowest p99.9 of a group.
func roundLatencies(g *reports.Group) []float64 {
	low, high := math.Inf(1), 0.0
	for i := range g.Summaries {
		if h := g.Summaries[i].Arm.Response(); h.Count() > 0 {
			n := h.Count()
			low = min(low, float64(h.AtRank((n+1)/2)))
			high = max(high, float64(h.AtRank(n-n/1000)))
		}
	}
	var list []float64
	for decade := math.Floor(math.Log10(low)); high > 0 && math.Pow(10, decade) <= high; decade++ {
		for _, digit := range []float64{1, 2, 5} {
			if ns := digit * math.Pow(10, decade); ns >= low && ns <= 2*high {
				list = append(list, ns)
			}
		}
	}
	return list
}
