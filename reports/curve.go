package reports

import "math"

// CurvePoint is a point of a percentile curve.
type CurvePoint struct {
	Quantile float64 // 0 for the smallest value, 1 for the largest
	Value    int64
	Carried  bool // the sample is large enough to state this quantile (MinSamples)
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
			q := math.Round((1-share*left)*1e12) / 1e12
			points = append(points, CurvePoint{q, h.AtRank(quantileRank(q, n)), n >= MinSamples(q)})
		}
	}
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
