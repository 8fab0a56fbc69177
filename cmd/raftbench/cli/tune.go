package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/raftbench/raftbench/core/batch"
	"github.com/raftbench/raftbench/experiment"
	"github.com/raftbench/raftbench/experiment/search"
	"github.com/raftbench/raftbench/reports"
)

// tuneFlags is what `raftbench tune` can be told.
type tuneFlags struct {
	runFlags
	asked      []string // the names of flags that say what each trial measures
	goal       string
	batchSizes []int
	lingers    []time.Duration
	pipelines  []int
	conns      []int
	policies   []batch.Policy
	blocks     int
	exhaustive bool
	resume     string
}

// minBlocks is the least number of pairs that a verdict takes.
const minBlocks = 6

func (a *app) tuneCommand() *cobra.Command {
	f := new(tuneFlags)
	cmd := &cobra.Command{
		Use:   "tune",
		Short: "Search batch.size and linger for a goal, and confirm what was found against the default",
		Long: `Search batch.size and linger (and batch.policy, pipeline and conns, on request) for a
goal, and confirm what was found against the default.

    raftbench tune --transport rawtcp --goal 'throughput where p99<5ms'
    raftbench tune --transport grpc,rawtcp --goal 'p99 at 20k/s' --pipeline 1..64
    raftbench tune --batch.policy natural,linger,adaptive

Short trials of all combinations, longer ones of the better third, and so on; then
what lies between the best and their neighbours; then the best few against each
other. That takes a third of the time for the full grid. The winner is confirmed
in interleaved blocks against the default, with new seeds. Where no verdict says
that it is better, your defaults are fine.

Trials that are INVALID or not sustained are shown and never ranked. Every trial is
kept as it comes: an interrupted search goes on with --resume DIR. If no setting
meets the goal, the command names the one that comes closest and ends with exit
code 2.`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.tune(cmd, f) },
	}
	a.tuneFlags(cmd.Flags(), f)
	a.completeRun(cmd)
	complete(cmd, "resume", folders)
	return cmd
}

func (a *app) tuneFlags(fs *pflag.FlagSet, f *tuneFlags) {
	f.asked = append(a.trialNames(), "batch.ops")
	a.someRunFlags(fs, &f.runFlags, slices.Concat(f.asked, callNames(), []string{"repeat"}), map[string]string{"transport": "rawtcp", "warmup": "300ms", "idle": "0s"})
	fs.Lookup("duration").Usage = "length of a whole trial's window; the first trials are shorter"
	fs.Lookup("repeat").Usage = "whole trials that each setting would get in the full grid, and that the finalists get"
	fs.Lookup("seed").Usage = "seed of the workload and of the order of trials"
	fs.Lookup("allow-invalid").Usage = "rank trials that are INVALID as well, as on a machine that is never quiet; there is no verdict then"
	fs.StringVar(&f.goal, "goal", "throughput", "METRIC, METRIC at RATE, or either with where METRIC<LIMIT, such as 'throughput where p99<5ms'")
	fs.Var(newSpan(&f.batchSizes, "1KiB..256KiB", parsePositiveSize, multiples(4)), "batch.size", "values to search: a range, a list, or one value to hold it still")
	fs.Var(newSpan(&f.lingers, "0..5ms", parseDuration, lingerSteps), "linger", "values to search, as above")
	fs.Var(newList(&f.policies, "list", "", parsePolicy), "batch.policy", "policies to search, such as natural,linger,adaptive, each with the lingers that it can have; default: natural for a linger of 0, and else linger")
	fs.Var(newSpan(&f.pipelines, "4", parseCount, multiples(4)), "pipeline", "values to search, such as 1..64; default: held still")
	fs.Var(newSpan(&f.conns, "", parseCount, multiples(2)), "conns", "values to search of the transport's option conns, such as 1..8; default: as the transport has it")
	fs.IntVar(&f.blocks, "blocks", reports.PairsAdvised, "blocks of the confirmation, 6 or more: each measures the default and the winner once")
	fs.BoolVar(&f.exhaustive, "exhaustive", false, "measure the full grid as well, for comparison")
	fs.StringVar(&f.resume, "resume", "", "go on with an interrupted search: its directory, and no other flags than it had")
}

