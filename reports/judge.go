package reports

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/raftbench/raftbench/reports/stats"
)

// Judge gives the comparisons their verdicts. They are one family: each gating metric
// of each comparison is a question, and Holm's correction keeps the probability that any
// of the answers calls equal arms different at 5 %. So judge together what is shown together.
func Judge(list []Comparison, criteria Criteria) {
	criteria = criteria.withDefaults()
	var asked []*Difference
	for i := range list {
		asked = append(asked, list[i].ask(criteria)...)
	}
	p := make([]float64, len(asked))
	for i, d := range asked {
		p[i] = d.Effect.P
	}
	for i, adjusted := range stats.Holm(p) {
		asked[i].AdjustedP = adjusted
		asked[i].Verdict, asked[i].Why = asked[i].judge(len(asked))
	}
	for i := range list {
		c := &list[i]
		c.Questions = len(asked)
		c.Verdict = overall(c.Differences)
		c.Warnings = append(c.Obstacles[:len(c.Obstacles):len(c.Obstacles)], c.remarks()...)
	}
}

// ask marks the gating metrics and returns those that can have a verdict.
func (c *Comparison) ask(criteria Criteria) []*Difference {
	for _, m := range criteria.Gating {
		if c.Difference(m) == nil {
			c.measure(m, pairUp(c.Base.Arm, c.Other.Arm))
		}
	}
	for i := range c.Differences {
		d := &c.Differences[i]
		d.Gating, d.AdjustedP, d.Verdict, d.Why = false, 1, NoVerdict, ""
		d.NoiseFloor, _ = c.floor(d.Metric)
		d.Margin = max(criteria.MinEffect, d.NoiseFloor)
	}
	c.Obstacles = c.obstacles()
	var asked []*Difference
	for _, m := range criteria.Gating {
		d := c.Difference(m)
		if d == nil || d.Gating { // named twice, it is still one question
			continue
		}
		d.Gating = true
		switch {
		case len(c.Obstacles) > 0:
		case d.Effect.N < c.Pairs:
			// To go on with the others would choose among the measurements.
			d.Why = fmt.Sprintf("only %d of %d pairs have it", d.Effect.N, c.Pairs)
		default:
			asked = append(asked, d)
		}
	}
	return asked
}

// obstacles are what a verdict must not be built on.
func (c *Comparison) obstacles() []string { return append(c.weaknesses(), c.contradictions()...) }

// weaknesses are obstacles that leave an estimate.
func (c *Comparison) weaknesses() []string {
	const drift = "what drifted on the machine between them is part of the difference"
	switch {
	case c.Base.Run != c.Other.Run:
		return []string{"the arms are of different runs and were not interleaved: " + drift + "; measure both in one run"}
	case !c.Paired:
		return []string{"the arms were not interleaved: " + drift}
	case !c.inBlocks():
		return []string{"the arms were not interleaved, whatever the plan says: a block has two replicates of an arm, or began before the one before it was over"}
	case c.Pairs < pairsForVerdict:
		return []string{fmt.Sprintf("%s: an estimate; a verdict needs %d or more, better --repeat %d", plural(c.Pairs, "pair"), pairsForVerdict, PairsAdvised)}
	}
	return nil
}

// inBlocks reports whether the replicates are in blocks: each of an arm in one of
// its own, and one block after the other.
func (c *Comparison) inBlocks() bool {
	type span struct{ first, last time.Duration }
	blocks := map[int]span{}
	for _, side := range []Side{c.Base, c.Other} {
		seen := map[int]bool{}
		for i := range side.Arm.Replicates {
			r := &side.Arm.Replicates[i]
			if seen[r.Block] {
				return false
			}
			seen[r.Block] = true
			s, ok := blocks[r.Block]
			if !ok {
				s = span{r.After, r.After}
			}
			blocks[r.Block] = span{min(s.first, r.After), max(s.last, r.After)}
		}
	}
	over := time.Duration(0)
	for _, b := range slices.Sorted(maps.Keys(blocks)) {
		if blocks[b].first < over {
			return false
		}
		over = blocks[b].last
	}
	return true
}

// contradictions are obstacles that leave not even that: the two measured different
// things, or did not measure.
func (c *Comparison) contradictions() []string {
	var list []string
	add := func(format string, args ...any) { list = append(list, fmt.Sprintf(format, args...)) }
	if a, b := c.Base.Run.Machine(), c.Other.Run.Machine(); a != b {
		add("the machines or the Go versions differ: %s against %s", a, b)
	}
	if c.Base.Arm.Workload.Load != c.Other.Arm.Workload.Load {
		add("the loads differ: %v against %v", c.Base.Arm.Workload.Load, c.Other.Arm.Workload.Load)
	}
	for i, side := range []Side{c.Base, c.Other} {
		if s := summarize(side.Arm); !s.Valid {
			add("%s is INVALID: %s", side.Label, s.Reasons[0])
		}
		if side.Run.Status != StatusComplete && (i == 0 || side.Run != c.Base.Run) {
			// Whoever stops a run may have seen how it stood.
			add("%s is of a run that is %s", side.Label, side.Run.Status)
		}
	}
	switch a, b := c.Base.Arm.InProcess, c.Other.Arm.InProcess; {
	case a && !b:
		add("%s is the zero line: nothing of it crosses a wire", c.Base.Label)
	case b && !a:
		add("%s is the zero line: nothing of it crosses a wire", c.Other.Label)
	}
	return list
}

// remarks are what a reader should know of a comparison that has a verdict.
func (c *Comparison) remarks() []string {
	if len(c.Obstacles) > 0 {
		return nil
	}
	var list []string
	add := func(format string, args ...any) { list = append(list, fmt.Sprintf(format, args...)) }
	if need := stats.MinPairs(alpha, c.Questions); c.Questions > 0 && c.Pairs < need {
		add("%s cannot make anything better or worse while %d questions are asked at once: want %d, better --repeat %d",
			plural(c.Pairs, "pair"), c.Questions, need, max(need, PairsAdvised))
	}
	switch run := c.Base.Run; {
	case run.Calibration == nil:
		add("the noise floor of this machine is not known, and taken to be %s: raftbench calibrate finds it", FormatPercent(DefaultNoiseFloor))
	case run.Calibration.Machine == run.Machine() && run.calibration() == nil:
		add("the calibration of this machine is for arms that %s: the noise floor of this run is not known, and taken to be %s", manner(run.Calibration.Slice), FormatPercent(DefaultNoiseFloor))
	case run.calibration() == nil:
		add("the calibration is of another machine (%s): the noise floor of this one is not known, and taken to be %s", run.Calibration.Machine, FormatPercent(DefaultNoiseFloor))
	}
	for i := range c.Differences {
		if d := &c.Differences[i]; d.Gating && d.Why != "" {
			add("%s is %s: %s", d.Metric.Title, d.state(), d.Why)
		}
	}
	return list
}

// manner says how arms shared a block.
func manner(slice time.Duration) string {
	if slice > 0 {
		return "take turns in slices"
	}
	return "have their windows in one piece"
}

func (d *Difference) state() string {
	if d.Verdict == NoVerdict {
		return "without a verdict"
	}
	return string(d.Verdict)
}
