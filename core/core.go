// Package core holds the nouns of raftbench and its contracts: what a node, a
// term, a log entry and a request are, and what a transport, a handler, a
// storage and a state machine promise each other. One page a contract:
// transport.go, storage.go, statemachine.go.
//
// It imports the standard library only, starts no goroutine and does no I/O.
// Everything else in the module may import it; it imports nothing of the
// module.
package core

import "strconv"

// NodeID names one member of a cluster. Zero means "nobody".
type NodeID uint64

// Term is Raft's logical clock (dissertation §3.3). It never goes back.
type Term uint64

// Index is a position in the replicated log. The first entry has index 1; zero
// stands before the log.
type Index uint64

func (n NodeID) String() string { return "node " + strconv.FormatUint(uint64(n), 10) }
