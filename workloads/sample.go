package workloads

import (
	"time"

	"github.com/raftbench/raftbench/core/client"
)

// Sample is one finished operation. Its times count from the start of the run on
// the monotonic clock.
type Sample struct {
	Type OpType

	// Intended is when the operation should have started: in an open loop by the
	// schedule, in a closed loop when it was sent.
	Intended time.Duration

	// Sent was read immediately before Target.Submit; operations of one Submit
	// share the reading.
	Sent time.Duration

	// Done was read when the operation was handed back; operations that were
	// handed back together share the reading.
	Done time.Duration

	Outcome client.Outcome
	Err     error
}

// clock counts from the start of a run. It is read anew for every event: a
// cached clock would measure how often the cache is refreshed.
type clock struct {
	origin time.Time
}

// now reads the monotonic clock alone.
func (c clock) now() time.Duration { return time.Since(c.origin) }
