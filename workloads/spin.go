package workloads

import (
	"slices"
	"time"
)

// spinner wakes early and spins until the instant comes: a sleep alone ends some
// tens of microseconds late, by what the kernel needs for a wake-up. How early it
// wakes is calibrated by how late its own sleeps end, at the start and from then
// on.
//
// It takes a part of a core: at 20,000 operations a second, with a margin of
// 20 us, 40 % of one. So it is for machines with cores to spare (maySpin), and its
// margin is bounded.
type spinner struct {
	clock  clock
	exact  sleeper
	margin time.Duration // between waking and the instant
}

// maySpin reports whether there are cores to spare for spinning: on two, or
// fewer, it would take from the cluster what is measured.
func maySpin(gomaxprocs, cpus int) bool { return min(gomaxprocs, cpus) > 2 }

const (
	// maxSpin bounds the margin: who oversleeps by more was not waiting for a
	// timer but for a CPU, and that does not get better by burning one.
	maxSpin = 50 * time.Microsecond

	// spinQuantile is the share of sleeps that end within the margin, in steady state.
	spinQuantile = 0.9

	// spinStep is how fast the margin follows what it sees.
	spinStep = time.Microsecond

	// calibrationSleeps, of calibrationSleep each, set the first margin: 3 ms.
	calibrationSleeps = 20
	calibrationSleep  = 100 * time.Microsecond
)

func newSpinner(c clock, exact sleeper) *spinner {
	s := &spinner{clock: c, exact: exact}
	late := make([]time.Duration, calibrationSleeps)
	for i := range late {
		t := c.now() + calibrationSleep
		exact.until(t)
		late[i] = c.now() - t
	}
	slices.Sort(late)
	s.margin = min(late[int(spinQuantile*calibrationSleeps)], maxSpin)
	return s
}

// until implements sleeper.
func (s *spinner) until(t time.Duration) {
	now := s.clock.now()
	if wake := t - s.margin; wake > now {
		s.exact.until(wake)
		now = s.clock.now()
		s.observe(now - wake)
	}
	for now < t {
		now = s.clock.now()
	}
}

// observe moves the margin towards the quantile of what is seen: a sleep that
// ended later raises it by nine times what one that did not lowers it by
// (H. Robbins and S. Monro, Annals of Mathematical Statistics 22(3), 1951).
func (s *spinner) observe(late time.Duration) {
	if late > s.margin {
		s.margin += time.Duration(spinQuantile * float64(spinStep))
	} else {
		s.margin -= time.Duration((1 - spinQuantile) * float64(spinStep))
	}
	s.margin = min(max(s.margin, 0), maxSpin)
}

// close implements sleeper.
func (s *spinner) close() { s.exact.close() }
