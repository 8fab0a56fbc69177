package workloads

import (
	"errors"
	"time"

	"golang.org/x/sys/unix"
)

// kernelSleeper sleeps by the kernel's absolute high-resolution timer: Go's
// timers are good to a millisecond on an idle machine.
type kernelSleeper struct {
	clock  clock
	offset time.Duration // CLOCK_MONOTONIC at the start of the run
}

// readings is how many readings of both clocks are compared; the pair that was
// read fastest is the truest.
const readings = 16

func newKernelSleeper(c clock) *kernelSleeper {
	// The kernel may delay a thread's timers by 50 us in order to batch them, unless
	// told otherwise. Where that is not permitted, wake-ups are a little later,
	// which the dispatch lag shows.
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0)

	s := &kernelSleeper{clock: c}
	best := never
	for range readings {
		before := c.now()
		var ts unix.Timespec
		if unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts) != nil {
			continue
		}
		if took := c.now() - before; took < best {
			best = took
			s.offset = time.Duration(ts.Nano()) - before - took/2
		}
	}
	return s
}

// until implements sleeper.
func (s *kernelSleeper) until(t time.Duration) {
	ts := unix.NsecToTimespec(int64(t + s.offset))
	for {
		err := unix.ClockNanosleep(unix.CLOCK_MONOTONIC, unix.TIMER_ABSTIME, &ts, nil)
		switch {
		case errors.Is(err, unix.EINTR): // the runtime preempts by signal
			continue
		case err != nil:
			time.Sleep(t - s.clock.now())
		}
		return
	}
}

// close implements sleeper. Zero stands for the slack that the thread began with.
func (s *kernelSleeper) close() { _ = unix.Prctl(unix.PR_SET_TIMERSLACK, 0, 0, 0, 0) }
