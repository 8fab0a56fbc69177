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

// never is later than any instant of a run.
const never = time.Duration(math.MaxInt64)

// Recorder keeps what one worker measured. It has one user at a time, and those
// of several workers are merged, never averaged.
//
// Measured by BenchmarkRecorder (2 cores at 2.6 GHz shared with others, under chrt -f,
// start included): 25 ns a sample in a closed loop, 35 ns in an open one, 52 ns if its
// schedule has 3 stages, and 50 ns more for an operation that was sampled; no
// allocation except for a new bucket of the series. An operation that fails takes
// 140 ns, for the class of its error.
type Recorder struct {
	loop     Loop
	classify func(error) string

	// The window. An operation whose intended start lies before from belongs to the
	// warm-up; a completion at or after to counts for no throughput.
	from, to time.Duration

	phases [2]Phase // warm-up, window
	series Series
	steps  steps
}

// NewRecorder returns an empty recorder whose window has not begun. Width is
// that of the series' buckets; zero means DefaultSeriesWidth. Stages, if there is
// more than one, get records of their own. A nil classify means client.ErrorClass.
func NewRecorder(loop Loop, width time.Duration, stages Stages, classify func(error) string) *Recorder {
	if classify == nil {
		classify = client.ErrorClass
	}
	r := &Recorder{
		loop: loop, classify: classify, from: never, to: never,
		series: newSeries(width, 0), steps: newSteps(stages),
	}
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

// Start counts an operation that is given to the target.
func (r *Recorder) Start(t OpType, intended time.Duration) {
	r.at(intended).Ops[t].Started++
	if s := r.step(intended); s != nil {
		s.Started++
	}
}

// Refuse counts an operation that was due but could not be started.
func (r *Recorder) Refuse(t OpType, intended time.Duration) {
	r.at(intended).Ops[t].Refused++
	r.series.at(intended).Refused++
	if s := r.step(intended); s != nil {
		s.Refused++
	}
}

// Lag records how late an operation of an open loop was sent. It is separate
// from Record because it is a property of the driver, whatever becomes of the
// operation.
func (r *Recorder) Lag(t OpType, intended, sent time.Duration) {
	o := &r.at(intended).Ops[t]
	o.record(o.Lag, sent-intended)
	if s := r.step(intended); s != nil {
		s.record(s.Lag, sent-intended)
	}
}

// Record counts a finished operation, and its latency if it succeeded.
func (r *Recorder) Record(s Sample) {
	sojourn := &r.phases[1].Sojourn
	sojourn.Inside += r.within(s.Sent, s.Done)
	o := &r.at(s.Intended).Ops[s.Type]
	step := r.step(s.Intended)
	if s.Outcome != client.OutcomeOK {
		class := r.classify(s.Err)
		o.fail(s.Outcome, class)
		if step != nil {
			step.fail(s.Outcome, class)
		}
		r.series.at(s.Done).Errors++
		return
	}
	r.complete(s.Type, s.Done)
	if s.Intended >= r.from {
		sojourn.Recorded += min(s.Done-s.Sent, MaxLatency)
	}

	response := s.Done - s.Intended
	o.Succeeded++
	o.ResponseSum += float64(response)
	o.record(o.Response, response)
	if r.loop == Open {
		o.record(o.Service, s.Done-s.Sent)
	}
	if step != nil {
		step.Succeeded++
		step.ResponseSum += float64(response)
		step.record(step.Response, response)
	}
	r.series.at(s.Intended).record(s.Type, response)
	if s.Stages != nil {
		r.breakDown(&s)
	}
}

// breakDown records a sampled success. The memory is made at the first one,
// which comes in the warm-up if there is one.
func (r *Recorder) breakDown(s *Sample) {
	o := &r.phases[1].Ops[s.Type]
	if o.Breakdown == nil {
		o.Breakdown = newBreakdown()
	}
	if s.Intended >= r.from {
		o.Breakdown.add(s)
	}
}

// complete counts a success where it was done.
func (r *Recorder) complete(t OpType, done time.Duration) {
	if done < r.to {
		r.at(done).Ops[t].Completed++
	}
	if s := r.step(done); s != nil {
		s.Completed++
	}
	r.series.at(done).Completed[t]++
}

// within is how much of the window lies between two instants.
func (r *Recorder) within(a, b time.Duration) time.Duration {
	return max(0, min(b, r.to)-max(a, r.from))
}

// AddTo merges what was recorded until now into m.
func (r *Recorder) AddTo(m *Measurement) {
	m.Warmup.merge(&r.phases[0])
	m.Window.merge(&r.phases[1])
	m.Series.merge(&r.series)
	m.Stages = mergeSteps(m.Stages, r.steps.records)
}

// merge adds from to r.
func (r *Recorder) merge(from *Recorder) {
	for i := range r.phases {
		r.phases[i].merge(&from.phases[i])
	}
	r.series.merge(&from.series)
	for i := range from.steps.records {
		r.steps.records[i].merge(&from.steps.records[i])
	}
}

// reset forgets what was recorded and keeps the memory.
func (r *Recorder) reset() {
	for i := range r.phases {
		for t := range r.phases[i].Ops {
			r.phases[i].Ops[t].reset()
		}
		r.phases[i].Sojourn = Sojourn{}
	}
	clear(r.series.Buckets)
	r.series.Buckets = r.series.Buckets[:0]
	for i := range r.steps.records {
		r.steps.records[i].reset()
	}
}

// at returns the phase of an instant.
func (r *Recorder) at(t time.Duration) *Phase {
	if t < r.from {
		return &r.phases[0]
	}
	return &r.phases[1]
}

// step returns the record of the stage that an instant falls into; nil outside
// of the window, or if stages have no records.
func (r *Recorder) step(t time.Duration) *OpRecord {
	if len(r.steps.records) == 0 || t < r.from || t >= r.to {
		return nil
	}
	return r.steps.at(t - r.from)
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
	r.countErrors(ErrorKey{outcome, class}, 1)
}
