// Package timer wakes somebody at an instant, to within tens of microseconds
// where the system can. A linger below a millisecond needs that: a Go timer ends
// on an idle machine by epoll_wait, which counts in milliseconds (golang/go#53824).
//
// It is not a scheduler: a Timer has one function and knows one instant, the
// earliest that was asked for. Each Timer has one goroutine, which sleeps while
// nobody asks for anything; Close stops it.
package timer

import (
	"sync"
	"time"
)

// Timer calls a function at the earliest time asked for. Its methods may be
// called concurrently, and from within the function, but for Close.
type Timer struct {
	run  func(now time.Time)
	done sync.WaitGroup

	mu      sync.Mutex
	at      time.Time // zero: nobody waits
	sleeper sleeper   // its arm and disarm are called under mu
}

// sleeper is what a Timer's goroutine sleeps by. It may wake too early, never for
// good: whoever was woken looks at the clock.
type sleeper interface {
	arm(at time.Time) // wake at that time, and no more at the one before
	disarm()          // do not wake
	wait() bool       // sleep; false: closed
	close()           // wait returns false from now on
}

// New starts a timer as exact as the system has it: see the table in
// docs/batching.md. On Linux it takes a file descriptor; where there is none to be
// had it is NewCoarse.
func New(run func(now time.Time)) *Timer { return start(newExact(), run) }

// NewCoarse starts a timer that may be a millisecond late on an idle machine, by Go's
// own timers.
func NewCoarse(run func(now time.Time)) *Timer { return start(newCoarse(), run) }

func start(s sleeper, run func(now time.Time)) *Timer {
	t := &Timer{run: run, sleeper: s}
	t.done.Go(t.loop)
	return t
}

// WakeAt asks for a call at the given time, or sooner. A call answers everybody who asked
// until then: who wants another asks again. So an instant that has become
// pointless costs one call, and not a system call each time that it moves.
func (t *Timer) WakeAt(at time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.at.IsZero() || at.Before(t.at) {
		t.at = at
		t.sleeper.arm(at)
	}
}

// Close stops the timer. When it returns, the function is not running and will
// not be called again.
func (t *Timer) Close() {
	t.sleeper.close()
	t.done.Wait()
}

func (t *Timer) loop() {
	for t.sleeper.wait() {
		if now := time.Now(); t.due(now) {
			t.run(now)
		}
	}
}

// due reports whether the time has come; if so it is forgotten.
func (t *Timer) due(now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.at.IsZero():
		t.sleeper.disarm()
		return false
	case now.Before(t.at):
		t.sleeper.arm(t.at)
		return false
	}
	t.at = time.Time{}
	t.sleeper.disarm()
	return true
}
