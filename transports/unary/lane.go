package unary

import (
	"fmt"
	"sync"
	"time"

	"github.com/raftbench/raftbench/core"
)

// lane carries the calls of one class to one peer. Lanes share nothing but the
// library, so that a heartbeat finds a worker whatever else is queued.
type lane struct {
	peer  *peer
	class core.Class

	mu     sync.Mutex
	closed bool

	// What is under way, bounded by Limits. A call counts until it has ended.
	underWay      deadlines
	underWayBytes int

	queue   jobQueue // of those, the ones that wait for a worker
	workers int      // started and not ended
	idle    []*worker

	// Ended calls gather here while someone is handing over the ones before, so
	// that calls that end together travel together.
	ended      []*core.Call
	spare      []*core.Call
	delivering bool
}

// worker is a goroutine that carries one call at a time.
type worker struct {
	// wake hands the next job to an idle worker; nil ends it. One slot: only a
	// worker that was taken from lane.idle is woken, and only once.
	wake chan *job
}

// admit puts a job under way, or says why not.
func (l *lane) admit(j *job) error {
	t := l.peer.t
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return core.ErrClosed
	}
	n := len(l.underWay)
	if n >= t.limits.QueuedCalls || n > 0 && l.underWayBytes+j.sizeBytes > t.limits.QueuedBytes {
		return l.overflow()
	}
	j.doomed, j.due = nil, j.deadline
	l.underWayBytes += j.sizeBytes
	l.underWay.push(j)
	l.dispatch(j)
	t.sweeper.expect(j.due)
	return nil
}

// dispatch gives j to an idle worker, to a new one, or to the queue.
func (l *lane) dispatch(j *job) {
	if n := len(l.idle); n > 0 {
		w := l.idle[n-1]
		l.idle = l.idle[:n-1]
		l.take(j)
		w.wake <- j
		return
	}
	if l.workers < l.peer.t.workers {
		l.workers++
		l.take(j)
		l.peer.t.goroutine.Go(func() { l.work(j) })
		return
	}
	j.stage = queued
	l.queue.push(j)
}

func (l *lane) take(j *job) {
	j.stage = encoding
	j.held.Store(true)
}

// work is the life of a worker.
func (l *lane) work(j *job) {
	w := &worker{wake: make(chan *job, 1)}
	for j != nil {
		l.carry(j)
		j = l.next(w)
	}
}

// next returns the next job for w, waiting for one, or nil if the lane closed.
func (l *lane) next(w *worker) *job {
	l.mu.Lock()
	if j := l.queue.head; j != nil {
		l.queue.remove(j)
		l.take(j)
		l.mu.Unlock()
		return j
	}
	if l.closed {
		l.mu.Unlock()
		return nil
	}
	l.idle = append(l.idle, w)
	l.mu.Unlock()
	return <-w.wake
}

// carry takes one call through the library.
func (l *lane) carry(j *job) {
	t := l.peer.t
	call, deadline := j.call, t.started.Add(j.deadline)
	attempt, err := t.client.Prepare(call.To, call.Request)
	if err != nil {
		l.finish(j, asCoreError(err))
		return
	}
	if err := l.encoded(j); err != nil {
		attempt.Release()
		l.finish(j, err)
		return
	}
	err = attempt.Do(t.ctx, deadline)
	if err != nil && t.ctx.Err() != nil {
		err = core.ErrClosed // whatever went wrong: Close has cut it short
	}
	if !l.returned(j) {
		attempt.Release()
		return
	}
	if err == nil {
		call.Response.Reset()
		err = attempt.Decode(call.Response)
	}
	attempt.Release()
	l.finish(j, asCoreError(err))
}

// encoded lets go of the call's memory, or returns why the call is to end now.
func (l *lane) encoded(j *job) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if j.doomed == nil {
		j.stage = carrying
	}
	return j.doomed
}

// returned takes hold of the call again. It reports false if the call has ended:
// then nothing of it may be touched.
func (l *lane) returned(j *job) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if j.stage == abandoned {
		j.stage = resting
		j.held.Store(false)
		return false
	}
	j.stage = decoding
	return true
}

// finish ends a call that a worker holds.
func (l *lane) finish(j *job, err error) {
	l.peer.record(l.class, j.begun, err)
	l.mu.Lock()
	defer l.mu.Unlock()
	j.held.Store(false)
	l.remove(j, resting, err)
	l.deliver()
}

// end ends a call from outside, with lane.mu held; the caller delivers. It
// reports true if a worker is just reading or writing the call: then the worker
// ends it when it is done with that, which takes no waiting.
func (l *lane) end(j *job, err error) (held bool) {
	switch j.stage {
	case queued:
		l.queue.remove(j)
		l.remove(j, resting, err)
	case carrying:
		l.remove(j, abandoned, err)
	case encoding:
		if j.doomed == nil {
			j.doomed = err
		}
		return true
	case decoding:
		return true
	case resting, abandoned:
	}
	return false
}

func (l *lane) remove(j *job, s stage, err error) {
	l.peer.t.count.Ended(err)
	l.underWay.remove(j)
	l.underWayBytes -= j.sizeBytes
	j.stage = s
	j.call.Err = err
	l.ended = append(l.ended, j.call)
}

// deliver hands over what has ended, with lane.mu held, unless another
// goroutine is at it: then that one does.
func (l *lane) deliver() {
	if l.delivering {
		return
	}
	l.delivering = true
	for len(l.ended) > 0 {
		batch := l.ended
		l.ended = l.spare[:0]
		l.mu.Unlock()
		l.peer.t.handler.Complete(batch)
		clear(batch)
		l.mu.Lock()
		l.spare = batch
	}
	l.delivering = false
}

// cancel ends j; the sweeper delivers.
func (l *lane) cancel(j *job) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.end(j, core.ErrCanceled)
}

// expire ends what is due, delivers, and returns the next deadline.
func (l *lane) expire(now time.Duration) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	begun := time.Duration(-1)
	for len(l.underWay) > 0 && l.underWay[0].due <= now {
		j := l.underWay[0]
		begun = max(begun, j.begun)
		if held := l.end(j, l.peer.timedOut(l.class)); held {
			j.due = now + sweepGrain // out of the way until the worker has ended it
			l.underWay.down(0)
		}
	}
	if begun >= 0 {
		l.peer.record(l.class, begun, core.ErrTimeout)
	}
	l.deliver()
	if len(l.underWay) == 0 {
		return never
	}
	return l.underWay[0].due
}

// close ends everything under way and the idle workers.
func (l *lane) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	for _, j := range append(deadlines(nil), l.underWay...) {
		l.end(j, core.ErrClosed)
	}
	for _, w := range l.idle {
		w.wake <- nil
	}
	l.idle = nil
	l.deliver()
}

func (l *lane) overflow() error {
	return fmt.Errorf("%v calls to %v: %w: %d calls of %d B", l.class, l.peer.id, core.ErrOverflow, len(l.underWay), l.underWayBytes)
}
