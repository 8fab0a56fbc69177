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
	bytes    int  // in an open loop: what the operation counts of MaxOutstandingBytes
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
	clock     clock
	stopAt    *atomic.Int64 // Driver.stopAt
	generator Generator
	target    Target
	history   *History
	flight    *flight

	mu        sync.Mutex // guards what follows, and who reads the clock's origin first
	recorder  *Recorder  // since the last snapshot
	steady    *interval  // of an automatic warm-up, since the last look; nil when it is over
	slots     []*slot
	underWay  int      // slots that are in flight
	counts    Progress // since the start
	limited   bool     // remaining counts
	remaining int      // operations that may still be started in the window
	over      bool     // what is handed back now is ignored
	spent     signal   // nothing more will be started
	empty     signal   // and nothing is under way

	snapshot sync.Mutex // guards what follows; never taken while mu is held
	total    *Recorder  // until the last snapshot
	spare    *Recorder  // empty
}

func newLane(d *Driver, worker int, g Generator) *lane {
	c := &d.config
	return &lane{
		clock:     d.clock,
		stopAt:    &d.stopAt,
		generator: g,
		history:   c.History,
		flight:    newFlight(),
		recorder:  c.newRecorder(),
		total:     c.newRecorder(),
		spare:     c.newRecorder(),
		limited:   c.Operations > 0,
		remaining: c.share(c.Operations, worker),
		spent:     newSignal(),
		empty:     newSignal(),
	}
}

// signal says once that something has happened.
type signal struct {
	c     chan struct{}
	given *bool
}

func newSignal() signal { return signal{make(chan struct{}), new(bool)} }

// give gives the signal. The caller holds the lane's mu.
func (s signal) give() {
	if !*s.given {
		*s.given = true
		close(s.c)
	}
}

func (l *lane) base() *lane { return l }

// close ends the measurement: whatever is under way stays in flight.
func (l *lane) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		return
	}
	l.over = true
	l.spent.give()
	l.empty.give()
	if l.history == nil {
		return
	}
	for _, s := range l.slots {
		if s.inFlight {
			l.history.add(s, client.OutcomeUnknown, l.clock.now())
		}
	}
}

// begin and end set the window. The caller holds mu.
func (l *lane) begin(from time.Duration) {
	l.recorder.Begin(from)
	l.flight.begin(from)
}

func (l *lane) end(to time.Duration) {
	l.recorder.End(to)
	l.flight.end(to)
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
	if l.remaining == 0 {
		l.spent.give()
	}
	return n
}

// start notes that an operation is given to the target. The caller holds mu, and
// tells flight of all that it starts.
func (l *lane) start(s *slot, intended, sent time.Duration) {
	s.intended, s.sent, s.inFlight = intended, sent, true
	l.underWay++
	l.counts.Started++
	l.recorder.Start(s.kind, intended)
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
	l.underWay--
	l.counts.end(op.Outcome)
	sample := Sample{
		Type:     s.kind,
		Intended: s.intended,
		Sent:     s.sent,
		Done:     done,
		Outcome:  op.Outcome,
		Err:      op.Err,
	}
	if op.Sampled {
		sample.Stages, sample.Took = &op.Stages, op.Took
	}
	l.recorder.Record(sample)
	if l.steady != nil && op.Outcome == client.OutcomeOK {
		l.steady.add(done - s.intended)
	}
	if l.history != nil {
		l.history.add(s, op.Outcome, done)
	}
	return s
}

// addTo merges what was measured until now into m. The worker is not held up for
// it: it goes on with an empty recorder.
func (l *lane) addTo(m *Measurement) {
	l.snapshot.Lock()
	defer l.snapshot.Unlock()
	full := l.swap(m)
	l.total.merge(full)
	full.reset()
	l.spare = full
	l.total.AddTo(m)
}

// swap returns the recorder and puts the spare one in its place. It adds to m
// what no recorder knows.
func (l *lane) swap(m *Measurement) *Recorder {
	l.mu.Lock()
	defer l.mu.Unlock()
	now, full := l.clock.now(), l.recorder
	l.recorder = l.spare
	l.recorder.Begin(full.from)
	l.recorder.End(full.to)
	m.Start = l.clock.started()
	m.Window.From, m.Window.To = min(full.from, now), min(full.to, now)
	m.Warmup.To = m.Window.From
	m.Window.InFlightMean += l.flight.mean(now)
	if l.underWay == 0 {
		return full
	}
	for _, s := range l.slots {
		if !s.inFlight {
			continue
		}
		phase := &m.Window
		if s.intended < full.from {
			phase = &m.Warmup
		}
		phase.Ops[s.kind].InFlight++
		m.Window.Sojourn.InFlight += full.within(s.sent, now)
	}
	return full
}

// progress adds the lane's counters to p.
func (l *lane) progress(p *Progress) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p.Elapsed = l.clock.now()
	p.Measures = l.recorder.from <= p.Elapsed
	p.add(&l.counts)
}
