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

// Headline names the arm with the highest throughput, and by what factor it
// leads, or says why there is none to name. With enough interleaved pairs it is a
// verdict between the two that lead, otherwise an estimate.
func (g *Group) Headline() Headline {
	ranked := g.leaders()
	switch len(ranked) {
	case 0:
		return Headline{Text: "No arm can be ranked.", Note: g.unranked()}
	case 1:
		s := ranked[0]
		return Headline{Text: fmt.Sprintf("%s: %s operations per second.", s.Arm.Label, FormatCount(s.Throughput.Median)), Note: g.unranked()}
	}
	h := estimate(ranked)
	if d, c := g.duel(ranked); d != nil {
		h = verdict(ranked, d, c)
	}
	h.Note = strings.TrimSpace(h.Note + " " + g.unranked())
	return h
}

// leaders are the ranked arms, the highest throughput first.
func (g *Group) leaders() []*Summary {
	var ranked []*Summary
	for i := range g.Summaries {
		if s := &g.Summaries[i]; s.Ranked() && s.Throughput.N > 0 && s.Throughput.Median > 0 {
			ranked = append(ranked, s)
		}
	}
	slices.SortStableFunc(ranked, func(a, b *Summary) int {
		return cmp.Compare(b.Throughput.Median, a.Throughput.Median)
	})
	return ranked
}

// duel compares the throughput of the two that lead, if there may be a verdict on it.
//
// They are compared because they came out first and second, which looks like choosing
// among many questions. It is none: a winner that is tested against the runner-up is called
// one wrongly no more often than the test says (Hung and Fithian, Rank verification for
// exponential families, Annals of Statistics 47, 2019), because the runner-up of
// equal arms was chosen as well. So p is not corrected.
func (g *Group) duel(ranked []*Summary) (*Difference, *Comparison) {
	if g.run == nil {
		return nil, nil
	}
	first, second := ranked[0].Arm, ranked[1].Arm
	c, err := compare(Side{second.Label, g.run, second}, Side{first.Label, g.run, first})
	if err != nil {
		return nil, nil
	}
	asked := c.ask(Criteria{Gating: []Metric{Throughput()}}.withDefaults())
	if len(asked) == 0 {
		return nil, nil
	}
	d := asked[0]
	if d.Effect.Ratio < 1 { // within the pairs it is the other that leads
		ranked[0], ranked[1] = ranked[1], ranked[0]
		return g.duel(ranked)
	}
	d.AdjustedP = d.Effect.P
	d.Verdict, d.Why = d.judge(1)
	return d, c
}

// verdict is the headline where the two that lead were told apart, or shown to be
// equivalent, or could not be.
func verdict(ranked []*Summary, d *Difference, c *Comparison) Headline {
	first, second := ranked[0], ranked[1]
	figures := fmt.Sprintf("throughput %s, p = %s", FormatEffect(d.Effect), FormatP(d.AdjustedP))
	h := Headline{Note: fmt.Sprintf("A verdict from %d interleaved pairs.", c.Pairs)}
	leads := fmt.Sprintf("%s and %s lead with %s and %s operations per second", first.Arm.Label, second.Arm.Label,
		FormatCount(first.Throughput.Median), FormatCount(second.Throughput.Median))
	switch {
	case d.Verdict == Equivalent:
		h.Text = fmt.Sprintf("%s and are equivalent: %s.", leads, figures)
		h.Note += fmt.Sprintf(" Less than %s is no difference.", FormatPercent(d.Margin))
	case d.Verdict != Better:
		h.Text = fmt.Sprintf("%s and cannot be told apart: %s.", leads, figures)
		h.Note += " Inconclusive: " + d.Why + "."
	case len(ranked) == 2:
		h.Text = fmt.Sprintf("%s is better than %s: %s.", first.Arm.Label, second.Arm.Label, figures)
	default:
		h.Text = fmt.Sprintf("%s has the highest throughput, %s operations per second; it is better than %s, the next: %s.",
			first.Arm.Label, FormatCount(first.Throughput.Median), second.Arm.Label, figures)
	}
	return h
}

// estimate is the headline where there is no verdict.
func estimate(ranked []*Summary) Headline {
	first, second, last := ranked[0], ranked[1], ranked[len(ranked)-1]
	h := Headline{Note: sureness(first, second)}
	if first.Throughput.Min <= second.Throughput.Max {
		h.Text = fmt.Sprintf("%s and %s lead with %s and %s operations per second and cannot be told apart: their replicates overlap.",
			first.Arm.Label, second.Arm.Label, FormatCount(first.Throughput.Median), FormatCount(second.Throughput.Median))
		return h
	}
	h.Text = fmt.Sprintf("%s has the highest throughput: %s operations per second, %s times %s",
		first.Arm.Label, FormatCount(first.Throughput.Median), factor(first, second), second.Arm.Label)
	if last != second {
		h.Text += fmt.Sprintf(" and %s times %s", factor(first, last), last.Arm.Label)
	}
	h.Text += "."
	return h
}

// sureness says from how many replicates the two leaders are known.
func sureness(a, b *Summary) string {
	n := min(a.Throughput.N, b.Throughput.N)
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

func factor(a, b *Summary) string {
	return fmt.Sprintf("%.2f", a.Throughput.Median/b.Throughput.Median)
}
