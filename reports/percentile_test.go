package reports

import (
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/HdrHistogram/hdrhistogram-go"
)

func TestMinSamplesIsTheRuleOfTheHouse(t *testing.T) {
	for q, want := range map[float64]int64{0.5: 6, 0.9: 36, 0.99: 368, 0.999: 3688, 0.9999: 36887, 0.01: 368} {
		if got := MinSamples(q); got != want {
			t.Errorf("MinSamples(%g) = %d, want %d", q, got, want)
		}
	}
}

func TestPercentileIsStatedOnlyWhenTheSampleCarriesIt(t *testing.T) {
	for _, q := range []float64{0.5, 0.9, 0.99, 0.999} {
		enough := MinSamples(q)
		if p := histogramOf(1000, enough).Percentile(q); !p.Carried || p.Value == 0 {
			t.Errorf("p%g of %d values: %+v, want it stated", 100*q, enough, p)
		}
		if p := histogramOf(1000, enough-1).Percentile(q); p.Carried || p.Value != 0 {
			t.Errorf("p%g of %d values: %+v, want nothing", 100*q, enough-1, p)
		}
	}
}

func histogramOf(value, n int64) *Histogram {
	h := hdrhistogram.New(1, 1e9, 3)
	if err := h.RecordValues(value, n); err != nil {
		panic(err)
	}
	return NewHistogram(h)
}

// A percentile is the value at rank ceil(q*n) of the sorted data, up to the three
// digits of the histogram.
func TestPercentilesAgreeWithSortedData(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	draws := map[string]func() int64{
		"exponential": func() int64 { return int64(200e3 * rng.ExpFloat64()) },
		"uniform":     func() int64 { return rng.Int64N(5000) },
		"two humps":   func() int64 { return []int64{70e3, 4e6}[rng.IntN(2)] + rng.Int64N(1000) },
		"constant":    func() int64 { return 123456 },
	}
	for name, draw := range draws {
		for _, n := range []int{6, 7, 368, 1000, 40000} {
			data := make([]int64, n)
			h := hdrhistogram.New(1, 60e9, 3)
			for i := range data {
				data[i] = draw()
				if err := h.RecordValue(data[i]); err != nil {
					t.Fatal(err)
				}
			}
			slices.Sort(data)
			ours := NewHistogram(h)
			for _, q := range []float64{0.5, 0.9, 0.99, 0.999} {
				p := ours.Percentile(q)
				if !p.Carried {
					continue
				}
				low, high := quantileRanks(q, int64(n))
				checkRank(t, name, data, quantileRank(q, int64(n)), p.Value)
				checkRank(t, name+" low", data, low, p.Low)
				checkRank(t, name+" high", data, high, p.High)
			}
			for rank := int64(1); rank <= int64(min(n, 400)); rank++ {
				checkRank(t, name+" rank", data, rank, ours.AtRank(rank))
			}
		}
	}
}

func checkRank(t *testing.T, what string, sorted []int64, rank, got int64) {
	t.Helper()
	want := sorted[rank-1]
	if got < want || float64(got) > float64(want)*1.001+1 {
		t.Fatalf("%s: rank %d of %d is %d, the histogram says %d", what, rank, len(sorted), want, got)
	}
}

func TestQuantileRankDoesNotRoundUpTwice(t *testing.T) {
	for _, c := range []struct {
		q    float64
		n    int64
		want int64
	}{{0.9, 10, 9}, {0.99, 1000, 990}, {0.999, 4000, 3996}, {0.5, 7, 4}, {0.5, 6, 3}, {0.999, 3688, 3685}, {0, 10, 1}} {
		if got := quantileRank(c.q, c.n); got != c.want {
			t.Errorf("quantileRank(%g, %d) = %d, want %d", c.q, c.n, got, c.want)
		}
	}
}

// The intervals for the median are in every table of non-parametric statistics.
func TestQuantileRanksOfTheMedian(t *testing.T) {
	for n, want := range map[int64][2]int64{6: {1, 6}, 8: {1, 8}, 10: {2, 9}, 20: {6, 15}, 50: {18, 33}, 100: {40, 61}} {
		low, high := quantileRanks(0.5, n)
		if low != want[0] || high != want[1] {
			t.Errorf("median of %d: ranks %d to %d, want %d to %d", n, low, high, want[0], want[1])
		}
	}
}

