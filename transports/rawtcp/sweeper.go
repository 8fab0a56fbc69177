package rawtcp

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/raftbench/raftbench/core"
)

// sweepPause is the least time between two sweeps, and so the granularity of
// deadlines and cancellation: a call ends up to this long after its deadline,
// plus what the runtime's timer is late (about 1 ms on an idle machine).
const sweepPause = 2 * time.Millisecond

// sweeper ends calls whose deadline has passed, and those that were canceled.
//
// It sleeps until the earliest deadline that any call had, then looks which
// calls are still there. Calls rarely reach their deadline, so in steady traffic
// it wakes once per timeout, and without traffic not at all.
type sweeper struct {
	t      *transport
	kick   chan struct{}
	wakeAt atomic.Int64 // when it means to wake, on the transport's clock

	// Of run.
	last              int64 // the latest sweep
	expired, canceled []*core.Call
}

func newSweeper(t *transport) *sweeper {
	s := &sweeper{t: t, kick: make(chan struct{}, 1)}
	s.wakeAt.Store(never)
	return s
}

// before makes it wake no later than at deadline.
func (s *sweeper) before(deadline int64) {
	for {
		wakeAt := s.wakeAt.Load()
		if deadline >= wakeAt {
			return
		}
		if s.wakeAt.CompareAndSwap(wakeAt, deadline) {
			break
		}
	}
	select {
	case s.kick <- struct{}{}:
	default:
	}
}

// run ends when the transport's life does.
func (s *sweeper) run() {
	defer s.t.running.Done()
	// While a timer runs, each switch of goroutines on its processor looks at the
	// clock (runtime.timers.check), 35 ns: an endpoint that only answers has none.
	timer := time.NewTimer(time.Hour)
	timer.Stop()
	defer timer.Stop()
	for {
		select {
		case <-s.t.life.Done():
			return
		case <-s.kick:
		case <-timer.C:
			s.sweep()
		}
		wakeAt := s.wakeAt.Load()
		if wakeAt == never {
			timer.Stop()
			continue
		}
		timer.Reset(time.Duration(max(wakeAt, s.last+int64(sweepPause)) - s.t.now()))
	}
}

// sweep looks at every connection that may have calls to end. While it looks,
// senders believe that it never wakes, and kick it.
func (s *sweeper) sweep() {
	s.last = s.t.now()
	s.wakeAt.Store(never)
	for _, p := range *s.t.peers.Load() {
		p.eachLink(func(l *link) {
			if c := l.current.Load(); c != nil {
				s.before(s.sweepConn(c))
			}
		})
	}
}

// sweepConn ends what is due and returns the earliest deadline of the rest.
func (s *sweeper) sweepConn(c *conn) int64 {
	c.w.mu.Lock()
	c.stamp()
	if c.pending.earliest > s.last {
		defer c.w.mu.Unlock()
		return c.pending.earliest
	}
	s.expired, s.canceled = c.pending.takeDue(s.last, s.expired[:0], s.canceled[:0])
	earliest, open := c.pending.earliest, c.w.conn != nil
	c.w.mu.Unlock()

	if len(s.expired) > 0 {
		s.t.counters.timeouts.Add(uint64(len(s.expired)))
		s.end(s.expired, fmt.Errorf("%v requests to %v: %w", c.link.class, c.link.peer.id, core.ErrTimeout))
		if open {
			s.judge(c)
		}
	}
	if len(s.canceled) > 0 {
		s.end(s.canceled, fmt.Errorf("%v requests to %v: %w", c.link.class, c.link.peer.id, core.ErrCanceled))
	}
	return earliest
}

func (s *sweeper) end(calls []*core.Call, err error) {
	for _, call := range calls {
		call.Err = err
	}
	s.t.handler.Complete(calls)
	clear(calls)
}

// judge gives a connection up when calls on it expire again and again and nothing
// arrives: the peer is gone, or stuck, and a new connection will show which.
func (s *sweeper) judge(c *conn) {
	if c.heard.Swap(false) {
		c.silent = 0
	}
	if c.silent == 0 {
		c.silentSince = s.last
	}
	c.silent++
	silence := time.Duration(s.last - c.silentSince)
	if c.silent >= silentRounds && silence >= s.t.timeouts.Control {
		c.fail(c.broken(fmt.Errorf("nothing arrived for more than %v", silence)))
	}
}
