package experiment

import (
	"fmt"
	"time"

	"github.com/raftbench/raftbench/workloads"
)

// Slices are how the arms of a block share the machine: all their clusters are
// started, and then take turns, each driven for a slice of its window while the
// others are idle, in a new random order in every round. A machine that others share
// changes its speed from one second to the next; what one arm meets within a
// round, all of them meet. Multiple interleaved trials, down to parts of a second
// (A. Abedi and T. Brecht, Conducting Repeatable Experiments in Highly Variable Cloud
// Computing Environments, ICPE 2017); docs/decisions/0018 has what it brought here.
const (
	// SliceAuto as Settings.Slice takes slices of DefaultSlice wherever that is possible, and
	// shorter ones where a window would otherwise have fewer than minRounds.
	SliceAuto time.Duration = -1

	// DefaultSlice is three buckets of the series: short against what a machine
	// does to one arm, and long against settle.
	DefaultSlice = 3 * workloads.DefaultSeriesWidth

	// minRounds is how many it takes to tell an arm that moves from arms that move
	// together (workloads.Steady).
	minRounds = 6

	// settle is what is left out at the start of every slice but the first: caches that
	// the other arms used, and connections that were silent.
	settle = 50 * time.Millisecond

	// maxTogether bounds the clusters that are up at the same time, and
	// maxTogetherBytes what they hold, on a machine that has twice as much.
	maxTogether      = 16
	maxTogetherBytes = 4 << 30

	// maxSliceClients bounds the clients of a closed loop: each slice has its own.
	maxSliceClients = 1 << 16

	// maxSliceTimeout bounds the timeout of an operation: every slice waits for its
	// last operations.
	maxSliceTimeout = 30 * time.Second
)

// slice returns how long the slices of a plan are. Zero: each arm has its whole window
// at once. The error says why an explicit length is not possible.
func (s *Settings) slice(arms []Arm) (time.Duration, error) {
	length := s.Slice
	if length == SliceAuto {
		const bucket = workloads.DefaultSeriesWidth
		length = min(DefaultSlice, s.Duration/minRounds/bucket*bucket)
	}
	if length == 0 {
		return 0, nil
	}
	why := s.unsliced(arms, length)
	switch {
	case why == "":
		return length, nil
	case s.Slice == SliceAuto:
		return 0, nil
	default:
		return 0, fmt.Errorf("--slice %v: %s", length, why)
	}
}

// unsliced says why windows cannot be cut; empty if they can.
func (s *Settings) unsliced(arms []Arm, length time.Duration) string {
	held, room := 0, togetherBytes(thisMachine().memoryBytes())
	for i := range arms {
		switch a := &arms[i]; {
		case len(a.Stages) > 0:
			return "stages take their time in one piece"
		case s.Operations > 0:
			return "a window that ends by a number of operations has no length"
		case a.Rate > 0:
			return "an open loop that is overloaded would begin every slice without the queue of the last one"
		case s.window(a) < 2*length:
			return fmt.Sprintf("a window of %v has no two slices", s.window(a))
		case a.Clients > maxSliceClients:
			return fmt.Sprintf("%d clients take too long to begin anew in every slice, want at most %d", a.Clients, maxSliceClients)
		}
		held += arms[i].held()
	}
	switch {
	case len(s.Faults) > 0:
		return "a fault script takes its time in one piece"
	case len(arms) < 2:
		return "one arm has nobody to take turns with"
	case len(arms) > maxTogether:
		return fmt.Sprintf("%d arms cannot all be up at once, want at most %d", len(arms), maxTogether)
	case held > room:
		return fmt.Sprintf("the clusters of all arms would hold %d MiB at once, want at most %d, and half of this machine's memory", held>>20, room>>20)
	case s.Warmup == 0:
		return "without a warm-up a window has one cold start, and not one in every slice"
	case s.BasePort > 0:
		return "clusters that are up at once cannot have the same --port"
	case max(s.timeout(true), s.timeout(false)) > maxSliceTimeout:
		return fmt.Sprintf("a timeout of %v is too long to wait for after every slice, want at most %v", max(s.timeout(true), s.timeout(false)), maxSliceTimeout)
	}
	return ""
}

// togetherBytes is what clusters that are up at once may hold where there is so much
// memory; zero: nobody knows. The other half is for what they are doing, the garbage
// collector's room, and whoever else is there.
func togetherBytes(memory int64) int {
	if memory == 0 {
		return maxTogetherBytes
	}
	return int(min(maxTogetherBytes, memory/2))
}

// held is how many bytes of log a cluster keeps in memory at most, roughly: entries up
// to two snapshots back, in every node.
func (a *Arm) held() int {
	const entries, overhead = 2 << 17, 100
	return a.Nodes * entries * (a.Payload + overhead)
}

// cuts are the lengths of the slices of a window: all the same, but for the last, which
// takes what is left over.
func cuts(window, slice time.Duration) []time.Duration {
	n := int(window / slice)
	list := make([]time.Duration, n)
	for i := range list {
		list[i] = slice
	}
	list[n-1] += window - time.Duration(n)*slice
	return list
}
