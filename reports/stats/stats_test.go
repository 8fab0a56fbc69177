package stats

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// about lets rounding pass and nothing else.
func about() cmp.Option { return cmpopts.EquateApprox(0, 1e-9) }

// Nine patients of Hollander and Wolfe (Nonparametric Statistical Methods, table
// 3.1): the book has an estimate of -0.46, and R's wilcox.test a p of 0.03906 and an
// interval from -0.786 to -0.010.
func TestKnownShift(t *testing.T) {
	patients := []float64{-0.952, 0.147, -1.022, -0.430, -0.620, -0.590, -0.490, 0.080, -0.010}
	want := Shift{N: 9, Estimate: -0.46, Low: -0.786, High: -0.010, Confidence: 1 - 2*10.0/512, P: 20.0 / 512}
	if diff := cmp.Diff(want, PairedShift(patients, 0.95), about()); diff != "" {
		t.Fatal(diff)
	}
}

func TestSmallShifts(t *testing.T) {
	for name, c := range map[string]struct {
		differences []float64
		want        Shift
	}{
		"none":          {nil, Shift{P: 1}},
		"one":           {[]float64{3}, Shift{N: 1, Estimate: 3, Low: 3, High: 3, Confidence: 0, P: 1}},
		"five":          {[]float64{1, 2, 3, 4, 5}, Shift{N: 5, Estimate: 3, Low: 1, High: 5, Confidence: 1 - 2.0/32, P: 2.0 / 32}},
		"six":           {[]float64{1, 2, 3, 4, 5, 6}, Shift{N: 6, Estimate: 3.5, Low: 1, High: 6, Confidence: 1 - 2.0/64, P: 2.0 / 64}},
		"all equal":     {[]float64{2, 2, 2, 2, 2, 2}, Shift{N: 6, Estimate: 2, Low: 2, High: 2, Confidence: 1 - 2.0/64, P: 2.0 / 64}},
		"all zero":      {[]float64{0, 0, 0, 0, 0, 0}, Shift{N: 6, Confidence: 1 - 2.0/64, P: 1}},
		"zeros and one": {[]float64{0, 0, 0, 0, 0, 9}, Shift{N: 6, Low: 0, High: 9, Confidence: 1 - 2.0/64, P: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, PairedShift(c.differences, 0.95), about()); diff != "" {
				t.Fatal(diff)
			}
		})
	}
}

// The critical values of Wilcoxon's test, two-sided at 5 %, are in every book: the
// interval begins one Walsh average further in.
func TestIntervalRanks(t *testing.T) {
	for n, critical := range map[int]int{
		6: 0, 7: 2, 8: 3, 9: 5, 10: 8, 11: 10, 12: 13, 13: 17, 14: 21, 15: 25, 16: 29, 17: 34, 18: 40, 19: 46, 20: 52, 25: 89, 30: 137,
	} {
		if rank, covers := intervalRank(n, 0.025); rank != critical+1 || covers < 0.95 || covers > 0.98 {
			t.Errorf("%d pairs: rank %d, covers %v; want rank %d", n, rank, covers, critical+1)
		}
	}
}

// draw makes differences with as many ties and zeros as a coarse clock makes.
func draw(rng *rand.Rand, n int, coarse bool) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = rng.NormFloat64() + 0.4
		if coarse {
			out[i] = math.Round(2 * out[i])
		}
	}
	return out
}

// A second, slow way to the same p: all 2^n flips, one by one.
func flipAll(differences []float64) float64 {
	var ranks, signs []float64
	seen := 0.0
	for _, d := range differences {
		smaller, same := 0.0, 0.0
		for _, other := range differences {
			switch {
			case math.Abs(other) < math.Abs(d):
				smaller++
			case math.Abs(other) == math.Abs(d):
				same++
			}
		}
		if d == 0 {
			continue
		}
		rank := smaller + (same+1)/2
		ranks, signs = append(ranks, rank), append(signs, math.Copysign(1, d))
		seen += rank * math.Copysign(1, d)
	}
	extreme := 0
	for flips := range 1 << len(ranks) {
		sum := 0.0
		for i, r := range ranks {
			sign := signs[i]
			if flips>>i&1 == 1 {
				sign = -sign
			}
			sum += sign * r
		}
		if math.Abs(sum) >= math.Abs(seen)-1e-9 {
			extreme++
		}
	}
	return float64(extreme) / float64(int(1)<<len(ranks))
}

func TestSignFlipCountsAllFlips(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		d := draw(rng, 1+rng.IntN(11), rng.IntN(2) == 0)
		if got, want := signFlip(d), flipAll(d); math.Abs(got-want) > 1e-12 {
			t.Fatalf("%v: p = %v, counted out %v", d, got, want)
		}
	}
}

