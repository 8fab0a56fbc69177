package node

import (
	"testing"
	"time"
)

func TestTicksAreThoseOfTheClock(t *testing.T) {
	began := time.Now()
	s := tickSource{every: 100 * time.Millisecond, began: began}
	for _, c := range []struct {
		at            time.Duration
		want, skipped int
	}{
		{50 * time.Millisecond, 0, 0},
		{100 * time.Millisecond, 1, 0},
		{199 * time.Millisecond, 0, 0},
		{450 * time.Millisecond, 3, 0},
		{10 * time.Second, 9, 87}, // held up: no more than matter
		{10050 * time.Millisecond, 0, 0},
		{10100 * time.Millisecond, 1, 0}, // and the rest is not told later
	} {
		if got, skipped := s.due(began.Add(c.at), 9); got != c.want || skipped != c.skipped {
			t.Fatalf("after %v: %d ticks are due and %d skipped, want %d and %d", c.at, got, skipped, c.want, c.skipped)
		}
	}
}
