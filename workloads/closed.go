package workloads

import (
	"sync"
	"time"

	"github.com/raftbench/raftbench/core/client"
)

// closedWorker runs clients that each have one operation under way. A client is
// a slot and not a goroutine: what the target hands back together is recorded,
// and the next operations of those clients are submitted together.
//
// The work is done by whoever owns the worker, one at a time. An idle worker is
// owned by the goroutine that brings completions, for one turn: a hand-over to
// another goroutine would cost every operation of a single client a wake-up.
// What arrives in the meantime is left to the worker's own goroutine, so that a
// transport's goroutine is never kept from its connection for longer than a turn.
//
// Measured by BenchmarkClosedLoop (target that answers within Submit, generator
// included, 2 cores shared with others, under chrt -f): 51 ns an operation with 1,024
// clients, 153 ns with one, no allocation; so 19 and 6 million operations a second.
type closedWorker struct {
	*lane
	pause   time.Duration
	wake    chan struct{} // passes ownership to the worker's goroutine
	quit    chan struct{}
	unpause *time.Timer

	queue   sync.Mutex // guards what follows
	pending []*client.Op
	marks   []mark
	due     bool // paused clients may go on
	owned   bool

	// The owner's.
	batch      []*client.Op
	batchMarks []mark
	ready      []*slot
	paused     []*slot
	next       []*client.Op
	live       int // clients that have not stopped
}

// mark says when the pending operations up to index end were handed back.
type mark struct {
	end int
	at  time.Duration
}

func newClosedWorker(l *lane, firstClient, clients int, pause time.Duration) *closedWorker {
	w := &closedWorker{
		lane:    l,
		pause:   pause,
		wake:    make(chan struct{}, 1),
		quit:    make(chan struct{}),
		unpause: time.NewTimer(time.Hour),
		owned:   true, // by run
		live:    clients,
	}
	w.unpause.Stop()
	for i := range clients {
		w.slots = append(w.slots, newSlot(firstClient+i))
	}
	w.ready = append(w.ready, w.slots...)
	return w
}

// run implements worker.
func (w *closedWorker) run() {
	defer w.unpause.Stop()
	w.turn()
	w.turns()
	for {
		select {
		case <-w.quit:
			return
		case <-w.wake:
			w.turns()
		case <-w.unpause.C:
			if w.claimDue() {
				w.turns()
			}
		}
	}
}

// turns takes turns until there is nothing to do, and gives the worker up.
func (w *closedWorker) turns() {
	for !w.release() {
		w.turn()
	}
}

// done takes operations back from the target.
func (w *closedWorker) done(ops []*client.Op) {
	at := w.clock.now()
	w.queue.Lock()
	w.pending = append(w.pending, ops...)
	w.marks = append(w.marks, mark{len(w.pending), at})
	owned := w.owned
	w.owned = true
	w.queue.Unlock()
	w.flight.add(-len(ops), at)
	if owned {
		return
	}
	w.turn()
	if !w.release() {
		w.wake <- struct{}{} // never blocks: there is one owner, and it is passing on
	}
}

// claimDue notes that paused clients may go on, and reports whether the caller
// now owns the worker.
func (w *closedWorker) claimDue() bool {
	w.queue.Lock()
	defer w.queue.Unlock()
	w.due = true
	owned := w.owned
	w.owned = true
	return !owned
}

// release gives the worker up unless there is something to do.
func (w *closedWorker) release() bool {
	w.queue.Lock()
	defer w.queue.Unlock()
	if len(w.pending) > 0 || w.due {
		return false
	}
	w.owned = false
	return true
}

// turn records what was handed back and submits the next operations of those
// clients. The caller owns the worker.
func (w *closedWorker) turn() {
	w.queue.Lock()
	w.batch, w.pending = w.pending, w.batch[:0]
	w.batchMarks, w.marks = w.marks, w.batchMarks[:0]
	due := w.due
	w.due = false
	w.queue.Unlock()

	w.mu.Lock()
	if w.over {
		w.mu.Unlock()
		return
	}
	w.collect(due)
	w.prepare()
	w.mu.Unlock()
	if len(w.next) > 0 {
		w.target.Submit(w.next)
	}
}

// collect records the batch and gathers the clients that are ready to go on.
func (w *closedWorker) collect(due bool) {
	if due {
		w.ready = append(w.ready, w.paused...)
		w.paused = w.paused[:0]
	}
	from := 0
	for _, m := range w.batchMarks {
		for _, op := range w.batch[from:m.end] {
			s := w.record(op, m.at)
			switch {
			case s == nil:
			case op.Outcome == client.OutcomeOK || w.pause < 0:
				w.ready = append(w.ready, s)
			default:
				w.hold(s)
			}
		}
		from = m.end
	}
}

// hold lets a client pause. Clients that begin to pause while others do wait as
// long as those have left, which is less.
func (w *closedWorker) hold(s *slot) {
	if len(w.paused) == 0 {
		w.unpause.Reset(w.pause)
	}
	w.paused = append(w.paused, s)
}

// prepare makes the next operations of the clients that are ready. Those that may
// not go on have stopped.
func (w *closedWorker) prepare() {
	w.next = w.next[:0]
	for _, s := range w.ready {
		s.kind = w.generator.Next(&s.op)
	}
	sent := w.clock.now()
	n := w.admit(len(w.ready), sent)
	for _, s := range w.ready[:n] {
		w.start(s, sent, sent)
		w.next = append(w.next, &s.op)
	}
	w.flight.add(n, sent)
	w.live -= len(w.ready) - n
	w.ready = w.ready[:0]
	if w.live == 0 {
		w.spent.give()
		w.empty.give()
	}
}

// finish implements worker.
func (w *closedWorker) finish() { close(w.quit) }
