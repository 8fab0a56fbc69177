// Package calibration finds out what a machine is capable of telling apart, and keeps
// it: equal arms are compared with each other, so that whatever they differ by is noise
// (an A/A run), and an open loop drives a target that does nothing, so that whatever is
// late is the driver.
//
// It prints nothing and knows no flag; that is cmd/raftbench. What a verdict makes of the
// noise floor is package reports. DispatchLag waits for the goroutines of its driver;
// nothing else starts one.
package calibration

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/raftbench/raftbench/experiment"
	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/reports/stats"
)

// MinPairs is the least number of pairs that a calibration is worked out from.
const MinPairs = 6

// Plan makes two equal arms of settings that give a single one. The arms have the names
// "rawtcp A" and "rawtcp B".
func Plan(s *experiment.Settings) (*experiment.Plan, error) {
	alone, err := s.Plan()
	if err != nil {
		return nil, err
	}
	if len(alone.Arms) != 1 {
		return nil, fmt.Errorf("%d arms: a calibration compares one with itself", len(alone.Arms))
	}
	twice := *s
	twice.Named = nil
	for _, letter := range []string{" A", " B"} {
		twice.Named = append(twice.Named, experiment.NamedArm{Name: alone.Arms[0].Label + letter, Settings: s})
	}
	return twice.Plan()
}

// Floor is what is known of one metric from equal arms.
type Floor struct {
	Metric reports.Metric

	// Noise is the floor: a relative difference that equal arms exceed in one of twenty
	// comparisons of ten pairs.
	Noise float64

	// Pair is the standard deviation of the difference within a pair, relative.
	Pair float64

	// Resolution is the smallest change for the worse that ten pairs find nine times in
	// ten, by the default criteria and with this floor; infinite if more than 100 %.
	Resolution float64
}

// pairsCompared is how many pairs a floor is for: those of a comparison that follows the
// advice. With more it is on the safe side.
const pairsCompared = reports.PairsAdvised

// Floors works out the noise floors from a run of two equal arms, and from how many pairs.
// Pairs with a replicate that is INVALID are left out, unless they are allowed: a comparison
// that has any gets no verdict, so no floor is needed for it. The error says that too few
// are left.
func Floors(run *reports.Run, allowInvalid bool) (floors []Floor, pairs int, err error) {
	if len(run.Arms) != 2 {
		return nil, 0, fmt.Errorf("%d arms: a calibration has two", len(run.Arms))
	}
	fit := pairUp(&run.Arms[0], &run.Arms[1], allowInvalid)
	if len(fit) < MinPairs {
		return nil, len(fit), fmt.Errorf("%d of %d pairs are VALID, want %d: %s", len(fit), run.Plan.Replicates, MinPairs, firstReason(run))
	}
	for _, m := range reports.Metrics() {
		if d, ok := logRatios(m, fit); ok {
			floors = append(floors, newFloor(m, d))
		}
	}
	if len(floors) == 0 {
		return nil, len(fit), fmt.Errorf("fewer than %d pairs measured anything: %s", MinPairs, firstReason(run))
	}
	return floors, len(fit), nil
}

// New is the calibration to keep.
func New(run *reports.Run, floors []Floor, pairs int, lag *reports.Histogram) *reports.Calibration {
	c := &reports.Calibration{
		Measured: run.Started.Round(time.Second), Machine: run.Machine(), Pairs: pairs, Slice: run.Plan.Slice,
		NoiseFloor: map[string]float64{}, DispatchLag: lag,
	}
	for _, f := range floors {
		c.NoiseFloor[f.Metric.Name] = f.Noise
	}
	return c
}

func pairUp(a, b *reports.Arm, allowInvalid bool) [][2]*reports.Replicate {
	byBlock := map[int]*reports.Replicate{}
	for i := range b.Replicates {
		byBlock[b.Replicates[i].Block] = &b.Replicates[i]
	}
	var pairs [][2]*reports.Replicate
	for i := range a.Replicates {
		r := &a.Replicates[i]
		if other := byBlock[r.Block]; other != nil && (allowInvalid || r.Valid && other.Valid) {
			pairs = append(pairs, [2]*reports.Replicate{r, other})
		}
	}
	return pairs
}

func firstReason(run *reports.Run) string {
	for i := range run.Arms {
		for _, r := range run.Arms[i].Replicates {
			if !r.Valid && len(r.Reasons) > 0 {
				return r.Reasons[0]
			}
		}
	}
	return "too few were measured"
}

// logRatios are the differences within the pairs that have the metric, if those are enough.
func logRatios(m reports.Metric, pairs [][2]*reports.Replicate) ([]float64, bool) {
	var d []float64
	for _, p := range pairs {
		a, okA := m.Value(p[0])
		b, okB := m.Value(p[1])
		switch {
		case !okA || !okB:
		case a > 0 && b > 0:
			d = append(d, math.Log(b/a))
		case a == b:
			d = append(d, 0)
		}
	}
	return d, len(d) >= MinPairs
}

// draws is how many comparisons of equal arms are made up. The 95th percentile of
// so many is known to a tenth of itself.
const draws = 2000

// newFloor makes comparisons of equal arms up from the differences d of equal arms: pairs
// drawn with replacement, each with a random sign, for either arm might have come first
// (a bootstrap under the hypothesis that nothing differs). It assumes nothing of how
// noise is distributed; a pair that met an outlier is drawn as often as any other.
func newFloor(m reports.Metric, d []float64) Floor {
	rng := rand.New(rand.NewPCG(uint64(len(d)), draws))
	sizes := make([]float64, draws)
	for i := range sizes {
		sizes[i] = math.Abs(stats.HodgesLehmann(drawPairs(rng, d, 0)))
	}
	slices.Sort(sizes)
	sum := 0.0
	for _, v := range d {
		sum += v * v
	}
	f := Floor{Metric: m, Noise: math.Expm1(sizes[draws*95/100]), Pair: math.Expm1(math.Sqrt(sum / float64(len(d))))}
	f.Resolution = resolution(rng, d, math.Log1p(max(f.Noise, reports.DefaultMinEffect)))
	return f
}

// drawPairs makes up the differences of one comparison whose arms differ by shift.
func drawPairs(rng *rand.Rand, d []float64, shift float64) []float64 {
	out := make([]float64, pairsCompared)
	for i := range out {
		v := d[rng.IntN(len(d))]
		if rng.IntN(2) == 0 {
			v = -v
		}
		out[i] = v + shift
	}
	return out
}

// resolution searches the smallest shift that is found nine times in ten, by halving.
func resolution(rng *rand.Rand, d []float64, margin float64) float64 {
	found := func(shift float64) bool {
		const trials = 300
		hits := 0
		for range trials {
			// Two metrics gate by default, so p has to be half of 5 % to survive Holm.
			if s := stats.PairedShift(drawPairs(rng, d, shift), 0.95); s.P <= 0.025 && s.Estimate > margin {
				hits++
			}
		}
		return hits >= trials*9/10
	}
	low, high := margin, math.Ln2
	if !found(high) {
		return math.Inf(1)
	}
	for range 8 {
		if middle := (low + high) / 2; found(middle) {
			high = middle
		} else {
			low = middle
		}
	}
	return math.Expm1(high)
}
