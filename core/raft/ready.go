package raft

import "github.com/raftbench/raftbench/core"

// Message is one request or one response on its way.
type Message struct {
	To core.NodeID

	// Token is the driver's mark on a request that it gave to Step. The one
	// response to that request carries it. It is zero for Raft's own requests.
	Token uint64

	// Request or Response is set, not both. They are immutable.
	Request  core.Request
	Response core.Response
}

// ReadState says that the read with this context may be answered from a state
// machine that has applied through Index (dissertation §6.4).
type ReadState struct {
	Context uint64
	Index   core.Index
}

// Ready is what there is to do. Its slices, and what they point to, are the
// driver's: Raft does not write to them again, and neither may anyone else.
type Ready struct {
	// Snapshot, if its Index is not zero, has arrived whole: the state machine
	// takes its state, and the storage makes it durable and drops the log,
	// before the write below. The state machine may take its time: nothing behind
	// the snapshot is in Committed before Applied has been called with its index.
	Snapshot core.SnapshotMeta

	// Seq numbers this Ready's write, for Persisted. Zero: there is none.
	Seq uint64

	// HardState, Entries and Sync make a core.Write. HardState is nil if it
	// need not be stored: a commit index alone waits for the next write.
	HardState *core.HardState
	Entries   []core.Entry
	Sync      bool

	// Messages may leave at once.
	Messages []Message

	// AfterPersist may leave when the write Seq is durable. Empty if Seq is zero.
	AfterPersist []Message

	// Committed are the next entries to apply, in order: one piece of at most
	// about 1 MiB, and at least one entry. If there are more, HasReady says so.
	Committed []core.Entry

	// Reads may be answered.
	Reads []ReadState

	// ReadsLost are the contexts of reads that never will be, because
	// leadership was lost.
	ReadsLost []uint64

	// FastClocks are voters whose clocks were found to be faster than declared, each
	// once. From now on there are no leases, and reads go on without (see FastClock). A
	// person should know.
	FastClocks []FastClock
}

// maxCommittedBytes bounds Ready.Committed, so that one turn of the driver
// stays short when a restarted node applies its log.
const maxCommittedBytes = 1 << 20
