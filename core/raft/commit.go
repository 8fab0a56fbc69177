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

// commitThrough moves a follower's commit index to i, which its log was
// verified to share with the leader's.
func (r *Raft) commitThrough(i core.Index) {
	r.commit = max(r.commit, i)
}

// committedInTerm reports whether this leader has committed an entry of its own
// term, and so knows everything that was committed before it (§6.4).
func (r *Raft) committedInTerm() bool { return r.commit >= r.termStart }

func (r *Raft) brokenInvariant(format string, args ...any) {
	panic(fmt.Sprintf("raft: broken invariant: %v, %v of term %d, commit %d, last %d: ",
		r.id, r.role, r.term, r.commit, r.log.last) + fmt.Sprintf(format, args...))
}