// exactRanks works the interval of the quantile num/den out by brute force, in
// whole numbers: low is the largest rank whose value lies above the true quantile
// with a probability of at most 1/40, and high the smallest whose value lies below
// it with at most that.
func exactRanks(num, den int64, n int) (low, high int) {
	power := func(base int64, exponent int) *big.Int {
		return new(big.Int).Exp(big.NewInt(base), big.NewInt(int64(exponent)), nil)
	}
	all := power(den, n)
	below := make([]*big.Int, n+1) // of all outcomes, those with exactly k values below the quantile
	for k := range below {
		below[k] = new(big.Int).Binomial(int64(n), int64(k))
		below[k].Mul(below[k], power(num, k)).Mul(below[k], power(den-num, n-k))
	}
	rare := func(outcomes *big.Int) bool {
		return new(big.Int).Mul(outcomes, big.NewInt(40)).Cmp(all) <= 0
	}
	// The value of rank r lies above the quantile if fewer than r values lie below.
	sum := new(big.Int)
	for low = 0; low < n && rare(sum.Add(sum, below[low])); low++ {
	}
	// It lies below the quantile if r values or more do.
	sum.SetInt64(0)
	for high = n + 1; high > 1 && rare(sum.Add(sum, below[high-1])); high-- {
	}
	return low, high
}

func TestQuantileRanksAgainstBruteForce(t *testing.T) {
	for _, c := range []struct{ num, den int64 }{{1, 2}, {1, 4}, {9, 10}, {95, 100}, {99, 100}, {1, 100}} {
		q := float64(c.num) / float64(c.den)
		for n := int(MinSamples(q)); n <= 500; n += 1 + n/9 {
			wantLow, wantHigh := exactRanks(c.num, c.den, n)
			low, high := quantileRanks(q, int64(n))
			if low != int64(wantLow) || high != int64(wantHigh) {
				t.Errorf("p%g of %d: ranks %d to %d, brute force says %d to %d", 100*q, n, low, high, wantLow, wantHigh)
			}
		}
	}
}

// weighed works low out for a large n in another way: all terms relative to the
// largest, added up from both ends, without a logarithm.
func weighed(q float64, n int64) int64 {
	mode := int64(float64(n+1) * q)
	down, up := []float64{1}, []float64{}
	for k, term := mode, 1.0; k > 0 && term > 1e-30; k-- {
		term *= float64(k) / float64(n-k+1) * (1 - q) / q
		down = append(down, term)
	}
	for k, term := mode, 1.0; k < n && term > 1e-30; k++ {
		term *= float64(n-k) / float64(k+1) * q / (1 - q)
		up = append(up, term)
	}
	slices.Reverse(up)
	total := 0.0
	for _, list := range [][]float64{up, down[:1]} {
		for _, term := range list {
			total += term
		}
	}
	lower := 0.0
	for i := len(down) - 1; i > 0; i-- {
		lower += down[i]
	}
	total += lower
	k, sum := mode-int64(len(down))+1, 0.0
	for i := len(down) - 1; i >= 0; i-- {
		if sum += down[i] / total; sum > tail {
			return k
		}
		k++
	}
	return k
}

func TestQuantileRanksOfLargeSamples(t *testing.T) {
	for _, q := range []float64{0.1, 0.5, 0.9, 0.99, 0.999, 0.99999} {
		for _, n := range []int64{40_000, 4_000_000, 123_456_789, 2_000_000_000} {
			if n < MinSamples(q) {
				continue
			}
			if got, want := binomialQuantile(n, q, tail), weighed(q, n); got != want {
				t.Errorf("p%g of %d: low is rank %d, want %d", 100*q, n, got, want)
			}
		}
	}
}

func BenchmarkQuantileRanks(b *testing.B) {
	for b.Loop() {
		quantileRanks(0.5, 100_000_000)
	}
}

// The interval must hold the true quantile in 95 of 100 samples.
func TestConfidenceIntervalCovers(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	const repetitions = 2000
	for _, c := range []struct {
		q float64
		n int
	}{{0.5, 50}, {0.9, 200}, {0.99, 1000}} {
		low, high := quantileRanks(c.q, int64(c.n))
		covered := 0
		data := make([]float64, c.n)
		for range repetitions {
			for i := range data {
				data[i] = rng.Float64() // its quantile q is q
			}
			slices.Sort(data)
			if data[low-1] <= c.q && c.q <= data[high-1] {
				covered++
			}
		}
		if covered < repetitions*94/100 {
			t.Errorf("p%g of %d: the interval covers %d of %d, want 95 %%", 100*c.q, c.n, covered, repetitions)
		}
	}
}
