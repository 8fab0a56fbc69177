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

	// Stages is where the client says that the time went; nil unless the operation
	// was sampled. It is borrowed until Record returns.
	Stages *client.Stages

	// Took is how long the client says that it had the operation; with Stages only.
	Took time.Duration
}
