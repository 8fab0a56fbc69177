package reports

import "math"

// CurvePoint is a point of a percentile curve.
type CurvePoint struct {
	Quantile float64 // 0 for the smallest value, 1 for the largest
	Value    int64
	Carried  bool // the sample is large enough to state this quantile (MinSamples)

	// Low and High are the confidence interval (Percentile); zero where the quantile
	// is not carried, and for the smallest value, which is no estimate.
	Low, High int64
}

// Curve returns the distribution at round quantiles, eleven to each nine (0, 10 %
// to 80 %, 90 %, 91 % and so on), as deep as there is a value for each, and the
// largest value. Empty histograms have no curve.
func (h *Histogram) Curve() []CurvePoint {
	n := h.Count()
	if n == 0 {
		return nil
	}
	var points []CurvePoint
	for nines := 0; ; nines++ {
		left := math.Pow10(-nines)
		for _, share := range []float64{1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.25, 0.2, 0.15} {
			if share*left*float64(n) < 1 {
				return append(points, CurvePoint{Quantile: 1, Value: h.Max()})
			}
			// Rounded, so that 1-0.1 prints as 0.9.
			points = append(points, h.curvePoint(math.Round((1-share*left)*1e12)/1e12))
		}
	}
}

func (h *Histogram) curvePoint(q float64) CurvePoint {
	n := h.Count()
	c := CurvePoint{Quantile: q, Value: h.AtRank(quantileRank(q, n)), Carried: n >= MinSamples(q)}
	if c.Carried && q > 0 {
		low, high := quantileRanks(q, n)
		c.Low, c.High = h.AtRank(low), h.AtRank(high)
	}
	return c
}

// ShareAt says how many of the values are at most a value.
type ShareAt struct {
	Value int64
	Count int64
	Share float64 // above 0, up to 1
}

// Cumulative returns the empirical distribution: for each value in use, to the
// histogram's precision, how many of the values are no larger.
func (h *Histogram) Cumulative() []ShareAt {
	var list []ShareAt
	total, seen := float64(h.Count()), int64(0)
	for value, count := range h.packed.ForEachBucket {
		seen += count
		list = append(list, ShareAt{value, seen, float64(seen) / total})
	}
	return list
}

// Distributions merges the arm's histograms over its replicates, one for each
// operation type and kind, in order of first appearance.
func (a *Arm) Distributions() []OpHistogram {
	type key struct {
		op   string
		kind Kind
	}
	var order []key
	parts := map[key][]*Histogram{}
	for i := range a.Replicates {
		for _, h := range a.Replicates[i].Histograms {
			k := key{h.Op, h.Kind}
			if parts[k] == nil {
				order = append(order, k)
			}
			parts[k] = append(parts[k], h.Histogram)
		}
	}
	var merged []OpHistogram
	for _, k := range order {
		merged = append(merged, OpHistogram{k.op, k.kind, MergeHistograms(parts[k]...)})
	}
	return merged
}
