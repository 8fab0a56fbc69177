package tables

import (
	"github.com/raftbench/raftbench/reports"
)

// intervalSection is the percentiles of the merged response times, each with its
// confidence interval, deeper than the summary goes.
func intervalSection(g *reports.Group) *Section {
	fs := []field{{Column: Column{Title: "transport", Left: true}, text: label}}
	measured := false
	for _, q := range append(reports.Quantiles(), 0.9999) {
		fs = append(fs, field{Column: Column{Title: reports.FormatQuantile(q)}, text: func(s *reports.Summary) string {
			p := s.Arm.Response().Percentile(q)
			if !p.Carried {
				return absent
			}
			measured = true
			return p.String()
		}})
	}
	t := table(g, fs)
	if !measured {
		return nil
	}
	return &Section{Title: "percentiles with their 95 % confidence intervals, by order statistics", Table: t}
}

// kindSection is the response and service times of each type of operation, and how
// late the driver was.
func kindSection(g *reports.Group) *Section {
	t := Table{Columns: []Column{
		{Title: "transport", Left: true}, {Title: "operation", Left: true}, {Title: "samples"},
		{Title: "response p50"}, {Title: "p99"}, {Title: "service p50"}, {Title: "p99"}, {Title: "lag p50"}, {Title: "p99"}, {Title: "max"},
	}}
	for i := range g.Summaries {
		s := &g.Summaries[i]
		byOp := map[string]map[reports.Kind]*reports.Histogram{}
		var ops []string
		for _, d := range s.Arm.Distributions() {
			if byOp[d.Op] == nil {
				byOp[d.Op] = map[reports.Kind]*reports.Histogram{}
				ops = append(ops, d.Op)
			}
			byOp[d.Op][d.Kind] = d.Histogram
		}
		for _, op := range ops {
			t.Rows = append(t.Rows, kindRow(label(s), op, byOp[op]))
		}
	}
	if len(t.Rows) == 0 {
		return nil
	}
	return &Section{Title: "by type of operation: response from the intended start, service from the sending, lag between the two", Table: t}
}

func kindRow(arm, op string, kinds map[reports.Kind]*reports.Histogram) []Cell {
	row := []Cell{{Text: arm}, {Text: clean(op)}, {Text: absent}}
	if h := kinds[reports.KindResponse]; h != nil {
		row[2].Text = reports.FormatCount(float64(h.Count()))
	}
	for _, kind := range []reports.Kind{reports.KindResponse, reports.KindService, reports.KindLag} {
		for _, q := range []float64{0.5, 0.99} {
			text := absent
			if h := kinds[kind]; h != nil {
				if p := h.Percentile(q); p.Carried {
					text = duration(p.Value)
				}
			}
			row = append(row, Cell{Text: text})
		}
	}
	longest := absent
	if h := kinds[reports.KindLag]; h != nil && h.Count() > 0 {
		longest = duration(h.Max())
	}
	return append(row, Cell{Text: longest})
}

// warmupSection is what was measured before the windows and is part of no number.
func warmupSection(g *reports.Group) *Section {
	t := Table{Columns: []Column{{Title: "transport", Left: true}, {Title: "ended", Left: true}, {Title: "lasted"}, {Title: "operations"}, {Title: "p50"}, {Title: "p99"}}}
	for i := range g.Summaries {
		if row := warmupRow(&g.Summaries[i]); row != nil {
			t.Rows = append(t.Rows, row)
		}
	}
	if len(t.Rows) == 0 {
		return nil
	}
	return &Section{Title: "left out: the warm-up before each window", Table: t}
}
