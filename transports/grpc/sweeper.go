package grpc

import (
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/raftbench/raftbench/core"
)

// never is a time on the endpoint's clock that does not come.
const never = time.Duration(math.MaxInt64)

// sweepEvery is the least time between two looks for calls that have timed out,
// and so how late a timeout can be.
const sweepEvery = 2 * time.Millisecond

// sweeper wakes up when the earliest deadline that it was told of has passed. An
// idle endpoint costs nothing, and a call that ends long before its deadline
// next to nothing: one look serves all calls of that time.
type sweeper struct {
	timer *time.Timer

	mu   sync.Mutex
	next atomic.Int64 // when the timer fires, on the endpoint's clock; written under mu
}

func newSweeper() *sweeper {
	s := &sweeper{timer: time.NewTimer(never)}
	s.next.Store(int64(never))
	return s
}

// expect makes the sweeper look shortly after deadline at the latest.
func (s *sweeper) expect(deadline, now time.Duration) {
	if s.next.Load() <= int64(deadline) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if int64(deadline) < s.next.Load() {
		s.next.Store(int64(deadline))
		s.timer.Reset(max(deadline-now, sweepEvery))
	}
}

// fired notes that the timer has fired.
func (s *sweeper) fired() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next.Store(int64(never))
}

// sweep ends calls that have timed out, until the endpoint closes.
func (e *endpoint) sweep() {
	defer e.sweeper.timer.Stop()
	for {
		select {
		case <-e.ctx.Done():
			return
		case <-e.sweeper.timer.C:
		}
		e.sweeper.fired()
		now := e.now()
		for _, l := range e.lanes() {
			err := fmt.Errorf("%v call to %v: %w", l.class, l.peer.id, core.ErrTimeout)
			l.end(err, func(p *pending) bool { return p.deadline <= now })
			e.sweeper.expect(l.earliest(), now)
		}
	}
}
