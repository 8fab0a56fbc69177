package workloads

import (
	"math"
	"time"
)

// WarmupAuto as Config.Warmup lets the run find out when throughput is steady.
const WarmupAuto time.Duration = -1

// WarmupEnd says why a warm-up ended; it is empty while nobody knows.
type WarmupEnd string

// The reasons.
const (
	WarmupFixed      WarmupEnd = "fixed"       // its time had passed
	WarmupStationary WarmupEnd = "stationary"  // throughput was steady
	WarmupLimit      WarmupEnd = "limit"       // throughput was not steady after warmupMax
	WarmupCut        WarmupEnd = "interrupted" // the run ended first
)

// An automatic warm-up looks at the throughput of intervals of warmupInterval, and takes
// at least warmupIntervals of them and at most warmupMax.
const (
	warmupInterval  = 100 * time.Millisecond
	warmupIntervals = 3
	warmupMax       = 3 * time.Second
)

// interval is what was completed in one interval.
type interval struct {
	completed uint64
	length    time.Duration
}

// stationary reports whether throughput has become steady: each of the last
// three intervals is within 10 % of their mean, or within three standard
// deviations of what counting alone makes of it, which at low rates is more. An
// interval without a completion is not steady.
func stationary(intervals []interval) bool {
	if len(intervals) < warmupIntervals {
		return false
	}
	last := intervals[len(intervals)-warmupIntervals:]
	completed, length := 0.0, 0.0
	for _, v := range last {
		completed += float64(v.completed)
		length += v.length.Seconds()
	}
	if completed == 0 || length <= 0 {
		return false
	}
	for _, v := range last {
		want := completed * v.length.Seconds() / length
		tolerance := max(0.1*want, 3*math.Sqrt(want))
		if v.completed == 0 || math.Abs(float64(v.completed)-want) > tolerance {
			return false
		}
	}
	return true
}
