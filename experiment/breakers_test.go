package experiment

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/reports"
)

// Only changes are kept: from closed, and of a breaker that has gone, to closed.
func TestBreakerWatch(t *testing.T) {
	opened := time.Unix(1e9, 0)
	at := func(ms int) time.Time { return opened.Add(time.Duration(ms) * time.Millisecond) }
	type states = map[breakerLink]core.BreakerState
	a, b := breakerLink{"node 1", 2}, breakerLink{"client 1", 2}
	w := new(breakerWatch)
	w.note(states{a: core.BreakerOpen, b: core.BreakerClosed}, at(-5)) // right before the window
	w.note(states{a: core.BreakerOpen, b: core.BreakerClosed}, at(20))
	w.note(states{a: core.BreakerHalfOpen, b: core.BreakerClosed}, at(40))
	w.note(states{b: core.BreakerClosed}, at(60)) // node 1 was killed
	w.note(states{b: core.BreakerClosed}, at(80))
	w.note(states{b: core.BreakerOpen}, at(500)) // after the window
	want := []reports.BreakerChange{
		{At: 0, From: "node 1", Peer: 2, State: "open"},
		{At: 40 * time.Millisecond, From: "node 1", Peer: 2, State: "half-open"},
		{At: 60 * time.Millisecond, From: "node 1", Peer: 2, State: "closed"},
	}
	if diff := cmp.Diff(want, w.within(opened, 200*time.Millisecond)); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	for i := range 2 * maxBreakerChanges {
		w.note(states{b: core.BreakerState(i % 2)}, at(100))
	}
	if n := len(w.within(opened, 200*time.Millisecond)); n > maxBreakerChanges || n < maxBreakerChanges-10 {
		t.Errorf("%d changes are kept, want at most %d", n, maxBreakerChanges)
	}
}
