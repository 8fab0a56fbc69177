package reports

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// MetricNamed finds a metric by what it is called in a table ("p99", "CPU/op"), in CSV
// and JSON ("latency_ns_p99"), or as any other quantile ("p95"). Case does not matter. The
// error lists what there is.
func MetricNamed(name string) (Metric, error) {
	wanted := strings.ToLower(strings.TrimSpace(name))
	var titles []string
	for _, m := range slices.Concat(Metrics(), CostMetrics(), []Metric{FailureShare()}) {
		if wanted == strings.ToLower(m.Title) || wanted == strings.ToLower(m.Name) {
			return m, nil
		}
		if !slices.Contains(titles, m.Title) {
			titles = append(titles, m.Title)
		}
	}
	if q, ok := quantileNamed(strings.TrimPrefix(wanted, "latency_ns_")); ok {
		return Latency(q), nil
	}
	return Metric{}, fmt.Errorf("%q is not a metric: allowed are %s, and other quantiles such as p95", name, strings.Join(titles, ", "))
}

// quantileNamed reads "p99.9".
func quantileNamed(s string) (float64, bool) {
	digits, ok := strings.CutPrefix(s, "p")
	if !ok || strings.Trim(digits, "0123456789.") != "" {
		return 0, false
	}
	percent, err := strconv.ParseFloat(digits, 64)
	if err != nil || percent <= 0 || percent > 99.9999 {
		return 0, false
	}
	return percent / 100, true
}

// FailureShare is the metric of operations that did not succeed, refused ones included,
// as a share of those that were due. It is for thresholds: where nothing fails on
// one side there is no factor to compare by.
func FailureShare() Metric {
	return Metric{
		Name: "failure_share", Title: "errors", Unit: "share",
		Value: func(r *Replicate) (float64, bool) {
			o := r.Operations
			due := o.Started + o.Refused
			return float64(o.Failed+o.Unknown+o.Refused) / float64(max(due, 1)), due > 0
		},
		Format: FormatPercent,
	}
}

// ofArm is the metric of an arm over all its replicates, as the tables show it: of a
// latency the percentile of the merged histograms, of a share that of all operations, of
// everything else the median.
func (m Metric) ofArm(a *Arm) (float64, bool) {
	switch m.Unit {
	case "ns":
		return m.Value(&Replicate{Histograms: []OpHistogram{{Kind: KindResponse, Histogram: a.Response()}}})
	case "share":
		sum := &Replicate{}
		for i := range a.Replicates {
			sum.Operations.Add(a.Replicates[i].Operations)
		}
		return m.Value(sum)
	}
	s := SpreadOf(m, a)
	return s.Median, s.N > 0
}
