package inproc

import (
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// never is the alarm of an endpoint that waits for nothing.
const never = time.Duration(math.MaxInt64)

// alarmStep is the least time between two alarms, so that many different
// deadlines cost one walk over the calls a millisecond and not one each.
const alarmStep = time.Millisecond

// alarm is an endpoint's clock, with one timer for all of its calls. While none
// is under way the timer is stopped; while calls come and go far from their
// deadlines it is left as it is, and fires about once a timeout.
type alarm struct {
	start time.Time
	timer *time.Timer
	at    atomic.Int64 // when the timer fires, on this clock

	mu sync.Mutex // held to set at and timer together
}

func (a *alarm) open() {
	a.start = time.Now()
	a.timer = time.NewTimer(never)
	a.at.Store(int64(never))
}

func (a *alarm) now() time.Duration { return time.Since(a.start) }

// arm sees to it that the timer fires at deadline or before.
func (a *alarm) arm(deadline time.Duration) {
	if deadline >= time.Duration(a.at.Load()) {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if deadline >= time.Duration(a.at.Load()) {
		return
	}
	a.at.Store(int64(deadline))
	a.timer.Reset(max(deadline-a.now(), alarmStep))
}

// reset is called when the timer has fired. Calls that start from here on arm it.
func (a *alarm) reset() (now time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.at.Store(int64(never))
	return a.now()
}
