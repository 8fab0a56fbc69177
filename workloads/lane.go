package workloads

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/raftbench/raftbench/core/client"
)

// slot is one operation that may be under way at a time: in a closed loop, a
// client. Its operation's Tag points back to it.
type slot struct {
	op       client.Op
	client   int
	kind     OpType
	inFlight bool // guarded by the lane's mu

	intended, sent time.Duration
}

func newSlot(number int) *slot {
	s := &slot{client: number}
	s.op.Tag = s
	return s
}

// lane is what the workers of both loops have in common: a target, a generator
// and a recorder.
type lane struct {
	clock     *clock
	stopAt    *atomic.Int64 // Driver.stopAt
	generator Generator
	target    Target
	history   *History

	mu        sync.Mutex // guards what follows, and who reads the clock's origin first
	recorder  *Recorder
	slots     []*slot
	limited   bool // remaining counts
	remaining int  // operations that may still be started in the window
	over      bool // what is handed back now is ignored
	empty     chan struct{}
	isEmpty   bool
}

func (l *lane) base() *lane { return l }

func (l *lane) drained() <-chan struct{} { return l.empty }

// markEmpty says that nothing more will be started and nothing is under way.
// The caller holds mu.
func (l *lane) markEmpty() {
	if !l.isEmpty {
		l.isEmpty = true
		close(l.empty)
	}
}

// close ends the measurement: whatever is under way stays in flight.
func (l *lane) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		return
	}
	l.over = true
	l.markEmpty()
	if l.history == nil {
		return
	}
	for _, s := range l.slots {
		if s.inFlight {
			l.history.add(s, client.OutcomeUnknown, l.clock.now())
		}
	}
}

// stopped reports whether an operation intended to start at t is too late.
func (l *lane) stopped(t time.Duration) bool { return int64(t) >= l.stopAt.Load() }

// admit returns how many of n operations intended to start at t may start, and
// takes them off what remains. The caller holds mu.
func (l *lane) admit(n int, t time.Duration) int {
	if l.stopped(t) {
		return 0
	}
	if !l.limited || t < l.recorder.from {
		return n
	}
	n = min(n, l.remaining)
	l.remaining -= n
	return n
}

// begin notes that an operation is given to the target. The caller holds mu.
func (l *lane) begin(s *slot, intended, sent time.Duration) {
	s.intended, s.sent, s.inFlight = intended, sent, true
	l.recorder.Start(s.kind, intended, sent)
}

// record notes that an operation was handed back. It returns nil for one that
// was not under way: the caller then leaves it alone, and the missing
// operation shows as a violation of conservation. The caller holds mu.
func (l *lane) record(op *client.Op, done time.Duration) *slot {
	s, ok := op.Tag.(*slot)
	if !ok || !s.inFlight {
		return nil
	}
	s.inFlight = false
	l.recorder.Record(Sample{
		Type:     s.kind,
		Intended: s.intended,
		Sent:     s.sent,
		Done:     done,
		Outcome:  op.Outcome,
		Err:      op.Err,
	})
	if l.history != nil {
		l.history.add(s, op.Outcome, done)
	}
	return s
}

// addTo merges what was measured until now into m.
func (l *lane) addTo(m *Measurement) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.clock.now()
	r := l.recorder
	m.Start = l.clock.origin
	m.Window.From, m.Window.To = min(r.from, now), min(r.to, now)
	m.Warmup.To = m.Window.From
	r.AddTo(m, now)
	for _, s := range l.slots {
		if !s.inFlight {
			continue
		}
		phase := &m.Window
		if s.intended < r.from {
			phase = &m.Warmup
		}
		phase.Ops[s.kind].InFlight++
	}
}

// progress adds the lane's counters to p.
func (l *lane) progress(p *Progress) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p.Elapsed = l.clock.now()
	p.Measures = l.recorder.from <= p.Elapsed
	for i := range l.recorder.phases {
		for t := range l.recorder.phases[i].Ops {
			o := &l.recorder.phases[i].Ops[t]
			p.Started += o.Started
			p.Succeeded += o.Succeeded
			p.Failed += o.Failed
			p.Unknown += o.Unknown
			p.Refused += o.Refused
		}
	}
}
