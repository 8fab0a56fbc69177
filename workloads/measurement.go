package workloads

import (
	"fmt"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/raftbench/raftbench/core/client"
)

// Loop says what makes the next operation start.
type Loop uint8

// The loops. Their results are never compared with each other.
const (
	// Closed: a client starts an operation when its last one is done, so the
	// target decides the rate, and latency leaves out the time in which a slow
	// target kept clients from asking.
	Closed Loop = iota
	// Open: operations start by a schedule, whatever the target does.
	Open
)

func (l Loop) String() string {
	if l == Open {
		return "open"
	}
	return "closed"
}

// Measurement is what one run measured: the recorders of all workers, merged.
// Offsets count from Start.
type Measurement struct {
	Loop    Loop
	Workers int

	// Clients is the number of clients of a closed loop.
	Clients int

	// Stages are the records of the schedule's stages; nil if there is one only.
	Stages []StageRecord

	// MaxOutstanding and MaxOutstandingBytes are the bounds on what is under way in an open loop.
	MaxOutstanding      int
	MaxOutstandingBytes int

	// OfferedOpsPerS is the mean rate of the schedule over the window; zero in a
	// closed loop.
	OfferedOpsPerS float64

	// Start is the wall-clock time of the start.
	Start time.Time

	// Warmup is what came before the window. It is kept, and never part of a result.
	Warmup Phase

	// WarmupEnd says why the warm-up ended, which it did at Warmup.To, and
	// WarmupNote how that was found out, for a reader; empty unless it was automatic.
	WarmupEnd  WarmupEnd
	WarmupNote string

	// Window is the result.
	Window Phase

	// Interrupted: the run was cancelled, and what is here is what it had until then.
	Interrupted bool

	// Series covers warm-up and window.
	Series Series
}

// Phase is a stretch of a run: the warm-up or the window.
//
// Operations belong to the phase in which their intended start lies, with one
// exception, OpRecord.Completed.
type Phase struct {
	From, To time.Duration
	Ops      [NumOpTypes]OpRecord // by OpType

	// InFlightMean is the number of operations under way, averaged over the time
	// of the window; zero for the warm-up. It is integrated over a counter of what was
	// given to the target and handed back, not computed from latencies, so that
	// Little's law can be checked against it.
	InFlightMean float64

	// Sojourn is what LittlesLaw needs besides the histograms; zero for the warm-up.
	Sojourn Sojourn
}

// OpRecord is what was measured of one type of operation in one phase.
type OpRecord struct {
	Started   uint64 // given to the target
	Succeeded uint64
	Failed    uint64 // certainly not executed
	Unknown   uint64 // executed or not
	InFlight  uint64 // not handed back when the run ended
	Refused   uint64 // due, but not started, because MaxOutstanding were under way

	// Completed counts successes by when they were done, whenever they started.
	// Throughput is computed from it.
	Completed uint64

	// Response is intended to done; Service is sent to done; Lag is intended to
	// sent. In nanoseconds, of successes alone, except Lag, which has every
	// operation that was started. In a closed loop intended and sent are the same,
	// so Service and Lag are nil. Where there were no operations all may be nil.
	Response *hdrhistogram.Histogram
	Service  *hdrhistogram.Histogram
	Lag      *hdrhistogram.Histogram

	// ResponseSum is the sum of all that Response has, in nanoseconds, without its
	// rounding.
	ResponseSum float64

	// Breakdown is where the time of sampled operations went, successes of the window
	// alone; nil if there are none.
	Breakdown *Breakdown

	// Beyond counts latencies longer than MaxLatency, which the histograms have as
	// MaxLatency.
	Beyond uint64

	// Errors counts operations without success.
	Errors map[ErrorKey]uint64
}

// ErrorKey is what errors are counted by.
type ErrorKey struct {
	Outcome client.Outcome
	Class   string
}

// Duration is the length of the phase.
func (p *Phase) Duration() time.Duration { return p.To - p.From }

// ThroughputOpsPerS is the rate of successes that were done within the phase, of
// all types; zero for a phase without length.
func (p *Phase) ThroughputOpsPerS() float64 {
	completed := uint64(0)
	for i := range p.Ops {
		completed += p.Ops[i].Completed
	}
	return perSecond(float64(completed), p.Duration())
}

// MeanResponse is the mean of all response times, in nanoseconds; zero if there
// is none.
func (r *OpRecord) MeanResponse() float64 {
	if r.Succeeded == 0 {
		return 0
	}
	return r.ResponseSum / float64(r.Succeeded)
}