func (a *app) tune(cmd *cobra.Command, f *tuneFlags) error {
	t, err := a.prepareTuning(cmd.Flags(), f)
	if err != nil {
		return usageError{err}
	}
	if f.dryRun {
		return t.printPlan(cmd.Context())
	}
	dir := f.resume
	if dir == "" {
		if dir, err = resultDir(f.out); err != nil {
			return err
		}
	}
	if t.memory, err = search.Remember(a.disk, dir, t.facts); err != nil {
		return usageError{err}
	}
	t.dir = dir
	if n := t.memory.Trials(); n > 0 {
		fmt.Fprintf(a.notes(), "%d trials are remembered in %s\n", n, dir)
	}
	err = t.all(cmd.Context())
	if closing := t.memory.Close(); err == nil {
		err = closing
	}
	if errors.Is(err, errInterrupted) {
		fmt.Fprintf(a.stderr, "interrupted after %d trials: go on with raftbench tune --resume %s\n", t.memory.Trials(), dir)
	}
	return err
}

// tuning is one execution of the command.
type tuning struct {
	a        *app
	flags    *tuneFlags
	header   experiment.Header
	facts    []search.Fact
	subjects []subject
	load     [][2]string // flags of the load that are not at their default

	dir    string
	memory *search.Memory
}

// subject is one transport's search.
type subject struct {
	label   string
	cluster *search.Cluster
	config  search.Config
	steps   []search.Step
}

func (t *tuning) printPlan(ctx context.Context) error {
	total := time.Duration(0)
	for i := range t.subjects {
		s := &t.subjects[i]
		fmt.Fprintf(t.a.stdout, "%s: %s, %d settings\n", s.label, s.config.Goal.Text, len(s.config.Space.Grid()))
		if err := t.a.printSteps(s.steps); err != nil {
			return err
		}
		confirmation := time.Duration(2*t.flags.blocks) * (s.config.Overhead + s.config.Window)
		fmt.Fprintf(t.a.stdout, "  %-13s %3d trials of %-6v about %v\n", "confirmation", 2*t.flags.blocks, s.config.Window, confirmation.Round(time.Second))
		_, took := search.Total(s.steps)
		total += took + confirmation
		fmt.Fprintf(t.a.stdout, "  the full grid would take about %v\n", s.config.GridTime().Round(time.Second))
	}
	_, err := fmt.Fprintf(t.a.stdout, "about %v\n", total.Round(time.Second))
	if ctx.Err() != nil {
		return errInterrupted
	}
	return err
}

func (a *app) printSteps(steps []search.Step) error {
	for _, s := range steps {
		if _, err := fmt.Fprintf(a.stdout, "  %-13s %3d trials of %-6v about %v\n", s.Stage, s.Trials, s.Window, s.Time.Round(time.Second)); err != nil {
			return err
		}
	}
	return nil
}

// all searches for one transport after the other. One that finds nothing does not keep the
// others from it.
func (t *tuning) all(ctx context.Context) error {
	watchers, err := t.a.watch(&t.flags.runFlags)
	if err != nil {
		return err
	}
	defer watchers.close()
	defer watchers.view.Close()
	var first error
	for i := range t.subjects {
		s := &t.subjects[i]
		dir := filepath.Join(t.dir, fileName(s.label))
		err := t.one(ctx, s, dir, watchers)
		switch {
		case ctx.Err() != nil:
			return errInterrupted
		case err != nil && first == nil:
			first = err
		case err != nil:
			fmt.Fprintf(t.a.stderr, "raftbench: %v\n", err)
		}
	}
	return first
}
