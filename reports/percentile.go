package reports

import "math"

// Quantiles returns the quantiles that the tables show.
func Quantiles() []float64 { return []float64{0.5, 0.9, 0.99, 0.999} }

// String writes the percentile with its confidence interval, all of it in the unit
// of the percentile: "1.02 ms [0.95, 1.10]". A dash where the sample does not carry
// it.
func (p Percentile) String() string {
	if !p.Carried {
		return "-"
	}
	unit := 1.0
	for _, u := range []float64{1e9, 1e6, 1e3} {
		if float64(p.Value) >= 0.9995*u {
			unit = u
			break
		}
	}
	return FormatLatency(float64(p.Value)) + " [" + threeDigits(float64(p.Low)/unit) + ", " + threeDigits(float64(p.High)/unit) + "]"
}

// tail is the probability left out at each side of a confidence interval.
const tail = 0.025

// MinSamples is the least number of values from which the quantile q may be
// stated: with fewer, all of them can lie below the true quantile more often
// than once in forty, and the interval has no upper end. It is 6 for the
// median, 368 for p99, 3,688 for p99.9 and 36,887 for p99.99.
func MinSamples(q float64) int64 {
	rarer := max(q, 1-q)
	if rarer >= 1 {
		return math.MaxInt64
	}
	return int64(math.Ceil(math.Log(tail) / math.Log(rarer)))
}

// quantileRank is the rank of the quantile q among n values: the smallest rank
// that has at least a share of q at or below it.
func quantileRank(q float64, n int64) int64 {
	// 0.9*10 is a little more than 9 in floating point; the ceiling must not be 10.
	rank := int64(math.Ceil(q*float64(n) - 1e-9*float64(n)))
	return min(max(rank, 1), n)
}

// quantileRanks returns the ranks between which the true quantile q lies with a
// probability of at least 95 %, whatever the distribution: the order-statistic
// interval. n must be at least MinSamples(q).
func quantileRanks(q float64, n int64) (low, high int64) {
	// The number of values below the true quantile is binomial(n, q).
	low = binomialQuantile(n, q, tail)
	high = n - binomialQuantile(n, 1-q, tail) + 1
	return max(low, 1), min(high, n)
}

// binomialQuantile returns the largest k with P(X < k) <= p for a binomial X,
// which is the smallest k with P(X <= k) > p. It sums the exact terms, whatever n:
// seven standard deviations of them. Both ends of the interval of the median of
// 10^8 values take 0.1 ms (BenchmarkQuantileRanks).
func binomialQuantile(n int64, q, p float64) int64 {
	mean, deviation := float64(n)*q, math.Sqrt(float64(n)*q*(1-q))
	// What lies further below the mean is less than 10^-17 of all, and is left out.
	k := int64(math.Max(0, math.Floor(mean-9*deviation-9)))
	term := math.Exp(logBinomial(n, k, q))
	odds := q / (1 - q)
	for sum := term; sum <= p && k < n; sum += term {
		term *= float64(n-k) / float64(k+1) * odds
		k++
	}
	return k
}

// logBinomial is the logarithm of the probability of exactly k of n.
func logBinomial(n, k int64, q float64) float64 {
	return logFactorial(n) - logFactorial(k) - logFactorial(n-k) + float64(k)*math.Log(q) + float64(n-k)*math.Log1p(-q)
}

func logFactorial(n int64) float64 {
	v, _ := math.Lgamma(float64(n) + 1)
	return v
}
