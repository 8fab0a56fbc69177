package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/raftbench/raftbench/cmd/raftbench/settings"
	"github.com/raftbench/raftbench/experiment"
	"github.com/raftbench/raftbench/experiment/search"
	"github.com/raftbench/raftbench/reports"
)

// capacityFlags is what `raftbench capacity` can be told.
type capacityFlags struct {
	runFlags
	goal       string
	start, max []float64 // one each
	precision  string
	confirm    int
}

func (a *app) capacityCommand() *cobra.Command {
	f := new(capacityFlags)
	cmd := &cobra.Command{
		Use:   "capacity",
		Short: "Find the highest rate that a setting sustains under a latency goal",
		Long: fmt.Sprintf(`Find the highest rate that a setting sustains under a latency goal.

    raftbench capacity --transport rawtcp,grpc --goal 'p99<5ms'

The rate of an open loop is doubled from --start until the goal is missed, then
bisected down to --precision, and confirmed by longer trials with new seeds. A rate
that was not sustained is labelled and never ranked. The result directory has the
curve of latency against load (plots/load.png), every trial (trials.csv) and all
that a run has.

With %d points or more, the Universal Scalability Law (Gunther) is fitted to
throughput over the operations under way; with -c 1,2,4,8,16,32, to a closed loop of so
many clients. It describes the points and proves nothing.`, search.MinScalePoints),
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.capacity(cmd, f) },
	}
	a.capacityFlags(cmd.Flags(), f)
	a.completeRun(cmd)
	return cmd
}

func (a *app) capacityFlags(fs *pflag.FlagSet, f *capacityFlags) {
	names := slices.Concat(a.trialNames(), namesOf(a.tuningFlags), callNames())
	names = slices.DeleteFunc(names, func(name string) bool { return name == "rate" }) // it is what is looked for
	a.someRunFlags(fs, &f.runFlags, names, map[string]string{"transport": "rawtcp", "warmup": "300ms", "idle": "0s", "duration": "2s", "repeat": "1"})
	fs.Lookup("clients").Usage = "besides, a closed loop of so many clients for the Universal Scalability Law, such as 1,2,4,8,16,32; default: the law over the load"
	fs.Lookup("clients").DefValue = ""
	fs.Lookup("duration").Usage = "length of a trial's window; those that confirm are twice as long"
	fs.Lookup("allow-invalid").Usage = "use trials that are INVALID for what the machine did, as on a machine that is never quiet"
	fs.StringVar(&f.goal, "goal", "p99<5ms", "what a rate has to keep to: METRIC<LIMIT, several joined by and")
	fs.Var(newList(&f.start, "rate", "1k", parseRate), "start", "rate to begin with, in operations per second")
	fs.Var(newList(&f.max, "rate", "10M", parseRate), "max", "rate to end with")
	fs.StringVar(&f.precision, "precision", "3%", "relative width at which bisection ends; never less than the noise floor of the machine")
	fs.IntVar(&f.confirm, "confirm", 3, "longer trials that confirm the rate")
}

func (a *app) capacity(cmd *cobra.Command, f *capacityFlags) error {
	c, err := a.prepareCapacity(cmd.Flags(), f)
	if err != nil {
		return usageError{err}
	}
	if f.dryRun {
		return c.printPlan(cmd.Context())
	}
	if c.dir, err = resultDir(f.out); err != nil {
		return err
	}
	return c.all(cmd.Context())
}

// sizing is one execution of the command.
type sizing struct {
	a        *app
	flags    *capacityFlags
	header   experiment.Header
	subjects []sized
	dir      string

	run *reports.Run // of all trials; nil before the first
	err error        // why it could not be kept
}

// sized is one transport's search, and what became of it.
type sized struct {
	label    string
	cluster  *search.Cluster
	config   search.CapacityConfig
	overhead time.Duration

	result *search.CapacityResult
	closed []search.Measured // trials of closed loops
	law    *search.USL
	why    string // there is no law
}

