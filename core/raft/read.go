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
	pending queue[uint64]
	round   uint64     // the newest context that heartbeats carry
	running bool       // and whether it waits for a majority
	index   core.Index // the commit index when the round began

	done []ReadState
	lost []uint64
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
		q.lost = append(q.lost, q.pending.pop())
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
	r.reads.context++
	r.reads.pending.push(r.reads.context)
	return r.reads.context, nil
}

// canStartReads reports whether a round is due. Before it has committed an
// entry of its own term, a leader does not know what is committed.
func (r *Raft) canStartReads() bool {
	return r.reads.len() > 0 && !r.reads.running && r.committedInTerm()
}

func (r *Raft) startReads() {
	if !r.canStartReads() {
		return
	}
	r.reads.round, r.reads.index, r.reads.running = r.reads.context, r.commit, true
	if len(r.peers) == 0 {
		r.finishReads()
		return
	}
	r.broadcastHeartbeat()
}

// confirmReads notes that p followed this leader after the round with this
// context began.
func (r *Raft) confirmReads(p *progress, context uint64) {
	if context > r.reads.round {
		return
	}
	p.readContext = max(p.readContext, context)
	if r.reads.running && r.quorumOfPeers(func(p *progress) bool { return p.readContext >= r.reads.round }) {
		r.finishReads()
	}
}

func (r *Raft) finishReads() {
	q := &r.reads
	q.running = false
	for q.pending.len() > 0 && *q.pending.at(0) <= q.round {
		q.done = append(q.done, ReadState{Context: q.pending.pop(), Index: q.index})
	}
}
