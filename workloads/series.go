package workloads

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// DefaultSeriesWidth is the width of a bucket.
const DefaultSeriesWidth = 100 * time.Millisecond

// MaxSeriesBuckets bounds a series. One that would need more doubles its width,
// so that a run without a planned end cannot fill the memory.
const MaxSeriesBuckets = 600

// Latencies over time have 2 significant digits, for 30 KiB a bucket and type.
const seriesDigits = 2

// Series is what was measured over time. Bucket i begins at Origin+i*Width.
type Series struct {
	Width   time.Duration
	Origin  time.Duration // what aligns buckets with the start of the window
	Buckets []Bucket
}

// From is when a bucket begins.
func (s *Series) From(bucket int) time.Duration { return s.Origin + time.Duration(bucket)*s.Width }

// Within returns the first of the buckets that lie as a whole between two instants,
// and the one after the last; both may lie beyond Buckets, where nothing was recorded.
// There is none if they are equal.
func (s *Series) Within(from, to time.Duration) (first, last int) {
	if s.Width <= 0 {
		return 0, 0
	}
	first = max(0, int((from-s.Origin+s.Width-1)/s.Width))
	return first, max(first, int((to-s.Origin)/s.Width))
}

// Bucket is one interval of a series. What was done is counted in the bucket
// in which it was done; what was late, in the bucket in which it was due. The two
// do not mix: throughput by intended time would show what a stalled target
// never did.
type Bucket struct {
	Completed [NumOpTypes]uint64 // successes, by completion
	Errors    uint64             // operations without success, by completion
	Refused   uint64             // by intended start

	// Response is intended to done in nanoseconds, by intended start; nil if there
	// is none.
	Response [NumOpTypes]*hdrhistogram.Histogram
}

func newSeries(width, origin time.Duration) Series {
	if width <= 0 {
		width = DefaultSeriesWidth
	}
	return Series{Width: width, Origin: origin, Buckets: make([]Bucket, 0, MaxSeriesBuckets)}
}

// seriesWidth is the narrowest of a few round widths that a run of the planned
// length fits into: doubling later costs some milliseconds in the middle of the
// run. A run of unknown length, planned as zero, pays that after a minute, so that
// a short one can be looked into.
func seriesWidth(planned time.Duration) time.Duration {
	for _, width := range []time.Duration{DefaultSeriesWidth, time.Second, 10 * time.Second} {
		if planned <= MaxSeriesBuckets*width {
			return width
		}
	}
	return time.Minute
}

// at returns the bucket of an instant, valid until the next call.
func (s *Series) at(t time.Duration) *Bucket {
	t = max(t-s.Origin, 0)
	i := int(t / s.Width)
	for ; i >= MaxSeriesBuckets; i = int(t / s.Width) {
		s.double()
	}
	if i >= len(s.Buckets) {
		s.Buckets = append(s.Buckets, make([]Bucket, i+1-len(s.Buckets))...)
	}
	return &s.Buckets[i]
}

// double merges neighbouring buckets.
func (s *Series) double() {
	for i := range s.Buckets {
		b := s.Buckets[i]
		s.Buckets[i] = Bucket{}
		s.Buckets[i/2].merge(&b)
	}
	s.Buckets = s.Buckets[:(len(s.Buckets)+1)/2]
	s.Width *= 2
}

// merge adds from to s. The wider of the two decides the width, which is that of
// the narrower, doubled a few times.
func (s *Series) merge(from *Series) {
	if s.Width == 0 {
		*s = newSeries(from.Width, from.Origin)
	}
	for s.Width < from.Width {
		s.double()
	}
	for i := range from.Buckets {
		s.at(from.From(i)).merge(&from.Buckets[i])
	}
}

func (b *Bucket) record(t OpType, response time.Duration) {
	if b.Response[t] == nil {
		b.Response[t] = hdrhistogram.New(1, int64(MaxLatency), seriesDigits)
	}
	_ = b.Response[t].RecordValue(int64(min(max(response, 0), MaxLatency))) // in range by construction
}

// merge adds from to b and leaves from as it is.
func (b *Bucket) merge(from *Bucket) {
	for t := range b.Completed {
		b.Completed[t] += from.Completed[t]
		b.Response[t] = mergeHistogram(b.Response[t], from.Response[t])
	}
	b.Errors += from.Errors
	b.Refused += from.Refused
}
