package workloads

import (
	"sync/atomic"
	"time"

	"github.com/raftbench/raftbench/core/client"
)

// openWorker starts operations when the schedule says so. Its goroutine does
// nothing else, and sleeps by a timer of the kernel's: Go's are good to a
// millisecond on an idle machine. Completions are recorded on the goroutines that
// bring them and never wake it.
//
// It does not keep a thread for itself, nor sleep within a system call. Either takes
// away a P from what is measured (docs/decisions/0019-dispatch-without-a-thread.md).
//
// Where there are cores to spare, it spins for the last microseconds before an
// operation is due (spinner).
//
// Measured by BenchmarkOpenLoop (overdue from the start, target that answers
// within Submit, generator included, 2 cores shared with others, under chrt -f):
// 84 ns an operation, no allocation; so 12 million operations a second.
type openWorker struct {
	*lane
	agenda         *agenda
	windowFrom     *atomic.Int64 // Driver.windowFrom
	firstSlot      int
	maxOutstanding int
	maxBytes       int     // of what is under way
	readBytes      int     // what a get counts of them at least
	skipper        Skipper // the generator, if it is one

	bytes    int     // guarded by mu: under way
	returned []*slot // guarded by mu: handed back and free
	ended    bool    // guarded by mu: nothing more is due

	response time.Duration // guarded by mu: of the last that was handed back, from when it was sent

	// The dispatcher's.
	resume  time.Duration // when to dispatch again, whatever is due before
	free    []*slot
	arrived []time.Duration // intended starts of the operations that are due
	starts  []start         // of the last dispatch, for their lag
	next    []*client.Op
	refused client.Op // what would have been asked
}

// start is one operation that was sent.
type start struct {
	slot     *slot
	kind     OpType
	intended time.Duration
	sent     time.Duration
}

// maxDispatch bounds the operations of one Submit. What is overdue beyond that
// goes out in the next, at once.
const maxDispatch = 4096

// fullPauses is how often a dispatcher that has to refuse operations looks for room while
// what is under way comes back once: in that time, a response, as much as the bound. So
// there is always nearly that much under way, nothing that starts is late by more
// than a sixteenth of what it takes, and the CPU is left to the target. Without,
// at 600,000 operations a second of 16 KiB, a hundred times what the target could do, 46 % of
// all CPU time went into sleeps of a microsecond.
const fullPauses = 16

// maxSleep bounds how long a dispatcher does not look whether the run was
// stopped.
const maxSleep = 20 * time.Millisecond

func newOpenWorker(c *Config, i int, l *lane, a *agenda, windowFrom *atomic.Int64) *openWorker {
	skipper, _ := l.generator.(Skipper)
	return &openWorker{
		lane: l, agenda: a, windowFrom: windowFrom, skipper: skipper,
		firstSlot:      c.sharesBefore(c.MaxOutstanding, i),
		maxOutstanding: c.share(c.MaxOutstanding, i),
		maxBytes:       c.share(c.MaxOutstandingBytes, i),
		readBytes:      c.ReadBytes,
	}
}

// run implements worker: it dispatches until the schedule ends or the run is
// stopped.
func (w *openWorker) run() {
	sleep := w.clock.sleeper()
	defer sleep.close()
	defer w.end()
	for {
		due, ok := w.nextDue()
		if !ok || w.stopped(due) {
			break
		}
		now := w.clock.now()
		if next := max(due, w.resume); next > now {
			sleep.until(min(next, now+maxSleep))
			continue
		}
		w.gather(now)
		if !w.dispatch() {
			return
		}
	}
	// The window goes on although nothing more is due in it.
	for now := w.clock.now(); !w.stopped(now); now = w.clock.now() {
		sleep.until(min(time.Duration(w.stopAt.Load()), now+maxSleep))
	}
}

// nextDue returns when the next operation is due.
func (w *openWorker) nextDue() (time.Duration, bool) {
	return w.agenda.next(time.Duration(w.windowFrom.Load()))
}

// gather takes from the agenda what has become due.
func (w *openWorker) gather(now time.Duration) {
	w.arrived = w.arrived[:0]
	for len(w.arrived) < maxDispatch {
		due, ok := w.nextDue()
		if !ok || due > now || w.stopped(due) {
			return
		}
		w.arrived = append(w.arrived, due)
		w.agenda.advance()
	}
}

