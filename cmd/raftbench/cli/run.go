package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/batch"
	"github.com/raftbench/raftbench/experiment"
	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/reports/render"
	"github.com/raftbench/raftbench/transports"
	"github.com/raftbench/raftbench/workloads"
)

// runFlags is what `raftbench run` can be told.
type runFlags struct {
	experiment.Settings
	transports string
	arrivals   string
	out        string
	dryRun     bool
	quiet      bool
}

func (a *app) runCommand() *cobra.Command {
	f := new(runFlags)
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Measure transports under Raft and write a result directory",
		Long: `Measure transports under Raft: client, leader, followers, commit, apply, client.

Every replicate starts a fresh cluster in this process, on loopback TCP. A list
in a flag makes a matrix. Without a flag, all transports are measured on three
nodes in about a minute.`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.run(cmd, f) },
	}
	a.loadFlags(cmd.Flags(), f)
	a.tuningFlags(cmd.Flags(), f)
	a.timeoutFlags(cmd.Flags(), f)
	a.planFlags(cmd.Flags(), f)
	return cmd
}

// loadFlags are about what the clients ask for.
func (a *app) loadFlags(fs *pflag.FlagSet, f *runFlags) {
	fs.StringVar(&f.transports, "transport", "all", "transports, each with options: "+a.transportNames()+"; such as grpc,grpc:mode=unary,rawtcp:conns=4")
	fs.Var(newList(&f.Nodes, "list", "3", parseCount), "nodes", "members of the cluster: 1, 3, 5 or 7")
	fs.VarP(newList(&f.Clients, "list", "64", parseCount), "clients", "c", "closed loop: clients, each with one operation under way")
	fs.VarP(newList(&f.Rates, "list", "", parseRate), "rate", "r", "open loop instead: operations per second, such as 5k; latency counts from the intended start")
	fs.StringVar(&f.arrivals, "arrivals", "poisson", "open loop: poisson or constant")
	fs.Var(newList(&f.Payloads, "list", "128B", parseSize), "payload", "bytes of a value")
	fs.Float64Var(&f.Reads, "reads", 0, "share of the operations that read, 0 to 1")
	fs.StringVar((*string)(&f.ReadMode), "read-mode", string(experiment.ReadIndex), "how reads are linearizable: readindex or log")
	fs.IntVar(&f.Keys, "keys", workloads.DefaultKeys, "number of distinct keys")
	fs.Float64Var(&f.Zipf, "zipf", 0, "skew of the keys: Zipf's exponent; 0: all equally likely")
	fs.IntVar(&f.MaxOutstanding, "max-outstanding", 1<<16, "open loop: operations under way at most; more are refused and counted")
}

// tuningFlags are about how the cluster carries it.
func (a *app) tuningFlags(fs *pflag.FlagSet, f *runFlags) {
	fs.Var(newList(&f.BatchSizes, "list", core16KiB, parseSize), "batch.size", "a batch closes when it holds so many bytes (as in Kafka)")
	fs.Var(newList(&f.Lingers, "list", "0s", parseDuration), "linger", "a batch closes so long after its first item (as in Kafka); 0: what gathers while the last one is under way")
	fs.Var(newList(&f.Policies, "list", "", parsePolicy), "batch.policy", "none, natural or linger; default: linger where --linger is above 0, else natural")
	fs.Var(newList(&f.Pipelines, "list", "4", parseCount), "pipeline", "batches under way at once: AppendEntries to each follower, and on each client link")
	fs.IntVar(&f.BasePort, "port", 0, "port of node 1, the others follow; 0: any free ports")
}

// timeoutFlags are about when to give up.
func (a *app) timeoutFlags(fs *pflag.FlagSet, f *runFlags) {
	f.Timeout, f.Timeouts = 5*time.Second, core.Timeouts{}.WithDefaults()
	fs.Var(durationValue{value: &f.Timeout}, "timeout", "time that an operation has, with redirects")
	fs.Var(durationValue{value: &f.Timeouts.Connect}, "timeout.connect", "of one attempt to connect")
	fs.Var(durationValue{value: &f.Timeouts.Control}, "timeout.control", "of a vote or a heartbeat")
	fs.Var(durationValue{value: &f.Timeouts.Append}, "timeout.append", "of an AppendEntries with entries")
	fs.Var(durationValue{value: &f.Timeouts.Snapshot}, "timeout.snapshot", "of one piece of a snapshot")
	fs.Var(durationValue{value: &f.Timeouts.ReconnectMax}, "timeout.reconnect", "longest pause between attempts to connect: full-jitter exponential back-off up to here")
}

const core16KiB = "16KiB"

