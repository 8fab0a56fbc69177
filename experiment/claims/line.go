package claims

import (
	"fmt"
	"math"
	"strconv"

	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/reports/claimtable"
)

// line is where a figure holds: on which side of a limit.
type line struct {
	limit float64
	below bool // at most the limit; otherwise at least
}

func atLeast(limit float64) line { return line{limit: limit} }
func atMost(limit float64) line  { return line{limit: limit, below: true} }

// judge says on which side of the line an estimate is. If its interval reaches over
// the line, that cannot be told.
func (l line) judge(e estimate) (claimtable.Verdict, string) {
	if e.why != "" {
		return claimtable.CannotBeTold, e.why
	}
	above, under := e.low >= l.limit, e.high < l.limit
	if l.below {
		above, under = e.high <= l.limit, e.low > l.limit
	}
	switch {
	case above:
		return claimtable.Holds, ""
	case under:
		return claimtable.DoesNotHold, ""
	}
	return claimtable.CannotBeTold, "the interval reaches over the line: more blocks (--repeat) or a quieter machine may tell"
}

// text writes the line for a reader.
func (l line) text(format func(float64) string) string {
	if l.below {
		return "at most " + format(l.limit)
	}
	return "at least " + format(l.limit)
}

// factor judges the ratio of a metric of two arms by a line. Claimed is what was published.
func (e *Evidence) factor(m reports.Metric, a, against Arm, l line, claimed string) Finding {
	return judged(m, a, against, e.ratio(m, a, against), l, claimed)
}

// beats judges whether an arm is better than another in a metric, by more than what
// is no difference on this machine.
func (e *Evidence) beats(m reports.Metric, a, against Arm, claimed string) Finding {
	est := e.ratio(m, a, against)
	l := atLeast(1 + est.margin)
	if !m.HigherIsBetter {
		l = atMost(1 / (1 + est.margin))
	}
	return judged(m, a, against, est, l, claimed)
}

// loses judges whether an arm is worse than another in a metric, by more than what is no
// difference on this machine.
func (e *Evidence) loses(m reports.Metric, a, against Arm, claimed string) Finding {
	est := e.ratio(m, a, against)
	l := atMost(1 / (1 + est.margin))
	if !m.HigherIsBetter {
		l = atLeast(1 + est.margin)
	}
	return judged(m, a, against, est, l, claimed)
}

// noWorse judges whether an arm is as good as another in a metric, or better, but for what
// is no difference on this machine.
func (e *Evidence) noWorse(m reports.Metric, a, against Arm, claimed string) Finding {
	est := e.ratio(m, a, against)
	l := atMost(1 + est.margin)
	if m.HigherIsBetter {
		l = atLeast(1 / (1 + est.margin))
	}
	return judged(m, a, against, est, l, claimed)
}

func judged(m reports.Metric, a, against Arm, est estimate, l line, claimed string) Finding {
	f := figure(m, a, est, formatFactor)
	f.Against, f.Claimed = against.Label(), claimed
	return withLine(f, est, l, formatLimit)
}

// absolute judges a metric of one arm by a line.
func (e *Evidence) absolute(m reports.Metric, a Arm, l line, claimed string) Finding {
	est := e.level(m, a)
	f := figure(m, a, est, m.Format)
	f.Claimed = claimed
	return withLine(f, est, l, m.Format)
}

// shown is a metric of one arm that is not judged.
func (e *Evidence) shown(m reports.Metric, a Arm, claimed string) Finding {
	f := figure(m, a, e.spread(m, a), m.Format)
	f.Claimed = claimed
	return Finding{Figures: []claimtable.Figure{f}}
}

// compared is the ratio of a metric of two arms, not judged.
func (e *Evidence) compared(m reports.Metric, a, against Arm) Finding {
	f := figure(m, a, e.ratio(m, a, against), formatFactor)
	f.Against = against.Label()
	return Finding{Figures: []claimtable.Figure{f}}
}

func figure(m reports.Metric, a Arm, est estimate, format func(float64) string) claimtable.Figure {
	return claimtable.Figure{
		Metric: m.Name, Title: m.Title, Arm: a.Label(), Measured: est.text(format),
		Value: rounded(est.value), Low: rounded(est.low), High: rounded(est.high), N: est.n, Confidence: est.confidence,
		Why: est.why, Counts: true,
	}
}

func withLine(f claimtable.Figure, est estimate, l line, format func(float64) string) Finding {
	f.Verdict, f.Why = l.judge(est)
	f.Line, f.Limit = l.text(format), rounded(l.limit)
	return Finding{Verdict: f.Verdict, Figures: []claimtable.Figure{f}}
}

// rounded keeps six digits: the others are noise, and differ between processors.
func rounded(v float64) float64 {
	r, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 6, 64), 64) // it reads what it wrote
	return r
}

// text writes an estimate with its interval: "x0.41 [x0.39, x0.44]".
func (e estimate) text(format func(float64) string) string {
	if e.n == 0 {
		return "-"
	}
	return fmt.Sprintf("%s [%s, %s]", format(e.value), format(e.low), format(e.high))
}

// formatFactor writes a ratio as a factor, also where it is close to one: lines are
// factors, and a reader compares the two.
func formatFactor(v float64) string { return "x" + reports.FormatNumber(v) }

// formatLimit writes the factor of a line as its rule does: "x2", "x0.6", "x1.03".
func formatLimit(v float64) string { return "x" + reports.FormatPlain(math.Round(1000*v)/1000) }
