package search

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/reports"
)

// The arms of a confirmation.
const (
	ArmDefault = "default"
	ArmTuned   = "tuned"
	ArmGrid    = "grid-best" // that of the full grid, if it was measured
)

// Advice is what a user is told after a search.
type Advice struct {
	Subject string // the transport
	Config  *Config
	Result  *Result

	// Confirmation is the run that compared the winner with the default, and Comparison
	// what it says of the goal's metric; nil: there was none.
	Confirmation *reports.Run
	Comparison   *reports.Comparison
}

// Conclusion is what is recommended, and why.
type Conclusion struct {
	Setting   Setting
	Default   bool   // it is the default: "your defaults are fine"
	Confirmed bool   // by a verdict, or because the default misses the limits
	Invalid   bool   // the confirmation may not be trusted
	Why       string // a sentence
}

// String is the conclusion in one line.
func (c Conclusion) String() string {
	switch {
	case c.Invalid:
		return "Nothing is confirmed: stay with your defaults. " + c.Why
	case c.Default:
		return "Your defaults are fine. " + c.Why
	}
	return c.Why
}

// Conclude recommends the winner only where the confirmation says that it is better than the
// default, or that the default misses the limits; and else the default. There must be a
// winner that meets the goal.
func (a *Advice) Conclude() Conclusion {
	usual := Conclusion{Setting: a.Config.Space.Default, Default: true}
	with := func(c Conclusion, format string, args ...any) Conclusion {
		c.Why = fmt.Sprintf(format, args...)
		return c
	}
	tuned := Conclusion{Setting: a.Result.Winner.Setting, Confirmed: true}
	switch {
	case a.Result.Winner.Setting == a.Config.Space.Default:
		return with(usual, "The search found nothing better.")
	case a.Comparison == nil:
		tuned.Confirmed = false
		return with(tuned, "Not confirmed: it may be luck.")
	}
	winner, undecided := a.misses(ArmTuned)
	base, _ := a.misses(ArmDefault)
	switch v := a.Comparison.Verdict; {
	case undecided != "":
		usual.Invalid = true
		return with(usual, "The winner is not confirmed: %s.", undecided)
	case winner != "":
		return with(usual, "The winner is not confirmed: with new seeds it misses the goal (%s).", winner)
	case base != "":
		return with(tuned, "The default misses the goal (%s). %s", base, a.Comparison.Conclusion())
	case v == reports.Better:
		return with(tuned, "%s", a.Comparison.Conclusion())
	case v == reports.NoVerdict:
		usual.Invalid = len(a.Comparison.Obstacles) > 0
		return with(usual, "%s %s", a.Comparison.Conclusion(), sentence(a.Comparison.Obstacles))
	}
	return with(usual, "%s", a.Comparison.Conclusion())
}

func sentence(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return "(" + list[0] + ".)"
}

// misses says which limits an arm of the confirmation misses, and what keeps that from being
// known.
func (a *Advice) misses(label string) (missed, undecided string) {
	arm := a.Confirmation.FindArm(label)
	if arm == nil {
		return "", "it was not measured"
	}
	if why := overloaded(arm); why != "" {
		return why, ""
	}
	for _, g := range a.Config.Goal.Where {
		switch r := g.CheckArm(a.Confirmation, arm); r.Verdict {
		case reports.GateFail:
			return fmt.Sprintf("%s is %s", g.Metric.Title, r.Observed), ""
		case reports.GateUndecided:
			undecided = r.Text
		}
	}
	return "", undecided
}

// overloaded says why an arm did not carry its load, where most of its replicates did not.
func overloaded(arm *reports.Arm) string {
	n, why := 0, ""
	for i := range arm.Replicates {
		if r := &arm.Replicates[i]; unsustained(r.Reasons, false) {
			n, why = n+1, r.Reasons[0]
		}
	}
	if 2*n <= len(arm.Replicates) {
		return ""
	}
	return why
}

// Flags are a setting as it is pasted after raftbench run.
func (s *Space) Flags(v Setting) string {
	flags := fmt.Sprintf("--batch.size %s --linger %v", core.FormatSize(v.BatchSize), v.Linger)
	if v.Policy != "" {
		flags += " --batch.policy " + string(v.Policy)
	}
	if len(s.Pipelines) > 1 {
		flags += fmt.Sprintf(" --pipeline %d", v.Pipeline)
	}
	return flags
}

