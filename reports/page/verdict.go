package page

import (
	"fmt"
	"math"
	"slices"

	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/reports/tables"
)

// rankView is an arm in the ranking of its load.
type rankView struct {
	Label  string
	Swatch swatch
	Place  string // "1"; empty: not ranked
	Why    string // why it is not ranked

	Throughput string
	Bar        barView
	Latencies  []labelled // the median and p99

	Effects []effectView    // against the base; none for the base itself
	Verdict reports.Verdict // of all of them together
	Tone    string
	IsBase  bool
}

// barView is a bar in per cent of the longest of its group.
type barView struct {
	Length, Low, High string // as SVG wants them: "43.2%"
	Spread            bool   // Low and High differ
}

type labelled struct{ Name, Text string }

// effectView is the difference of one metric against the base.
type effectView struct {
	Metric, Ratio, Spread string
	Verdict               reports.Verdict
	Why                   string // it is inconclusive
	Tone                  string // class: good, bad, same or open
}

// rankingOf puts the arms in the order of the headline.
func rankingOf(g *reports.Group, looks map[*reports.Arm]look, comparisons []reports.Comparison) []rankView {
	order := g.Order()
	longest := 0.0
	for _, s := range order {
		longest = max(longest, s.Throughput.Max)
	}
	var list []rankView
	place := 0
	for _, s := range order {
		r := rankView{
			Label: s.Arm.Label, Swatch: looks[s.Arm].swatch, IsBase: len(comparisons) > 0 && s.Arm == comparisons[0].Base.Arm,
			Throughput: reports.Throughput().Format(s.Throughput.Median), Bar: barOf(s.Throughput, longest),
		}
		switch {
		case s.Ranked():
			place++
			r.Place = fmt.Sprint(place)
		case !s.Valid:
			r.Why = "INVALID, not ranked"
		default:
			r.Why = "zero line, not ranked"
		}
		for _, p := range s.Latency {
			if p.Carried && (p.Quantile == 0.5 || p.Quantile == 0.99) {
				r.Latencies = append(r.Latencies, labelled{reports.FormatQuantile(p.Quantile), atLeast(s) + reports.FormatLatency(float64(p.Value))})
			}
		}
		r.setEffects(s.Arm, comparisons)
		list = append(list, r)
	}
	return list
}

// atLeast marks percentiles that refused operations make lower bounds.
func atLeast(s *reports.Summary) string {
	if s.Censored {
		return ">"
	}
	return ""
}

func barOf(s reports.Spread, longest float64) barView {
	percent := func(v float64) string { return fmt.Sprintf("%.2f%%", 100*v/max(longest, 1e-9)) }
	return barView{percent(s.Median), percent(s.Min), percent(s.Max), s.Max > s.Min}
}

// setEffects takes what a reader asks first: the metrics that get a verdict.
func (r *rankView) setEffects(arm *reports.Arm, comparisons []reports.Comparison) {
	i := slices.IndexFunc(comparisons, func(c reports.Comparison) bool { return c.Other.Arm == arm })
	if i < 0 {
		return
	}
	c := &comparisons[i]
	r.Verdict, r.Tone = c.Verdict, toneOf(c.Verdict)
	for j := range c.Differences {
		if d := &c.Differences[j]; d.Gating && d.Ratio.N > 0 {
			r.Effects = append(r.Effects, newEffect(d, c.Verdict))
		}
	}
}

// newEffect takes the estimate with its interval where the comparison is paired,
// and the medians with their range where it is not. A verdict that only repeats
// that of all metrics together is left out.
func newEffect(d *reports.Difference, together reports.Verdict) effectView {
	e := effectView{Metric: d.Metric.Title, Why: d.Why}
	if d.Verdict != together {
		e.Verdict, e.Tone = d.Verdict, toneOf(d.Verdict)
	}
	switch {
	case d.Effect.N > 0:
		e.Ratio = reports.FormatRatio(d.Effect.Ratio)
		e.Spread = reports.FormatInterval(d.Effect.Low, d.Effect.High)
	default:
		e.Ratio = reports.FormatRatio(d.Ratio.Median)
		e.Spread = reports.FormatInterval(d.Ratio.Min, d.Ratio.Max)
	}
	if e.Spread == reports.FormatInterval(d.Ratio.Median, d.Ratio.Median) {
		e.Spread = "" // one pair has no spread
	}
	return e
}

func toneOf(v reports.Verdict) string {
	switch v {
	case reports.Better:
		return "good"
	case reports.Worse:
		return "bad"
	case reports.Equivalent:
		return "same"
	}
	return "open"
}

// compareView is one comparison with all its metrics.
type compareView struct {
	Title    string
	Table    tables.Table
	Warnings []string
}

// comparisonsOf picks from the comparisons of a run those of one load.
func comparisonsOf(g *reports.Group, all []reports.Comparison) []reports.Comparison {
	var list []reports.Comparison
	for _, c := range all {
		if slices.ContainsFunc(g.Summaries, func(s reports.Summary) bool { return s.Arm == c.Other.Arm }) {
			list = append(list, c)
		}
	}
	return list
}

// sharedWarnings returns what every comparison warns of. The zero line has an
// obstacle of its own, which keeps all else from being said of it.
func sharedWarnings(list []reports.Comparison) []string {
	list = slices.DeleteFunc(slices.Clone(list), func(c reports.Comparison) bool { return c.Other.Arm.InProcess })
	if len(list) == 0 {
		return nil
	}
	var shared []string
	for _, w := range list[0].Warnings {
		if !slices.ContainsFunc(list, func(c reports.Comparison) bool { return !slices.Contains(c.Warnings, w) }) {
			shared = append(shared, w)
		}
	}
	return shared
}

// intervalName says what the brackets behind a factor hold; empty if there are none,
// because one pair has neither an interval nor a range.
func intervalName(list []reports.Comparison) string {
	confidence, pairs := 1.0, 0
	for i := range list {
		for _, d := range list[i].Differences {
			if !d.Gating {
				continue
			}
			if pairs = max(pairs, d.Effect.N); d.Effect.N > 1 {
				confidence = min(confidence, d.Effect.Confidence)
			}
		}
	}
	switch {
	case pairs == 1:
		return ""
	case confidence == 1:
		return "range of the replicates"
	case confidence >= 0.95:
		return "95 % interval"
	}
	return fmt.Sprintf("%.0f %% interval", math.Floor(100*confidence))
}
