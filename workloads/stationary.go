package workloads

import (
	"fmt"
	"math"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// A window is looked at in stretches of equal length, stretchesMax of them if it
// has so many buckets of the series, and at least stretchesMin. With fewer than
// stretchOperations in the mean stretch there is nothing to be seen.
const (
	stretchesMin      = 6
	stretchesMax      = 12
	stretchOperations = 20

	// stretchDeviations is how sure a trend must be: with 6 stretches all 15 pairs must
	// go the same way (0.3 % of orders without a trend do), with 12 stretches 40 pairs
	// more one way than the other, of 66 (1 %). A false alarm costs a valid run.
	stretchDeviations = 2.6
)

// Stationary reports whether throughput, median and p90 of response kept their
// level during the window to a share of it, such as SteadyShare, and why not, or why
// that cannot be told. A window that is too short, or has too few operations, is
// taken as stationary. Of a schedule with several stages, each is looked at by
// itself; ramps are not meant to be stationary.
func (m *Measurement) Stationary(share float64) (ok bool, why string) {
	if len(m.Stages) == 0 {
		return m.stationary(m.Window.From, m.Window.To, share)
	}
	for i := range m.Stages {
		g := &m.Stages[i]
		if g.Stage.From != g.Stage.To {
			continue
		}
		if ok, why := m.stationary(g.From, g.To, share); !ok {
			return false, fmt.Sprintf("stage %d (%v): %s", i+1, g.Stage, why)
		}
	}
	return true, ""
}

// stationary looks at the part of the series that lies between two instants.
func (m *Measurement) stationary(from, to time.Duration, share float64) (bool, string) {
	width := m.Series.Width
	if width <= 0 {
		return true, "nothing was recorded"
	}
	first, last := m.Series.Within(from, to)
	buckets := last - first
	n := min(buckets/2*2, stretchesMax)
	if n < stretchesMin {
		return true, fmt.Sprintf("%v are too short to tell in steps of %v", to-from, width)
	}
	each := buckets / n
	first += buckets - n*each // the window's start is what is left out, if anything
	var counts, p50, p90 []float64
	total := 0.0
	for i := range n {
		completed, response := m.Series.total(first+i*each, each)
		counts, total = append(counts, completed), total+completed
		p50 = append(p50, float64(response.ValueAtPercentile(50)))
		p90 = append(p90, float64(response.ValueAtPercentile(90)))
	}
	if total < float64(n*stretchOperations) {
		return true, fmt.Sprintf("%.0f operations are too few to tell", total)
	}
	for _, x := range []struct {
		name           string
		values, counts []float64
	}{{"throughput", counts, counts}, {"median response", p50, nil}, {"p90 response", p90, nil}} {
		if ok, why := steady(x.values, x.counts, share, stretchDeviations); !ok {
			return false, x.name + " " + why
		}
	}
	return true, ""
}

// total is what was completed in n buckets, and the response times of what was
// due in them, of all types.
func (s *Series) total(first, n int) (float64, *hdrhistogram.Histogram) {
	completed := uint64(0)
	response := hdrhistogram.New(1, int64(MaxLatency), seriesDigits)
	for i := first; i < min(first+n, len(s.Buckets)); i++ {
		for t, h := range s.Buckets[i].Response {
			completed += s.Buckets[i].Completed[t]
			response = mergeHistogram(response, h)
		}
	}
	return float64(completed), response
}

// Steady reports whether successive values kept their level to a share of it, by the
// test of Stationary, which looks at means of up to stretchesMax stretches. Counts, if not
// nil, are what the values were counted from. Values that are not finite, or fewer than
// stretchesMin, are not steady.
func Steady(values, counts []float64, share float64) bool {
	n := min(len(values)/2*2, stretchesMax)
	if n < stretchesMin {
		return false
	}
	for _, v := range values {
		if math.IsInf(v, 0) || math.IsNaN(v) {
			return false
		}
	}
	each := len(values) / n
	from := len(values) - n*each
	if counts != nil {
		counts = means(counts[from:], each, float64(each))
	}
	ok, _ := steady(means(values[from:], each, 1), counts, share, stretchDeviations)
	return ok
}

// means are the means of every so many values, times a factor.
func means(values []float64, each int, factor float64) []float64 {
	var out []float64
	for len(values) >= each {
		sum := 0.0
		for _, v := range values[:each] {
			sum += v
		}
		out = append(out, factor*sum/float64(each))
		values = values[each:]
	}
	return out
}
