package workloads

import (
	"fmt"
	"math"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// WarmupAuto as Config.Warmup lets the run find out when it is steady.
const WarmupAuto time.Duration = -1

// WarmupEnd says why a warm-up ended; it is empty while nobody knows.
type WarmupEnd string

// The reasons.
const (
	WarmupFixed      WarmupEnd = "fixed"       // its time had passed
	WarmupStationary WarmupEnd = "stationary"  // throughput and latency were steady
	WarmupLimit      WarmupEnd = "limit"       // they were not, after warmupMax
	WarmupCut        WarmupEnd = "interrupted" // the run ended first
)

// An automatic warm-up looks at intervals of warmupInterval, and takes at least
// warmupIntervals of them and at most warmupMax.
//
// It is Welch's idea, to wait until the transient has gone from the plot of a
// run (P. D. Welch, in The Computer Performance Modeling Handbook, 1983), with
// tests in place of the eye that look at the last intervals alone, since a run
// cannot be judged after the fact as MSER does.
const (
	warmupInterval  = 100 * time.Millisecond
	warmupIntervals = 6
	warmupMax       = 3 * time.Second

	// warmupDeviations asks 6 intervals for a difference of 11 of their 15 pairs, which
	// 5.6 % of orders without a trend have: a false alarm costs one interval more.
	warmupDeviations = 1.8
)

// interval is what was done in one interval.
type interval struct {
	length   time.Duration
	response *hdrhistogram.Histogram // of successes, by completion
}

func newInterval() *interval {
	return &interval{response: hdrhistogram.New(1, int64(MaxLatency), seriesDigits)}
}

func (v *interval) add(response time.Duration) {
	_ = v.response.RecordValue(int64(min(max(response, 0), MaxLatency))) // in range by construction
}

// warmup is how an automatic warm-up has gone so far.
type warmup struct {
	// Of each interval.
	completed    []float64
	opsPerS      []float64
	median, tail []float64 // p50 and p90 of response, in nanoseconds
}

func (w *warmup) add(v *interval) {
	n := float64(v.response.TotalCount())
	w.completed = append(w.completed, n)
	w.opsPerS = append(w.opsPerS, perSecond(n, v.length))
	w.median = append(w.median, float64(v.response.ValueAtPercentile(50)))
	w.tail = append(w.tail, float64(v.response.ValueAtPercentile(90)))
}

// stationary reports whether throughput, median and p90 of response were all
// steady over the last warmupIntervals intervals, and what was found, for a
// reader. An interval without a completion is not steady.
func (w *warmup) stationary() (bool, string) {
	n := len(w.completed) - warmupIntervals
	if n < 0 {
		return false, fmt.Sprintf("there were %d intervals of %v only", len(w.completed), warmupInterval)
	}
	least := w.completed[n]
	for _, c := range w.completed[n:] {
		least = min(least, c)
	}
	if least == 0 {
		return false, fmt.Sprintf("an interval of %v had no completion", warmupInterval)
	}
	for _, x := range []struct {
		name   string
		values []float64
		counts []float64
	}{
		{"throughput", w.opsPerS[n:], w.completed[n:]},
		{"median response", w.median[n:], nil},
		{"p90 response", w.tail[n:], nil},
	} {
		ok, why := steady(x.values, x.counts, SteadyShare, warmupDeviations)
		if ok {
			ok, why = lastFits(x.values, x.counts)
		}
		if !ok {
			return false, x.name + " " + why
		}
	}
	return true, fmt.Sprintf("throughput, median and p90 response were steady over %d intervals of %v", warmupIntervals, warmupInterval)
}

// lastFits reports whether the last value is like those before it. The one value
// that steady forgives may be the first of a new level: another interval will tell.
func lastFits(x, counts []float64) (bool, string) {
	n := len(x) - 1
	level, last := median(x[:n]), x[n]
	if counts != nil {
		counts = counts[:n]
	}
	if math.Abs(last-level) > max(2*SteadyShare*level, 3*scatter(x[:n], counts)) {
		return false, fmt.Sprintf("changed by %s in the last interval", percent(last-level, level))
	}
	return true, ""
}
