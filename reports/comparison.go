package reports

import (
	"fmt"
	"slices"
)

// Side is one of the two arms of a comparison.
type Side struct {
	Label string // distinguishes the sides; for arms of several runs it names the run
	Run   *Run
	Arm   *Arm
}

// Comparison says how Other differs from Base.
type Comparison struct {
	Base, Other Side

	// Paired says that the arms were interleaved in one run, so that the two
	// replicates of a block are compared with each other and what drifts on the
	// machine from block to block cancels.
	Paired bool
	Pairs  int // blocks that have both

	Differences []Difference // of the metrics that both sides have
	Warnings    []string     // what makes the comparison less than it seems
}

// Difference is the difference in one metric.
type Difference struct {
	Metric      Metric
	Base, Other Spread

	// Absolute is Other minus Base and Ratio is Other over Base: over the blocks
	// if the comparison is paired; otherwise of the medians, with the extremes
	// that the replicates of both sides allow.
	Absolute, Ratio Spread

	Verdict Verdict
}

// Verdict is what may be concluded from a difference.
type Verdict string

// NoVerdict goes with an estimate: the difference and its spread are shown, and
// nothing is claimed about them.
const NoVerdict Verdict = "no verdict"

// pairsForVerdict is the least number of pairs from which a two-sided exact
// sign-flip test can reach 5 %: 2/2^6 is 3.1 %, 2/2^5 is 6.3 %.
const pairsForVerdict = 6

// Compare says how other differs from base. It refuses to compare a closed loop
// with an open one.
func Compare(base, other Side) (*Comparison, error) {
	bl, ol := base.Arm.Workload.Loop, other.Arm.Workload.Loop
	if bl != ol {
		return nil, fmt.Errorf("%s is a %s loop and %s an %s loop: their latencies mean different things and are not compared", base.Label, bl, other.Label, ol)
	}
	c := &Comparison{Base: base, Other: other, Paired: base.Run == other.Run && base.Run.Plan.Interleaved}
	pairs := pairUp(base.Arm, other.Arm)
	if c.Paired {
		c.Pairs = len(pairs)
	}
	for _, m := range Metrics() {
		d := Difference{Metric: m, Base: SpreadOf(m, base.Arm), Other: SpreadOf(m, other.Arm), Verdict: NoVerdict}
		if d.Base.N == 0 || d.Other.N == 0 {
			continue
		}
		if c.Paired {
			d.pair(pairs)
		} else {
			d.unpaired()
		}
		if d.Absolute.N > 0 {
			c.Differences = append(c.Differences, d)
		}
	}
	c.Warnings = c.warnings()
	return c, nil
}

// pairUp returns the replicates of a and b that ran in the same block.
func pairUp(a, b *Arm) [][2]*Replicate {
	byBlock := map[int]*Replicate{}
	for i := range b.Replicates {
		byBlock[b.Replicates[i].Block] = &b.Replicates[i]
	}
	var pairs [][2]*Replicate
	for i := range a.Replicates {
		if other, ok := byBlock[a.Replicates[i].Block]; ok {
			pairs = append(pairs, [2]*Replicate{&a.Replicates[i], other})
		}
	}
	return pairs
}

func (d *Difference) pair(pairs [][2]*Replicate) {
	var absolute, ratio []float64
	for _, p := range pairs {
		a, okA := d.Metric.Value(p[0])
		b, okB := d.Metric.Value(p[1])
		if !okA || !okB {
			continue
		}
		absolute = append(absolute, b-a)
		if a > 0 && b > 0 {
			ratio = append(ratio, b/a)
		}
	}
	d.Absolute, d.Ratio = NewSpread(absolute), NewSpread(ratio)
}

func (d *Difference) unpaired() {
	n := min(d.Base.N, d.Other.N)
	d.Absolute = Spread{n, d.Other.Median - d.Base.Median, d.Other.Min - d.Base.Max, d.Other.Max - d.Base.Min}
	if d.Base.Min > 0 && d.Other.Min > 0 {
		d.Ratio = Spread{n, d.Other.Median / d.Base.Median, d.Other.Min / d.Base.Max, d.Other.Max / d.Base.Min}
	}
}

func (c *Comparison) warnings() []string {
	var list []string
	warn := func(format string, args ...any) { list = append(list, fmt.Sprintf(format, args...)) }
	switch {
	case c.Base.Run != c.Other.Run:
		warn("the arms are of different runs and were not interleaved: what drifted on the machine between them is part of the difference")
	case !c.Paired:
		warn("the arms were not interleaved: what drifted on the machine between them is part of the difference")
	case c.Pairs < pairsForVerdict:
		warn("%s: an estimate; a verdict needs %d or more", plural(c.Pairs, "pair"), pairsForVerdict)
	}
	if a, b := c.Base.Run.Machine(), c.Other.Run.Machine(); a != b {
		warn("the machines or the Go versions differ: %s against %s", a, b)
	}
	if c.Base.Arm.Workload.Load != c.Other.Arm.Workload.Load {
		warn("the loads differ: %v against %v", c.Base.Arm.Workload.Load, c.Other.Arm.Workload.Load)
	}
	for _, side := range []Side{c.Base, c.Other} {
		if s := summarize(side.Arm); !s.Valid {
			warn("%s is INVALID: %s", side.Label, s.Reasons[0])
		}
		if side.Run.Status != StatusComplete {
			warn("%s is of a run that is %s", side.Label, side.Run.Status)
		}
	}
	return list
}

// Baseline picks what the other arms of one run are compared with: the first
// that is not the zero line, or the first.
func Baseline(r *Run) *Arm {
	for i := range r.Arms {
		if !r.Arms[i].InProcess {
			return &r.Arms[i]
		}
	}
	if len(r.Arms) > 0 {
		return &r.Arms[0]
	}
	return nil
}

// CompareArms compares every other arm of one run with base that has the same
// kind of loop.
func CompareArms(r *Run, base *Arm) []Comparison {
	var list []Comparison
	for i := range r.Arms {
		a := &r.Arms[i]
		if a == base {
			continue
		}
		if c, err := Compare(Side{base.Label, r, base}, Side{a.Label, r, a}); err == nil {
			list = append(list, *c)
		}
	}
	return list
}

// CompareRuns compares arms of the later runs with the arms of the same label of
// the first. Where each run has a single arm, they are compared whatever their
// labels. names are the runs' names, one each. The error says that there is
// nothing to compare.
func CompareRuns(runs []*Run, names []string) ([]Comparison, error) {
	var list []Comparison
	single := !slices.ContainsFunc(runs, func(r *Run) bool { return len(r.Arms) != 1 })
	for i, r := range runs[1:] {
		for j := range r.Arms {
			other := &r.Arms[j]
			base := runs[0].FindArm(other.Label)
			if single {
				base = &runs[0].Arms[0]
			}
			if base == nil {
				continue
			}
			c, err := Compare(Side{names[0] + " " + base.Label, runs[0], base}, Side{names[i+1] + " " + other.Label, r, other})
			if err != nil {
				return nil, err
			}
			list = append(list, *c)
		}
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("nothing to compare: no arm of %s has the label of an arm of the other runs", names[0])
	}
	return list, nil
}
