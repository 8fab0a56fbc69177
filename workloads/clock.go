package workloads

import (
	"runtime"
	"time"
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

	// sleeper is for the calling goroutine alone, which is locked to its thread.
	sleeper() sleeper
}

// sleeper sleeps until an instant of the clock that it comes from.
type sleeper interface {
	// until returns at t or shortly after.
	until(t time.Duration)

	// close gives back what the thread was set to.
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
	kernel := newKernelSleeper(c)
	if !maySpin(runtime.GOMAXPROCS(0), runtime.NumCPU()) {
		return kernel
	}
	return newSpinner(c, kernel)
}
