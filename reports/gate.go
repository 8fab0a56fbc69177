package reports

import (
	"fmt"
	"math"
)

// Gate is a condition that a build has to meet. There are two kinds.
//
// A threshold is about an arm and says what must hold: "p99<2ms", "throughput>=100k",
// "errors<0.1%".
//
// A regression is about a comparison and says what must not happen: "p99>+5%",
// "throughput<-5%".
type Gate struct {
	Text     string // as it was written, without blanks around it
	Metric   Metric
	Relative bool // a regression
	Above    bool // the operator is > or >=
	OrEqual  bool // the operator is >= or <=

	// Limit of a threshold is in the metric's unit, of a regression a ratio: 1.05.
	Limit float64
}

// GateVerdict is what became of a gate.
type GateVerdict string

// The ways for a gate to end.
const (
	GatePass      GateVerdict = "pass"
	GateFail      GateVerdict = "fail"
	GateUndecided GateVerdict = "undecided" // the measurement cannot answer; Text says why
)

// GateResult is a gate with its answer, for one arm or one comparison.
type GateResult struct {
	Gate     Gate
	Label    string // of the arm, or "other against base"
	Observed string // written out with its unit; "-" if there is no number
	Verdict  GateVerdict
	Text     string // one line that says what the verdict rests on

	// Invalid says that a gate is undecided because the measurement is INVALID.
	Invalid bool
}

// CheckThresholds checks every threshold on every arm, in the order of the gates.
func CheckThresholds(r *Run, gates []Gate) []GateResult {
	var list []GateResult
	for _, g := range gates {
		for i := range r.Arms {
			list = append(list, g.CheckArm(r, &r.Arms[i]))
		}
	}
	return list
}

// CheckRegressions checks every regression on every comparison. The comparisons must have
// been judged with the gates' metrics among the gating ones (Criteria).
func CheckRegressions(list []Comparison, gates []Gate) []GateResult {
	var out []GateResult
	for _, g := range gates {
		for i := range list {
			out = append(out, g.CheckComparison(&list[i]))
		}
	}
	return out
}

// CheckArm checks a threshold against what the tables say of the arm. It is undecided
// where the measurement is INVALID or not whole, or the sample does not carry the
// percentile.
func (g Gate) CheckArm(r *Run, a *Arm) GateResult {
	out := GateResult{Gate: g, Label: a.Label, Observed: "-", Verdict: GateUndecided}
	s := summarize(a)
	v, ok := g.Metric.ofArm(a)
	if ok {
		out.Observed = g.Metric.Format(v)
	}
	lowerBound := s.Censored && g.Metric.Unit == "ns" && !g.Above
	switch {
	case !s.Valid:
		out.Text, out.Invalid = "the arm is INVALID: "+s.Reasons[0], true
	case r.Status != StatusComplete:
		out.Text = fmt.Sprintf("the run is %s", r.Status)
	case !ok && s.Samples > 0 && g.Metric.Unit == "ns":
		out.Text = fmt.Sprintf("%s samples do not carry it", FormatCount(float64(s.Samples)))
	case !ok:
		out.Text = "it was not measured"
	case lowerBound && g.Holds(v):
		out.Observed = ">" + out.Observed
		out.Text = "operations were refused, so the true percentile lies above what was measured"
	case g.Holds(v):
		out.Verdict, out.Text = GatePass, g.among(a)
	default:
		out.Verdict, out.Text = GateFail, g.among(a)
	}
	return out
}

// Holds reports whether a value meets a threshold.
func (g Gate) Holds(v float64) bool {
	switch {
	case g.OrEqual && v == g.Limit:
		return true
	case g.Above:
		return v > g.Limit
	}
	return v < g.Limit
}

// among says how the single replicates stand. Where they do not agree, the next run may
// come out the other way.
func (g Gate) among(a *Arm) string {
	meet, n := 0, 0
	for i := range a.Replicates {
		if v, ok := g.Metric.Value(&a.Replicates[i]); ok {
			n++
			if g.Holds(v) {
				meet++
			}
		}
	}
	switch meet {
	case n:
		return fmt.Sprintf("all of %s meet it", plural(n, "replicate"))
	case 0:
		return fmt.Sprintf("none of %s meets it", plural(n, "replicate"))
	}
	return fmt.Sprintf("%d of %s meet it", meet, plural(n, "replicate"))
}

// badness turns a ratio into how much worse it is: above zero is worse, on a logarithmic
// scale.
func (g Gate) badness(ratio float64) float64 {
	if g.Metric.HigherIsBetter {
		return -math.Log(ratio)
	}
	return math.Log(ratio)
}
