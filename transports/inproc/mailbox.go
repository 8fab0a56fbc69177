package inproc

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/raftbench/raftbench/core"
)

// mailbox is what waits to be delivered to one handler. One goroutine at a time
// delivers from it: it takes all there is, and what is put in meanwhile is the
// next round. A sender does at most one round inline; what is left then goes to
// the endpoint's own goroutine, so that no Send works for others for long.
type mailbox struct {
	handler core.Handler
	stats   *core.CallCounters
	inline  bool
	limit   int           // requests that may wait
	wake    chan struct{} // a token: the endpoint's goroutine is to deliver

	mu       sync.Mutex
	requests []*core.Incoming
	done     []*core.Call
	spare    batch // the memory of the round before

	// Invariant: while busy, exactly one goroutine, or the token in wake, has
	// the duty to deliver.
	busy    bool
	closing bool // requests are refused
	closed  bool // nothing is delivered any more
	changed *sync.Cond

	// promised counts the calls that were taken out of their links and not yet
	// put here. Close waits for them.
	promised atomic.Int64
}

// batch is what one round delivers.
type batch struct {
	requests []*core.Incoming
	done     []*core.Call
}

func (m *mailbox) open(handler core.Handler, st *core.CallCounters, inline bool, limit int) {
	m.handler, m.stats, m.inline, m.limit = handler, st, inline, limit
	m.wake = make(chan struct{}, 1)
	m.changed = sync.NewCond(&m.mu)
}

// putRequest adds a request, to be delivered at the next kick.
func (m *mailbox) putRequest(r *core.Incoming) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.closing:
		return core.ErrUnavailable
	case len(m.requests) >= m.limit:
		return fmt.Errorf("%w: %d requests wait for the peer's handler", core.ErrOverflow, len(m.requests))
	}
	m.requests = append(m.requests, r)
	return nil
}

// promise announces a putDone. It reports false if nothing is delivered any more.
func (m *mailbox) promise() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.closed {
		m.promised.Add(1)
	}
	return !m.closed
}

// putDone adds an ended call that was promised, to be delivered at the next kick.
func (m *mailbox) putDone(c *core.Call) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.done = append(m.done, c)
	m.promised.Add(-1)
	if m.closing {
		m.changed.Broadcast()
	}
}

// kick sees to it that what was put in is delivered.
func (m *mailbox) kick() {
	m.mu.Lock()
	if m.busy || len(m.requests)+len(m.done) == 0 {
		m.mu.Unlock()
		return
	}
	m.busy = true
	if !m.inline {
		m.mu.Unlock()
		m.wake <- struct{}{}
		return
	}
	b := m.take()
	m.mu.Unlock()
	m.deliver(b)
}

// round delivers once. The caller has received the token.
func (m *mailbox) round() {
	m.mu.Lock()
	b := m.take()
	m.mu.Unlock()
	m.deliver(b)
}

// take empties the mailbox. m.mu is held.
func (m *mailbox) take() batch {
	b := batch{m.requests, m.done}
	m.requests, m.done = m.spare.requests[:0], m.spare.done[:0]
	m.spare = batch{}
	return b
}

// deliver hands b to the handler and passes on the duty if there is more.
func (m *mailbox) deliver(b batch) {
	if len(b.done) > 0 {
		m.handler.Complete(b.done)
	}
	if len(b.requests) > 0 {
		m.stats.Requests.Add(uint64(len(b.requests)))
		if err := core.Deliver(m.handler, b.requests); err != nil {
			m.stats.HandlerPanics.Add(1)
			answerPanic(b.requests, err)
		}
	}
	clear(b.done)
	clear(b.requests)

	m.mu.Lock()
	m.spare = b
	more := len(m.requests)+len(m.done) > 0
	m.busy = more
	m.mu.Unlock()
	if more {
		m.wake <- struct{}{}
	} else {
		m.changed.Broadcast()
	}
}

// refuse drops the requests that wait and takes no more.
func (m *mailbox) refuse() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closing = true
	clear(m.requests)
	m.requests = m.requests[:0]
}

// close waits until every ended call was delivered; then nothing is, any more.
// refuse was called before.
func (m *mailbox) close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for m.busy || len(m.done) > 0 || m.promised.Load() > 0 {
		if m.busy || len(m.done) == 0 {
			m.changed.Wait()
			continue
		}
		m.mu.Unlock()
		m.kick()
		m.mu.Lock()
	}
	m.closed = true
}

// mailboxes collects the mailboxes that one Send or Reply has put something in,
// so that each is delivered to once. The first few are kept in place, which
// spares the common case an allocation.
type mailboxes struct {
	first [4]*mailbox
	n     int
	more  []*mailbox
}

func (s *mailboxes) add(m *mailbox) {
	switch {
	case slices.Contains(s.first[:s.n], m) || slices.Contains(s.more, m):
	case s.n < len(s.first):
		s.first[s.n] = m
		s.n++
	default:
		s.more = append(s.more, m)
	}
}

func (s *mailboxes) kick() {
	for _, m := range s.first[:s.n] {
		m.kick()
	}
	for _, m := range s.more {
		m.kick()
	}
}
