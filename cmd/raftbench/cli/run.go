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
)

func (a *app) runCommand() *cobra.Command {
	f := new(runFlags)
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Measure transports under Raft and write a result directory",
		Long: `Measure transports under Raft: client, leader, followers, commit, apply, client.

Every replicate starts a fresh cluster in this process, on loopback TCP. A list
in a flag makes a matrix. Without a flag, all transports are measured on three
nodes in about a minute.

Every measurement is VALID or INVALID, with the reasons. One that is INVALID is
shown, kept and never ranked, and the exit code is 4 (--allow-invalid: 0). An
interruption (130), a wrong flag (2) or another error (1) comes first.`,
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
	if _, _, err := f.gates.parse(); err != nil {
		return usageError{err}
	}
	if f.dryRun {
		return a.printPlan(cmd.Context(), plan, f)
	}
	watchers, err := a.watch(f)
	if err != nil {
		return err
	}
	defer watchers.close()
	if err := dataDir(f, plan); err != nil {
		return err
	}
	dir, err := resultDir(f.out)
	if err != nil {
		return err
	}
	header := experiment.Header{Argv: a.argv, Settings: effective(cmd.Flags(), sources), Calibration: a.storedCalibration(plan.Slice > 0)}
	for _, w := range plan.Warnings {
		fmt.Fprintf(a.notes(), "warning: %s\n", w)
	}
	keeper := reports.NewKeeper(a.disk, dir)
	result, err := experiment.Run(cmd.Context(), &f.Settings, plan, header, watchers, keeper)
	watchers.view.Close()
	if err := a.settle(cmd.Context(), dir, keeper, result, err); err != nil {
		return err
	}
	if err := judge(result, f.allowInvalid); err != nil {
		return explainedError{err}
	}
	f.gates.allowInvalid = f.allowInvalid
	return a.checkThresholds(result, &f.gates)
}

// resultDir makes the directory.
func resultDir(out string) (string, error) {
	if out == "" {
		out = filepath.Join("raftbench-results", time.Now().Format("20060102-150405.000"))
	}
	return out, emptyDir("-o", out, 0o755)
}

// dataDir makes the directory of the logs on disk, if there are any and they are to stay, and
// looks whether it can be written to, or the one for temporary files.
func dataDir(f *runFlags, plan *experiment.Plan) error {
	if !plan.UsesDisk() {
		return nil
	}
	if f.Data != "" {
		if err := emptyDir("--data", f.Data, 0o700); err != nil {
			return err
		}
	}
	probe, err := os.MkdirTemp(f.Data, "probe")
	switch {
	case err != nil && f.Data == "":
		return usagef("--storage wal: nothing can be written to %s, where temporary files go: %v: want --data, or another TMPDIR", os.TempDir(), reason(err))
	case err != nil:
		return usagef("--data %s: nothing can be written there: %v", f.Data, reason(err))
	}
	return os.Remove(probe)
}

// emptyDir makes the directory that a flag names. One that holds something is not
// touched.
func emptyDir(flag, dir string, mode os.FileMode) error {
	entries, err := os.ReadDir(dir)
	switch {
	case err == nil && len(entries) > 0:
		return usagef("%s %s: the directory is not empty: want a new or an empty one", flag, dir)
	case errors.Is(err, syscall.ENOTDIR):
		return usagef("%s %s: want a directory, new or empty", flag, dir)
	case err != nil && !errors.Is(err, os.ErrNotExist):
		return usagef("%s %s: %w", flag, dir, err)
	}
	return makeDir(flag, dir, mode)
}

// reason is why a file operation failed, without the name of a file that nobody knows.
func reason(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

func (a *app) printPlan(ctx context.Context, plan *experiment.Plan, f *runFlags) error {
	for _, w := range plan.Warnings {
		fmt.Fprintf(a.notes(), "warning: %s\n", w)
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
	manner := ""
	if plan.Slice > 0 {
		manner = fmt.Sprintf("; the arms of a block take turns in slices of %v", plan.Slice)
	}
	_, err := fmt.Fprintf(a.stdout, "%d arms x %d replicates, about %v%s\n", len(plan.Arms), f.Repeat, plan.Estimate.Round(time.Second), manner)
	if ctx.Err() != nil {
		return errInterrupted
	}
	return err
}
