package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/raftbench/raftbench/experiment"
	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/reports/render"
)

// compareFlags is what `raftbench compare` can be told.
type compareFlags struct {
	format, base, out string
	minEffect         string
	metrics           []string
	gateFlags
}

func (a *app) compareCommand() *cobra.Command {
	f := new(compareFlags)
	cmd := &cobra.Command{
		Use:   "compare DIR [DIR...]",
		Short: "Say what differs between results, or between the arms of one, by how much, and how sure that is",
		Long: fmt.Sprintf(`Say what differs between results, or between the arms of one, by how much, and how sure that is.

A verdict (better, worse, equivalent, inconclusive) needs arms that were measured
in turns in one run: raftbench run --transport A,B --repeat %d. With fewer than 6
replicates of each, or between runs, there is an estimate and no verdict.

Nothing below --min-effect is called a difference, and nothing below the noise
floor that raftbench calibrate found.

Gates end the command with exit code 3. --fail-if fails for what is as certain as
a verdict, and without certainty only for what noise hardly explains: more than
30 %%, and twice the noise floor. Short of that it is undecided, which lets the
command pass with a warning, or fail with --strict. What is INVALID passes no gate
(exit code 4).`, reports.PairsAdvised),
		Args: args(cobra.MinimumNArgs(1)),
		RunE: func(_ *cobra.Command, dirs []string) error { return a.compare(dirs, f) },
	}
	fs := cmd.Flags()
	fs.StringVar(&f.format, "format", "text", strings.Join(render.ComparisonFormats(), ", "))
	fs.StringVar(&f.base, "base", "", "one DIR: the arm that the others are compared with; default: the first that is not inproc, of each load")
	fs.StringVarP(&f.out, "out", "o", "", "file to write instead of standard output")
	fs.StringVar(&f.minEffect, "min-effect", reports.FormatPercent(reports.DefaultMinEffect), "smallest difference worth a verdict; never less than the noise floor of the machine")
	fs.StringSliceVar(&f.metrics, "metric", nil, "metrics that get a verdict; default: throughput,p99, and those of --fail-if")
	refuseEmpty(fs, "metric")
	f.addRegressions(fs)
	f.addThresholds(fs)
	complete(cmd, "format", fixed(render.ComparisonFormats()...))
	cmd.ValidArgsFunction = directories
	return cmd
}

func (a *app) compare(dirs []string, f *compareFlags) error {
	if !slices.Contains(render.ComparisonFormats(), f.format) {
		return usagef("--format %q: allowed are %s", f.format, strings.Join(render.ComparisonFormats(), ", "))
	}
	regressions, thresholds, err := f.parse()
	if err != nil {
		return usageError{err}
	}
	criteria, err := f.criteria(regressions)
	if err != nil {
		return usageError{err}
	}
	runs, err := readRuns(dirs)
	if err != nil {
		return usageError{err}
	}
	list, err := comparisons(runs, dirs, f.base)
	if err != nil {
		return usageError{err}
	}
	a.calibrated(runs)
	reports.Judge(list, criteria)
	results := reports.CheckRegressions(list, regressions)
	for i, run := range runs {
		results = append(results, named(reports.CheckThresholds(run, thresholds), runs, dirs[i])...)
	}
	err = a.output(f.out, f.format == "png", func(w io.Writer) error {
		colour := f.out == "" && a.colour()
		if err := printGates(w, f.format, results, colour); err != nil {
			return err
		}
		return render.Comparison(w, f.format, list, colour)
	})
	if err != nil {
		return err
	}
	return f.verdict(a.notes(), results)
}

// calibrated gives runs of this machine that were measured before it was calibrated
// what has been found out since.
func (a *app) calibrated(runs []*reports.Run) {
	for _, run := range runs {
		if run.Calibration != nil || run.Machine() != experiment.Machine() {
			continue
		}
		run.Calibration = a.storedCalibration(run.Plan.Slice > 0)
	}
}

// criteria are what the flags say, with the metrics of the gates among the gating ones.
func (f *compareFlags) criteria(gates []reports.Gate) (reports.Criteria, error) {
	c := reports.Criteria{Gating: reports.DefaultGating()}
	var err error
	if c.MinEffect, err = parsePercent(f.minEffect); err != nil {
		return c, fmt.Errorf("--min-effect %w", err)
	}
	if len(f.metrics) > 0 {
		c.Gating = nil
	}
	add := func(m reports.Metric) {
		if !slices.ContainsFunc(c.Gating, func(other reports.Metric) bool { return other.Name == m.Name }) {
			c.Gating = append(c.Gating, m)
		}
	}
	for _, name := range f.metrics {
		m, err := reports.MetricNamed(name)
		if err != nil {
			return c, fmt.Errorf("--metric: %w", err)
		}
		if m.Unit == reports.FailureShare().Unit {
			return c, fmt.Errorf("--metric %s: where nothing fails there is no factor to compare by: want a limit, such as --threshold 'errors<0.1%%'", name)
		}
		add(m)
	}
	for _, g := range gates {
		add(g.Metric)
	}
	return c, nil
}

func readRuns(dirs []string) ([]*reports.Run, error) {
	var runs []*reports.Run
	for _, dir := range dirs {
		r, err := reports.Read(dir)
		if err != nil {
			return nil, err
		}
		runs = append(runs, r)
	}
	return runs, nil
}

// named puts the run's name in front of the labels where there are several runs.
func named(results []reports.GateResult, runs []*reports.Run, dir string) []reports.GateResult {
	for i := range results {
		if len(runs) > 1 {
			results[i].Label = dir + " " + results[i].Label
		}
	}
	return results
}

// comparisons pairs the arms of the runs.
func comparisons(runs []*reports.Run, dirs []string, base string) ([]reports.Comparison, error) {
	if len(runs) > 1 {
		if base != "" {
			return nil, fmt.Errorf("--base %q: only for the arms of one result; of several, the first is the base", base)
		}
		return reports.CompareRuns(runs, dirs)
	}
	run := runs[0]
	if len(run.Arms) == 0 {
		return nil, fmt.Errorf("%s has no arms", dirs[0])
	}
	list := reports.CompareLoads(run)
	if base != "" {
		arm := run.FindArm(base)
		if arm == nil {
			return nil, fmt.Errorf("--base %q: %s has the arms %s", base, dirs[0], strings.Join(labels(run), ", "))
		}
		list = reports.CompareArms(run, arm)
	}
	if len(list) == 0 && len(run.Arms) == 1 {
		return nil, fmt.Errorf("%s has a single arm, %s: name a second result to compare it with", dirs[0], run.Arms[0].Label)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%s has a single arm of each load: name the arm to compare with: --base", dirs[0])
	}
	return list, nil
}

func labels(run *reports.Run) []string {
	var list []string
	for _, a := range run.Arms {
		list = append(list, a.Label)
	}
	return list
}
