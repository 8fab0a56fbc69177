package reports

import "slices"

// Spread is a number over replicates: the median and the extremes. With a
// handful of replicates that is all there is to say.
type Spread struct {
	N                int // replicates that have the number; zero: none, the rest is zero
	Median, Min, Max float64
}

// NewSpread sums values up.
func NewSpread(values []float64) Spread {
	if len(values) == 0 {
		return Spread{}
	}
	return Spread{len(values), median(values), slices.Min(values), slices.Max(values)}
}

// SpreadOf sums a metric up over the replicates of an arm.
func SpreadOf(m Metric, a *Arm) Spread {
	var values []float64
	for i := range a.Replicates {
		if v, ok := m.Value(&a.Replicates[i]); ok {
			values = append(values, v)
		}
	}
	return NewSpread(values)
}

// median of at least one value; of an even number the mean of the middle two.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	if n%2 == 1 {
		return sorted[n/2]
	}
	return (sorted[n/2-1] + sorted[n/2]) / 2
}
