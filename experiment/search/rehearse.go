package search

import (
	"context"
	"time"

	"github.com/raftbench/raftbench/reports"
)

// Step is a stage of a search, as far as it is known beforehand.
type Step struct {
	Stage  string
	Trials int
	Window time.Duration
	Time   time.Duration // roughly
}

// Rehearse says what Tune will do where nothing goes wrong, by letting it search a plain.
func Rehearse(c Config) ([]Step, error) {
	r, err := Tune(context.Background(), c, MeasureFunc(func(context.Context, Trial) (Outcome, error) {
		o := Outcome{Valid: true, Values: map[string]float64{reports.Throughput().Name: 1}}
		for _, m := range c.Goal.Metrics() {
			o.Values[m.Name] = 1
		}
		return o, nil
	}))
	if err != nil {
		return nil, err
	}
	return steps(r.Trials, c.Overhead), nil
}

// RehearseCapacity says what Capacity will do if the highest rate is thirty times the one
// that it starts from.
func RehearseCapacity(c CapacityConfig, overhead time.Duration) ([]Step, error) {
	r, err := Capacity(context.Background(), c, MeasureFunc(func(_ context.Context, t Trial) (Outcome, error) {
		o := Outcome{Valid: true, Values: map[string]float64{}}
		if t.Rate > 30*c.Start {
			return Outcome{Unsustained: true}, nil
		}
		for _, g := range c.Limits {
			o.Values[g.Metric.Name] = meeting(g)
		}
		return o, nil
	}))
	if err != nil {
		return nil, err
	}
	var trials []Measured
	for _, p := range r.Points {
		trials = append(trials, p.Measured)
	}
	return steps(trials, overhead), nil
}

// meeting is a value that meets a limit.
func meeting(g reports.Gate) float64 {
	if g.Above {
		return 2*g.Limit + 1
	}
	return g.Limit / 2
}

// steps sums trials up by stage.
func steps(trials []Measured, overhead time.Duration) []Step {
	var list []Step
	for _, t := range trials {
		if n := len(list); n == 0 || list[n-1].Stage != t.Stage {
			list = append(list, Step{Stage: t.Stage, Window: t.Window})
		}
		s := &list[len(list)-1]
		s.Trials++
		s.Time += overhead + t.Window
	}
	return list
}

// Total is the number of trials, and the time they take.
func Total(list []Step) (trials int, took time.Duration) {
	for _, s := range list {
		trials, took = trials+s.Trials, took+s.Time
	}
	return trials, took
}
