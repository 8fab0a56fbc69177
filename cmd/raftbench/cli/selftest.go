package cli

import (
	"fmt"
	"text/tabwriter"

	"github.com/raftbench/raftbench/experiment/calibration/selftest"
	"github.com/raftbench/raftbench/reports"
)

// selfTestSeed makes the figures the same everywhere.
const selfTestSeed = 1

// nameWidth is that of the names at the left, which the other columns' alignment would
// push to the right.
const nameWidth = 25

// selfTest prints how the statistics do where the truth is known.
func (a *app) selfTest() error {
	verdicts, err := a.printVerdictTest()
	if err != nil {
		return err
	}
	percentiles, err := a.printPercentileTest()
	if err != nil {
		return err
	}
	if !verdicts || !percentiles {
		return errSelfTest
	}
	_, err = fmt.Fprintln(a.stdout, "The self-test passed.")
	return err
}

func (a *app) printVerdictTest() (passed bool, err error) {
	fmt.Fprintf(a.stdout, "Verdicts on simulated comparisons of %d blocks: equal arms may be called different in at most %s,\nand where arms take turns, or on a quiet machine, a slowdown of %s must be found in at least %s.\n\n",
		selftest.Pairs, reports.FormatPercent(selftest.MaxFalse), reports.FormatPercent(selftest.Slowdown), reports.FormatPercent(selftest.MinFound))
	w := tabwriter.NewWriter(a.stdout, 0, 0, 3, ' ', tabwriter.AlignRight)
	fmt.Fprintf(w, "noise%*s\tfloor\tequal called different\twithout calibration\t%s slower, found\t\n", nameWidth-5, "", reports.FormatPercent(selftest.Slowdown))
	passed = true
	for _, n := range selftest.Kinds() {
		f, err := selftest.Judge(n, selfTestSeed)
		if err != nil {
			return false, err
		}
		passed = passed && f.False <= selftest.MaxFalse*selftest.Equal && f.FalseUncalibrated <= selftest.MaxFalse*selftest.Uncalibrated
		passed = passed && (!n.Promised || f.Found >= selftest.MinFound*selftest.Injected)
		fmt.Fprintf(w, "%-*s\t%s\t%s\t%s\t%s\t\n", nameWidth, n.Name, reports.FormatPercent(f.Floor),
			of(f.False, selftest.Equal), of(f.FalseUncalibrated, selftest.Uncalibrated), of(f.Found, selftest.Injected))
	}
	if err := w.Flush(); err != nil {
		return false, err
	}
	fmt.Fprint(a.stdout, "\nWhat is found is promised of the first two. On the others so little is within the noise, and the verdict says so.\n\n")
	for _, n := range selftest.Kinds() {
		fmt.Fprintf(a.stdout, "%s: %s\n", n.Name, n.Source)
	}
	_, err = fmt.Fprintln(a.stdout)
	return passed, err
}

func of(n, all int) string {
	return fmt.Sprintf("%d of %d = %s", n, all, reports.FormatPercent(float64(n)/float64(all)))
}

func (a *app) printPercentileTest() (passed bool, err error) {
	list, err := selftest.Percentiles(selfTestSeed)
	if err != nil {
		return false, err
	}
	fmt.Fprintf(a.stdout, "Percentiles of %s operations from known distributions, through recorders and histograms:\nthey may be off by 1 %% up to p99 and by 3 %% at p99.9.\n\n", reports.FormatCount(selftest.Operations))
	w := tabwriter.NewWriter(a.stdout, 0, 0, 3, ' ', tabwriter.AlignRight)
	fmt.Fprintf(w, "distribution%*s\t\ttruth\treported\toff by\t\n", nameWidth-12, "")
	passed = true
	for _, p := range list {
		passed = passed && p.OK()
		fmt.Fprintf(w, "%-*s\t%s\t%s\t%s\t%+.2f %%\t\n", nameWidth, p.Distribution, reports.FormatQuantile(p.Quantile),
			reports.FormatLatency(float64(p.Truth)), reports.FormatLatency(float64(p.Reported)), 100*p.Error())
	}
	if err := w.Flush(); err != nil {
		return false, err
	}
	_, err = fmt.Fprintln(a.stdout)
	return passed, err
}
