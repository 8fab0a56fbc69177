package node

import (
	"testing"
	"time"
)

func TestTicksAreThoseOfTheClock(t *testing.T) {
	began := time.Now()
	s := tickSource{every: 100 * time.Millisecond, began: began}
	for _, c := range []struct {
		at   time.Duration
		want int
	}{
		{50 * time.Millisecond, 0},
		{100 * time.Millisecond, 1},
		{199 * time.Millisecond, 0},
		{450 * time.Millisecond, 3},
		{10 * time.Second, 9}, // held up: no more than matter
		{10050 * time.Millisecond, 0},
		{10100 * time.Millisecond, 1}, // and the rest is not told later
	} {
		if got := s.due(began.Add(c.at), 9); got != c.want {
			t.Fatalf("after %v: %d ticks are due, want %d", c.at, got, c.want)
		}
	}
}
