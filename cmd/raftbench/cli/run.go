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

	"github.com/raftbench/raftbench/experiment"
	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/reports/render"
)

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
	a.runFlags(cmd.Flags(), f)
	a.completeRun(cmd)
	return cmd
}

func (a *app) run(cmd *cobra.Command, f *runFlags) error {
	plan, sources, err := a.plan(cmd.Flags(), f)
	if err != nil {
		return usageError{err}
	}
	if f.dryRun {
		return a.printPlan(plan, f)
	}
	watchers, err := a.watch(f)
	if err != nil {
		return err
	}
	defer watchers.close()
	dir, err := resultDir(f.out)
	if err != nil {
		return err
	}
	header := experiment.Header{Argv: a.argv, Settings: effective(cmd.Flags(), sources)}
	for _, w := range plan.Warnings {
		fmt.Fprintf(a.stderr, "warning: %s\n", w)
	}
	result, err := experiment.Run(cmd.Context(), &f.Settings, plan, header, watchers, func(r *reports.Run) error {
		return reports.Write(dir, r)
	})
	watchers.view.Close()
	if err != nil {
		return errors.Join(fmt.Errorf("%w (what was measured is in %s)", err, dir), reports.Write(dir, result))
	}
	return a.finish(cmd.Context(), dir, result)
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
