package reports

import (
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

func TestExactAndApproximateRanksMeet(t *testing.T) {
	for _, q := range []float64{0.5, 0.9, 0.99} {
		at := int64(exactVariance / (q * (1 - q)))
		exactLow, exactHigh := quantileRanks(q, at-1)
		low, high := quantileRanks(q, at+1)
		if low-exactLow < -1 || low-exactLow > 3 || high-exactHigh < -1 || high-exactHigh > 3 {
			t.Errorf("q=%g: exact %d to %d, approximate %d to %d two values later", q, exactLow, exactHigh, low, high)
		}
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
