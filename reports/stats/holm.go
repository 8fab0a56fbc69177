package stats

import (
	"cmp"
	"slices"
)

// Holm corrects the p of several questions that are asked at once, so that the
// probability of any wrong answer stays what it is for a single one, however the
// questions depend on each other: the smallest is multiplied by how many there are, the
// next by one less, and none becomes smaller than the one before it (Holm, A simple
// sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 6,
// 1979). The result is in the order of p.
func Holm(p []float64) []float64 {
	order := make([]int, len(p))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(p[a], p[b]) })
	adjusted := make([]float64, len(p))
	least := 0.0
	for i, at := range order {
		least = max(least, min(1, float64(len(p)-i)*p[at]))
		adjusted[at] = least
	}
	return adjusted
}

// MinPairs is the least number of pairs whose p can be as small as alpha after the
// correction for so many questions: all differences in one direction have a p of 2/2^n.
// For 5 % it is 6, and 7 for two questions.
func MinPairs(alpha float64, questions int) int {
	n := 1
	for p := 1.0; p*float64(questions) > alpha; p /= 2 {
		n++
	}
	return n
}
