// Package raft is the consensus algorithm of Ongaro's dissertation as a pure
// state machine: requests, responses, proposals and ticks go in, and a Ready
// comes out that says what to write, what to send and what to apply.
//
// It is not a node. It has no clock, goroutine, socket or disk, and draws its
// random numbers from a seed, so that the same inputs in the same order give
// the same outputs, whatever carries its messages. core/node joins it to a
// storage, a transport and a state machine; core/rafttest to simulated ones.
//
// A Raft has one user at a time. Its cycle:
//
//	step, tick, propose                     any number of times
//	for r.HasReady() {
//		rd := r.Ready()
//		install rd.Snapshot; r.Applied(...) if there is one
//		storage.Write(rd.HardState, rd.Entries, rd.Sync)    if rd.Seq is not zero
//		send rd.Messages
//		apply rd.Committed; r.Applied(...)
//	}
//	when the write is durable: r.Persisted(rd.Seq), send rd.AfterPersist
//
// A Ready needs no further acknowledgement, but its snapshot and its write must
// have been given to the storage before Raft is called again: from then on it
// reads those entries through Config.Log. They need not be durable: several
// writes may be under way, and Persisted reports them in order.
//
// Two rules make parallel writes safe (dissertation §10.2.1): what testifies to
// a term, a vote or an entry leaves only when that is durable, and a leader and
// a candidate count themselves only when their own write is durable. Everything
// else may leave, and committed entries may be applied, while the disk works.
//
// The members may change (§4): a configuration is an entry of the log, in force
// from the moment it is appended. With leases (§6.4.1) the driver's ticks must be
// the time that passed: it takes the index of a read with ReadIndex, then tells of
// the ticks that are due, and then asks for a Ready.
//
// Messages are self-contained. No safety argument rests on their order, on
// their number, or on pairing a response with its request.
package raft
