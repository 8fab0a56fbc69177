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

// dispatchSlice is the time slice that is asked for: the shortest there is.
const dispatchSlice = 100 * time.Microsecond

// readings is how many readings of both clocks are compared; the pair that was
// read fastest is the truest.
const readings = 16

func newKernelSleeper(c clock) *kernelSleeper {
	// The kernel may delay a thread's timers by 50 us in order to batch them, unless
	// told otherwise. Where that is not permitted, wake-ups are a little later,
	// which the dispatch lag shows.
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0)

	// A thread with a short slice is put before others sooner when it wakes up (the
	// deadlines of EEVDF; Linux 6.12 and later, others ignore it). Dispatch lag at 20,000
	// operations a second on two virtual CPUs, medians of three runs each, in turn: p50
	// 21.7 and 21.9 us, p99.9 356 us without and 74 us with it.
	_ = unix.SchedSetAttr(0, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Runtime: uint64(dispatchSlice)}, 0)

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

// close implements sleeper. Zero stands for the slack, and for the slice, that the
// thread began with.
func (s *kernelSleeper) close() {
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 0, 0, 0, 0)
	_ = unix.SchedSetAttr(0, &unix.SchedAttr{Size: unix.SizeofSchedAttr}, 0)
}
