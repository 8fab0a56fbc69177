package dial

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/raftbench/raftbench/core"
)

func TestBackoffGrowsToItsCap(t *testing.T) {
	b := Backoff{Max: 40 * time.Millisecond}
	for attempt, limit := range []time.Duration{5, 10, 20, 40, 40, 40} {
		for range 100 {
			probe := Backoff{Max: b.Max, attempts: attempt}
			if got := probe.Next(); got < 0 || got > limit*time.Millisecond {
				t.Fatalf("attempt %d: pause %v, want at most %v", attempt, got, limit*time.Millisecond)
			}
		}
	}
	b.attempts = 1 << 20
	if got := b.Next(); got > b.Max {
		t.Fatalf("pause %v after many attempts, want at most %v", got, b.Max)
	}
}

func TestBreakerOpensAfterFailuresInARowAndHeals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBreaker(2, time.Millisecond)
		try := func(outcome error) error {
			done, err := b.Allow()
			if err == nil {
				done(outcome)
			}
			return err
		}
		for range 100 {
			if err := try(core.ErrOverflow); err != nil {
				t.Fatalf("a full queue must not count against the peer: %v", err)
			}
		}
		for range tripAfter {
			if err := try(core.ErrBroken); err != nil {
				t.Fatalf("closed breaker refused: %v", err)
			}
		}
		if b.State() != core.BreakerOpen {
			t.Fatalf("state %v after %d failures, want open", b.State(), tripAfter)
		}
		if err := try(nil); !errors.Is(err, core.ErrUnavailable) {
			t.Fatalf("open breaker: got %v, want ErrUnavailable", err)
		}
		<-time.After(2 * time.Millisecond)
		if err := try(nil); err != nil {
			t.Fatalf("half-open breaker refused the first attempt: %v", err)
		}
		if s := b.Stats(); s.Breaker != core.BreakerClosed || s.BreakerTrips != 1 {
			t.Fatalf("stats %+v, want closed with one trip", s)
		}
	})
}
