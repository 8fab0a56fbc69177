package workloads

import (
	"runtime"
	"time"

	"github.com/raftbench/raftbench/core/timer"
)

// clock counts from the start of a run. It is read anew for every event: a
// cached clock would measure how often the cache is refreshed. All of it but
// start may be used concurrently.
type clock interface {
	// now is the time since start.
	now() time.Duration

	// start makes it zero now. Nobody else uses the clock meanwhile.
	start()

	// started is the wall-clock time of the start.
	started() time.Time

	// after is closed or sent to at an instant, to about a millisecond.
	after(t time.Duration) <-chan time.Time

	// sleeper is for the calling goroutine alone.
	sleeper() sleeper
}

// sleeper sleeps until an instant of the clock that it comes from.
type sleeper interface {
	// until returns at t or shortly after.
	until(t time.Duration)

	// close gives back what the sleeper takes.
	close()
}

// steadyClock is the machine's monotonic clock.
type steadyClock struct {
	origin time.Time
}

func (c *steadyClock) now() time.Duration { return time.Since(c.origin) }

func (c *steadyClock) start() { c.origin = time.Now() }

func (c *steadyClock) started() time.Time { return c.origin }

func (c *steadyClock) after(t time.Duration) <-chan time.Time { return time.After(t - c.now()) }

func (c *steadyClock) sleeper() sleeper {
	exact := &exactSleeper{c, timer.NewSleeper()}
	if !maySpin(runtime.GOMAXPROCS(0), runtime.NumCPU()) {
		return exact
	}
	return newSpinner(c, exact)
}

// exactSleeper sleeps without a thread of its own, and so without a P: see
// docs/decisions/0019-dispatch-without-a-thread.md.
type exactSleeper struct {
	clock *steadyClock
	timer *timer.Sleeper
}

// until implements sleeper.
func (s *exactSleeper) until(t time.Duration) { s.timer.Until(s.clock.origin.Add(t)) }

// close implements sleeper.
func (s *exactSleeper) close() { s.timer.Close() }
