package reports

import (
	"fmt"
	"strings"
)

// Conclusion says in one sentence what came out of the comparison, the verdict first:
// "http is worse than rawtcp: throughput x0.26 [x0.25, x0.28] and p99 x3.8 [x3.6, x3.9]."
// Without a verdict it is an estimate and says so.
func (c *Comparison) Conclusion() string {
	words := c.byVerdict()
	var parts []string
	for _, v := range []Verdict{Worse, Better, Equivalent, Inconclusive, NoVerdict} {
		if len(words[v]) == 0 {
			continue
		}
		part := enumerate(words[v])
		if len(words) > 1 {
			part += " " + being(v, len(words[v]))
		}
		parts = append(parts, part)
	}
	if len(parts) == 0 {
		return fmt.Sprintf("No verdict on %s against %s: they have no gating metric in common.", c.Other.Label, c.Base.Label)
	}
	if c.Verdict == NoVerdict && len(words) == 1 {
		return c.Outcome() + "; an estimate: " + parts[0] + "."
	}
	return c.Outcome() + ": " + strings.Join(parts, "; ") + "."
}

// byVerdict writes the gating metrics out, by their verdicts.
func (c *Comparison) byVerdict() map[Verdict][]string {
	words := map[Verdict][]string{}
	for i := range c.Differences {
		d := &c.Differences[i]
		if !d.Gating {
			continue
		}
		text := d.Metric.Title + " " + FormatEffect(d.Effect)
		if d.Effect.N < pairsForVerdict {
			text = d.Metric.Title + " " + FormatRatio(d.Ratio.Median)
		}
		words[d.Verdict] = append(words[d.Verdict], text)
	}
	return words
}

// Outcome is the conclusion without its figures: "http is worse than rawtcp".
func (c *Comparison) Outcome() string {
	count := map[Verdict]int{}
	for i := range c.Differences {
		if d := &c.Differences[i]; d.Gating {
			count[d.Verdict]++
		}
	}
	relation := ""
	switch {
	case count[Better] > 0 && count[Worse] > 0:
		relation = "is a trade-off against"
	case c.Verdict == Better:
		relation = "is better than"
	case c.Verdict == Worse:
		relation = "is worse than"
	case c.Verdict == Equivalent:
		relation = "is equivalent to"
	case c.Verdict == Inconclusive:
		relation = "cannot be told from"
	default:
		return fmt.Sprintf("No verdict on %s against %s", c.Other.Label, c.Base.Label)
	}
	return fmt.Sprintf("%s %s %s", c.Other.Label, relation, c.Base.Label)
}

func being(v Verdict, n int) string {
	verb := "is"
	if n > 1 {
		verb = "are"
	}
	switch v {
	case NoVerdict:
		return verb + " an estimate"
	case Inconclusive:
		return verb + " open"
	}
	return verb + " " + string(v)
}

// enumerate joins words: "a", "a and b", "a, b and c".
func enumerate(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}

// Basis says in one sentence what the verdict rests on: "10 interleaved pairs, 95 %
// intervals, exact sign-flip test, Holm's correction for 2 questions; less than 3 % is no
// difference."
func (c *Comparison) Basis() string {
	if c.Questions == 0 || len(c.Obstacles) > 0 {
		return ""
	}
	text := fmt.Sprintf("%d interleaved pairs, 95 %% intervals, exact sign-flip test", c.Pairs)
	if c.Questions > 1 {
		text += fmt.Sprintf(", Holm's correction for %d questions", c.Questions)
	}
	return text + "; " + c.margins() + "."
}

// margins says what is too small to be a difference.
func (c *Comparison) margins() string {
	var list []string
	equal := true
	first := -1.0
	for i := range c.Differences {
		d := &c.Differences[i]
		if !d.Gating {
			continue
		}
		if first < 0 {
			first = d.Margin
		}
		equal = equal && d.Margin == first
		list = append(list, fmt.Sprintf("%s in %s", FormatPercent(d.Margin), d.Metric.Title))
	}
	if equal {
		return fmt.Sprintf("less than %s is no difference", FormatPercent(first))
	}
	return fmt.Sprintf("less than %s is no difference", enumerate(list))
}
