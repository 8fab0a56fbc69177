package timer

import "time"

// Sleeper holds up the goroutine that calls it until an instant, as exactly as a
// Timer calls its function. It leaves the goroutine's thread and P to others
// meanwhile. It has one user at a time.
type Sleeper struct{ sleeper sleeper }

// NewSleeper returns a sleeper, which takes what a Timer takes (New), and no
// goroutine.
func NewSleeper() *Sleeper { return &Sleeper{newExact()} }

// Until returns at the given time or shortly after.
func (s *Sleeper) Until(at time.Time) {
	for time.Now().Before(at) {
		s.sleeper.arm(at)
		if !s.sleeper.wait() {
			return
		}
	}
}

// Close gives back what the sleeper takes. Until, if it is called afterwards, does not
// wait.
func (s *Sleeper) Close() { s.sleeper.close() }