// The interval is what the test does not object to: moved by anything inside, the
// differences have a p above 5 %, and by anything outside not.
func TestIntervalIsTheTestInverted(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 100 {
		d := draw(rng, 6+rng.IntN(6), false)
		s := PairedShift(d, 0.95)
		p := func(at float64) float64 {
			moved := slices.Clone(d)
			for i := range moved {
				moved[i] -= at
			}
			return flipAll(moved)
		}
		const step = 1e-7
		if p(s.Low-step) > 0.05 || p(s.Low+step) <= 0.05 || p(s.High-step) <= 0.05 || p(s.High+step) > 0.05 {
			t.Fatalf("%v: the interval is %v to %v, but p at and around its ends is %v %v, %v %v", d, s.Low, s.High,
				p(s.Low-step), p(s.Low+step), p(s.High-step), p(s.High+step))
		}
	}
}

func TestShiftFollowsTheDifferences(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for range 100 {
		d := draw(rng, 1+rng.IntN(30), rng.IntN(2) == 0)
		s := PairedShift(d, 0.95)
		mirrored := slices.Clone(d)
		for i := range mirrored {
			mirrored[i] = -mirrored[i]
		}
		want := Shift{N: s.N, Estimate: -s.Estimate, Low: -s.High, High: -s.Low, Confidence: s.Confidence, P: s.P}
		if diff := cmp.Diff(want, PairedShift(mirrored, 0.95), about()); diff != "" {
			t.Fatalf("%v mirrored: %s", d, diff)
		}
		rng.Shuffle(len(d), func(i, j int) { d[i], d[j] = d[j], d[i] })
		if diff := cmp.Diff(s, PairedShift(d, 0.95), about()); diff != "" {
			t.Fatalf("%v shuffled: %s", d, diff)
		}
	}
}

// The approximation for many pairs continues the exact count.
func TestManyPairsApproximate(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	d := make([]float64, exactPairs)
	for i := range d {
		d[i] = rng.NormFloat64() + 0.15
	}
	ranks, positive := signedRanks(d)
	total := exactPairs * (exactPairs + 1)
	exact, approximate := signFlip(d), normalP(ranks, max(positive, total-positive), total)
	if math.Abs(exact-approximate) > 0.02*exact {
		t.Errorf("p: exact %v, approximate %v", exact, approximate)
	}
	at, _ := intervalRank(exactPairs, 0.025)
	next, covers := intervalRank(exactPairs+1, 0.025)
	if step := next - at; step < 60 || step > 120 || covers != 0.95 {
		t.Errorf("the interval's rank goes from %d to %d, covering %v", at, next, covers)
	}
	if s := PairedShift(append(d, d...), 0.95); s.P > exact || s.Low > s.Estimate || s.High < s.Estimate {
		t.Errorf("twice the pairs: %+v", s)
	}
}

// Of many samples around a known shift, the interval misses it no more often than it says.
func TestIntervalCovers(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 10))
	for _, n := range []int{6, 10, 20} {
		const trials, shift = 4000, 0.7
		missed, promised := 0, 0.0
		for range trials {
			d := make([]float64, n)
			for i := range d {
				d[i] = shift + math.Copysign(rng.ExpFloat64(), rng.Float64()-0.5)
			}
			s := PairedShift(d, 0.95)
			promised = 1 - s.Confidence
			if s.Low > shift || s.High < shift {
				missed++
			}
		}
		share := float64(missed) / trials
		if tolerance := 3 * math.Sqrt(promised/trials); math.Abs(share-promised) > tolerance {
			t.Errorf("%d pairs: missed in %.3f of the trials, promised %.3f", n, share, promised)
		}
	}
}

func TestHolm(t *testing.T) {
	for _, c := range []struct{ p, want []float64 }{
		{nil, []float64{}},
		{[]float64{0.03}, []float64{0.03}},
		{[]float64{0.01, 0.04, 0.03, 0.005}, []float64{0.03, 0.06, 0.06, 0.02}}, // R: p.adjust(method = "holm")
		{[]float64{0.02, 0.02, 0.02}, []float64{0.06, 0.06, 0.06}},
		{[]float64{0.9, 0.8}, []float64{1, 1}},
	} {
		if diff := cmp.Diff(c.want, Holm(c.p), about()); diff != "" {
			t.Errorf("%v: %s", c.p, diff)
		}
	}
}

func TestMinPairs(t *testing.T) {
	for questions, want := range map[int]int{1: 6, 2: 7, 3: 7, 4: 8, 12: 9} {
		t.Run(fmt.Sprint(questions), func(t *testing.T) {
			if got := MinPairs(0.05, questions); got != want {
				t.Fatalf("%d pairs, want %d", got, want)
			}
			same := make([]float64, want)
			for i := range same {
				same[i] = float64(i + 1)
			}
			if p := float64(questions) * PairedShift(same, 0.95).P; p > 0.05 {
				t.Fatalf("the least p of %d pairs is %v after the correction", want, p)
			}
		})
	}
}
