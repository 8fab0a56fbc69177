package reports

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Headline is what a reader should take away from one group of arms.
type Headline struct {
	Text string // one sentence
	Note string // how sure that is; one sentence, may be empty
}

// Headline names the arm that leads, or says why there is none to name: the one
// with the highest throughput in a closed loop, the one with the lowest p99 in an
// open one, where all achieve the rate that is offered. With enough interleaved
// pairs it is a verdict between the two that lead, otherwise an estimate.
func (g *Group) Headline() Headline {
	c := g.contest()
	switch len(c.ranked) {
	case 0:
		return Headline{Text: "No arm can be ranked.", Note: g.unranked()}
	case 1:
		return Headline{Text: fmt.Sprintf("%s: %s.", c.ranked[0].Arm.Label, c.phrase(c.ranked[0])), Note: g.unranked()}
	}
	h := c.estimate()
	if d, pairs := c.duel(); d != nil {
		h = c.verdict(d, pairs)
	}
	h.Note = strings.TrimSpace(h.Note + " " + g.unranked())
	return h
}

// Order returns the arms as the headline ranks them, those that are not ranked
// last.
func (g *Group) Order() []*Summary {
	c := g.contest()
	order := slices.Clone(c.ranked)
	for i := range g.Summaries {
		if s := &g.Summaries[i]; !slices.Contains(order, s) {
			order = append(order, s)
		}
	}
	return order
}

// contest is the ranked arms of a group in the order of what counts there.
type contest struct {
	run    *Run
	metric Metric
	ranked []*Summary
}

func (g *Group) contest() *contest {
	if g.Load.Loop == LoopOpen {
		if c := g.contestIn(Latency(0.99)); len(c.ranked) > 0 {
			return c
		}
	}
	return g.contestIn(Throughput())
}

// contestIn ranks by one metric; arms that do not have it are left out.
func (g *Group) contestIn(m Metric) *contest {
	c := &contest{run: g.run, metric: m}
	for i := range g.Summaries {
		if s := &g.Summaries[i]; s.Ranked() && c.spread(s).Median > 0 {
			c.ranked = append(c.ranked, s)
		}
	}
	slices.SortStableFunc(c.ranked, func(a, b *Summary) int {
		if !m.HigherIsBetter {
			a, b = b, a
		}
		return cmp.Compare(c.spread(b).Median, c.spread(a).Median)
	})
	return c
}

func (c *contest) spread(s *Summary) Spread { return SpreadOf(c.metric, s.Arm) }

// figure is an arm's value without a word.
func (c *contest) figure(s *Summary) string {
	if c.metric.HigherIsBetter {
		return FormatCount(c.spread(s).Median)
	}
	return c.metric.Format(c.spread(s).Median)
}

// phrase is an arm's value with what it is.
func (c *contest) phrase(s *Summary) string {
	if c.metric.HigherIsBetter {
		return c.figure(s) + " operations per second"
	}
	return c.metric.Title + " " + c.figure(s)
}

// both is the values of the two that lead.
func (c *contest) both() string {
	first, second := c.ranked[0], c.ranked[1]
	if c.metric.HigherIsBetter {
		return fmt.Sprintf("%s and %s lead with %s and %s operations per second and", first.Arm.Label, second.Arm.Label, c.figure(first), c.figure(second))
	}
	return fmt.Sprintf("%s and %s lead with a %s of %s and %s and", first.Arm.Label, second.Arm.Label, c.metric.Title, c.figure(first), c.figure(second))
}

// superlative is what the first has.
func (c *contest) superlative() string {
	if c.metric.HigherIsBetter {
		return "the highest " + c.metric.Title
	}
	return "the lowest " + c.metric.Title
}

// duel compares the two that lead, if there may be a verdict on them.
//
// They are compared because they came out first and second, which looks like choosing
// among many questions and calls for a correction. It does not: the better the winner's luck,
// the better on the whole that of the runner-up, who was chosen for it as well. For normal
// values of one variance, among others, the two-sided test of the winner against the
// runner-up is valid as it is (Hung and Fithian, Rank verification for exponential families,
// arXiv:1610.03944, Annals of Statistics 47, 2019). Arms may scatter differently, and ours
// is a test of ranks in pairs, which the theorem does not cover; so TestHeadlineAmongEqualArms
// counts how often one of equal arms is named best, unequal scatter included.
func (c *contest) duel() (*Difference, int) {
	if c.run == nil {
		return nil, 0
	}
	first, second := c.ranked[0].Arm, c.ranked[1].Arm
	between, err := compare(Side{second.Label, c.run, second}, Side{first.Label, c.run, first})
	if err != nil {
		return nil, 0
	}
	asked := between.ask(Criteria{Gating: []Metric{c.metric}}.withDefaults())
	if len(asked) == 0 {
		return nil, 0
	}
	d := asked[0]
	if behind := d.Effect.Ratio < 1; d.Effect.Ratio != 1 && behind == c.metric.HigherIsBetter { // within the pairs it is the other that leads
		c.ranked[0], c.ranked[1] = c.ranked[1], c.ranked[0]
		return c.duel()
	}
	d.AdjustedP = d.Effect.P
	d.Verdict, d.Why = d.judge(1)
	return d, between.Pairs
}

