package cli

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/reports/tables"
)

// errGate ends a command whose gates did not all pass.
var errGate = errors.New("gate failed")

// gateFlags are conditions that a build has to meet.
type gateFlags struct {
	failIf     []string
	thresholds []string
	strict     bool
	kinds      string // flags that are gates, for complaints

	allowInvalid bool // gates that are undecided for that reason are like the others
}

// addThresholds adds the flags of gates on arms.
func (g *gateFlags) addThresholds(fs *pflag.FlagSet) {
	fs.StringSliceVar(&g.thresholds, "threshold", nil, "exit code 3 unless this holds for every arm, such as 'p99<2ms', 'throughput>100k' or 'errors<0.1%'; may be repeated")
	refuseEmpty(fs, "threshold")
	g.kinds = strings.TrimPrefix(g.kinds+" or --threshold", " or ")
	fs.BoolVar(&g.strict, "strict", false, "exit code 3 also where a gate is undecided")
}

// addRegressions adds those on comparisons.
func (g *gateFlags) addRegressions(fs *pflag.FlagSet) {
	fs.StringSliceVar(&g.failIf, "fail-if", nil, "exit code 3 if a metric is worse than the base by so much, such as 'p99>+5%' or 'throughput<-5%'; may be repeated")
	refuseEmpty(fs, "fail-if")
	g.kinds = "--fail-if"
}

// parse returns the gates on comparisons and those on arms.
func (g *gateFlags) parse() (regressions, thresholds []reports.Gate, err error) {
	if g.strict && len(g.failIf)+len(g.thresholds) == 0 {
		return nil, nil, fmt.Errorf("--strict: there is no gate to be strict about: want %s with it", g.kinds)
	}
	for _, text := range g.failIf {
		gate, err := reports.ParseRegression(text)
		if err != nil {
			return nil, nil, fmt.Errorf("--fail-if: %w", err)
		}
		regressions = append(regressions, gate)
	}
	for _, text := range g.thresholds {
		gate, err := reports.ParseThreshold(text)
		if err != nil {
			return nil, nil, fmt.Errorf("--threshold: %w", err)
		}
		thresholds = append(thresholds, gate)
	}
	return regressions, thresholds, nil
}

// verdict is the error that a command ends with; nil if every gate lets it pass.
// Undecided gates are mentioned in any case.
func (g *gateFlags) verdict(notes io.Writer, results []reports.GateResult) error {
	var failed, undecided []string
	invalid := false
	for i := range results {
		r := &results[i]
		text := fmt.Sprintf("%s (%s: %s)", r.Gate.Text, r.Label, r.Observed)
		switch r.Verdict {
		case reports.GateFail:
			failed = append(failed, text)
		case reports.GateUndecided:
			undecided = append(undecided, text)
			invalid = invalid || r.Invalid
		}
	}
	if g.strict {
		failed, undecided = append(failed, undecided...), nil
	}
	if len(undecided) > 0 {
		fmt.Fprintf(notes, "warning: undecided, and let through without --strict: %s\n", strings.Join(undecided, ", "))
	}
	switch {
	case len(failed) > 0:
		return fmt.Errorf("%w: %s", errGate, strings.Join(failed, ", "))
	case invalid && !g.allowInvalid:
		return fmt.Errorf("%w: it passes no gate", errInvalid)
	}
	return nil
}

// checkThresholds checks a run's arms and says what became of it on standard error, unless that is to be
// quiet: what fails is in the error.
func (a *app) checkThresholds(run *reports.Run, g *gateFlags) error {
	_, thresholds, err := g.parse()
	if err != nil {
		return usageError{err}
	}
	results := reports.CheckThresholds(run, thresholds)
	if err := printGates(a.notes(), "text", results, false); err != nil {
		return err
	}
	return g.verdict(a.notes(), results)
}

// printGates writes what became of the gates in front of a text or Markdown report.
func printGates(w io.Writer, format string, results []reports.GateResult, colour bool) error {
	if len(results) == 0 {
		return nil
	}
	switch format {
	case "text":
		return tables.GatesText(w, results, colour)
	case "markdown":
		return tables.GatesMarkdown(w, results)
	}
	return nil
}

// parsePercent reads "3%" as 0.03.
func parsePercent(text string) (float64, error) {
	digits, ok := strings.CutSuffix(strings.TrimSpace(text), "%")
	v, err := strconv.ParseFloat(strings.TrimSpace(digits), 64)
	if !ok || err != nil || !(v > 0 && v <= 100) {
		return 0, fmt.Errorf("%q is no share: want per cent, above 0 and up to 100, such as 3%%", text)
	}
	return v / 100, nil
}
