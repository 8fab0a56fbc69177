package raft

import (
	"fmt"

	"github.com/raftbench/raftbench/core"
)

// advanceCommit commits what is durable on a majority, but only if that
// includes an entry of this term: entries of earlier terms are never committed
// by counting (dissertation §3.6.2, figure 3.7).
func (r *Raft) advanceCommit() {
	i := r.quorumMatch()
	if i <= r.commit || i < r.termStart {
		return
	}
	r.commit = i
	r.backlog.committed(i)
}

// LearnCommit notes that index was committed when a leader of term, or of an earlier
// one, said so other than by an append: with the answer to a follower's read (dissertation
// §6.4). The follower need not wait for the next append to learn of it, which on an idle
// cluster is a heartbeat away.
//
// Of a later term than this node's it is nothing to go by: the log may agree with the
// leader's of this term where that of the later one has something else.
func (r *Raft) LearnCommit(term core.Term, index core.Index) {
	if term > r.term {
		return
	}
	r.told = max(r.told, index)
	r.commitTold()
}

// commitTold moves a follower's commit index. Not to the end of the log: what comes
// after the last entry that a message of this term has vouched for may be a rest of an
// earlier term. What was committed once stays so: told outlives a term, verified does not.
func (r *Raft) commitTold() {
	r.commit = max(r.commit, min(r.told, r.verified))
}

// committedInTerm reports whether this leader has committed an entry of its own
// term, and so knows everything that was committed before it (§6.4).
func (r *Raft) committedInTerm() bool { return r.commit >= r.termStart }

func (r *Raft) brokenInvariant(format string, args ...any) {
	panic(fmt.Sprintf("raft: broken invariant: %v, %v of term %d, commit %d, last %d: ",
		r.id, r.role, r.term, r.commit, r.log.last) + fmt.Sprintf(format, args...))
}
