package raft

import (
	"fmt"

	"github.com/raftbench/raftbench/core"
)

// Role is the part that a node plays in its term.
type Role uint8

// The roles (dissertation §3.3; PreCandidate §9.6).
const (
	Follower Role = iota
	PreCandidate
	Candidate
	Leader
)

func (r Role) String() string {
	switch r {
	case Follower:
		return "follower"
	case PreCandidate:
		return "pre-candidate"
	case Candidate:
		return "candidate"
	case Leader:
		return "leader"
	}
	return fmt.Sprintf("Role(%d)", uint8(r))
}

// Status is a copy of a Raft's state, for people and tests.
type Status struct {
	ID        core.NodeID
	Role      Role
	Term      core.Term
	Vote      core.NodeID
	Leader    core.NodeID // zero for nobody
	Commit    core.Index
	Applied   core.Index
	LastIndex core.Index
	Durable   core.Index // the log is durable through here

	UncommittedBytes int         // of this leader's proposals
	PendingReads     int         // ReadIndex calls without an answer
	Transferee       core.NodeID // who is to take over; zero for nobody

	// Progress of the other members, by ID, as the leader sees it. Nil on others.
	Progress []Progress

	Configuration core.Configuration // in force; not to be written to
	ConfigIndex   core.Index         // of the entry that brought it; zero for none
	HoldsLease    bool               // a leader's: reads need no round of heartbeats
	FastClock     core.NodeID        // Raft.FastClock
}

// Progress is what a leader knows about one follower.
type Progress struct {
	Peer            core.NodeID
	State           ProgressState
	Match           core.Index // the follower's log is durable and the leader's through here
	Next            core.Index // the next entry to send
	Paused          bool       // Probe only: a probe is under way, or failed and waits for a sign of life
	Inflight        int        // AppendEntries with entries under way
	InflightBytes   int        // and the bytes of their entries
	PendingSnapshot core.Index // Snapshot only: the one under way
	Session         uint64
	Votes           bool // it is a voter, not a learner
	CaughtUp        bool // it can become a voter, if it is a learner
}

// Status returns the state. It allocates; Role, Term, Leader, Commit and
// LastIndex do not.
func (r *Raft) Status() Status {
	s := Status{
		ID: r.id, Role: r.role, Term: r.term, Vote: r.vote, Leader: r.leader,
		Commit: r.commit, Applied: r.applied, LastIndex: r.log.last, Durable: r.writes.durable,
		UncommittedBytes: r.backlog.bytes, PendingReads: r.reads.len(), Transferee: r.transferee,
		FastClock: r.FastClock(),
	}
	s.Configuration, s.ConfigIndex = r.Configuration()
	if r.role != Leader {
		return s
	}
	s.HoldsLease = r.holdsLease()
	for i := range r.peers {
		s.Progress = append(s.Progress, r.peers[i].status())
	}
	return s
}

// Role returns the node's role.
func (r *Raft) Role() Role { return r.role }

// Term returns the node's term.
func (r *Raft) Term() core.Term { return r.term }

// Leader returns whom the node believes to lead; zero for nobody.
func (r *Raft) Leader() core.NodeID { return r.leader }

// Agreed reports whether this follower has told the leader of its term, in that session of
// the leader's, where the logs agree. Before that a leader sends one append at a time; it
// begins a session anew for a follower that forgot something.
func (r *Raft) Agreed(session uint64) bool { return r.agreedIn == session }

// Commit returns the commit index.
func (r *Raft) Commit() core.Index { return r.commit }

// LastIndex returns the index of the last entry, durable or not.
func (r *Raft) LastIndex() core.Index { return r.log.last }
