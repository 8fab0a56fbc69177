package rafttest

import (
	"fmt"
	"testing"
)

// Where clocks differ by more than was declared, reads are stale, unless the leader
// notices it in time. How often it does, and how long it takes, is what -v prints:
// docs/simulation.md has the table of -seeds 100.
func TestClocksBeyondTheDrift(t *testing.T) {
	excesses := []int{50, 300}
	if *seedsFlag > 0 {
		excesses = []int{2, 5, 10, 25, 50, 100, 300}
	}
	for _, excess := range excesses {
		t.Run(fmt.Sprintf("%d", excess), func(t *testing.T) {
			o := Options{ExcessPercent: excess, Ticks: longTicks}
			unnoticed, quiet := o, o
			unnoticed.Bug, quiet.Faultless = LeaseBeyondDrift, true
			quiet.Ticks = longTicks / 2 // what takes time is the rounds that reads need
			without, _ := runSeeds(t, unnoticed, 50)
			alone, _ := runSeeds(t, quiet, 50)
			with, count := runSeeds(t, o, 50)
			t.Logf("| %d%% | %d of %d | %d of %d | %.0f, at most %d |", excess, without.StaleReads, without.LeaseReads,
				with.StaleReads, with.LeaseReads, float64(alone.FastClockTicks)/float64(max(1, alone.FastClocks)), alone.FastClockMost)
			switch {
			case count < 20:
			case without.FastClocks > 0 || without.StaleReads == 0 && excess >= 300:
				t.Errorf("there is nothing to notice: %+v", without)
			case with.FastClocks < count/4 || alone.FastClocks < count/4:
				t.Errorf("only %d and %d clocks are found in %d worlds each", with.FastClocks, alone.FastClocks, count)
			case 2*with.StaleReads > without.StaleReads || alone.StaleReads > 0:
				t.Errorf("%d stale reads, without a notice %d, and where nothing else goes wrong %d", with.StaleReads, without.StaleReads, alone.StaleReads)
			case alone.FastClockMost > 40+400/excess:
				t.Errorf("it took %d ticks to find a clock", alone.FastClockMost)
			}
		})
	}
}
