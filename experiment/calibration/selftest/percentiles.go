package selftest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/raftbench/raftbench/core/client"
	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/workloads"
)

// Accuracy is how far a reported percentile is from the truth.
type Accuracy struct {
	Distribution string
	Quantile     float64
	Truth        time.Duration
	Reported     time.Duration
	Allowed      float64 // relative
}

// Error is relative to the truth.
func (a Accuracy) Error() float64 { return float64(a.Reported)/float64(a.Truth) - 1 }

// OK says that the error is allowed.
func (a Accuracy) OK() bool { return math.Abs(a.Error()) <= a.Allowed }

// latencies is a distribution of latencies: quantile is what a share of u of them does
// not exceed, 0 < u < 1.
type latencies struct {
	name     string
	quantile func(u float64) float64 // ns
}

func distributions() []latencies {
	const us = float64(time.Microsecond)
	return []latencies{
		{"log-normal", func(u float64) float64 { return 500 * us * math.Exp(0.5*math.Sqrt2*math.Erfinv(2*u-1)) }},
		{"exponential", func(u float64) float64 { return -300 * us * math.Log1p(-u) }},
		{"two modes, one in 20 slow", func(u float64) float64 {
			if u < 0.95 {
				return 200*us + 100*us*u/0.95
			}
			return 5000*us + 3000*us*(u-0.95)/0.05
		}},
		{"heavy tail (Pareto, 2.5)", func(u float64) float64 { return 100 * us * math.Pow(1-u, -1/2.5) }},
	}
}

// Sizes of the check of percentiles. A quantile of a random sample is off by
// itself: with so many operations, the p99.9 of the heavy tail by 0.7 % (one standard
// error), everything else by less.
const (
	Operations = 2_000_000
	recorders  = 4 // one each would fill for a worker
)

// Percentiles draws latencies from known distributions, records them as the driver does,
// in several recorders that are merged, and compares what the reports state with the
// truth. The figures depend on the seed alone.
func Percentiles(seed uint64) ([]Accuracy, error) {
	var list []Accuracy
	for i, d := range distributions() {
		h, err := record(d, rand.New(rand.NewPCG(seed, uint64(i))))
		if err != nil {
			return nil, err
		}
		for _, q := range reports.Quantiles() {
			a := Accuracy{Distribution: d.name, Quantile: q, Truth: time.Duration(d.quantile(q)), Allowed: 0.01}
			if q > 0.99 {
				a.Allowed = 0.03
			}
			p := h.Percentile(q)
			if !p.Carried {
				return nil, fmt.Errorf("%s: the sample does not carry %s", d.name, reports.FormatQuantile(q))
			}
			a.Reported = time.Duration(p.Value)
			list = append(list, a)
		}
	}
	return list, nil
}

// record sends each operation some time after it was due, so that only the response time
// is what was drawn.
func record(d latencies, rng *rand.Rand) (*reports.Histogram, error) {
	const every, late = 500 * time.Nanosecond, 20 * time.Microsecond
	m := new(workloads.Measurement)
	for range recorders {
		r := workloads.NewRecorder(workloads.Open, 0, nil, nil)
		r.Begin(0)
		for i := range Operations / recorders {
			intended := time.Duration(i) * every
			done := intended + time.Duration(d.quantile(rng.Float64()))
			r.Start(workloads.Put, intended)
			r.Record(workloads.Sample{Type: workloads.Put, Intended: intended, Sent: min(intended+late, done), Done: done, Outcome: client.OutcomeOK})
		}
		r.AddTo(m)
	}
	total := m.Window.Total()
	if total.Succeeded != Operations {
		return nil, fmt.Errorf("%s: %d operations were recorded as %d", d.name, Operations, total.Succeeded)
	}
	return reports.NewHistogram(total.Response), nil
}
