package workloads

import (
	"fmt"
	"math"
	"slices"
)

// SteadyShare is the change that is too small to matter, as a share of the level.
const SteadyShare = 0.10

// steady reports whether successive values, at least six, come from a level that
// stays where it is, and if not, what moves. Two things make them unsteady:
//
//   - a trend, by the test of H. B. Mann (Econometrica 13(3), 1945), that adds up to
//     more than share of the level by P. K. Sen's slope (JASA 63(324), 1968);
//   - a step: the medians of the two halves are further apart than that and
//     than 3.5 standard errors, by the scatter within the halves or by counting.
//
// Neither is moved by one value that is off, such as a moment in which something
// else had the CPU. Counts, if not nil, are what the values were counted from.
// Deviations is how sure the trend must be, in standard deviations of the test.
func steady(x, counts []float64, share, deviations float64) (bool, string) {
	n := len(x)
	level := median(x)
	if change := slope(x) * float64(n-1); trend(x, deviations) && math.Abs(change) > share*level {
		return false, fmt.Sprintf("had a trend of %s", moved(change, level, x[:n/3], x[n-n/3:]))
	}
	first, second := x[:n/2], x[n/2:]
	step := median(second) - median(first)
	// The standard error of a median is 1.25 times that of a mean.
	errors := 1.25 * scatter(x, counts) * math.Sqrt(4/float64(n))
	if math.Abs(step) > max(share*level, 3.5*errors) {
		return false, fmt.Sprintf("changed by %s from one half to the other", moved(step, level, first, second))
	}
	return true, ""
}

// scatter is the standard deviation of the values about the medians of their
// halves, or if that is more, what counting alone makes of it.
func scatter(x, counts []float64) float64 {
	var off []float64
	for _, half := range [][]float64{x[:len(x)/2], x[len(x)/2:]} {
		m := median(half)
		from := len(off)
		for _, v := range half {
			off = append(off, math.Abs(v-m))
		}
		// The median of an odd number is one of them, and no distance from itself: with
		// three values that matters.
		if len(half)%2 == 1 {
			slices.Sort(off[from:])
			off = slices.Delete(off, from, from+1)
		}
	}
	s := madToDeviation * median(off)
	if c := median(counts); c > 0 {
		s = max(s, median(x)/math.Sqrt(c))
	}
	return s
}

// madToDeviation is the standard deviation of a normal distribution, in median
// absolute deviations.
const madToDeviation = 1.4826

// trend is the test of Mann and Kendall: whether more pairs of values go up than
// down, or down than up, than chance explains.
func trend(x []float64, deviations float64) bool {
	s := 0
	for i := range x {
		for _, later := range x[i+1:] {
			switch {
			case later > x[i]:
				s++
			case later < x[i]:
				s--
			}
		}
	}
	n := float64(len(x))
	deviation := math.Sqrt(n * (n - 1) * (2*n + 5) / 18)
	return math.Abs(float64(s))-1 > deviations*deviation // 1: for continuity
}

// slope is the median of the slopes of all pairs of values.
func slope(x []float64) float64 {
	var slopes []float64
	for i := range x {
		for j := i + 1; j < len(x); j++ {
			slopes = append(slopes, (x[j]-x[i])/float64(j-i))
		}
	}
	return median(slopes)
}

// median is zero if there are no values.
func median(x []float64) float64 {
	if len(x) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(x))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// moved writes a change from some values to others as a share of the level, or, where it
// is more than the level, and would read as if something had fallen by more than all of
// it, of the values that it came from.
func moved(change, level float64, from, to []float64) string {
	if math.Abs(change) <= level {
		return percent(change, level)
	}
	before := median(from)
	return percent(median(to)-before, before)
}

// percent writes a change as a share of a level.
func percent(change, level float64) string {
	if level == 0 {
		return "much"
	}
	return fmt.Sprintf("%+.0f %%", 100*change/level)
}
