package workloads

import (
	"math"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/raftbench/raftbench/core/client"
)

// MaxLatency is the longest latency that histograms tell apart.
const MaxLatency = time.Minute

// Histograms count nanoseconds from 1 ns with 3 significant digits: 216 KiB each, of
// which a run touches a few cache lines. A coarser unit would save memory and
// lose what an in-process transport is about: with 1 us, hdrhistogram cannot tell
// 5.0 from 5.5 us.
const histogramDigits = 3

// maxErrorKeys bounds the classes that errors are counted by, in case somebody
// classifies by message.
const maxErrorKeys = 32

// never is later than any instant of a run.
const never = time.Duration(math.MaxInt64)

// Recorder keeps what one worker measured. It has one user at a time, and those
// of several workers are merged, never averaged.
//
// Measured by BenchmarkRecorder (CPU time on shared cores, start included): 21 ns a
// sample in a closed loop, 31 ns in an open one, no allocation except for a new
// bucket of the series.
type Recorder struct {
	loop     Loop
	classify func(error) string

	// The window. An operation whose intended start lies before from belongs to the
	// warm-up; a completion at or after to counts for no throughput.
	from, to time.Duration

	phases [2]Phase // warm-up, window
	series Series
	flight flight
}

// NewRecorder returns an empty recorder whose window has not begun. Width is
// that of the series' buckets; zero means DefaultSeriesWidth. A nil classify
// means client.ErrorClass.
func NewRecorder(loop Loop, width time.Duration, classify func(error) string) *Recorder {
	if classify == nil {
		classify = client.ErrorClass
	}
	r := &Recorder{loop: loop, classify: classify, from: never, to: never, series: newSeries(width)}
	for i := range r.phases {
		for t := range r.phases[i].Ops {
			o := &r.phases[i].Ops[t]
			o.Response = newHistogram()
			if loop == Open {
				o.Service, o.Lag = newHistogram(), newHistogram()
			}
		}
	}
	return r
}

func newHistogram() *hdrhistogram.Histogram {
	return hdrhistogram.New(1, int64(MaxLatency), histogramDigits)
}

// Begin sets where the window begins. No operation that was intended to start
// at or after from may have been recorded yet.
func (r *Recorder) Begin(from time.Duration) { r.from = from }

// End sets where the window ends. No completion at or after to may have been
// recorded yet.
func (r *Recorder) End(to time.Duration) { r.to = to }

// Start counts operations that are given to the target at sent.
func (r *Recorder) Start(t OpType, intended, sent time.Duration) {
	r.at(intended).Ops[t].Started++
	r.flight.add(1, sent, r.from, r.to)
}

// Refuse counts an operation that was due but could not be started.
func (r *Recorder) Refuse(t OpType, intended time.Duration) {
	r.at(intended).Ops[t].Refused++
	r.series.at(intended).Refused++
}

// Lag records how late an operation of an open loop was sent. It is separate
// from Record because it is a property of the driver, whatever becomes of the
// operation.
func (r *Recorder) Lag(t OpType, intended, sent time.Duration) {
	o := &r.at(intended).Ops[t]
	o.record(o.Lag, sent-intended)
}

// Record counts a finished operation, and its latency if it succeeded.
func (r *Recorder) Record(s Sample) {
	r.flight.add(-1, s.Done, r.from, r.to)
	o := &r.at(s.Intended).Ops[s.Type]
	if s.Outcome != client.OutcomeOK {
		o.fail(s.Outcome, r.classify(s.Err))
		r.series.at(s.Done).Errors++
		return
	}
	o.Succeeded++
	if s.Done < r.to {
		r.at(s.Done).Ops[s.Type].Completed++
	}
	r.series.at(s.Done).Completed[s.Type]++

	response := s.Done - s.Intended
	o.record(o.Response, response)
	if r.loop == Open {
		o.record(o.Service, s.Done-s.Sent)
	}
	r.series.at(s.Intended).record(s.Type, response)
}

// AddTo merges what was recorded until now into m.
func (r *Recorder) AddTo(m *Measurement, now time.Duration) {
	r.flight.add(0, now, r.from, r.to)
	for i, into := range []*Phase{&m.Warmup, &m.Window} {
		for t := range into.Ops {
			into.Ops[t].merge(&r.phases[i].Ops[t])
		}
	}
	if length := min(now, r.to) - r.from; length > 0 {
		m.Window.InFlightMean += r.flight.area / float64(length)
	}
	m.Series.merge(&r.series)
}

// at returns the phase of an instant.
func (r *Recorder) at(t time.Duration) *Phase {
	if t < r.from {
		return &r.phases[0]
	}
	return &r.phases[1]
}

func (r *OpRecord) record(h *hdrhistogram.Histogram, latency time.Duration) {
	if latency > MaxLatency {
		latency = MaxLatency
		r.Beyond++
	}
	// The only error is a value out of range, and a clock that runs backwards
	// is not one of ours.
	_ = h.RecordValue(int64(max(latency, 0)))
}

func (r *OpRecord) fail(outcome client.Outcome, class string) {
	if outcome == client.OutcomeFailed {
		r.Failed++
	} else {
		r.Unknown++
	}
	if r.Errors == nil {
		r.Errors = map[ErrorKey]uint64{}
	}
	key := ErrorKey{outcome, class}
	if _, known := r.Errors[key]; !known && len(r.Errors) >= maxErrorKeys {
		key.Class = "other"
	}
	r.Errors[key]++
}

// flight integrates the number of operations under way over the window.
type flight struct {
	n    int
	last time.Duration
	area float64 // operations times nanoseconds
}

// add notes that delta more operations are under way from t on. Completions
// may come a little out of order with starts; they count from the later of the two.
func (f *flight) add(delta int, t, from, to time.Duration) {
	if t > f.last {
		if span := min(t, to) - max(f.last, from); span > 0 {
			f.area += float64(f.n) * float64(span)
		}
		f.last = t
	}
	f.n += delta
}