// CheckConservation returns an error unless every operation that was started
// succeeded, failed, is unknown, or is still in flight.
func (m *Measurement) CheckConservation() error {
	for _, p := range []struct {
		name  string
		phase *Phase
	}{{"warm-up", &m.Warmup}, {"window", &m.Window}} {
		for t := range p.phase.Ops {
			o := &p.phase.Ops[t]
			if ended := o.Succeeded + o.Failed + o.Unknown + o.InFlight; o.Started != ended {
				return fmt.Errorf("operations are not conserved: %s, %v: %d started, but %d succeeded + %d failed + %d unknown + %d in flight",
					p.name, OpType(t), o.Started, o.Succeeded, o.Failed, o.Unknown, o.InFlight)
			}
		}
	}
	return nil
}

// Total returns the records of all types as one: counters added, histograms merged. It
// is to be read only: if there are operations of one type alone, its histograms are
// those of p, for copies would take a megabyte.
func (p *Phase) Total() OpRecord {
	var busy []*OpRecord
	for i := range p.Ops {
		if !p.Ops[i].idle() {
			busy = append(busy, &p.Ops[i])
		}
	}
	if len(busy) == 1 {
		return *busy[0]
	}
	var total OpRecord
	for i := range p.Ops {
		total.merge(&p.Ops[i])
	}
	return total
}

// merge adds q to p; where they begin and end is left alone.
func (p *Phase) merge(q *Phase) {
	for t := range p.Ops {
		p.Ops[t].merge(&q.Ops[t])
	}
	p.InFlightMean += q.InFlightMean
	p.Sojourn.add(&q.Sojourn)
}

// idle reports whether there is nothing in r. Between two snapshots each part of an
// operation can come alone: its end without its start, its lag after both.
func (r *OpRecord) idle() bool {
	counted := r.Started + r.Succeeded + r.Failed + r.Unknown + r.InFlight + r.Refused + r.Completed
	return counted == 0 && (r.Lag == nil || r.Lag.TotalCount() == 0)
}

// merge adds o to r and leaves o as it is. Histograms that hold nothing because o is
// idle are not copied: each takes 216 KiB, and most loads have one type of operations.
func (r *OpRecord) merge(o *OpRecord) {
	if o.idle() {
		return
	}
	r.Started += o.Started
	r.Succeeded += o.Succeeded
	r.Failed += o.Failed
	r.Unknown += o.Unknown
	r.InFlight += o.InFlight
	r.Refused += o.Refused
	r.Completed += o.Completed
	r.Beyond += o.Beyond
	r.ResponseSum += o.ResponseSum
	r.Response = mergeHistogram(r.Response, o.Response)
	r.Service = mergeHistogram(r.Service, o.Service)
	r.Lag = mergeHistogram(r.Lag, o.Lag)
	r.Breakdown = mergeBreakdown(r.Breakdown, o.Breakdown)
	for key, n := range o.Errors {
		r.countErrors(key, n)
	}
}

// reset forgets what was recorded and keeps the memory.
func (r *OpRecord) reset() {
	*r = OpRecord{Response: r.Response, Service: r.Service, Lag: r.Lag, Breakdown: r.Breakdown}
	for _, h := range []*hdrhistogram.Histogram{r.Response, r.Service, r.Lag} {
		if h != nil {
			h.Reset()
		}
	}
	if r.Breakdown != nil {
		r.Breakdown.reset()
	}
}

// maxErrorKeys bounds the classes that errors are counted by, in case somebody
// classifies by message.
const maxErrorKeys = 32

// otherErrors is the class of what comes after maxErrorKeys classes.
const otherErrors = "other"

func (r *OpRecord) countErrors(key ErrorKey, n uint64) {
	if r.Errors == nil {
		r.Errors = map[ErrorKey]uint64{}
	}
	if _, known := r.Errors[key]; !known && len(r.Errors) >= maxErrorKeys {
		key.Class = otherErrors
	}
	r.Errors[key] += n
}

// mergeHistogram adds from to into, which it makes if there is none.
func mergeHistogram(into, from *hdrhistogram.Histogram) *hdrhistogram.Histogram {
	switch {
	case from == nil:
		return into
	case into == nil:
		return from.Clone()
	case from.TotalCount() == 0:
		return into
	default:
		into.Merge(from) // nothing is dropped: all have the same range
		return into
	}
}
