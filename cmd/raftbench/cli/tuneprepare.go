package cli

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/raftbench/raftbench/cmd/raftbench/settings"
	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/batch"
	"github.com/raftbench/raftbench/experiment"
	"github.com/raftbench/raftbench/experiment/search"
	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/transports"
)

// prepareTuning resolves everything that can be wrong before anything is measured.
func (a *app) prepareTuning(fs *pflag.FlagSet, f *tuneFlags) (*tuning, error) {
	sources, warnings, err := settings.Apply(fs, nil, os.Environ())
	if err != nil {
		return nil, err
	}
	if f.resume != "" {
		if err := takeUp(fs, f.resume, sources); err != nil {
			return nil, fmt.Errorf("--resume %s: %w", f.resume, err)
		}
	}
	a.quiet = f.quiet
	if err := a.resolve(&f.runFlags, sources); err != nil {
		return nil, err
	}
	goal, err := search.ParseGoal(f.goal)
	switch {
	case err != nil:
		return nil, err
	case f.blocks < minBlocks || f.blocks > 1000:
		return nil, fmt.Errorf("--blocks %d: want %d to 1000: fewer carry no verdict", f.blocks, minBlocks)
	case goal.Rate > 0 && (sources.Of("rate") != settings.Default || sources.Of("clients") != settings.Default):
		return nil, fmt.Errorf("--goal %q says the rate: want neither -r nor -c beside it", goal.Text)
	case goal.Rate > 0:
		f.Rates = []float64{goal.Rate}
	case goal.Metric.Name == reports.Throughput().Name && len(f.Rates) > 0:
		return nil, fmt.Errorf("--goal %q: at the rate of -r the throughput is that rate: want -c, or another metric", goal.Text)
	}
	t := &tuning{
		a: a, flags: f, facts: factsOf(fs), load: loadOf(fs, f.asked),
		header: experiment.Header{Argv: a.argv, Settings: effective(fs, sources), Calibration: a.storedCalibration(len(f.Rates) == 0)},
	}
	for _, w := range warnings {
		fmt.Fprintf(a.notes(), "warning: %s\n", w)
	}
	for _, spec := range f.Transports {
		s, err := t.subject(spec, goal)
		if err != nil {
			return nil, err
		}
		t.subjects = append(t.subjects, *s)
	}
	if f.resume != "" { // what is taken up was let pass, and what differs from it is not
		return t, nil
	}
	return t, unmet(fs, sources, nil, &f.Settings)
}

// subject plans the search for one transport.
func (t *tuning) subject(spec transports.Spec, goal search.Goal) (*subject, error) {
	f := t.flags
	space := search.Space{BatchSizes: f.batchSizes, Lingers: f.lingers, Pipelines: f.pipelines, Conns: f.conns, Policies: f.policies}
	space.Default = search.Setting{
		BatchSize: usual(f.batchSizes, batch.DefaultSizeBytes), Linger: usual(f.lingers, 0), Pipeline: usual(f.pipelines, defaultPipeline),
		Policy: usualPolicy(f.policies, usual(f.lingers, 0)),
	}
	if len(f.conns) > 0 {
		if !hasOption(spec, "conns") {
			return nil, fmt.Errorf("--conns: transport %s has no option conns", spec.Label)
		}
		own, err := spec.Options.Int("conns", 0, maxConns)
		if err != nil {
			return nil, err
		}
		space.Default.Conns = usual(f.conns, own)
	}
	c := &search.Cluster{
		Settings: f.Settings, Transport: t.a.pooled(spec), Metrics: goal.Metrics(), AllowInvalid: f.allowInvalid,
		Label: func(trial search.Trial) string {
			name := space.Label(trial.Setting)
			if len(f.Transports) > 1 {
				name = spec.Label + " " + name
			}
			return name
		},
	}
	if err := space.Validate(); err != nil {
		return nil, err
	}
	for _, v := range space.Grid() { // a connection count may be one that the transport refuses
		if _, err := c.Overhead(v); err != nil {
			return nil, err
		}
	}
	overhead, err := c.Overhead(space.Default)
	if err != nil {
		return nil, err
	}
	config := search.Config{
		Goal: goal, Space: space, Window: f.Duration, Repeat: f.Repeat, Overhead: overhead, Seed: f.Seed,
		MinEffect: minEffect(t.header.Calibration, goal.Metric), Exhaustive: f.exhaustive,
	}
	steps, err := search.Rehearse(config)
	return &subject{label: spec.Label, cluster: c, config: config, steps: steps}, err
}

