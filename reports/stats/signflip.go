package stats

import (
	"cmp"
	"math"
	"slices"
)

// exactPairs is up to where the 2^n sign flips are counted out. Beyond it the
// normal approximation is off by less than one part in a thousand of the tail that
// matters, and the count would take longer than a glance.
const exactPairs = 200

// signFlip is the exact two-sided p of the differences: under the hypothesis that
// nothing differs, each could as well have come with the opposite sign, and all 2^n ways
// to choose the signs are equally likely (Fisher, The Design of Experiments, section 21).
//
// The statistic is the sum of the ranks of the positive differences (Wilcoxon,
// Individual comparisons by ranking methods, Biometrics Bulletin 1, 1945), so that one
// wild replicate cannot hide the others, and so that the test and the interval of
// PairedShift say the same. Equal sizes share their mean rank. A difference of zero
// keeps its rank and adds nothing (Pratt, Remarks on zeros and ties in the Wilcoxon
// signed rank procedures, JASA 54, 1959). As the signs are flipped on the ranks that
// there are, ties and zeros leave the p exact.
func signFlip(differences []float64) float64 {
	ranks, positive := signedRanks(differences)
	total := 0
	for _, r := range ranks {
		total += r
	}
	extreme := max(positive, total-positive)
	if len(ranks) > exactPairs {
		return normalP(ranks, extreme, total)
	}
	share := flipped(ranks)
	p := 0.0
	for s := total; s >= extreme; s-- {
		p += share[s]
	}
	return min(1, 2*p)
}

// signedRanks returns the ranks of the sizes of all differences that are not zero,
// doubled so that mean ranks are whole, and the sum of those of positive ones.
func signedRanks(differences []float64) (doubled []int, positive int) {
	d := slices.Clone(differences)
	slices.SortFunc(d, func(a, b float64) int { return cmp.Compare(math.Abs(a), math.Abs(b)) })
	for from := 0; from < len(d); {
		to := from + 1
		for to < len(d) && math.Abs(d[to]) == math.Abs(d[from]) {
			to++
		}
		rank := from + to + 1 // twice the mean of from+1 to to
		for _, v := range d[from:to] {
			if v != 0 {
				doubled = append(doubled, rank)
			}
			if v > 0 {
				positive += rank
			}
		}
		from = to
	}
	return doubled, positive
}

// flipped returns what share of the ways to choose signs makes the sum of the
// positive ranks each of the values from zero to their total. It adds one rank after
// the other, in n times the total steps instead of 2^n.
func flipped(ranks []int) []float64 {
	total := 0
	for _, r := range ranks {
		total += r
	}
	share := make([]float64, total+1)
	share[0] = 1
	reach := 0
	for _, r := range ranks {
		reach += r
		for s := reach; s >= 0; s-- {
			with := 0.0
			if s >= r {
				with = share[s-r]
			}
			share[s] = (share[s] + with) / 2
		}
	}
	return share
}

// normalP approximates the same share for many pairs, corrected for continuity.
func normalP(ranks []int, extreme, total int) float64 {
	variance := 0.0
	for _, r := range ranks {
		variance += float64(r) * float64(r) / 4
	}
	z := (float64(extreme) - float64(total)/2 - 1) / math.Sqrt(variance)
	return min(1, math.Erfc(max(0, z)/math.Sqrt2))
}
