package reports

import (
	"fmt"
	"math"
)

// An effect this large is believed without a verdict: two runs of the same differ by up
// to 30 % on a virtual machine with two CPUs that others use, and hardly ever by more.
const beyondNoise = 0.30

// farBeyond is how many times the noise floor such an effect must exceed as well. The floor
// is what one in twenty comparisons of equal arms exceeds, two standard errors; twice that
// is four.
const farBeyond = 2

// likely is the significance that is asked for of such an effect where there are pairs
// enough to have one.
const likely = 0.1

// CheckComparison checks a regression.
//
// It fails where other is worse than base by more than the limit, and that is as
// certain as a verdict: the interval excludes zero, p survives Holm's correction, and
// the estimate exceeds the limit and the noise floor. It also fails where there is no
// certainty, but the estimate is so far beyond the limit that noise hardly explains it:
// 30 %, and twice the noise floor (reach), with p up to 0.1, or with every replicate worse
// where there are too few for a p. So a regression by half is not let through for want
// of pairs.
//
// It passes where the whole interval lies within the limit. In between it is
// undecided, and so it is where the two cannot be compared at all.
//
// Equal arms rarely fail: of simulated comparisons of equal arms with several kinds of noise
// and two gates at most 3 % did, except with three pairs on a busy virtual machine, where
// 6 % did (TestGatesRarelyFailEqualArms).
func (g Gate) CheckComparison(c *Comparison) GateResult {
	out := GateResult{Gate: g, Label: c.Other.Label + " against " + c.Base.Label, Observed: "-", Verdict: GateUndecided}
	d := c.Difference(g.Metric)
	if d == nil || d.Ratio.N == 0 {
		out.Text = "the two do not both have it: the sample does not carry it, or it is zero"
		return out
	}
	weak := c.weaknesses()
	if d.Effect.N < c.Pairs {
		weak = append(weak, fmt.Sprintf("only %d of %d pairs have it", d.Effect.N, c.Pairs))
	}
	out.Observed = FormatRatio(d.Ratio.Median)
	if len(weak) == 0 {
		out.Observed = FormatEffect(d.Effect)
	}
	switch wrong := c.contradictions(); {
	case len(wrong) > 0:
		out.Text, out.Invalid = wrong[0], c.invalid()
	case len(weak) > 0:
		out.Verdict, out.Text = g.guess(d, weak[0])
	default:
		out.Verdict, out.Text = g.decide(d)
	}
	return out
}

func (c *Comparison) invalid() bool {
	base, other := summarize(c.Base.Arm), summarize(c.Other.Arm)
	return !base.Valid || !other.Valid
}

// decide is for a comparison that may have a verdict.
func (g Gate) decide(d *Difference) (GateVerdict, string) {
	limit, estimate := g.badness(g.Limit), g.badness(d.Effect.Ratio)
	best, worst := g.badness(d.Effect.Low), g.badness(d.Effect.High)
	if best > worst {
		best, worst = worst, best
	}
	p := "p = " + FormatP(d.AdjustedP)
	reach := reach(d.Effect.N, d.NoiseFloor)
	switch {
	case best > 0 && d.AdjustedP <= alpha && estimate > max(limit, math.Log1p(d.NoiseFloor)):
		return GateFail, p
	case worst <= limit:
		return GatePass, "the whole interval is within the limit"
	case estimate > max(limit, reach) && d.Effect.P <= likely:
		return GateFail, fmt.Sprintf("%s is not certain, but noise hardly explains more than %s", p, FormatPercent(math.Expm1(reach)))
	case estimate > limit:
		return GateUndecided, p + ": beyond the limit, but it may be noise; more pairs (--repeat) would tell"
	}
	return GateUndecided, "the interval reaches beyond the limit; more pairs (--repeat) would tell"
}

// guess is for a comparison that may not, for a reason.
func (g Gate) guess(d *Difference, why string) (GateVerdict, string) {
	limit, estimate := g.badness(g.Limit), g.badness(d.Ratio.Median)
	reach := reach(d.Ratio.N, d.NoiseFloor)
	unanimous := min(g.badness(d.Ratio.Min), g.badness(d.Ratio.Max)) > 0 // every replicate is worse
	if unanimous && estimate > max(limit, reach) {
		return GateFail, fmt.Sprintf("not certain, but noise hardly explains more than %s; %s", FormatPercent(math.Expm1(reach)), why)
	}
	return GateUndecided, why
}

// reach is how far noise may reach in a comparison of so many pairs or replicates. With
// fewer pairs than a noise floor is worked out for the floor counts for more.
func reach(n int, floor float64) float64 {
	n = max(n, 1)
	noise := math.Log1p(beyondNoise) * math.Sqrt(3/float64(min(n, 3)))
	return max(noise, farBeyond*math.Log1p(floor)*math.Sqrt(PairsAdvised/float64(min(n, PairsAdvised))))
}
