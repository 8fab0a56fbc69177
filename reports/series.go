package reports

import (
	"fmt"
	"slices"
	"time"
)

// Series is a replicate over time, in buckets of equal width from the start of
// its window. Completed counts successful operations and Errors the others, in
// the bucket in which they ended; the latencies are of the operations that were meant to start in it.
// The columns have equal length, or none at all where nothing was recorded.
type Series struct {
	Bucket    time.Duration `json:"bucket_ns"`
	Start     time.Duration `json:"start_ns,omitempty"` // of the first bucket, from the start of the window
	Completed []uint64      `json:"completed"`
	Errors    []uint64      `json:"errors"`
	P50       []int64       `json:"latency_ns_p50"` // zero: no operation in this bucket
	P99       []int64       `json:"latency_ns_p99"`
	Max       []int64       `json:"latency_ns_max"`
}

func (s *Series) validate() error {
	n := len(s.Completed)
	for _, c := range []struct {
		name string
		len  int
	}{
		{"errors", len(s.Errors)},
		{"latency_ns_p50", len(s.P50)},
		{"latency_ns_p99", len(s.P99)},
		{"latency_ns_max", len(s.Max)},
	} {
		if c.len != n && c.len != 0 {
			return fmt.Errorf("series: %s has %d buckets, completed has %d", c.name, c.len, n)
		}
	}
	if n > 0 && s.Bucket <= 0 {
		return fmt.Errorf("series: bucket width is %v: want more than nothing", s.Bucket)
	}
	return nil
}

// Whole is the number of buckets that lie entirely within the window. A last,
// partial one would look like a drop in throughput.
func (s *Series) Whole(window time.Duration) int {
	if s.Bucket <= 0 {
		return 0
	}
	return max(0, min(len(s.Completed), int((window-s.Start)/s.Bucket)))
}

// rate is the throughput in a bucket, in successful operations per second.
func (s *Series) rate(bucket int) float64 {
	return float64(s.Completed[bucket]) / s.Bucket.Seconds()
}

// from is when a bucket begins.
func (s *Series) from(bucket int) time.Duration {
	return s.Start + time.Duration(bucket)*s.Bucket
}

// BandPoint is one moment of several replicates: their median and extremes.
type BandPoint struct {
	At               time.Duration // middle of the bucket, from the start of the window
	Median, Min, Max float64
}

// ThroughputBand joins the replicates' throughput over time, in successful
// operations per second. Replicates with another bucket width
// than the first are left out.
func (a *Arm) ThroughputBand() []BandPoint {
	return a.band(func(r *Replicate, i int) (float64, bool) { return r.Series.rate(i), true })
}

// P99Band joins the replicates' p99 over time, in nanoseconds. It is a band of
// percentiles, not a percentile of anything.
func (a *Arm) P99Band() []BandPoint {
	return a.band(func(r *Replicate, i int) (float64, bool) { return latencyAt(r.Series.P99, i) })
}

// P50Band joins the replicates' p50 over time as P99Band does their p99.
func (a *Arm) P50Band() []BandPoint {
	return a.band(func(r *Replicate, i int) (float64, bool) { return latencyAt(r.Series.P50, i) })
}

// latencyAt is the latency in a bucket, if there was an operation in it.
func latencyAt(column []int64, i int) (float64, bool) {
	if i >= len(column) || column[i] == 0 {
		return 0, false
	}
	return float64(column[i]), true
}

// band joins a value of the replicates in each of their buckets, where they have it.
func (a *Arm) band(value func(r *Replicate, bucket int) (float64, bool)) []BandPoint {
	if len(a.Replicates) == 0 {
		return nil
	}
	width := a.Replicates[0].Series.Bucket
	var columns [][]float64
	for i := range a.Replicates {
		r := &a.Replicates[i]
		if r.Series.Bucket != width {
			continue
		}
		for b := range r.Series.Whole(r.Window) {
			if b == len(columns) {
				columns = append(columns, nil)
			}
			if v, ok := value(r, b); ok {
				columns[b] = append(columns[b], v)
			}
		}
	}

	var band []BandPoint
	for i, values := range columns {
		if len(values) == 0 {
			continue
		}
		band = append(band, BandPoint{
			At:     a.Replicates[0].Series.from(i) + width/2,
			Median: median(values),
			Min:    slices.Min(values),
			Max:    slices.Max(values),
		})
	}
	return band
}
