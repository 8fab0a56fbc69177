package search

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/raftbench/raftbench/core/batch"
	"github.com/raftbench/raftbench/experiment"
	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/transports"
)

// Cluster is the Measurer that makes a trial of a replicate: a fresh cluster in this process.
type Cluster struct {
	// Settings are those of all trials. Their lists of what a trial says itself do not
	// count.
	Settings experiment.Settings

	// Transport is what the trials of a search have in common.
	Transport Transport

	Label    func(Trial) string // of an arm, for the Observer and for runs
	Observer experiment.Observer

	// Metrics are measured besides reports.Metrics.
	Metrics []reports.Metric

	// AllowInvalid takes trials that may not be trusted for valid, as on a machine that is
	// never quiet. A rate that was not sustained stays one.
	AllowInvalid bool

	// Keep is given the run of each trial, if it is not nil.
	Keep func(Trial, *reports.Run)
}

// Transport gives the transport for a number of connections, or as it is if that is zero.
type Transport func(conns int) (transports.Spec, error)

// MeanLatency is the name of the mean response time among the values of an outcome, in
// nanoseconds. It is no metric of a comparison; with the throughput it makes the operations
// under way.
const MeanLatency = "latency_ns_mean"

// Measure implements Measurer.
func (c *Cluster) Measure(ctx context.Context, t Trial) (Outcome, error) {
	began := time.Now()
	s, err := c.SettingsOf(t.Setting, c.Label(t))
	if err != nil {
		return Outcome{}, err
	}
	s.Seed = t.Seed
	once(s, t.Window)
	own := s.Named[0].Settings
	switch {
	case t.Rate > 0:
		own.Rates = []float64{t.Rate}
	case t.Clients > 0:
		own.Rates, own.Clients = nil, []int{t.Clients}
	}
	plan, err := s.Plan()
	if err != nil {
		return Outcome{}, err
	}
	run, err := experiment.Run(ctx, s, plan, experiment.Header{}, c.Observer, forget{})
	if err != nil {
		return Outcome{}, err
	}
	if len(run.Arms) != 1 {
		return Outcome{}, fmt.Errorf("a trial is one arm, and there are %d", len(run.Arms))
	}
	// A trial that was whole when the interruption came is kept.
	if list := run.Arms[0].Replicates; ctx.Err() != nil && (len(list) == 0 || list[0].Partial) {
		return Outcome{}, ctx.Err()
	}
	if c.Keep != nil {
		c.Keep(t, run)
	}
	o := c.outcome(&run.Arms[0].Replicates[0])
	o.Took = time.Since(began)
	return o, nil
}

// once makes an experiment a single window.
func once(s *experiment.Settings, window time.Duration) {
	for _, s := range []*experiment.Settings{s, s.Named[0].Settings} {
		s.Repeat, s.Duration, s.Idle, s.Operations, s.Stages = 1, window, 0, 0, nil
	}
}

// SettingsOf are the settings of an experiment with one arm of that name.
func (c *Cluster) SettingsOf(v Setting, label string) (*experiment.Settings, error) {
	spec, err := c.Transport(v.Conns)
	if err != nil {
		return nil, err
	}
	own := c.Settings
	own.Named = nil
	own.Transports = []transports.Spec{spec}
	own.BatchSizes, own.Lingers, own.Pipelines = []int{v.BatchSize}, []time.Duration{v.Linger}, []int{v.Pipeline}
	if v.Policy != "" {
		own.Policies = []batch.Policy{v.Policy}
	}
	s := own
	s.Named = []experiment.NamedArm{{Name: label, Settings: &own}}
	return &s, nil
}

func (c *Cluster) outcome(r *reports.Replicate) Outcome {
	o := Outcome{Valid: r.Valid, Reasons: r.Reasons, Values: map[string]float64{}}
	for _, m := range slices.Concat(reports.Metrics(), c.Metrics) {
		if v, ok := m.Value(r); ok && !math.IsNaN(v) && !math.IsInf(v, 0) {
			o.Values[m.Name] = v
		}
	}
	if h := r.Response(); h.Count() > 0 {
		o.Values[MeanLatency] = h.Mean()
	}
	o.Unsustained = unsustained(r.Reasons, c.AllowInvalid)
	if c.AllowInvalid && !o.Unsustained && r.Operations.Succeeded > 0 {
		o.Valid = true
	}
	return o
}

// The names of the checks (experiment.Checks) that fail where more is asked of a cluster than
// it carries: those that say so, and those that go with them.
const (
	signsOfOverload  = "rate refused cpu scheduler lag"
	effectOfOverload = "errors elections clipped stationarity little"
)

// unsustained reports whether all reasons are those of a load that is too high. If what the
// machine did is to be forgiven, the rate alone decides.
func unsustained(reasons []string, forgiving bool) bool {
	signs, others := 0, 0
	for _, r := range reasons {
		name, _, _ := strings.Cut(r, ":")
		switch {
		case forgiving && name != "rate" && name != "refused":
		case slices.Contains(strings.Fields(signsOfOverload), name):
			signs++
		case !slices.Contains(strings.Fields(effectOfOverload), name):
			others++
		}
	}
	return signs > 0 && others == 0
}

// Overhead is what a trial takes besides its window, roughly.
func (c *Cluster) Overhead(v Setting) (time.Duration, error) {
	s, err := c.SettingsOf(v, "trial")
	if err != nil {
		return 0, err
	}
	once(s, time.Second)
	p, err := s.Plan()
	if err != nil {
		return 0, err
	}
	if len(p.Arms) != 1 {
		return 0, fmt.Errorf("the lists make %d arms of one setting: want one value each for what is not searched", len(p.Arms))
	}
	return p.Estimate - time.Second, nil
}

// forget is an experiment.Keeper that keeps nothing: Memory keeps the outcomes.
type forget struct{}

func (forget) Begin(*reports.Run) error                       { return nil }
func (forget) Partial([]reports.Measured) error               { return nil }
func (forget) Replicate(reports.Measured) error               { return nil }
func (forget) End(reports.Status, time.Time, ...string) error { return nil }
