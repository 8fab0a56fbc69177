// Package stats holds the statistics of paired comparisons: how large a shift is,
// between which bounds it lies, how surprising it would be if there were none, and
// what several such questions at once do to the answer.
//
// It is not a general library: everything here works on the differences within a
// handful of pairs and assumes of them only that a difference and its opposite
// are equally likely where nothing differs. That holds by design, not by hope,
// when the two members of a pair ran in random order. It knows no run and no
// metric; that is package reports. It is pure: it keeps nothing, draws no random
// number and starts no goroutine.
package stats

import (
	"math"
	"slices"
)

// Shift says by how much the members of pairs differ.
type Shift struct {
	N int // pairs

	// Estimate is the Hodges-Lehmann estimate: the median of the Walsh averages, which
	// are the means of every two differences and of each with itself. Outliers
	// hardly move it (Hodges and Lehmann, Estimates of location based on rank tests,
	// Annals of Mathematical Statistics 34, 1963).
	Estimate float64

	// Low and High bound the true shift with a probability of at least Confidence,
	// the bounds themselves included. They are Walsh averages as well: those at which
	// the exact signed-rank test would begin to object (Tukey; Hollander and Wolfe,
	// Nonparametric Statistical Methods, section 3.3).
	Low, High float64

	// Confidence is what was asked for or a little more, because there are finitely many
	// bounds to choose from; with fewer pairs than MinPairs it is less.
	Confidence float64

	// P is the share of all ways to flip the signs of the differences that give a sum
	// of signed ranks as far from zero as the one that was seen, or farther: the exact,
	// two-sided significance.
	P float64
}

// PairedShift examines the differences within pairs, which must be finite
// numbers. Without any the result is zero, and P is 1. confidence is that of the
// interval, such as 0.95.
func PairedShift(differences []float64, confidence float64) Shift {
	n := len(differences)
	if n == 0 {
		return Shift{P: 1}
	}
	walsh := walshAverages(differences)
	rank, achieved := intervalRank(n, (1-confidence)/2)
	return Shift{
		N:          n,
		Estimate:   Median(walsh),
		Low:        walsh[rank-1],
		High:       walsh[len(walsh)-rank],
		Confidence: achieved,
		P:          signFlip(differences),
	}
}

// HodgesLehmann is the Estimate of PairedShift alone. There must be a value.
func HodgesLehmann(differences []float64) float64 { return Median(walshAverages(differences)) }

// walshAverages returns the means of every two values and of each with itself, sorted.
func walshAverages(values []float64) []float64 {
	out := make([]float64, 0, len(values)*(len(values)+1)/2)
	for i, a := range values {
		for _, b := range values[i:] {
			out = append(out, a/2+b/2)
		}
	}
	slices.Sort(out)
	return out
}

// intervalRank returns which Walsh average, counted from either end, bounds the
// interval that leaves out at most tail at that end, and what the interval then
// covers. With too few pairs it is the first, which leaves out more.
func intervalRank(n int, tail float64) (rank int, covers float64) {
	if n > exactPairs {
		mean := float64(n) * float64(n+1) / 4
		sd := math.Sqrt(float64(n) * float64(n+1) * float64(2*n+1) / 24)
		return max(1, int(math.Floor(mean-normalQuantile(1-tail)*sd))), 1 - 2*tail
	}
	ranks := make([]int, n)
	for i := range ranks {
		ranks[i] = 2 * (i + 1)
	}
	share := flipped(ranks)
	below := share[0]
	rank = 1
	for below+share[2*rank] <= tail {
		below += share[2*rank]
		rank++
	}
	return rank, 1 - 2*below
}

// normalQuantile is the inverse of the normal distribution.
func normalQuantile(p float64) float64 { return math.Sqrt2 * math.Erfinv(2*p-1) }

// Median is the middle of values that are sorted, and of an even number the mean of the
// middle two. There must be one.
func Median(sorted []float64) float64 {
	n := len(sorted)
	if n%2 == 1 {
		return sorted[n/2]
	}
	return sorted[n/2-1]/2 + sorted[n/2]/2
}
