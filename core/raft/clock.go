package raft

import (
	"math/bits"

	"github.com/raftbench/raftbench/core"
)

// What a lease rests on, that no clock is faster than another by more than was declared
// (dissertation §6.4.1), nobody can know to hold. So a leader with leases looks whether
// it does not: voters tell their clock's reading, in whole ticks, in the answers on which
// leases rest, and a leader compares what passed for a voter with what passed for itself.
//
// The arithmetic. A voter read f, after the round of heartbeats that it answered had left
// at the leader's s; it read g, before the leader had that answer and looked at its own
// clock, which said k. For the voter more than g-f-1 ticks passed between the two. The
// leader's share of that time is less than k-s+1 ticks. So, with the drift d,
//
//	g-f-1 >= (k-s+1)(1+d)
//
// proves that the voter's clock is faster than declared. Delays, losses and held-up nodes
// only make k-s longer: nobody is blamed for them. Of all the pairs (f, s) that came before
// it is enough to keep the one with the least f-s(1+d): it is the start of the interval
// that proves most.
//
// A voter that starts again counts from zero. Its new reading is no more than what passed
// since, and so g-f is too small rather than too large, if g was read after f. An answer
// that was under way may have been read before. So a pair is only compared with answers to
// rounds that began after it was known. Its readings need no name for their life.
type clockWatch struct {
	// An answer that no Ready has looked at; the context is zero if there is none.
	context, reading uint64

	// The pair; after is zero if there is none.
	theirs, ours uint64
	after        uint64 // the newest context when it was known

	fast bool // there was a proof
}

// FastClock is the proof that a voter's clock is faster than declared.
type FastClock struct {
	Voter core.NodeID

	// Theirs ticks passed at the least for the voter in less than Ours of this node's.
	Theirs, Ours uint64
}

// Skip says that so many ticks have passed for which Tick will not be called, because the
// driver was held up for longer than matters to elections. With leases it matters to the
// comparison of clocks: a leader that does not count them takes the others' for fast.
func (r *Raft) Skip(ticks uint64) { r.skipped += ticks }

// clock is this node's reading.
func (r *Raft) clock() uint64 { return r.ticks + r.skipped }

// tellClock puts the reading into an answer that confirms a round. It is called from
// Ready: by then the driver has told of the time at which the request was there.
func (r *Raft) tellClock(resp core.Response) {
	if a, ok := resp.(*core.AppendEntriesResponse); ok && a.ReadContext > 0 && r.lease.ticks > 0 {
		a.Clock = r.clock()
	}
}

// noteClock keeps a voter's reading for Ready: only then is it certain that the driver has
// told of all the time that passed until the answer came.
func (r *Raft) noteClock(p *progress, a *core.AppendEntriesResponse) {
	if r.lease.ticks == 0 || p.part == 0 || a.Clock == 0 || a.ReadContext > r.reads.round {
		return
	}
	if w := &p.clock; a.ReadContext > max(w.context, w.after) {
		w.context, w.reading = a.ReadContext, a.Clock
		r.lease.told = true
	}
}

// compareClocks looks at the readings that have come.
func (r *Raft) compareClocks() {
	if !r.lease.told {
		return
	}
	r.lease.told = false
	for i := range r.peers {
		if p := &r.peers[i]; p.clock.context > 0 {
			r.compareClock(p)
		}
	}
}

func (r *Raft) compareClock(p *progress) {
	w := &p.clock
	context, theirs := w.context, w.reading
	w.context = 0
	if w.after > 0 && theirs > w.theirs && !w.fast {
		proof := FastClock{p.id, theirs - w.theirs - 1, r.clock() - w.ours + 1}
		if r.lease.outruns(proof.Theirs, proof.Ours) {
			w.fast = true
			r.fastClocks = append(r.fastClocks, proof)
		}
	}
	left, known := r.lease.left(context)
	if !known {
		return // so long ago that it proves little
	}
	if w.after == 0 || theirs < w.theirs || !r.lease.outruns(theirs-w.theirs, left-w.ours) {
		w.theirs, w.ours, w.after = theirs, left, r.reads.context
	}
}

// outruns reports whether a clock for which theirs ticks passed is faster than declared, if
// ours passed for this one.
func (l *lease) outruns(theirs, ours uint64) bool {
	a, b := bits.Mul64(theirs, 100)
	c, d := bits.Mul64(ours, l.driftPercent+100)
	return a > c || a == c && b >= d
}

// left is this node's reading when the round with a context left, or one before it.
func (l *lease) left(context uint64) (clock uint64, known bool) {
	for i := l.rounds.len() - 1; i >= 0; i-- {
		if round := l.rounds.at(i); round.context <= context {
			return round.clock, true
		}
	}
	return 0, false
}

// FastClock returns a voter whose clock this node has found to be faster than declared,
// zero for none. While there is one, it holds no leases: it cannot tell whether that clock
// is fast or its own slow, and in the second case no other voter's promise is worth more. It
// does not forget it with its term, but when the voter leaves, or when it starts again.
func (r *Raft) FastClock() core.NodeID {
	for i := range r.peers {
		if p := &r.peers[i]; p.clock.fast && p.part != 0 {
			return p.id
		}
	}
	return 0
}
