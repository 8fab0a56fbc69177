package raft

import "github.com/raftbench/raftbench/core"

// maxPendingReads bounds the reads that wait for a majority.
const maxPendingReads = 1 << 16

// readQueue holds reads until a majority has confirmed that their leader still
// led after they came in (dissertation §6.4). One round of heartbeats at a time
// serves all reads that came before it: those that come meanwhile share the
// next.
type readQueue struct {
	context uint64 // the newest given out. Never goes back, so that no late answer can confirm a later read.
	pending queue[pendingRead]
	round   uint64     // the newest context that heartbeats carry
	running bool       // a round waits for a quorum
	target  uint64     // its context
	index   core.Index // the commit index when it began

	done []ReadState
	lost []uint64
}

// pendingRead is one call of ReadIndex.
type pendingRead struct {
	context uint64
	index   core.Index // the commit index at the call; zero: the leader did not know what was committed
}

func (q *readQueue) len() int { return q.pending.len() }

// take gives out the reads that have ended.
func (q *readQueue) take() (done []ReadState, lost []uint64) {
	done, lost = q.done, q.lost
	q.done, q.lost = nil, nil
	return done, lost
}

// lose ends all pending reads, and those that no Ready has given out yet are
// given out as done: they are.
func (q *readQueue) lose() {
	for q.pending.len() > 0 {
		q.lost = append(q.lost, q.pending.pop().context)
	}
	q.running = false
}

// ReadIndex asks whether reads that came in before now may be answered from
// this leader's state machine. The context comes back in Ready.Reads with the
// index that must have been applied first, or in Ready.ReadsLost. One call is
// enough for all reads of one turn.
func (r *Raft) ReadIndex() (context uint64, err error) {
	if r.role != Leader {
		return 0, ErrNotLeader
	}
	if r.reads.len() >= maxPendingReads {
		return 0, ErrOverloaded
	}
	read := pendingRead{context: r.reads.context + 1}
	if r.committedInTerm() {
		read.index = r.commit
	}
	r.reads.context++
	r.reads.pending.push(read)
	return read.context, nil
}

// canStartReads reports whether a round is due, or none is needed. Before it has
// committed an entry of its own term, a leader does not know what is committed.
func (r *Raft) canStartReads() bool {
	if r.reads.len() == 0 || !r.committedInTerm() {
		return false
	}
	return !r.reads.running || r.reads.pending.at(0).index > 0 && r.holdsLease()
}

func (r *Raft) startReads() {
	if !r.canStartReads() {
		return
	}
	if r.holdsLease() {
		r.finishByLease()
	}
	if r.reads.len() == 0 || r.reads.running {
		return
	}
	q := &r.reads
	q.round, q.target, q.index, q.running = q.context, q.context, r.commit, true
	if r.isAlone() {
		r.finishReads()
		return
	}
	r.broadcastHeartbeat()
}

// finishByLease answers the reads that came in while this leader knew what was
// committed. Their index was taken first and the lease is looked at now: the
// other way round, a node that is held up in between would answer with what was
// committed after its lease had passed.
func (r *Raft) finishByLease() {
	q := &r.reads
	for q.pending.len() > 0 && q.pending.at(0).index > 0 {
		read := q.pending.pop()
		q.done = append(q.done, ReadState{Context: read.context, Index: read.index})
	}
	q.running = q.running && q.pending.len() > 0
}

// confirmReads notes that p followed this leader after the round with this
// context began.
func (r *Raft) confirmReads(p *progress, context uint64) {
	if context > r.reads.round {
		return
	}
	p.readContext = max(p.readContext, context)
	if r.reads.running && r.isQuorum(func(p *progress) bool { return p.readContext >= r.reads.target }) {
		r.finishReads()
	}
}

func (r *Raft) finishReads() {
	q := &r.reads
	q.running = false
	for q.pending.len() > 0 && q.pending.at(0).context <= q.target {
		q.done = append(q.done, ReadState{Context: q.pending.pop().context, Index: q.index})
	}
}
