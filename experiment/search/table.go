package search

import (
	"cmp"
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
	return []string{"batch_size_bytes", "linger_ns", "batch_policy", "pipeline", "conns"}
}

func (s Setting) fields() []string {
	return []string{
		strconv.Itoa(s.BatchSize), strconv.FormatInt(int64(s.Linger), 10), string(s.batching().Policy), strconv.Itoa(s.Pipeline), strconv.Itoa(s.Conns),
	}
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

// Map is a metric of all settings over batch.size and linger, in a panel for each
// combination of the other axes.
func (a *Advice) Map(m reports.Metric, machine string) plots.Heatmap {
	r := a.Result
	h := plots.Heatmap{
		Name:    m.Title,
		Title:   fmt.Sprintf("%s: %s over batch.size and linger", a.Subject, m.Title),
		Machine: machine,
		Notes:   []string{fmt.Sprintf("%s: %s.", a.Config.Goal.Text, a.effort())},
		Metric:  m,
	}
	var planes []Setting
	var sizes []int
	var lingers []time.Duration
	for i := range r.Standings {
		s := r.Standings[i].Setting
		sizes, lingers = insert(sizes, s.BatchSize), insert(lingers, s.Linger)
		if p := s.plane(); !slices.Contains(planes, p) {
			planes = append(planes, p)
		}
	}
	slices.SortFunc(planes, func(x, y Setting) int {
		order := a.Config.Space.policies()
		return cmp.Or(
			cmp.Compare(slices.Index(order, x.Policy), slices.Index(order, y.Policy)),
			cmp.Compare(x.Pipeline, y.Pipeline),
			cmp.Compare(x.Conns, y.Conns),
		)
	})
	for _, p := range planes {
		h.Panels = append(h.Panels, a.panel(p, sizes, lingers, m))
	}
	return h
}

// plane is what a setting has in common with those of the same panel.
func (s Setting) plane() Setting {
	s.BatchSize, s.Linger = 0, 0
	return s
}

// panel has the settings of a plane.
func (a *Advice) panel(plane Setting, sizes []int, lingers []time.Duration, m reports.Metric) plots.HeatPanel {
	p := plots.HeatPanel{Title: a.panelTitle(plane), Columns: "linger", Rows: "batch.size"}
	for _, l := range lingers {
		p.ColumnNames = append(p.ColumnNames, l.String())
	}
	for _, size := range sizes {
		p.RowNames = append(p.RowNames, core.FormatSize(size))
		var row []plots.HeatCell
		for _, l := range lingers {
			at := plane
			at.BatchSize, at.Linger = size, l
			row = append(row, a.cell(at, m))
		}
		p.Cells = append(p.Cells, row)
	}
	return p
}

func (a *Advice) panelTitle(plane Setting) string {
	title := a.Subject
	if len(a.Config.Space.Policies) > 1 {
		title += fmt.Sprintf(", policy %s", plane.Policy)
	}
	if len(a.Config.Space.Pipelines) > 1 {
		title += fmt.Sprintf(", pipeline %d", plane.Pipeline)
	}
	if len(a.Config.Space.Conns) > 1 {
		title += fmt.Sprintf(", %d connections", plane.Conns)
	}
	return title
}

func (a *Advice) cell(s Setting, m reports.Metric) plots.HeatCell {
	st := a.Result.Of(s)
	if st == nil {
		return plots.HeatCell{}
	}
	e, ok := st.Values[m.Name]
	if e.Value <= 2*smallest {
		e.Value = 0 // the mean of logarithms has no zero
	}
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
