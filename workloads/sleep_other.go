//go:build !linux

package workloads

import "time"

// kernelSleeper sleeps by Go's timers: where there is no absolute sleep,
// dispatch is good to about a millisecond, which the dispatch lag shows.
type kernelSleeper struct {
	clock clock
}

func newKernelSleeper(c clock) *kernelSleeper { return &kernelSleeper{c} }

// until implements sleeper.
func (s *kernelSleeper) until(t time.Duration) { time.Sleep(t - s.clock.now()) }

// close implements sleeper.
func (s *kernelSleeper) close() {}
