package unary

import (
	"math"
	"sync/atomic"
	"time"
)

const (
	never = time.Duration(math.MaxInt64)

	// sweepGrain is the least pause between two sweeps, so that many deadlines
	// that lie close together cost one sweep and their calls end in one batch.
	// It is also how late a call may end.
	sweepGrain = time.Millisecond
)

// sweeper is one alarm clock for all calls. A context with a deadline for every
// call would cost a timer, an allocation and a microsecond each; here a call
// whose deadline is not the earliest costs one comparison.
type sweeper struct {
	armed atomic.Int64 // the time of the next sweep, since Transport.started
	wake  chan struct{}
}

// expect makes sure that there is a sweep no later than shortly after due.
func (s *sweeper) expect(due time.Duration) {
	if int64(due) < s.armed.Load() {
		s.kick()
	}
}

// kick starts a sweep now.
func (s *sweeper) kick() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// sweep ends calls whose time is up, until Close.
func (t *Transport) sweep() {
	s := &t.sweeper
	timer := time.NewTimer(never)
	defer timer.Stop()
	for {
		// While the lanes are visited every new deadline kicks: none slips in
		// behind the visit.
		s.armed.Store(int64(never))
		now, next := t.now(), never
		for _, p := range *t.peers.Load() {
			for i := range p.lanes {
				next = min(next, p.lanes[i].expire(now))
			}
		}
		s.armed.Store(int64(next))
		if next != never {
			timer.Reset(max(next-now, 0) + sweepGrain)
		}
		select {
		case <-timer.C:
		case <-s.wake:
		case <-t.ctx.Done():
			return
		}
	}
}