// planFlags are about how long and how often.
func (a *app) planFlags(fs *pflag.FlagSet, f *runFlags) {
	f.Duration, f.Warmup = 3*time.Second, experiment.WarmupAuto
	fs.VarP(durationValue{value: &f.Duration}, "duration", "d", "length of the window that is measured")
	fs.Uint64VarP(&f.Operations, "ops", "n", 0, "end the window after so many operations instead")
	fs.Var(durationValue{value: &f.Warmup, auto: true}, "warmup", "what to leave out before the window; auto: until throughput is steady")
	fs.IntVar(&f.Repeat, "repeat", 3, "replicates of every arm, each on a fresh cluster, interleaved")
	fs.Uint64Var(&f.Seed, "seed", 1, "seed of the workload and of the order of arms")
	fs.StringVarP(&f.out, "out", "o", "", "result directory, new or empty; default raftbench-results/TIME")
	fs.BoolVar(&f.dryRun, "dry-run", false, "print the plan and the time it will take")
	fs.BoolVarP(&f.quiet, "quiet", "q", false, "no progress on standard error")
}

func parsePolicy(s string) (batch.Policy, error) {
	p := batch.Policy(s)
	for _, known := range batch.Policies() {
		if p == known {
			return p, nil
		}
	}
	return "", fmt.Errorf("%q is not a policy: allowed are none, natural, linger", s)
}

func (a *app) run(cmd *cobra.Command, f *runFlags) error {
	plan, err := a.plan(cmd, f)
	if err != nil {
		return usageError{err}
	}
	if f.dryRun {
		return a.printPlan(plan, f)
	}
	dir, err := resultDir(f.out)
	if err != nil {
		return err
	}
	header := experiment.Header{Argv: a.argv, Settings: settings(cmd.Flags())}
	for _, w := range plan.Warnings {
		fmt.Fprintf(a.stderr, "warning: %s\n", w)
	}
	bar := a.newProgress(f.quiet)
	result, err := experiment.Run(cmd.Context(), &f.Settings, plan, header, bar, func(r *reports.Run) error {
		return reports.Write(dir, r)
	})
	bar.close()
	if err != nil {
		return errors.Join(fmt.Errorf("%w (what was measured is in %s)", err, dir), reports.Write(dir, result))
	}
	return a.finish(cmd.Context(), dir, result)
}

// plan resolves the flags.
func (a *app) plan(cmd *cobra.Command, f *runFlags) (*experiment.Plan, error) {
	var err error
	if f.Transports, err = transports.ParseList(a.transports, f.transports); err != nil {
		return nil, err
	}
	switch f.arrivals {
	case "poisson":
		f.Arrivals = workloads.Poisson
	case "constant":
		f.Arrivals = workloads.Constant
	default:
		return nil, fmt.Errorf("--arrivals %q: allowed are poisson, constant", f.arrivals)
	}
	if len(f.Rates) > 0 && cmd.Flags().Changed("clients") {
		return nil, errors.New("-c and -r exclude each other: clients make a closed loop, a rate an open one")
	}
	if f.Operations == 0 && cmd.Flags().Changed("ops") {
		return nil, errors.New("-n 0: want at least 1 operation")
	}
	return f.Plan()
}

// resultDir makes the directory. One that holds something is not touched.
func resultDir(out string) (string, error) {
	if out == "" {
		out = filepath.Join("raftbench-results", time.Now().Format("20060102-150405.000"))
	}
	entries, err := os.ReadDir(out)
	switch {
	case err == nil && len(entries) > 0:
		return "", usagef("-o %s: the directory is not empty: want a new or an empty one", out)
	case errors.Is(err, syscall.ENOTDIR):
		return "", usagef("-o %s: want a directory, new or empty", out)
	case err != nil && !errors.Is(err, os.ErrNotExist):
		return "", fmt.Errorf("-o %s: %w", out, err)
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return "", fmt.Errorf("-o: %w", err)
	}
	return out, nil
}

// settings are the flags with where their values came from.
func settings(fs *pflag.FlagSet) []reports.Setting {
	var out []reports.Setting
	fs.VisitAll(func(f *pflag.Flag) {
		switch f.Name {
		case "help", "dry-run", "quiet", "out":
			return
		}
		source := "default"
		if f.Changed {
			source = "flag"
		}
		out = append(out, reports.Setting{Name: f.Name, Value: f.Value.String(), Source: source})
	})
	return out
}

// finish prints the table and writes the files.
func (a *app) finish(ctx context.Context, dir string, result *reports.Run) error {
	if err := errors.Join(render.Dir(dir, result), a.print("text", result)); err != nil {
		return err
	}
	fmt.Fprintf(a.stderr, "results in %s: open %s\n", dir, filepath.Join(dir, "report.html"))
	if ctx.Err() != nil {
		return errInterrupted
	}
	return nil
}

func (a *app) printPlan(plan *experiment.Plan, f *runFlags) error {
	for _, w := range plan.Warnings {
		fmt.Fprintf(a.stderr, "warning: %s\n", w)
	}
	for i, block := range plan.Blocks {
		var labels []string
		for _, arm := range block {
			labels = append(labels, plan.Arms[arm].Label)
		}
		if _, err := fmt.Fprintf(a.stdout, "block %d: %s\n", i+1, strings.Join(labels, " | ")); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(a.stdout, "%d arms x %d replicates, about %v\n", len(plan.Arms), f.Repeat, plan.Estimate.Round(time.Second))
	return err
}