// verdict is the headline where the two that lead were told apart, or shown to be
// equivalent, or could not be.
func (c *contest) verdict(d *Difference, pairs int) Headline {
	first, second := c.ranked[0], c.ranked[1]
	figures := fmt.Sprintf("%s %s, p = %s", c.metric.Title, FormatEffect(d.Effect), FormatP(d.AdjustedP))
	h := Headline{Note: fmt.Sprintf("A verdict from %d interleaved pairs.", pairs)}
	switch {
	case d.Verdict == Equivalent:
		h.Text = fmt.Sprintf("%s are equivalent: %s.", c.both(), figures)
		h.Note += fmt.Sprintf(" Less than %s is no difference.", FormatPercent(d.Margin))
	case d.Verdict != Better:
		h.Text = fmt.Sprintf("%s cannot be told apart: %s.", c.both(), figures)
		h.Note += " Inconclusive: " + d.Why + "."
	case len(c.ranked) == 2:
		h.Text = fmt.Sprintf("%s is better than %s: %s.", first.Arm.Label, second.Arm.Label, figures)
	default:
		h.Text = fmt.Sprintf("%s has %s, %s; it is better than %s, the next: %s.",
			first.Arm.Label, c.superlative(), strings.TrimPrefix(c.phrase(first), c.metric.Title+" "), second.Arm.Label, figures)
	}
	return h
}

// estimate is the headline where there is no verdict.
func (c *contest) estimate() Headline {
	first, second, last := c.ranked[0], c.ranked[1], c.ranked[len(c.ranked)-1]
	h := Headline{Note: sureness(c.spread(first).N, c.spread(second).N)}
	if c.overlap(first, second) {
		h.Text = c.both() + " cannot be told apart: their replicates overlap."
		return h
	}
	h.Text = fmt.Sprintf("%s has %s: %s, ", first.Arm.Label, c.superlative(), strings.TrimPrefix(c.phrase(first), c.metric.Title+" "))
	if !c.metric.HigherIsBetter {
		h.Text += fmt.Sprintf("against %s of %s", c.figure(second), second.Arm.Label)
		if last != second {
			h.Text += fmt.Sprintf(" and %s of %s", c.figure(last), last.Arm.Label)
		}
		h.Text += "."
		return h
	}
	h.Text += fmt.Sprintf("%s times %s", c.factor(second), second.Arm.Label)
	if last != second {
		h.Text += fmt.Sprintf(" and %s times %s", c.factor(last), last.Arm.Label)
	}
	h.Text += "."
	return h
}

// overlap reports whether the replicates of the first do not all lie before those
// of the second.
func (c *contest) overlap(first, second *Summary) bool {
	a, b := c.spread(first), c.spread(second)
	if c.metric.HigherIsBetter {
		return a.Min <= b.Max
	}
	return a.Max >= b.Min
}

// factor is by how much the first leads before another.
func (c *contest) factor(other *Summary) string {
	return fmt.Sprintf("%.2f", c.spread(c.ranked[0]).Median/c.spread(other).Median)
}

// sureness says from how many replicates the two leaders are known.
func sureness(a, b int) string {
	n := min(a, b)
	if n == 1 {
		return "An estimate from 1 replicate: how much it varies is not known."
	}
	return fmt.Sprintf("An estimate from %d replicates.", n)
}

// unranked names the arms that were kept out.
func (g *Group) unranked() string {
	var invalid, zero []string
	for i := range g.Summaries {
		s := &g.Summaries[i]
		switch {
		case s.Arm.InProcess:
			zero = append(zero, s.Arm.Label)
		case !s.Valid:
			invalid = append(invalid, s.Arm.Label)
		}
	}
	var text []string
	if len(zero) > 0 {
		text = append(text, fmt.Sprintf("Not ranked, as nothing crosses a wire: %s.", strings.Join(zero, ", ")))
	}
	if len(invalid) > 0 {
		text = append(text, fmt.Sprintf("Not ranked, as the measurement is INVALID: %s.", strings.Join(invalid, ", ")))
	}
	return strings.Join(text, " ")
}
