package reports

import (
	"fmt"
	"math"
	"strconv"

	"github.com/raftbench/raftbench/reports/stats"
)

// Effect is by what factor the members of pairs differ. It is worked out on the
// logarithms of the factors: noise acts in proportion, half and double are equally far
// from one, and A against B is exactly the inverse of B against A.
type Effect struct {
	N int // pairs that it is worked out from; zero: none, the rest is meaningless

	Ratio     float64 // Hodges-Lehmann estimate
	Low, High float64 // exact interval, see stats.Shift

	// Confidence of the interval: 0.95 or a little more, less with fewer than 6 pairs.
	Confidence float64

	// P is the exact two-sided sign-flip significance of this metric by itself.
	P float64
}

func newEffect(ratios []float64) Effect {
	logs := make([]float64, len(ratios))
	for i, r := range ratios {
		logs[i] = math.Log(r)
	}
	s := stats.PairedShift(logs, 1-alpha)
	return Effect{s.N, math.Exp(s.Estimate), math.Exp(s.Low), math.Exp(s.High), s.Confidence, s.P}
}

// FormatEffect writes an estimate with its interval: "+9.4 % [+7.1 %, +12.0 %]".
func FormatEffect(e Effect) string {
	if e.N == 0 {
		return "-"
	}
	return fmt.Sprintf("%s [%s, %s]", FormatRatio(e.Ratio), FormatRatio(e.Low), FormatRatio(e.High))
}

// FormatInterval writes two ratios: "+7.1 % to +12.0 %".
func FormatInterval(low, high float64) string { return FormatRatio(low) + " to " + FormatRatio(high) }

// FormatPercent writes a share: "3 %", "0.5 %".
func FormatPercent(share float64) string {
	return strconv.FormatFloat(math.Round(1000*share)/10, 'f', -1, 64) + " %"
}

// FormatP writes a significance in two digits.
func FormatP(p float64) string {
	switch {
	case p < 0.001:
		return "<0.001"
	case p < 0.1:
		return strconv.FormatFloat(p, 'f', 3, 64)
	}
	return strconv.FormatFloat(p, 'f', 2, 64)
}
