package timer

import (
	"testing"
	"time"
)

func TestASleeperIsNeverEarly(t *testing.T) {
	for name, s := range map[string]*Sleeper{"exact": NewSleeper(), "coarse": {newCoarse()}} {
		t.Run(name, func(t *testing.T) {
			defer s.Close()
			for _, d := range []time.Duration{-time.Second, 0, 1, 20 * time.Microsecond, 3 * time.Millisecond, time.Microsecond} {
				at := time.Now().Add(d)
				s.Until(at)
				if early := time.Until(at); early > 0 {
					t.Errorf("%v: %v too early", d, early)
				}
			}
		})
	}
}

// One that is closed while somebody sleeps lets go of him, and of whoever comes after.
func TestAClosedSleeperLetsGo(t *testing.T) {
	for name, s := range map[string]*Sleeper{"exact": NewSleeper(), "coarse": {newCoarse()}} {
		t.Run(name, func(t *testing.T) {
			woken := make(chan struct{})
			go func() {
				s.Until(time.Now().Add(time.Hour))
				close(woken)
			}()
			s.Close()
			<-woken
			s.Until(time.Now().Add(time.Hour))
		})
	}
}
