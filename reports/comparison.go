package reports

import (
	"fmt"
	"math"
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

	// Verdict is what the gating metrics say together: Better where one is better and
	// none is worse, Worse the other way round, Equivalent where all are, NoVerdict
	// where there is an obstacle, and otherwise Inconclusive. Judge sets it.
	Verdict Verdict

	// Obstacles keep the comparison from having a verdict, one line each.
	Obstacles []string

	// Questions is how many gating metrics were judged at once, in this comparison and
	// in those that it was judged with: what Holm's correction is for.
	Questions int

	// Warnings are the obstacles, and what else makes the comparison less than it seems.
	Warnings []string
}

// Difference is the difference in one metric.
type Difference struct {
	Metric      Metric
	Base, Other Spread

	// Absolute is Other minus Base and Ratio is Other over Base: over the blocks
	// if the comparison is paired; otherwise of the medians, with the extremes
	// that the replicates of both sides allow.
	Absolute, Ratio Spread

	// Effect is the estimate of the ratio with its exact interval and significance;
	// its N is zero unless the comparison is paired.
	Effect Effect

	// Gating says that the metric was to get a verdict, against the Margin: the smallest
	// relative difference asked for or NoiseFloor, whichever is larger. AdjustedP is P
	// after Holm's correction; 1 where there is no verdict.
	Gating     bool
	Margin     float64
	NoiseFloor float64
	AdjustedP  float64

	Verdict Verdict
	Why     string // of an inconclusive verdict: what it would take; otherwise empty
}

// Compare says how other differs from base, with a verdict by the default criteria;
// Judge applies others. It refuses to compare a closed loop with an open one.
func Compare(base, other Side) (*Comparison, error) {
	c, err := compare(base, other)
	if err != nil {
		return nil, err
	}
	list := []Comparison{*c}
	Judge(list, Criteria{})
	return &list[0], nil
}

// CompareIn is Compare in one metric alone, which is the only one that gets a verdict.
func CompareIn(base, other Side, m Metric) (*Comparison, error) {
	c, err := compareIn(base, other, []Metric{m})
	if err != nil {
		return nil, err
	}
	list := []Comparison{*c}
	Judge(list, Criteria{Gating: []Metric{m}})
	return &list[0], nil
}

func compare(base, other Side) (*Comparison, error) { return compareIn(base, other, Metrics()) }

func compareIn(base, other Side, metrics []Metric) (*Comparison, error) {
	bl, ol := base.Arm.Workload.Loop, other.Arm.Workload.Loop
	if bl != ol {
		return nil, fmt.Errorf("%s ran in a loop that is %s and %s in one that is %s: their latencies mean different things and are not compared", base.Label, bl, other.Label, ol)
	}
	c := &Comparison{Base: base, Other: other, Paired: base.Run == other.Run && base.Run.Plan.Interleaved}
	pairs := pairUp(base.Arm, other.Arm)
	if c.Paired {
		c.Pairs = len(pairs)
	}
	for _, m := range metrics {
		c.measure(m, pairs)
	}
	return c, nil
}

// measure adds the difference in a metric, if both sides have it.
func (c *Comparison) measure(m Metric, pairs [][2]*Replicate) {
	d := Difference{Metric: m, Base: SpreadOf(m, c.Base.Arm), Other: SpreadOf(m, c.Other.Arm), AdjustedP: 1, Verdict: NoVerdict}
	if d.Base.N == 0 || d.Other.N == 0 {
		return
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
		switch {
		case a > 0 && b > 0:
			ratio = append(ratio, b/a)
		case a == b:
			ratio = append(ratio, 1) // nothing on both sides is no difference
		}
	}
	d.Absolute, d.Ratio, d.Effect = NewSpread(absolute), NewSpread(ratio), newEffect(ratio)
	if d.Effect.N > 0 && d.Base.Median > 0 {
		// One estimate in two units: the median of the differences may have the other sign.
		d.Absolute.Median = (d.Effect.Ratio - 1) * d.Base.Median
	}
}

func (d *Difference) unpaired() {
	n := min(d.Base.N, d.Other.N)
	d.Absolute = Spread{n, d.Other.Median - d.Base.Median, d.Other.Min - d.Base.Max, d.Other.Max - d.Base.Min}
	if d.Base.Min > 0 && d.Other.Min > 0 {
		d.Ratio = Spread{n, d.Other.Median / d.Base.Median, d.Other.Min / d.Base.Max, d.Other.Max / d.Base.Min}
	}
}

// Difference returns that in a metric, or nil.
func (c *Comparison) Difference(m Metric) *Difference {
	i := slices.IndexFunc(c.Differences, func(d Difference) bool { return d.Metric.Name == m.Name })
	if i < 0 {
		return nil
	}
	return &c.Differences[i]
}

// floor returns the smallest relative difference that the machine can tell from
// none, and whether it was found by a calibration.
func (c *Comparison) floor(m Metric) (share float64, calibrated bool) {
	if known := c.Base.Run.calibration(); known != nil {
		if v, ok := known.NoiseFloor[m.Name]; ok && v >= 0 && !math.IsInf(v, 0) {
			return v, true
		}
	}
	return DefaultNoiseFloor, false
}

// calibration is that of the run's machine and way of measuring, or nil.
func (r *Run) calibration() *Calibration {
	c := r.Calibration
	if c == nil || c.Machine != r.Machine() || (c.Slice > 0) != (r.Plan.Slice > 0) {
		return nil
	}
	return c
}

// Exact says that there are pairs enough for the intervals to be exact ones of 95 %; if
// not, what stands in their place is the spread of the replicates.
func (c *Comparison) Exact() bool { return c.Paired && c.Pairs >= pairsForVerdict }
