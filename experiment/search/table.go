package search

import (
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/reports/plots"
)

// settingColumns name what fields returns.
func settingColumns() []string {
	return []string{"batch_size_bytes", "linger_ns", "pipeline", "conns"}
}

func (s Setting) fields() []string {
	return []string{strconv.Itoa(s.BatchSize), strconv.FormatInt(int64(s.Linger), 10), strconv.Itoa(s.Pipeline), strconv.Itoa(s.Conns)}
}

// valueNames are the names of all values, sorted.
func valueNames(trials []Measured) []string {
	var list []string
	for _, t := range trials {
		for name := range t.Values {
			if !slices.Contains(list, name) {
				list = append(list, name)
			}
		}
	}
	slices.Sort(list)
	return list
}

func number(v float64, ok bool) string {
	if !ok {
		return ""
	}
	return strconv.FormatFloat(v, 'g', 6, 64)
}

// WriteTrials writes every trial as CSV, in their order.
func WriteTrials(w io.Writer, trials []Measured) error {
	names := valueNames(trials)
	out := csv.NewWriter(w)
	rows := [][]string{slices.Concat([]string{"trial", "stage"}, settingColumns(),
		[]string{"rate_ops_per_s", "clients", "window_ns", "seed", "label", "reasons", "took_ns"}, names)}
	for i, t := range trials {
		fields := slices.Concat([]string{strconv.Itoa(i + 1), t.Stage}, t.Setting.fields(), []string{
			number(t.Rate, t.Rate > 0), strconv.Itoa(t.Clients), strconv.FormatInt(int64(t.Window), 10),
			strconv.FormatUint(t.Seed, 10), t.Label(), strings.Join(t.Reasons, "; "), strconv.FormatInt(int64(t.Took), 10),
		})
		for _, name := range names {
			v, ok := t.Values[name]
			fields = append(fields, number(v, ok))
		}
		rows = append(rows, fields)
	}
	return out.WriteAll(rows)
}

// WriteStandings writes how the settings stand as CSV.
func WriteStandings(w io.Writer, r *Result) error {
	names := valueNames(r.Trials)
	out := csv.NewWriter(w)
	rows := [][]string{slices.Concat(settingColumns(), []string{"trials_ranked", "trials_not_ranked", "winner", "alike", "pareto"}, names)}
	in := func(list []Standing, s Setting) string { return strconv.FormatBool(standingOf(list, s) != nil) }
	for i := range r.Standings {
		s := &r.Standings[i]
		fields := slices.Concat(s.Setting.fields(), []string{
			strconv.Itoa(s.Ranked), strconv.Itoa(s.Unranked),
			strconv.FormatBool(r.Met && r.Winner.Setting == s.Setting), in(r.Alike, s.Setting), in(r.Pareto, s.Setting),
		})
		for _, name := range names {
			e, ok := s.Values[name]
			fields = append(fields, number(e.Value, ok))
		}
		rows = append(rows, fields)
	}
	return out.WriteAll(rows)
}

// Map is a metric of all settings over batch.size and linger.
func (a *Advice) Map(m reports.Metric, machine string) plots.Heatmap {
	r := a.Result
	h := plots.Heatmap{
		Name:    m.Title,
		Title:   fmt.Sprintf("%s: %s over batch.size and linger", a.Subject, m.Title),
		Machine: machine,
		Notes:   []string{fmt.Sprintf("%s: %s.", a.Config.Goal.Text, a.effort())},
		Metric:  m,
	}
	type depth struct{ pipeline, conns int }
	var depths []depth
	var sizes []int
	var lingers []time.Duration
	for i := range r.Standings {
		s := r.Standings[i].Setting
		sizes, lingers = insert(sizes, s.BatchSize), insert(lingers, s.Linger)
		if d := (depth{s.Pipeline, s.Conns}); !slices.Contains(depths, d) {
			depths = append(depths, d)
		}
	}
	for _, d := range depths {
		p := plots.HeatPanel{Title: a.panelTitle(d.pipeline, d.conns), Columns: "linger", Rows: "batch.size"}
		for _, l := range lingers {
			p.ColumnNames = append(p.ColumnNames, l.String())
		}
		for _, size := range sizes {
			p.RowNames = append(p.RowNames, core.FormatSize(size))
			var row []plots.HeatCell
			for _, l := range lingers {
				row = append(row, a.cell(Setting{size, l, d.pipeline, d.conns}, m))
			}
			p.Cells = append(p.Cells, row)
		}
		h.Panels = append(h.Panels, p)
	}
	return h
}

func (a *Advice) panelTitle(pipeline, conns int) string {
	title := a.Subject
	if len(a.Config.Space.Pipelines) > 1 {
		title += fmt.Sprintf(", pipeline %d", pipeline)
	}
	if len(a.Config.Space.Conns) > 1 {
		title += fmt.Sprintf(", %d connections", conns)
	}
	return title
}

func (a *Advice) cell(s Setting, m reports.Metric) plots.HeatCell {
	st := a.Result.Of(s)
	if st == nil {
		return plots.HeatCell{}
	}
	e, ok := st.Values[m.Name]
	return plots.HeatCell{
		Value: e.Value, Measured: ok, Doubtful: st.Ranked == 0,
		Framed: a.Result.Met && a.Result.Winner.Setting == s, Dotted: a.Config.Space.Default == s,
	}
}

// insert puts a value in its place, once.
func insert[T int | time.Duration](sorted []T, v T) []T {
	i, found := slices.BinarySearch(sorted, v)
	if found {
		return sorted
	}
	return slices.Insert(sorted, i, v)
}