// WriteText writes the advice for a terminal. Transport is what belongs after --transport.
func (a *Advice) WriteText(w io.Writer, c Conclusion, transport string) error {
	var b strings.Builder
	space, r := &a.Config.Space, a.Result
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "  %-12s %s\n", name, fmt.Sprintf(format, args...))
	}
	fmt.Fprintf(&b, "%s: %s\n", a.Subject, a.Config.Goal.Text)
	line("RESULT", "%s", c)
	line("SETTINGS", "raftbench run --transport %s %s", transport, space.Flags(c.Setting))
	line("default", "%s", a.figures(space.Default))
	line("winner", "%s", a.figures(r.Winner.Setting))
	if s := r.Alike; len(s) > 0 {
		line("alike", "%d of %d settings cannot be told from the winner; the smallest linger among them is %v (%s)",
			len(s), len(r.Standings), s[0].Setting.Linger, space.Label(s[0].Setting))
	}
	for i := range r.Pareto {
		name := ""
		if i == 0 {
			name = "pareto"
		}
		line(name, "%s", a.figures(r.Pareto[i].Setting))
	}
	line("effort", "%s", a.effort())
	if r.GridBest != nil {
		line("full grid", "its best is %s; %s", space.Label(r.GridBest.Setting), a.againstGrid())
	}
	b.WriteByte('\n')
	_, err := io.WriteString(w, b.String())
	return err
}

// figures are what the search knows of a setting.
func (a *Advice) figures(v Setting) string {
	text := a.Config.Space.Label(v)
	s := a.Result.Of(v)
	if s == nil || s.Ranked == 0 {
		return text + "  not ranked: none of its trials is VALID"
	}
	metrics := []reports.Metric{reports.Throughput(), reports.Latency(0.99)}
	for _, m := range a.Config.Goal.Metrics() {
		if m.Name != metrics[0].Name && m.Name != metrics[1].Name {
			metrics = append(metrics, m)
		}
	}
	for _, m := range metrics {
		if e, ok := s.Values[m.Name]; ok {
			text += fmt.Sprintf("  %s %s", m.Title, m.Format(e.Value))
		}
	}
	return text
}

func (a *Advice) effort() string {
	r := a.Result
	n, invalid := 0, 0
	for i := range r.Trials {
		if r.Trials[i].Stage != stageGrid {
			n++
			if !r.Trials[i].Valid {
				invalid++
			}
		}
	}
	text := fmt.Sprintf("%d trials of %d settings in %v", n, len(r.Standings), r.Searched.Round(time.Second))
	if invalid > 0 {
		text += fmt.Sprintf(", of which %d are INVALID or not sustained and not ranked", invalid)
	}
	if r.Grid > 0 {
		return text + fmt.Sprintf("; the full grid took %v, the search %s of that", r.Grid.Round(time.Second), share(r.Searched, r.Grid))
	}
	return text + fmt.Sprintf("; the full grid would take about %v", a.Config.GridTime().Round(time.Second))
}

func share(part, whole time.Duration) string {
	return reports.FormatPercent(float64(part) / float64(max(whole, 1)))
}

// againstGrid compares the winner with the best of the grid, in turns if both were confirmed.
func (a *Advice) againstGrid() string {
	if a.Result.GridBest.Setting == a.Result.Winner.Setting {
		return "the search found the same"
	}
	if a.Confirmation == nil || a.Confirmation.FindArm(ArmGrid) == nil {
		return "it was not compared with the winner in turns"
	}
	base, other := a.Confirmation.FindArm(ArmGrid), a.Confirmation.FindArm(ArmTuned)
	c, err := reports.Compare(reports.Side{Label: ArmGrid, Run: a.Confirmation, Arm: base}, reports.Side{Label: ArmTuned, Run: a.Confirmation, Arm: other})
	if err != nil {
		return err.Error()
	}
	d := c.Difference(a.Config.Goal.Metric)
	if d == nil || d.Effect.N == 0 {
		return "the confirmation has no figure for both"
	}
	return fmt.Sprintf("measured in turns with it, the winner's %s is at %s", d.Metric.Title, reports.FormatEffect(d.Effect))
}

// Closest says, where no setting meets the goal, which one comes closest.
func (a *Advice) Closest() string {
	r := a.Result
	if r.Winner != nil {
		return fmt.Sprintf("no setting meets %q: %s comes closest", a.Config.Goal.Text, a.figures(r.Winner.Setting))
	}
	name := reports.Throughput().Name
	best := &r.Standings[0]
	for i := range r.Standings {
		if r.Standings[i].Values[name].Value > best.Values[name].Value {
			best = &r.Standings[i]
		}
	}
	return fmt.Sprintf("no setting sustains %s/s: %s comes closest with %s", reports.FormatCount(a.Config.Goal.Rate),
		a.Config.Space.Label(best.Setting), reports.Throughput().Format(best.Values[name].Value))
}
