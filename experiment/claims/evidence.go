package claims

import (
	"cmp"
	"fmt"
	"math"
	"strings"

	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/reports/stats"
)

// Evidence is what a claim is judged by: the stored results of its arms.
type Evidence struct{ run *reports.Run }

// NewEvidence makes evidence of a run, which nobody changes meanwhile.
func NewEvidence(run *reports.Run) *Evidence { return &Evidence{run} }

// minBlocks is from how many blocks an interval of 95 % is an exact one.
const minBlocks = 6

// confidence of the intervals.
const confidence = 0.95

// estimate is a number with its interval.
type estimate struct {
	value, low, high float64
	n                int // pairs or replicates; zero: there is no number
	confidence       float64

	// margin is the relative difference that is none on this machine.
	margin float64

	// why the number may not be judged; empty: it may.
	why string
}

// arm finds an arm of the results. If it is not there, why says so.
func (e *Evidence) arm(a Arm) (found *reports.Arm, why string) {
	label := a.Label()
	if found = e.run.FindArm(label); found != nil {
		return found, ""
	}
	for _, w := range e.run.Warnings {
		if reason, ok := strings.CutPrefix(w, label+leftOut); ok {
			return nil, reason
		}
	}
	return nil, fmt.Sprintf("the results have no arm %q", label)
}

// ratio is by what factor a metric of one arm differs from that of another, block by
// block: the Hodges-Lehmann estimate with its exact interval.
func (e *Evidence) ratio(m reports.Metric, a, against Arm) estimate {
	other, why := e.arm(a)
	base, whyBase := e.arm(against)
	if other == nil || base == nil {
		return unknown(cmp.Or(why, whyBase))
	}
	c, err := reports.CompareIn(reports.Side{Label: base.Label, Run: e.run, Arm: base}, reports.Side{Label: other.Label, Run: e.run, Arm: other}, m)
	if err != nil {
		return unknown(err.Error())
	}
	return fromComparison(c, m)
}

// unknown is no number.
func unknown(why string) estimate { return estimate{why: why, margin: reports.DefaultMinEffect} }

// fromComparison reads the estimate of a metric out of a comparison that was judged by it.
func fromComparison(c *reports.Comparison, m reports.Metric) estimate {
	d := c.Difference(m)
	if d == nil || d.Effect.N == 0 {
		return unknown(m.Title + " was not measured")
	}
	est := estimate{
		value: d.Effect.Ratio, low: d.Effect.Low, high: d.Effect.High, n: d.Effect.N,
		confidence: d.Effect.Confidence, margin: d.Margin,
	}
	switch {
	case len(c.Obstacles) > 0:
		est.why = c.Obstacles[0]
	case d.Effect.N < c.Pairs:
		est.why = d.Why
	}
	return est
}

// level is a metric of one arm: the Hodges-Lehmann estimate of its replicates, on
// their logarithms, with its exact interval.
func (e *Evidence) level(m reports.Metric, a Arm) estimate {
	arm, why := e.arm(a)
	if arm == nil {
		return unknown(why)
	}
	var logs []float64
	for i := range arm.Replicates {
		if v, ok := m.Value(&arm.Replicates[i]); ok && v > 0 && !math.IsInf(v, 0) {
			logs = append(logs, math.Log(v))
		}
	}
	if len(logs) == 0 {
		return unknown(m.Title + " was not measured")
	}
	s := stats.PairedShift(logs, confidence)
	est := estimate{value: math.Exp(s.Estimate), low: math.Exp(s.Low), high: math.Exp(s.High), n: s.N, confidence: s.Confidence}
	est.why = e.doubt(m, arm, s.N)
	return est
}

// spread is a metric of one arm as the median of its replicates and their extremes: for
// what is shown and not judged.
func (e *Evidence) spread(m reports.Metric, a Arm) estimate {
	arm, why := e.arm(a)
	if arm == nil {
		return unknown(why)
	}
	s := reports.SpreadOf(m, arm)
	if s.N == 0 {
		return unknown(m.Title + " was not measured")
	}
	return estimate{value: s.Median, low: s.Min, high: s.Max, n: s.N, why: e.doubt(m, arm, s.N)}
}

// doubt says why a number of an arm may not be judged: what reports says of two arms.
func (e *Evidence) doubt(m reports.Metric, arm *reports.Arm, have int) string {
	for i := range arm.Replicates {
		if r := &arm.Replicates[i]; !r.Valid {
			return fmt.Sprintf("%s is INVALID: replicate %d: %s", arm.Label, r.Index, strings.Join(r.Reasons, "; "))
		}
	}
	switch n := len(arm.Replicates); {
	case e.run.Status != reports.StatusComplete:
		return fmt.Sprintf("%s is of a run that is %s", arm.Label, e.run.Status)
	case n < minBlocks:
		return fmt.Sprintf("%d blocks: a verdict needs %d or more", n, minBlocks)
	case have < n:
		return fmt.Sprintf("only %d of %d replicates have %s", have, n, m.Title)
	}
	return ""
}
