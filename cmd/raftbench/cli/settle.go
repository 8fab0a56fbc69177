package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/reports/render"
)

// settle makes a result directory of a run that has ended, well or not, and
// prints the table. Err is that of experiment.Run.
//
// Whatever happens, what was measured stays readable: in result.json, or, if that
// cannot be written, in the journal. A result.json says "complete" only if all files
// are there and no signal came before it was written; later ones change nothing.
func (a *app) settle(ctx context.Context, dir string, k *reports.Keeper, run *reports.Run, err error) error {
	if err == nil {
		err = a.forms(ctx, dir, run)
	}
	if finishing := k.Finish(run); err == nil {
		err = finishing
	}
	if err != nil {
		if run.Measured() {
			_ = a.print("text", run) // the error that counts is the first one
		}
		return fmt.Errorf("%w (what was measured is in %s: raftbench report %s)", err, dir, dir)
	}
	printing := a.print("text", run)
	fmt.Fprintf(a.notes(), "results in %s: open %s\n", dir, filepath.Join(dir, "report.html"))
	if run.Status == reports.StatusInterrupted {
		return errInterrupted // a pipe that was closed by the same signal is no news
	}
	return printing
}

// forms writes all files but result.json. A signal while they are written ends
// that: what is missing can be written later, from what was measured.
func (a *app) forms(ctx context.Context, dir string, run *reports.Run) error {
	if run.Status == reports.StatusInterrupted {
		ctx = context.WithoutCancel(ctx) // by the signal that ended the run
	}
	err := render.Forms(ctx, a.disk, dir, run)
	why := ""
	switch {
	case ctx.Err() != nil:
		err = nil
		why = "interrupted when all had been measured: raftbench report writes the files that are missing"
	case err != nil:
		why = fmt.Sprintf("not all files could be written: %v", err)
	default:
		return nil
	}
	run.Status = reports.StatusInterrupted
	run.Warnings = append(run.Warnings, why)
	return err
}

// reportDir prints a stored run and writes all files of its directory anew.
func (a *app) reportDir(ctx context.Context, dir string, run *reports.Run) error {
	if err := a.print("text", run); err != nil {
		return err
	}
	if run.Status == reports.StatusRunning {
		fmt.Fprintf(a.stderr, "%s: the run goes on; its files are written when it ends\n", dir)
		return nil
	}
	err := render.DirOn(ctx, a.disk, dir, run)
	if errors.Is(err, context.Canceled) {
		return errInterrupted
	}
	return err
}
