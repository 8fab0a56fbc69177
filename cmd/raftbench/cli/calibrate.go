package cli

import (
	"context"
	"errors"
	"fmt"
	"math"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/raftbench/raftbench/experiment"
	"github.com/raftbench/raftbench/experiment/calibration"
	"github.com/raftbench/raftbench/reports"
)

// lagWindows is how long the dispatch lag is measured, in windows of a replicate: by
// default 60,000 operations, of which 60 are beyond the p99.9.
const lagWindows = 2

func (a *app) calibrateCommand() *cobra.Command {
	f := new(runFlags)
	selfTest := false
	cmd := &cobra.Command{
		Use:   "calibrate",
		Short: "Find out what this machine can tell apart, and how exact the open loop is",
		Long: `Find out what this machine can tell apart, and how exact the open loop is.

Two equal arms are compared with each other (an A/A run). What they differ by is
noise, and no verdict on this machine will call anything smaller a difference. The
noise floor is kept for the runs that follow, whatever their load: calibrate with the
-c or -r that matters. ` + calibration.PathVariable + ` says where it is kept.`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if selfTest {
				if err := onlyWith(cmd.Flags(), "self-test", "quiet"); err != nil {
					return err
				}
				return a.selfTest()
			}
			return a.calibrate(cmd, f)
		},
	}
	a.calibrateFlags(cmd.Flags(), f)
	cmd.Flags().BoolVar(&selfTest, "self-test", false, "instead, check the statistics against a known truth and print the figures")
	a.completeRun(cmd)
	return cmd
}

// calibrateFlags are those of run that make sense for a single arm, set so that the
// whole takes about a minute.
func (a *app) calibrateFlags(fs *pflag.FlagSet, f *runFlags) {
	names := []string{"transport", "clients", "rate", "payload", "duration", "slice", "warmup", "repeat", "seed", "allow-invalid", "quiet"}
	a.someRunFlags(fs, f, names, map[string]string{"transport": "rawtcp", "duration": "1500ms", "repeat": "12", "idle": "0s"})
	fs.Lookup("transport").Usage = "the transport that both arms use, with options"
	fs.Lookup("allow-invalid").Usage = "use replicates that are INVALID as well, as on a machine that is never quiet"
	fs.Lookup("repeat").Usage = "pairs of replicates, each on a fresh cluster"
}

func (a *app) calibrate(cmd *cobra.Command, f *runFlags) error {
	if _, _, err := a.plan(cmd.Flags(), f); err != nil {
		return usageError{err}
	}
	plan, err := calibration.Plan(&f.Settings)
	if err != nil {
		return usageError{err}
	}
	if f.Repeat < calibration.MinPairs {
		return usagef("--repeat %d: want %d pairs or more", f.Repeat, calibration.MinPairs)
	}
	if _, err := calibration.Load("", false); err != nil {
		return err // before a minute is spent on what cannot be kept
	}
	ctx := cmd.Context()
	lag, err := calibration.DispatchLag(ctx, lagWindows*f.Duration)
	if err != nil {
		return whyEnded(ctx, err)
	}
	run, err := a.runEqualArms(ctx, plan, f)
	if err != nil {
		return whyEnded(ctx, err)
	}
	floors, pairs, err := calibration.Floors(run, f.allowInvalid)
	if err != nil {
		return fmt.Errorf("%w: %w; make the machine quiet, or --allow-invalid", errInvalid, err)
	}
	c := calibration.New(run, floors, pairs, lag)
	path, err := calibration.Save(c)
	if err != nil {
		return err
	}
	return a.printCalibration(run, floors, c, path)
}

// storedCalibration is that of this machine, for arms that take turns in slices or for
// those that do not; nil if there is none that can be read.
func (a *app) storedCalibration(sliced bool) *reports.Calibration {
	c, err := calibration.Load(experiment.Machine(), sliced)
	if err != nil {
		fmt.Fprintf(a.notes(), "warning: %v\n", err)
	}
	return c
}

// whyEnded tells an interruption from an error.
func whyEnded(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return errInterrupted
	}
	return err
}

func (a *app) runEqualArms(ctx context.Context, plan *experiment.Plan, f *runFlags) (*reports.Run, error) {
	watchers, err := a.watch(f)
	if err != nil {
		return nil, err
	}
	defer watchers.close()
	run, err := experiment.Run(ctx, &f.Settings, plan, experiment.Header{Argv: a.argv}, watchers, calibration.Discard{})
	watchers.view.Close()
	if err == nil && ctx.Err() != nil {
		err = errInterrupted
	}
	return run, err
}

func (a *app) printCalibration(run *reports.Run, floors []calibration.Floor, c *reports.Calibration, path string) error {
	arm := &run.Arms[0]
	fmt.Fprintf(a.stdout, "Noise floor of %s\n", c.Machine)
	fmt.Fprintf(a.stdout, "from %d pairs of equal arms: %s, %s, windows of %v\n\n", c.Pairs, arm.Transport, arm.Workload.Load, run.Plan.Window)
	w := tabwriter.NewWriter(a.stdout, 0, 0, 3, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "metric        \tfloor\twithin a pair\tfound by 10 pairs\t")
	for _, f := range floors {
		found := "from " + reports.FormatPercent(f.Resolution)
		if math.IsInf(f.Resolution, 0) {
			found = "beyond 100 %"
		}
		fmt.Fprintf(w, "%-14s\t%s\t%s\t%s\t\n", f.Metric.Title, reports.FormatPercent(f.Noise), reports.FormatPercent(f.Pair), found)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprint(a.stdout, `
floor:              what equal arms exceed in one of 20 comparisons of 10 pairs; nothing smaller is called a difference
within a pair:      standard deviation of the difference between two equal replicates
found by 10 pairs:  the change for the worse that 9 of 10 comparisons find (--repeat 10)

`)
	fmt.Fprintf(a.stdout, "Dispatch lag of the open loop at %s/s against a target that does nothing: %s\n",
		reports.FormatCount(calibration.LagRate), lagText(c.DispatchLag))
	a.remarkOnEqualArms(run)
	_, err := fmt.Fprintf(a.stdout, "Kept in %s\n", path)
	return err
}

func lagText(h *reports.Histogram) string {
	text := ""
	for _, q := range []float64{0.5, 0.99, 0.999} {
		if p := h.Percentile(q); p.Carried {
			text += fmt.Sprintf("%s %s, ", reports.FormatQuantile(q), reports.FormatLatency(float64(p.Value)))
		}
	}
	return text + "max " + reports.FormatLatency(float64(h.Max()))
}

// remarkOnEqualArms says if the run itself called its equal arms different, as one in
// twenty will.
func (a *app) remarkOnEqualArms(run *reports.Run) {
	for _, c := range reports.CompareArms(run, &run.Arms[0]) {
		if c.Verdict == reports.Better || c.Verdict == reports.Worse {
			fmt.Fprintf(a.notes(), "warning: the equal arms came out different, as one in twenty does by chance: %s Calibrate again; if that stays so, something disturbs this machine\n", c.Conclusion())
		}
	}
}

var errSelfTest = errors.New("the self-test FAILED: do not trust a verdict of this build")
