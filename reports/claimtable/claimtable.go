// Package claimtable is the table of published claims and of what became of each
// on one machine: the claim with its source, the rule by which it was judged, the
// figures that were measured, and the verdict. It is what claims.json holds.
//
// It measures nothing and judges nothing; that is experiment/claims, which works
// the table out from stored results. It draws nothing either: tables writes it as
// text and Markdown, page as HTML. It starts no goroutine.
package claimtable

import (
	"fmt"
	"slices"
	"time"

	"github.com/raftbench/raftbench/reports"
)

// Verdict is what may be said of a claim, or of one of its figures.
type Verdict string

// The verdicts. "Here" is this machine with this program: a claim that does not
// hold here may hold where it was made.
const (
	Holds        Verdict = "holds here"
	DoesNotHold  Verdict = "does not hold here"
	CannotBeTold Verdict = "cannot be told"
)

// Table is the claims in their order.
type Table struct {
	Machine string       `json:"machine"` // reports.Run.Machine; empty: nothing was measured
	Tool    reports.Tool `json:"tool"`    // that measured

	// From when to when was measured; zero where nothing was.
	Started  time.Time `json:"started,omitzero"`
	Finished time.Time `json:"finished,omitzero"`

	// Warnings are one-line remarks on the whole: results of several machines.
	Warnings []string `json:"warnings,omitempty"`

	Claims []Claim `json:"claims"`
}

// Claim is a published claim and what became of it.
type Claim struct {
	Number   int      `json:"number"` // from 1, as on the command line
	ID       string   `json:"id"`     // "grpc-streams-halve-unary"
	Sentence string   `json:"claim"`
	Sources  []Source `json:"sources"`

	Setup     string `json:"setup"`     // what stands here for what was measured there, and what differs
	Rule      string `json:"rule"`      // when it holds, when it does not; written before anything was measured
	Mechanism string `json:"mechanism"` // why it may not hold

	Verdict Verdict  `json:"verdict"`
	Because string   `json:"because"` // the figure that decided, or what keeps the claim from being told
	Figures []Figure `json:"figures"`

	Measured string `json:"measured,omitempty"` // "8 replicates of 1.5s each, interleaved"; empty: not measured
	Results  string `json:"results,omitempty"`  // folder of the results, beside the table
}

// Source is where a claim was published.
type Source struct {
	Text string `json:"text"`
	URL  string `json:"url,omitempty"` // empty: none is known, as with folklore
}

// Figure is one measured number, as an estimate with its interval.
type Figure struct {
	Metric  string `json:"metric"`            // name with its unit: "latency_ns_p99"
	Title   string `json:"title"`             // of the metric, for a reader: "p99"
	Arm     string `json:"arm"`               // label within the results
	Against string `json:"against,omitempty"` // label of the arm that Arm is divided by; empty: the number is Arm's own

	Claimed  string `json:"claimed,omitempty"` // as published; empty: nothing was
	Line     string `json:"line,omitempty"`    // when the figure holds: "at least x2"; empty: it is shown and not judged
	Measured string `json:"measured"`          // written out; "-" where there is nothing

	// Value with its interval: a ratio if there is Against, otherwise in the metric's
	// unit. All zero where N is. Confidence is that of the interval; zero: Low and High
	// are the extremes of the replicates.
	Value      float64 `json:"value"`
	Low        float64 `json:"low"`
	High       float64 `json:"high"`
	N          int     `json:"n"` // pairs or replicates
	Confidence float64 `json:"confidence"`

	// Limit is the number that Line is about, in the unit of Value; zero: none.
	Limit float64 `json:"limit,omitempty"`

	Verdict Verdict `json:"verdict,omitempty"` // empty: not judged
	Why     string  `json:"why,omitempty"`     // of CannotBeTold
	Counts  bool    `json:"counts"`            // it is part of the claim's verdict
}

// Reading says how to read a table: what every rule has in common.
const Reading = "A ratio is between two arms that were measured in the same blocks, in random order: the Hodges-Lehmann estimate of the paired ratios, with its exact 95 % interval in brackets. " +
	"A figure holds if its whole interval is on the side of the line that the rule names, and does not if it is wholly on the other. " +
	"It cannot be told where the interval reaches over the line, an arm is INVALID, or there are fewer than six blocks. " +
	"Every figure has its own interval: of twenty, one may miss by chance. " +
	"Figures without a line, or with their verdict in brackets, are shown beside and decide nothing; those of one arm alone are the median with the least and the greatest replicate."

// Count says how many claims have a verdict.
func (t *Table) Count(v Verdict) int {
	n := 0
	for i := range t.Claims {
		if t.Claims[i].Verdict == v {
			n++
		}
	}
	return n
}

// Headline is the whole table in a sentence: "12 published claims: 3 hold here, 7 do not, 2
// cannot be told."
func (t *Table) Headline() string {
	return fmt.Sprintf("%s: %s here, %s, %d cannot be told.", many(len(t.Claims), "published claim", "published claims"),
		many(t.Count(Holds), "holds", "hold"), many(t.Count(DoesNotHold), "does not", "do not"), t.Count(CannotBeTold))
}

func many(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}

// Measured reports whether anything was.
func (t *Table) Measured() bool { return t.Machine != "" }

// Windows is how often and for how long was measured, as a sentence; empty: not at all.
func (c *Claim) Windows() string {
	if c.Measured == "" {
		return ""
	}
	return "Of each arm: " + c.Measured + "."
}

// Decisive is the figure that the verdict rests on, or nil if no number does.
func (c *Claim) Decisive() *Figure {
	for i := range c.Figures {
		if f := &c.Figures[i]; f.Counts && f.Verdict == c.Verdict && f.N > 0 {
			return f
		}
	}
	return nil
}

// Doubts are why figures cannot be told, each once.
func (c *Claim) Doubts() []string {
	var list []string
	for i := range c.Figures {
		if why := c.Figures[i].Why; why != "" && !slices.Contains(list, why) {
			list = append(list, why)
		}
	}
	return list
}

// Short is the figure in a few words: "throughput x0.41 [x0.39, x0.44], holds if at least x2".
func (f *Figure) Short() string {
	return fmt.Sprintf("%s %s, holds if %s", f.Title, f.Measured, f.Line)
}
