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

	returned []*slot // guarded by mu: handed back and free
	ended    bool    // guarded by mu: nothing more is due

	// The dispatcher's.
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

// maxSleep bounds how long a dispatcher does not look whether the run was
// stopped.
const maxSleep = 20 * time.Millisecond

func newOpenWorker(l *lane, a *agenda, windowFrom *atomic.Int64, firstSlot, maxOutstanding int) *openWorker {
	return &openWorker{lane: l, agenda: a, windowFrom: windowFrom, firstSlot: firstSlot, maxOutstanding: maxOutstanding}
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
		if due > now {
			sleep.until(min(due, now+maxSleep))
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
	w.mu.Unlock()

	w.generate()

	w.mu.Lock()
	if w.over {
		w.mu.Unlock()
		return false
	}
	more := w.count()
	sent := w.clock.now()
	for i := range w.starts {
		s := &w.starts[i]
		s.sent = sent
		w.start(s.slot, s.intended, sent)
	}
	w.flight.add(len(w.next), sent)
	w.mu.Unlock()
	if len(w.next) > 0 {
		w.target.Submit(w.next)
	}
	return more
}

// generate makes an operation for everything that has arrived, also for what
// will be refused: which operations are asked does not depend on how the target
// keeps up.
func (w *openWorker) generate() {
	w.starts = w.starts[:0]
	for _, intended := range w.arrived {
		s := w.take()
		if s == nil {
			w.starts = append(w.starts, start{kind: w.generator.Next(&w.refused), intended: intended})
			continue
		}
		s.kind = w.generator.Next(&s.op)
		w.starts = append(w.starts, start{slot: s, kind: s.kind, intended: intended})
	}
}

// take returns a free slot, or nil if MaxOutstanding operations are under way.
func (w *openWorker) take() *slot {
	if n := len(w.free); n > 0 {
		s := w.free[n-1]
		w.free = w.free[:n-1]
		return s
	}
	w.mu.Lock() // slots are looked through by a snapshot
	defer w.mu.Unlock()
	if len(w.slots) >= w.maxOutstanding {
		return nil
	}
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
