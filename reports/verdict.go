package reports

import (
	"fmt"
	"math"
)

// Verdict is what may be concluded from a difference.
type Verdict string

// The verdicts. Better and Worse are said of Comparison.Other.
const (
	// NoVerdict goes with an estimate: the difference and its spread are shown, and
	// nothing is claimed about them.
	NoVerdict Verdict = "no verdict"

	Better       Verdict = "better"
	Worse        Verdict = "worse"
	Equivalent   Verdict = "equivalent"   // the whole interval lies within the margin
	Inconclusive Verdict = "inconclusive" // more pairs would tell
)

// alpha is how often a comparison of equal arms may come out better or worse.
const alpha = 0.05

// pairsForVerdict is the least number of pairs from which a two-sided exact
// sign-flip test can reach 5 %: 2/2^6 is 3.1 %, 2/2^5 is 6.3 %.
const pairsForVerdict = 6

// PairsAdvised is the number of pairs that a verdict should be based on: with fewer,
// several metrics at once, or a single outlier, leave most questions open.
const PairsAdvised = 10

// DefaultMinEffect is the smallest relative difference worth a verdict where nobody
// says otherwise. It is above what equal arms show over ten pairs on a quiet machine,
// 1 to 2 %, and below what people choose a transport for.
const DefaultMinEffect = 0.03

// DefaultNoiseFloor stands in for the noise floor of a machine that was not
// calibrated. The interval and the test account for the noise that the pairs
// themselves show; the floor is for what would show in the next ten pairs.
const DefaultNoiseFloor = 0.03

// Criteria say what counts as a difference.
type Criteria struct {
	// MinEffect is the smallest relative difference that is called one: 0.03 stands for
	// 3 %. It is raised to the noise floor of the machine. Zero: DefaultMinEffect.
	MinEffect float64

	// Gating are the metrics that get a verdict. The others are shown with estimate,
	// interval and p, and nothing is claimed of them: each more question asked makes every
	// answer less certain. Nil: DefaultGating.
	Gating []Metric
}

// DefaultGating are the metrics that get a verdict unless somebody chooses others.
func DefaultGating() []Metric { return []Metric{Throughput(), Latency(0.99)} }

func (c Criteria) withDefaults() Criteria {
	if c.MinEffect == 0 {
		c.MinEffect = DefaultMinEffect
	}
	if c.Gating == nil {
		c.Gating = DefaultGating()
	}
	return c
}

// judge turns an effect into a verdict and says why it is not a clearer one.
//
// A difference is called better or worse if the interval excludes zero, p survives
// Holm's correction, and the estimate exceeds the margin. It is called equivalent
// if the interval lies within the margin on both sides: two one-sided tests in one
// (Schuirmann, Journal of Pharmacokinetics and Biopharmaceutics 15, 1987), at 2.5 %
// each. Where both hold, a difference is there and too small to matter: equivalent.
func (d *Difference) judge(questions int) (v Verdict, why string) {
	limit := math.Log1p(d.Margin)
	e := &d.Effect
	estimate, low, high := math.Log(e.Ratio), math.Log(e.Low), math.Log(e.High)
	if low >= -limit && high <= limit {
		return Equivalent, ""
	}
	beyondZero := low > 0 || high < 0
	switch {
	case beyondZero && d.AdjustedP > alpha:
		return Inconclusive, fmt.Sprintf("p is %s after the correction for %d questions at once: more pairs, or fewer metrics", FormatP(d.AdjustedP), questions)
	case beyondZero && math.Abs(estimate) <= limit:
		return Inconclusive, fmt.Sprintf("there is a difference, but whether it exceeds %s is open", FormatPercent(d.Margin))
	case !beyondZero:
		return Inconclusive, d.morePairs(max(-low, high), limit)
	}
	if (estimate > 0) == d.Metric.HigherIsBetter {
		return Better, ""
	}
	return Worse, ""
}

// pairsImaginable is up to where more pairs are worth advising.
const pairsImaginable = 200

// morePairs says how many would narrow an interval that reaches so far to the margin: it
// shrinks with the square root of their number.
func (d *Difference) morePairs(reach, limit float64) string {
	text := fmt.Sprintf("the interval reaches from %s", FormatInterval(d.Effect.Low, d.Effect.High))
	need := math.Ceil(float64(d.Effect.N)*math.Pow(reach/limit, 2)/5) * 5
	if need > pairsImaginable {
		return text + fmt.Sprintf(": this machine is too noisy to tell %s apart in %d pairs; longer windows or a quieter machine may", FormatPercent(d.Margin), pairsImaginable)
	}
	return text + fmt.Sprintf(": about --repeat %.0f would tell %s apart", need, FormatPercent(d.Margin))
}

// overall joins the verdicts of the gating metrics: worse and better win over the
// others, and against each other there is a trade-off to describe and no single word.
func overall(differences []Difference) Verdict {
	count := map[Verdict]int{}
	for i := range differences {
		if differences[i].Gating {
			count[differences[i].Verdict]++
		}
	}
	switch {
	case count[Better] > 0 && count[Worse] > 0:
		return Inconclusive
	case count[Better] > 0:
		return Better
	case count[Worse] > 0:
		return Worse
	case count[Inconclusive] > 0:
		return Inconclusive
	case count[Equivalent] > 0 && count[NoVerdict] == 0:
		return Equivalent
	}
	return NoVerdict
}
