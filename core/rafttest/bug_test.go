package rafttest

import (
	"slices"
	"testing"
)

// The simulator can fail: each of these mistakes is found within its budget, and
// first by one of the stated checks. The budgets have a margin of two or more,
// by the seeds that found them when this was written; docs/simulation.md has those.
func TestBugsAreFound(t *testing.T) {
	for _, b := range Bugs() {
		t.Run(b.String(), func(t *testing.T) {
			h := b.Bounty()
			if h.Within >= 200 && (testing.Short() || raceEnabled) {
				t.Skip("takes hundreds of seeds")
			}
			v, n, err := Hunt(h.Options(b), h.Within)
			switch {
			case err != nil:
				t.Fatal(err)
			case v == nil:
				t.Fatalf("not found within %d seeds", h.Within)
			case !slices.Contains(h.By, v.Promise):
				t.Fatalf("found by another check than %q: %v", h.By, v)
			}
			t.Logf("after %d seeds, by %q", n, v.Promise)
		})
	}
}

func TestEveryBugHasAName(t *testing.T) {
	for _, b := range Bugs() {
		if b.String() == "" || b.String()[:3] == "Bug" {
			t.Errorf("bug %d has no name", int(b))
		}
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for _, o := range []Options{{Nodes: -1}, {Nodes: 10}, {Ticks: -1}} {
		if _, err := Run(o); err == nil {
			t.Errorf("%+v: no error", o)
		}
	}
}
