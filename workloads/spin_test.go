package workloads

import (
	"math/rand/v2"
	"testing"
	"time"
)

// lateKernel is a clock, and a kernel whose sleeps end late.
type lateKernel struct {
	steadyClock
	at     time.Duration
	late   func() time.Duration
	sleeps int
}

func (k *lateKernel) now() time.Duration {
	k.at += 40 // what a look at the clock takes
	return k.at
}

func (k *lateKernel) until(t time.Duration) {
	k.sleeps++
	k.at = max(k.at, t) + k.late()
}

func (k *lateKernel) close() {}

func TestSpinningNeedsCoresToSpare(t *testing.T) {
	for _, tt := range []struct {
		gomaxprocs, cpus int
		want             bool
	}{{1, 1, false}, {2, 2, false}, {2, 64, false}, {8, 2, false}, {3, 3, true}, {64, 64, true}} {
		if got := maySpin(tt.gomaxprocs, tt.cpus); got != tt.want {
			t.Fatalf("GOMAXPROCS %d on %d CPUs: spins: %v, want %v", tt.gomaxprocs, tt.cpus, got, tt.want)
		}
	}
}

func TestASpinnerIsOnTime(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	// Between 10 and 30 us late, and once in 100 by a millisecond.
	k := &lateKernel{late: func() time.Duration {
		if rng.IntN(100) == 0 {
			return ms
		}
		return time.Duration(10_000 + rng.IntN(20_000))
	}}
	s := newSpinner(k, k)
	if s.margin < 20*time.Microsecond || s.margin > maxSpin {
		t.Fatalf("calibrated to a margin of %v, sleeps are up to 30 us late", s.margin)
	}
	slept := 0
	early, onTime, spun := 0, 0, time.Duration(0)
	const n = 20_000
	for range n {
		due := k.at + time.Duration(rng.IntN(100_000))
		before := k.sleeps
		s.until(due)
		if k.sleeps == before {
			continue
		}
		slept++
		if k.at < due {
			early++
		}
		if k.at-due < time.Microsecond {
			onTime++
		}
		spun += s.margin
	}
	if early > 0 || float64(onTime) < 0.85*float64(slept) {
		t.Fatalf("of %d that slept %d were early and %d on time, want none and 90 %%", slept, early, onTime)
	}
	if mean := spun / time.Duration(slept); mean < 25*time.Microsecond || mean > 32*time.Microsecond {
		t.Fatalf("it spins for %v, want 9 sleeps out of 10 to be within: 28 us", mean)
	}
}

func TestASpinnerDoesNotBurnACoreForAKernelThatIsAlwaysLate(t *testing.T) {
	k := &lateKernel{late: func() time.Duration { return 5 * ms }}
	s := newSpinner(k, k)
	for range 1000 {
		s.until(k.at + 100*time.Microsecond)
	}
	if s.margin > maxSpin {
		t.Fatalf("margin %v, want at most %v", s.margin, maxSpin)
	}
	k.late = func() time.Duration { return 0 }
	for range 1000 {
		s.until(k.at + 100*time.Microsecond)
	}
	if s.margin > time.Microsecond {
		t.Fatalf("margin %v although no sleep is late any more", s.margin)
	}
}