// prepareCapacity resolves everything that can be wrong before anything is measured.
func (a *app) prepareCapacity(fs *pflag.FlagSet, f *capacityFlags) (*sizing, error) {
	sources, warnings, err := settings.Apply(fs, nil, os.Environ())
	if err != nil {
		return nil, err
	}
	a.quiet = f.quiet
	if err := a.resolve(&f.runFlags, sources); err != nil {
		return nil, err
	}
	limits, err := search.ParseLimits(f.goal)
	if err != nil {
		return nil, fmt.Errorf("--goal %q: %w", f.goal, err)
	}
	if len(f.start) != 1 || len(f.max) != 1 {
		return nil, errors.New("--start, --max: want one rate each")
	}
	if len(f.BatchSizes)*len(f.BatchOps)*max(1, len(f.Lingers))*len(f.Pipelines) != 1 || len(f.Policies) > 1 {
		return nil, errors.New("--batch.size, --batch.ops, --linger, --pipeline, --batch.policy: want one value each: the capacity is that of a setting")
	}
	if sources.Of("clients") == settings.Default {
		f.Clients = nil
	}
	c := &sizing{a: a, flags: f, header: experiment.Header{Argv: a.argv, Settings: effective(fs, sources), Calibration: a.storedCalibration(false)}}
	precision, err := parsePercent(f.precision)
	if err != nil {
		return nil, fmt.Errorf("--precision %w", err)
	}
	if c.header.Calibration != nil {
		precision = max(precision, c.header.Calibration.NoiseFloor[reports.Throughput().Name])
	}
	for _, w := range warnings {
		fmt.Fprintf(a.notes(), "warning: %s\n", w)
	}
	for _, spec := range f.Transports {
		s := sized{label: spec.Label, config: search.CapacityConfig{
			Setting: search.Setting{BatchSize: f.BatchSizes[0], Linger: f.Lingers[0], Pipeline: f.Pipelines[0]},
			Limits:  limits, Start: f.start[0], Max: f.max[0], Window: f.Duration,
			Precision: precision, Confirmations: f.confirm, Seed: f.Seed,
		}}
		s.cluster = c.clusterOf(a.pooled(spec), spec.Label, limits)
		if s.overhead, err = s.cluster.Overhead(s.config.Setting); err != nil {
			return nil, err
		}
		if _, err := search.RehearseCapacity(s.config, s.overhead); err != nil {
			return nil, err
		}
		c.subjects = append(c.subjects, s)
	}
	open := f.Settings
	open.Rates = f.start
	return c, unmet(fs, sources, nil, &open)
}

func (c *sizing) clusterOf(transport search.Transport, label string, limits []reports.Gate) *search.Cluster {
	s := &search.Cluster{Settings: c.flags.Settings, Transport: transport, AllowInvalid: c.flags.allowInvalid, Keep: c.keep}
	s.Settings.Rates, s.Settings.Clients = c.flags.start, []int{1} // a trial says its own
	for _, g := range limits {
		s.Metrics = append(s.Metrics, g.Metric)
	}
	s.Label = func(t search.Trial) string {
		if t.Clients > 0 {
			return fmt.Sprintf("%s c=%d", label, t.Clients)
		}
		return fmt.Sprintf("%s r=%g", label, t.Rate)
	}
	return s
}

// keep adds a trial to the result and writes it, so that whatever comes next loses nothing.
func (c *sizing) keep(_ search.Trial, run *reports.Run) {
	if c.run == nil {
		c.run = run
		c.run.Status = reports.StatusRunning
		c.run.Argv, c.run.Settings, c.run.Calibration, c.run.Seed = c.header.Argv, c.header.Settings, c.header.Calibration, c.flags.Seed
	} else {
		search.Gather(c.run, run)
	}
	if err := reports.WriteOn(c.a.disk, c.dir, c.run); err != nil && c.err == nil {
		c.err = fmt.Errorf("the results cannot be kept: %w", err)
	}
}

func (c *sizing) printPlan(ctx context.Context) error {
	total := time.Duration(0)
	for i := range c.subjects {
		s := &c.subjects[i]
		fmt.Fprintf(c.a.stdout, "%s: %s, from %s/s; if the answer is about 30 times that:\n", s.label, c.flags.goal, reports.FormatCount(s.config.Start))
		steps, err := search.RehearseCapacity(s.config, s.overhead)
		if err == nil {
			err = c.a.printSteps(steps)
		}
		if err != nil {
			return err
		}
		_, took := search.Total(steps)
		total += took + time.Duration(len(c.flags.Clients))*(s.overhead+s.config.Window)
	}
	_, err := fmt.Fprintf(c.a.stdout, "about %v\n", total.Round(time.Second))
	if ctx.Err() != nil {
		return errInterrupted
	}
	return err
}
