package raft

import "errors"

// Errors of Propose, ReadIndex and TransferLeadership. Nothing was done.
var (
	// ErrNotLeader: only the leader can do this.
	ErrNotLeader = errors.New("raft: not the leader")
	// ErrOverloaded: Config.MaxUncommittedBytes are waiting to be committed, or too many reads to be confirmed.
	ErrOverloaded = errors.New("raft: overloaded")
	// ErrTransferring: the leader is handing over its leadership.
	ErrTransferring = errors.New("raft: leadership is being transferred")
)