// dispatch starts the operations that have arrived, all at once. It reports
// false when no more may be started.
func (w *openWorker) dispatch() bool {
	w.mu.Lock()
	w.free = append(w.free, w.returned...)
	w.returned = w.returned[:0]
	w.recordLags()
	room, response := w.maxBytes-w.bytes, w.response
	w.mu.Unlock()

	w.generate(room)

	w.mu.Lock()
	if w.over {
		w.mu.Unlock()
		return false
	}
	due := len(w.starts)
	more := w.count()
	sent := w.clock.now()
	if len(w.starts) < due && len(w.arrived) < maxDispatch { // and nothing else is overdue
		w.resume = sent + response/fullPauses
	}
	for i := range w.starts {
		s := &w.starts[i]
		s.sent = sent
		w.start(s.slot, s.intended, sent)
		w.bytes += s.slot.bytes
	}
	w.flight.add(len(w.next), sent)
	w.mu.Unlock()
	if len(w.next) > 0 {
		w.target.Submit(w.next)
	}
	return more
}

// generate makes an operation for everything that has arrived, while there is room for
// their bytes. It passes over what will be refused: which operations are asked does not
// depend on how the target keeps up.
func (w *openWorker) generate(room int) {
	w.starts = w.starts[:0]
	for _, intended := range w.arrived {
		s := w.take(room)
		if s == nil {
			w.starts = append(w.starts, start{kind: w.skip(), intended: intended})
			continue
		}
		s.kind = w.generator.Next(&s.op)
		s.bytes = len(s.op.Command)
		if s.kind == Get {
			s.bytes = max(s.bytes, w.readBytes)
		}
		room -= s.bytes
		w.starts = append(w.starts, start{slot: s, kind: s.kind, intended: intended})
	}
}

// skip passes over an operation.
func (w *openWorker) skip() OpType {
	if w.skipper != nil {
		return w.skipper.Skip()
	}
	return w.generator.Next(&w.refused)
}

// take returns a free slot, or nil if there is no room, or MaxOutstanding operations are
// under way.
func (w *openWorker) take(room int) *slot {
	if room <= 0 {
		return nil
	}
	if n := len(w.free); n > 0 {
		s := w.free[n-1]
		w.free = w.free[:n-1]
		return s
	}
	if len(w.slots) >= w.maxOutstanding { // which grows here alone
		return nil
	}
	w.mu.Lock() // slots are looked through by a snapshot
	defer w.mu.Unlock()
	s := newSlot(w.firstSlot + len(w.slots))
	w.slots = append(w.slots, s)
	return s
}

// count counts the refused and leaves in starts and next what is to be sent. It
// reports false when what remained of a limited number is used up. The caller holds mu.
func (w *openWorker) count() bool {
	w.next = w.next[:0]
	kept := w.starts[:0]
	for i := range w.starts {
		s := w.starts[i]
		if w.admit(1, s.intended) == 0 {
			w.starts = kept
			return false
		}
		if s.slot == nil {
			w.recorder.Refuse(s.kind, s.intended)
			w.counts.Refused++
			continue
		}
		kept = append(kept, s)
		w.next = append(w.next, &s.slot.op)
	}
	w.starts = kept
	return !w.limited || w.remaining > 0
}

// recordLags records how late the operations of the last dispatch were. It
// happens after they have left, so as not to make them later. The caller holds mu.
func (w *openWorker) recordLags() {
	for i := range w.starts {
		s := &w.starts[i]
		w.recorder.Lag(s.kind, s.intended, s.sent)
	}
	w.starts = w.starts[:0]
}

// end notes that nothing more is due.
func (w *openWorker) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.recordLags()
	w.ended = true
	w.spent.give()
	w.checkEmpty()
}

// done takes operations back from the target.
func (w *openWorker) done(ops []*client.Op) {
	at := w.clock.now()
	w.flight.add(-len(ops), at)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.over {
		return
	}
	for _, op := range ops {
		if s := w.record(op, at); s != nil {
			w.bytes -= s.bytes
			w.response = at - s.sent
			w.returned = append(w.returned, s)
		}
	}
	w.checkEmpty()
}

// checkEmpty looks whether all is done. The caller holds mu.
func (w *openWorker) checkEmpty() {
	if w.ended && w.underWay == 0 {
		w.empty.give()
	}
}

// finish implements worker. The dispatcher stops by itself: Driver.stopAt has
// passed, or will be seen after maxSleep.
func (w *openWorker) finish() { w.stopAt.Store(0) }
