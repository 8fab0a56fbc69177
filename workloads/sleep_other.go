//go:build !linux

package workloads

import "time"

// sleeper sleeps until an instant of the run's clock, by Go's timers: where
// there is no absolute sleep, dispatch is good to about a millisecond, which the
// dispatch lag shows.
type sleeper struct {
	clock *clock
}

func newSleeper(c *clock) *sleeper { return &sleeper{c} }

// until returns at t or shortly after.
func (s *sleeper) until(t time.Duration) { time.Sleep(t - s.clock.now()) }
