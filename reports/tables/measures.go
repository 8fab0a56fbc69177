package tables

import (
	"maps"
	"slices"

	"github.com/raftbench/raftbench/reports"
)

// measure is one number of one replicate in the long form. docs/results.md lists
// the names.
type measure struct {
	name, unit string
	value      float64
}

// measuresOf lists all numbers that a replicate has. What was not measured, or is not
// carried by the sample, is not there.
func measuresOf(r *reports.Replicate) []measure {
	var list []measure
	add := func(name, unit string, value float64) { list = append(list, measure{name, unit, value}) }
	seen := map[string]bool{}
	for _, m := range slices.Concat(reports.Metrics(), []reports.Metric{reports.Latency(0.9999)}, reports.CostMetrics()) {
		if v, ok := m.Value(r); ok && !seen[m.Name] {
			add(m.Name, plainUnit(m), v)
		}
		seen[m.Name] = true
	}
	if h := r.Response(); h.Count() > 0 {
		add("latency_ns_mean", "ns", h.Mean())
		add("latency_ns_max", "ns", float64(h.Max()))
		add("latency_samples", "operations", float64(h.Count()))
	}
	addKinds(add, r)
	addCounts(add, r)
	addStages(add, r.Breakdown)
	for _, d := range r.Distributions {
		if d.Histogram == nil || d.Histogram.Count() == 0 {
			continue
		}
		add(d.Name+"_mean", d.Unit, d.Histogram.Mean())
		for _, q := range []float64{0.5, 0.99} {
			if p := d.Histogram.Percentile(q); p.Carried {
				add(d.Name+"_"+reports.FormatQuantile(q), d.Unit, float64(p.Value))
			}
		}
		add(d.Name+"_max", d.Unit, float64(d.Histogram.Max()))
	}
	return list
}

// plainUnit is the unit of a metric in ASCII; "1" for a number without one.
func plainUnit(m reports.Metric) string {
	switch m.Unit {
	case "µs":
		return "us"
	case "":
		return "1"
	}
	return m.Unit
}

// addKinds adds percentiles of the service time and of the driver's lag.
func addKinds(add func(string, string, float64), r *reports.Replicate) {
	for _, kind := range []reports.Kind{reports.KindService, reports.KindLag} {
		var parts []*reports.Histogram
		for _, h := range r.Histograms {
			if h.Kind == kind {
				parts = append(parts, h.Histogram)
			}
		}
		merged := reports.MergeHistograms(parts...)
		for _, q := range reports.Quantiles() {
			if p := merged.Percentile(q); p.Carried {
				add(string(kind)+"_ns_"+reports.FormatQuantile(q), "ns", float64(p.Value))
			}
		}
	}
}

func addCounts(add func(string, string, float64), r *reports.Replicate) {
	o := r.Operations
	for _, c := range []struct {
		name string
		n    uint64
	}{
		{"started", o.Started}, {"succeeded", o.Succeeded}, {"completed", o.Done()}, {"failed", o.Failed},
		{"unknown", o.Unknown}, {"refused", o.Refused}, {"in_flight", o.InFlight},
	} {
		add("operations_"+c.name, "operations", float64(c.n))
	}
	for _, class := range slices.Sorted(maps.Keys(r.Errors)) {
		add("errors_"+class, "operations", float64(r.Errors[class]))
	}
	add("elections", "elections", float64(r.Elections))
	add("reorders", "appends", float64(r.Reorders))
	for _, name := range slices.Sorted(maps.Keys(r.Counters)) {
		add("counter_"+name, "1", float64(r.Counters[name]))
	}
	add("window_s", "s", r.Window.Seconds())
	add("warmup_s", "s", r.Warmup.Seconds())
	if r.Discarded != nil {
		add("warmup_operations", "operations", float64(r.Discarded.Operations.Succeeded))
	}
}

func addStages(add func(string, string, float64), b *reports.Breakdown) {
	if b == nil || b.Samples == 0 {
		return
	}
	add("stage_samples", "operations", float64(b.Samples))
	for _, s := range b.Stages {
		add("stage_"+s.Name+"_ns_mean", "ns", s.Mean)
	}
	add("stages_gap_ratio", "1", b.Gap())
}
