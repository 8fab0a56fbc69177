package raft

import "github.com/raftbench/raftbench/core"

// writes follows what the driver was given to write until it is durable.
type writes struct {
	newest    uint64 // sequence number of the newest write given out
	done      uint64 // of the newest that is durable
	hardState uint64 // of the newest that carries a new term or vote
	under     queue[write]

	// durable: the log, as it is now, is durable through here.
	// Invariant: durable <= raftLog.last.
	durable core.Index
}

type write struct {
	seq  uint64
	end  core.Index // the last index it vouches for; zero for none
	tick uint64     // when it was given out
}

func (w *writes) start(end core.Index, tick uint64) uint64 {
	w.newest++
	w.under.push(write{w.newest, end, tick})
	return w.newest
}

// finish notes that the writes up to and including seq are durable.
func (w *writes) finish(seq uint64) {
	w.done = seq
	for w.under.len() > 0 && w.under.at(0).seq <= seq {
		w.durable = max(w.durable, w.under.pop().end)
	}
}

// truncate notes that the log now ends at last. Writes that are still under
// way vouch for nothing beyond, even if the log grows past it again: what they
// make durable there are entries that have been replaced (the ABA problem of
// asynchronous appends).
func (w *writes) truncate(last core.Index) {
	w.durable = min(w.durable, last)
	for i := range w.under.len() {
		u := w.under.at(i)
		u.end = min(u.end, last)
	}
}

// stalled reports whether a write has been under way for more than limit ticks.
func (w *writes) stalled(now, limit uint64) bool {
	return w.under.len() > 0 && now-w.under.at(0).tick > limit
}
