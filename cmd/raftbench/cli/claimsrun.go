package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/raftbench/raftbench/experiment/claims"
	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/reports/render"
)

func (t *trialOfClaims) printPlan(ctx context.Context) error {
	w := tabwriter.NewWriter(t.a.stdout, 0, 0, 2, ' ', 0)
	for _, c := range t.claims {
		what := fmt.Sprintf("%d arms x %d blocks\tabout %v", c.plan.Arms, t.flags.Repeat, c.plan.Estimate.Round(time.Second))
		if c.plan.Impossible != "" {
			what = "not measured\t" + c.plan.Impossible
		}
		fmt.Fprintf(w, "%d\t%s\t%s\n", c.Number, c.ID, what)
		for _, left := range c.plan.LeftOut {
			fmt.Fprintf(w, "\t\t\t%s\n", left)
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(t.a.stdout, "about %v\n", t.estimate.Round(time.Second))
	if ctx.Err() != nil {
		return errInterrupted
	}
	return err
}

// all measures one claim after the other, writes the table, whatever happens, and prints
// it. An error of one claim does not keep the others from being measured.
func (t *trialOfClaims) all(ctx context.Context) error {
	watchers, err := t.a.watch(&t.flags.runFlags)
	if err != nil {
		return err
	}
	defer watchers.close()
	first := t.each(ctx, watchers)
	if err := t.conclude(); first == nil {
		first = err
	}
	switch {
	case ctx.Err() != nil:
		return errInterrupted
	case first != nil:
		return fmt.Errorf("%w (what was measured is in %s: raftbench claims --from %s)", first, t.dir, t.dir)
	case len(t.invalid) > 0 && !t.flags.allowInvalid:
		return fmt.Errorf("%w: %s; what rests on it cannot be told", errInvalid, strings.Join(t.invalid, ", "))
	}
	return nil
}

// each measures the claims in their order. The error is the first one, and says how many
// there were.
func (t *trialOfClaims) each(ctx context.Context, watchers observers) error {
	var first error
	more := 0
	for i, c := range t.claims {
		watchers.view = t.a.newView(t.flags.quiet)
		err := t.one(ctx, i, c, watchers)
		watchers.view.Close()
		switch {
		case err == nil:
		case first == nil:
			first = fmt.Errorf("claim %s: %w", c.ID, err)
		default:
			more++
		}
	}
	if more > 0 {
		return fmt.Errorf("%w, and %d more claims failed", first, more)
	}
	return first
}

// conclude works the table out from what was stored, writes it and prints it.
func (t *trialOfClaims) conclude() error {
	table, _, err := claims.Load(t.dir, t.chosen())
	if err != nil {
		return err
	}
	err = render.ClaimsDir(t.a.disk, t.dir, table)
	if printing := t.a.printClaims(t.flags.format, table); err == nil {
		err = printing
	}
	if err == nil && !t.flags.quiet {
		fmt.Fprintf(t.a.stderr, "results in %s: open %s\n", t.dir, filepath.Join(t.dir, render.ClaimsPage))
	}
	return err
}

func (t *trialOfClaims) chosen() []claims.Numbered {
	var list []claims.Numbered
	for _, c := range t.claims {
		list = append(list, c.Numbered)
	}
	return list
}

// one measures a claim, or notes why it was not.
func (t *trialOfClaims) one(ctx context.Context, i int, c plannedClaim, watchers observers) error {
	folder := filepath.Join(t.dir, c.Folder())
	if err := os.Mkdir(folder, 0o755); err != nil {
		return err
	}
	switch {
	case ctx.Err() != nil:
		return c.WriteUnmeasured(t.a.disk, t.dir, "not measured: the run was interrupted before")
	case c.plan.Impossible != "":
		return c.WriteUnmeasured(t.a.disk, t.dir, c.plan.Impossible)
	}
	if !t.flags.quiet {
		fmt.Fprintf(t.a.stderr, "claim %d of %d, %s: %d arms x %d blocks, about %v\n",
			i+1, len(t.claims), c.ID, c.plan.Arms, t.flags.Repeat, c.plan.Estimate.Round(time.Second))
	}
	keeper := reports.NewKeeper(t.a.disk, folder)
	header := t.header
	header.Calibration = t.a.storedCalibration(c.plan.Run != nil && c.plan.Run.Slice > 0)
	run, err := c.Measure(ctx, c.plan, header, watchers, keeper)
	if err == nil {
		err = t.a.forms(ctx, folder, run)
	}
	if finishing := keeper.Finish(run); err == nil {
		err = finishing
	}
	t.noteInvalid(c, run)
	return err
}

func (t *trialOfClaims) noteInvalid(c plannedClaim, run *reports.Run) {
	invalid := 0
	for i := range run.Arms {
		if slices.ContainsFunc(run.Arms[i].Replicates, func(r reports.Replicate) bool { return !r.Valid }) {
			invalid++
		}
	}
	if invalid > 0 {
		t.invalid = append(t.invalid, fmt.Sprintf("%d of %d arms of %s", invalid, len(run.Arms), c.ID))
	}
}
