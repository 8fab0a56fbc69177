package tables

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/raftbench/raftbench/reports"
)

// An empty field in any of the CSV files means: not measured, or not carried by
// the sample. Zero means zero.

// SummaryCSV writes one row for each arm: the medians over replicates with their
// extremes, and the percentiles of the merged response times with their
// confidence intervals.
func SummaryCSV(w io.Writer, run *reports.Run) error {
	head := []string{
		"arm", "transport", "options", "loop", "nodes", "clients", "rate_ops_per_s", "stages", "payload_bytes",
		"batch_size_bytes", "linger_ns", "pipeline", "replicates", "valid",
		"throughput_ops_per_s_median", "throughput_ops_per_s_min", "throughput_ops_per_s_max",
	}
	for _, q := range reports.Quantiles() {
		name := "latency_ns_" + reports.FormatQuantile(q)
		head = append(head, name, name+"_low", name+"_high")
	}
	head = append(head, "latency_ns_max", "latency_ns_mean", "samples",
		"succeeded", "failed", "unknown", "refused", "in_flight", "elections", "reorders")
	for _, m := range reports.CostMetrics() {
		head = append(head, m.Name+"_median")
	}
	return writeCSV(w, head, func(row func(...string)) {
		for _, g := range reports.Summarize(run) {
			for i := range g.Summaries {
				row(summaryRow(&g.Summaries[i])...)
			}
		}
	})
}

func summaryRow(s *reports.Summary) []string {
	a := s.Arm
	wl := a.Workload
	row := []string{
		a.Label, a.Transport, options(a), string(wl.Loop), strconv.Itoa(wl.Nodes), strconv.Itoa(wl.Clients), number(wl.Rate), wl.Stages,
		strconv.Itoa(wl.PayloadBytes), strconv.Itoa(wl.BatchSizeBytes), strconv.FormatInt(int64(wl.Linger), 10), strconv.Itoa(wl.Pipeline),
		strconv.Itoa(len(a.Replicates)), strconv.FormatBool(s.Valid),
	}
	row = append(row, spread(s.Throughput)...)
	for _, p := range s.Latency {
		row = append(row, carried(p, p.Value), carried(p, p.Low), carried(p, p.High))
	}
	if s.Samples > 0 {
		row = append(row, strconv.FormatInt(s.Max, 10), number(s.Mean))
	} else {
		row = append(row, "", "")
	}
	o := s.Operations
	row = append(row, strconv.FormatInt(s.Samples, 10))
	for _, n := range []uint64{o.Succeeded, o.Failed, o.Unknown, o.Refused, o.InFlight, s.Elections, s.Reorders} {
		row = append(row, strconv.FormatUint(n, 10))
	}
	for _, m := range reports.CostMetrics() {
		row = append(row, spread(reports.SpreadOf(m, a))[0])
	}
	return row
}

// LatencyCSV writes the distribution of each arm, operation type and kind, over
// all replicates: a row for each point of its curve, with its confidence interval.
// Where carried is false the sample is too small to state the quantile.
func LatencyCSV(w io.Writer, run *reports.Run) error {
	head := []string{"arm", "op", "kind", "quantile", "latency_ns", "latency_ns_low", "latency_ns_high", "carried"}
	return writeCSV(w, head, func(row func(...string)) {
		for i := range run.Arms {
			a := &run.Arms[i]
			for _, d := range a.Distributions() {
				for _, p := range d.Histogram.Curve() {
					low, high := "", ""
					if p.Carried {
						low, high = strconv.FormatInt(p.Low, 10), strconv.FormatInt(p.High, 10)
					}
					row(a.Label, d.Op, string(d.Kind), strconv.FormatFloat(p.Quantile, 'f', -1, 64), strconv.FormatInt(p.Value, 10),
						low, high, strconv.FormatBool(p.Carried))
				}
			}
		}
	})
}

// TimeseriesCSV writes the replicates over time, a row for each bucket that lies
// wholly within the window.
func TimeseriesCSV(w io.Writer, run *reports.Run) error {
	head := []string{"arm", "replicate", "start_s", "throughput_ops_per_s", "errors", "latency_ns_p50", "latency_ns_p99", "latency_ns_max"}
	return writeCSV(w, head, func(row func(...string)) {
		for i := range run.Arms {
			for j := range run.Arms[i].Replicates {
				r := &run.Arms[i].Replicates[j]
				s := &r.Series
				for b := range s.Whole(r.Window) {
					row(run.Arms[i].Label, strconv.Itoa(r.Index), number((s.Start + time.Duration(b)*s.Bucket).Seconds()),
						number(float64(s.Completed[b])/s.Bucket.Seconds()), count(s.Errors, b),
						latency(s.P50, b), latency(s.P99, b), latency(s.Max, b))
				}
			}
		}
	})
}

// EventsCSV writes what happened within the windows: elections, and what a script did.
func EventsCSV(w io.Writer, run *reports.Run) error {
	head := []string{"arm", "replicate", "at_s", "kind", "text"}
	return writeCSV(w, head, func(row func(...string)) {
		for i := range run.Arms {
			for j := range run.Arms[i].Replicates {
				r := &run.Arms[i].Replicates[j]
				for _, e := range r.Events {
					row(run.Arms[i].Label, strconv.Itoa(r.Index), number(e.At.Seconds()), e.Kind, e.Text)
				}
			}
		}
	})
}

// ReplicatesCSV writes every number of every replicate in long form, a row for
// each: what a statistics program wants. The names are those of measures; units
// are in a column of their own, and in the names where there is one.
func ReplicatesCSV(w io.Writer, run *reports.Run) error {
	head := []string{"arm", "transport", "replicate", "block", "position", "valid", "metric", "unit", "value"}
	return writeCSV(w, head, func(row func(...string)) {
		for i := range run.Arms {
			a := &run.Arms[i]
			for j := range a.Replicates {
				r := &a.Replicates[j]
				for _, m := range measuresOf(r) {
					row(a.Label, a.Transport, strconv.Itoa(r.Index), strconv.Itoa(r.Block), strconv.Itoa(r.Position),
						strconv.FormatBool(r.Valid), m.name, m.unit, number(m.value))
				}
			}
		}
	})
}

// writeCSV writes a heading and what rows gives.
func writeCSV(w io.Writer, head []string, rows func(row func(...string))) error {
	c := csv.NewWriter(w)
	var err error
	row := func(fields ...string) {
		if err == nil {
			err = c.Write(fields)
		}
	}
	row(head...)
	rows(row)
	c.Flush()
	if err != nil {
		return err
	}
	return c.Error()
}

func options(a *reports.Arm) string {
	var list []string
	for _, o := range a.Options {
		list = append(list, o.Name+"="+o.Value)
	}
	return strings.Join(list, " ")
}

// number writes enough digits to work with and not more: six significant ones.
func number(v float64) string {
	if v == float64(int64(v)) {
		return strconv.FormatInt(int64(v), 10)
	}
	return strconv.FormatFloat(v, 'g', 6, 64)
}

func spread(s reports.Spread) []string {
	if s.N == 0 {
		return []string{"", "", ""}
	}
	return []string{number(s.Median), number(s.Min), number(s.Max)}
}

func carried(p reports.Percentile, v int64) string {
	if !p.Carried {
		return ""
	}
	return strconv.FormatInt(v, 10)
}

func count(column []uint64, i int) string {
	if i >= len(column) {
		return ""
	}
	return strconv.FormatUint(column[i], 10)
}

func latency(column []int64, i int) string {
	if i >= len(column) || column[i] == 0 {
		return ""
	}
	return strconv.FormatInt(column[i], 10)
}
