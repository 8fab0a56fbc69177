package rafttest

import (
	"fmt"
	"testing"
)

// Where clocks differ by more than was declared, reads are stale, unless the leader
// notices it in time. How often it does, and how long it takes, is what -v prints:
// docs/simulation.md has the table of -seeds 100.
func TestClocksBeyondTheDrift(t *testing.T) {
	excesses := []int{50, 100, 300}
	if *seedsFlag > 0 {
		excesses = []int{2, 5, 10, 25, 50, 100, 300}
	}
	ran, with, without := 0, 0, 0
	for _, excess := range excesses {
		t.Run(fmt.Sprintf("%d", excess), func(t *testing.T) {
			unnoticed, noticed, count := comparePartedClocks(t, excess)
			without, with = without+unnoticed.StaleReads, with+noticed.StaleReads
			if count >= 20 {
				ran++
			}
		})
	}
	if ran == len(excesses) && 3*with >= 2*without {
		t.Errorf("%d stale reads, and if nobody notices %d", with, without)
	}
}

// comparePartedClocks runs worlds with and without the notice, and quiet ones.
func comparePartedClocks(t *testing.T, excess int) (without, with Result, count int) {
	t.Helper()
	o := Options{ExcessPercent: excess, Ticks: longTicks}
	unnoticed, quiet := o, o
	unnoticed.Bug, quiet.Faultless = LeaseBeyondDrift, true
	quiet.Ticks = longTicks / 2 // what takes time is the rounds that reads need
	without, _ = runSeeds(t, unnoticed, 50)
	alone, _ := runSeeds(t, quiet, 50)
	with, count = runSeeds(t, o, 50)
	t.Logf("| %d%% | %d of %d | %d of %d | %.0f, at most %d |", excess, without.StaleReads, without.LeaseReads,
		with.StaleReads, with.LeaseReads, float64(alone.FastClockTicks)/float64(max(1, alone.FastClocks)), alone.FastClockMost)
	switch {
	case count < 20:
	case without.FastClocks > 0 || alone.StaleReads > 0:
		t.Errorf("%d clocks are found that nobody was told of, and %d reads are stale where nothing goes wrong", without.FastClocks, alone.StaleReads)
	case with.FastClocks < count/4 || alone.FastClocks < count:
		t.Errorf("only %d and %d clocks are found in %d worlds each", with.FastClocks, alone.FastClocks, count)
	case alone.FastClockMost > 40+400/excess:
		t.Errorf("it took %d ticks to find a clock", alone.FastClockMost)
	}
	return without, with, count
}
