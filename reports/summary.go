package reports

import (
	"fmt"
	"strconv"
	"strings"
)

// Summary is one line of the result table: an arm over all its replicates.
type Summary struct {
	Arm *Arm

	Throughput Spread // successful operations per second, over replicates

	// Latency holds the Quantiles of the response time in nanoseconds, of all
	// replicates' histograms merged.
	Latency []Percentile
	Samples int64 // values in the merged histogram
	Max     int64 // ns
	Mean    float64

	// Censored says that operations were refused, so the true percentiles lie
	// above those that are stated.
	Censored bool

	Operations Operations        // sum
	Errors     map[string]uint64 // sum, by class
	Counters   map[string]uint64 // sum, by name

	CPUPerOp       Spread // µs
	WireBytesPerOp Spread
	AllocsPerOp    Spread

	Elections, Reorders uint64 // sum

	// Valid says that every replicate is. One that is not keeps the whole arm
	// from being ranked: leaving it out would choose among the measurements.
	Valid   bool
	Reasons []string // with the number of the replicate

	// Warnings are what the checks noticed that makes no replicate invalid, each once,
	// with the replicates that it is about.
	Warnings []string
}

// Group is the arms that carried the same load and so may be ranked.
type Group struct {
	Load      Load
	Summaries []Summary // in the order of the run

	run *Run // for what has to be compared in pairs
}

// Summarize sums up every arm and puts those of equal load together, in order of
// first appearance.
func Summarize(r *Run) []Group {
	var groups []Group
	at := map[Load]int{}
	for i := range r.Arms {
		a := &r.Arms[i]
		g, ok := at[a.Workload.Load]
		if !ok {
			g = len(groups)
			at[a.Workload.Load] = g
			groups = append(groups, Group{Load: a.Workload.Load, run: r})
		}
		groups[g].Summaries = append(groups[g].Summaries, summarize(a))
	}
	return groups
}

func summarize(a *Arm) Summary {
	s := Summary{
		Arm:            a,
		Throughput:     SpreadOf(Throughput(), a),
		CPUPerOp:       SpreadOf(CPUPerOp(), a),
		WireBytesPerOp: SpreadOf(WireBytesPerOp(), a),
		AllocsPerOp:    SpreadOf(AllocsPerOp(), a),
		Errors:         map[string]uint64{},
		Counters:       map[string]uint64{},
		Valid:          len(a.Replicates) > 0,
	}
	merged := a.Response()
	s.Samples, s.Max, s.Mean = merged.Count(), merged.Max(), merged.Mean()
	for _, q := range Quantiles() {
		s.Latency = append(s.Latency, merged.Percentile(q))
	}
	for i := range a.Replicates {
		s.add(&a.Replicates[i])
	}
	s.Censored = s.Operations.Refused > 0
	if len(a.Replicates) == 0 {
		s.Reasons = []string{"nothing was measured"}
	}
	s.Warnings = a.warnings()
	return s
}

// warnings joins the equal warnings of the replicates.
func (a *Arm) warnings() []string {
	var texts []string
	about := map[string][]string{}
	for i := range a.Replicates {
		for _, w := range a.Replicates[i].Warnings {
			if about[w] == nil {
				texts = append(texts, w)
			}
			about[w] = append(about[w], strconv.Itoa(a.Replicates[i].Index))
		}
	}
	for i, text := range texts {
		which := about[text]
		switch {
		case len(which) == 1:
			texts[i] = "replicate " + which[0] + ": " + text
		case len(which) == len(a.Replicates):
			texts[i] = "all replicates: " + text
		default:
			texts[i] = "replicates " + strings.Join(which, ", ") + ": " + text
		}
	}
	return texts
}

func (s *Summary) add(r *Replicate) {
	s.Operations.Add(r.Operations)
	for class, n := range r.Errors {
		s.Errors[class] += n
	}
	for name, n := range r.Counters {
		s.Counters[name] += n
	}
	s.Elections += r.Elections
	s.Reorders += r.Reorders
	if r.Valid {
		return
	}
	s.Valid = false
	if len(r.Reasons) == 0 {
		s.Reasons = append(s.Reasons, fmt.Sprintf("replicate %d: no reason was stored", r.Index))
	}
	for _, reason := range r.Reasons {
		s.Reasons = append(s.Reasons, fmt.Sprintf("replicate %d: %s", r.Index, reason))
	}
}

// Ranked says that the arm takes part in best and fastest: it is valid, and it
// is not the zero line.
func (s *Summary) Ranked() bool { return s.Valid && !s.Arm.InProcess }

// Failures counts the operations that did not succeed: failed, unknown and
// refused.
func (s *Summary) Failures() uint64 {
	return s.Operations.Failed + s.Operations.Unknown + s.Operations.Refused
}

// Best returns the index of the ranked summary with the best value, or -1 where
// fewer than two have one, or the best two are equal.
func (g *Group) Best(higherIsBetter bool, value func(*Summary) (float64, bool)) int {
	best, bestValue, tie, n := -1, 0.0, false, 0
	for i := range g.Summaries {
		s := &g.Summaries[i]
		v, ok := value(s)
		if !ok || !s.Ranked() {
			continue
		}
		n++
		switch {
		case best < 0, higherIsBetter && v > bestValue, !higherIsBetter && v < bestValue:
			best, bestValue, tie = i, v, false
		case v == bestValue:
			tie = true
		}
	}
	if n < 2 || tie {
		return -1
	}
	return best
}
