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
// leads, or says why there is none to name. It is an estimate, not a verdict.
func (g *Group) Headline() Headline {
	var ranked []*Summary
	for i := range g.Summaries {
		if s := &g.Summaries[i]; s.Ranked() && s.Throughput.N > 0 && s.Throughput.Median > 0 {
			ranked = append(ranked, s)
		}
	}
	slices.SortStableFunc(ranked, func(a, b *Summary) int {
		return cmp.Compare(b.Throughput.Median, a.Throughput.Median)
	})
	switch len(ranked) {
	case 0:
		return Headline{Text: "No arm can be ranked.", Note: g.unranked()}
	case 1:
		s := ranked[0]
		return Headline{Text: fmt.Sprintf("%s: %s operations per second.", s.Arm.Label, FormatCount(s.Throughput.Median)), Note: g.unranked()}
	}

	first, second, last := ranked[0], ranked[1], ranked[len(ranked)-1]
	h := Headline{Note: strings.TrimSpace(sureness(first, second) + " " + g.unranked())}
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