const (
	defaultPipeline = 4 // of run --pipeline
	maxConns        = 1 << 16
)

// usual is the default of an axis: the tool's, or the value that the axis is held still at.
func usual[T any](values []T, tool T) T {
	if len(values) == 1 {
		return values[0]
	}
	return tool
}

// usualPolicy is the default of the policies: what they are held still at, if the default
// linger goes with it, and else what that linger means by itself.
func usualPolicy(policies []batch.Policy, linger time.Duration) batch.Policy {
	if len(policies) == 0 {
		return ""
	}
	held := batch.Config{Policy: usual(policies, ""), Linger: linger}
	if held.Validate() != nil {
		held.Policy = ""
	}
	return held.WithDefaults().Policy
}

func hasOption(spec transports.Spec, name string) bool {
	return slices.ContainsFunc(spec.Named.Options, func(o core.Option) bool { return o.Name == name })
}

// pooled gives a transport another number of connections.
func (a *app) pooled(spec transports.Spec) search.Transport {
	return func(conns int) (transports.Spec, error) {
		if conns == 0 {
			return spec, nil
		}
		settings := slices.DeleteFunc(strings.Split(spec.Label, ":"), func(s string) bool { return strings.HasPrefix(s, "conns=") })
		list, err := transports.ParseList(a.transports, strings.Join(append(settings, fmt.Sprintf("conns=%d", conns)), ":"))
		if err != nil {
			return spec, err
		}
		return list[0], nil
	}
}

// minEffect is what a difference in a metric must exceed.
func minEffect(c *reports.Calibration, m reports.Metric) float64 {
	if c == nil {
		return max(reports.DefaultMinEffect, reports.DefaultNoiseFloor)
	}
	return max(reports.DefaultMinEffect, c.NoiseFloor[m.Name])
}

// aboutTheCall names flags that another call of the same experiment may have otherwise.
func aboutTheCall(name string) bool {
	return slices.Contains([]string{"help", "out", "dry-run", "quiet", "metrics", "resume", "exhaustive", "blocks"}, name)
}

// factMachine is the one fact that is no flag: another machine measures something else.
const factMachine = "machine"

func factsOf(fs *pflag.FlagSet) []search.Fact {
	list := []search.Fact{{Name: factMachine, Value: experiment.Machine()}}
	fs.VisitAll(func(f *pflag.Flag) {
		if !aboutTheCall(f.Name) {
			list = append(list, search.Fact{Name: f.Name, Value: f.Value.String()})
		}
	})
	return list
}

// takeUp gives the flags that nobody has set the values that an interrupted search had.
func takeUp(fs *pflag.FlagSet, dir string, sources settings.Sources) error {
	if sources.Of("out") != settings.Default {
		return errors.New("-o names another directory: want one or the other")
	}
	facts, err := search.Facts(dir)
	if err != nil {
		return err
	}
	for _, fact := range facts {
		if fact.Name == factMachine || fs.Lookup(fact.Name) == nil || sources.Of(fact.Name) != settings.Default {
			continue
		}
		if fs.Lookup(fact.Name).Value.String() == fact.Value {
			continue
		}
		if err := fs.Set(fact.Name, fact.Value); err != nil {
			return err
		}
		sources[fact.Name] = settings.FromFile
	}
	return nil
}

// loadOf are those of the named flags that somebody has set, for a file that run -f reads.
func loadOf(fs *pflag.FlagSet, names []string) [][2]string {
	var list [][2]string
	for _, name := range names {
		if f := fs.Lookup(name); f.Changed && name != "transport" {
			list = append(list, [2]string{name, f.Value.String()})
		}
	}
	return list
}
