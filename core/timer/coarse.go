package timer

import "time"

// coarse sleeps by a Go timer.
type coarse struct {
	timer *time.Timer
	quit  chan struct{}
}

// never is further away than anybody waits.
const never = 1 << 62

func newCoarse() *coarse {
	return &coarse{timer: time.NewTimer(never), quit: make(chan struct{})}
}

// arm implements sleeper.
func (c *coarse) arm(at time.Time) { c.timer.Reset(time.Until(at)) }

// disarm implements sleeper. A Go timer that has fired is disarmed.
func (c *coarse) disarm() {}

// wait implements sleeper.
func (c *coarse) wait() bool {
	select {
	case <-c.quit:
		c.timer.Stop()
		return false
	case <-c.timer.C:
		return true
	}
}

// close implements sleeper.
func (c *coarse) close() { close(c.quit) }
