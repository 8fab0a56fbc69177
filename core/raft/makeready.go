package raft

import "github.com/raftbench/raftbench/core"

// HasReady reports whether Ready would return anything.
func (r *Raft) HasReady() bool {
	return len(r.out.now) > 0 || len(r.out.held) > 0 || len(r.log.tail) > 0 ||
		r.canDeliver() || r.hardStateChanged || r.log.snapshot.Index != 0 ||
		len(r.reads.done) > 0 || len(r.reads.lost) > 0 ||
		r.role == Leader && (r.lease.told || r.canGoOn() || r.canStartReads() || r.canReplicate())
}

// Ready returns what there is to do, and regards it as given to the driver: see
// the package comment for what must have been done before Raft is called again.
func (r *Raft) Ready() Ready {
	if r.role == Leader {
		r.goOn()
	}
	if r.role == Leader {
		r.compareClocks()
		r.startReads()
		r.replicate()
	}
	// Before the tail is given out, it can be read here but not in Config.Log yet.
	rd := Ready{Committed: r.nextCommitted()}
	r.takeWrite(&rd)
	r.takeMessages(&rd)
	rd.Reads, rd.ReadsLost = r.reads.take()
	rd.FastClocks, r.fastClocks = r.fastClocks, nil
	return rd
}

func (r *Raft) takeWrite(rd *Ready) {
	rd.Snapshot, rd.Entries = r.log.take()
	changed := r.hardStateChanged
	rd.Sync = changed || len(rd.Entries) > 0 || rd.Snapshot.Index != 0
	if !rd.Sync {
		return // a new commit index is a hint, and not worth a write
	}
	if changed || r.storedCommit != r.commit {
		rd.HardState = &core.HardState{Term: r.term, Vote: r.vote, Commit: r.commit}
		r.hardStateChanged, r.storedCommit = false, r.commit
	}
	if rd.Snapshot.Index != 0 {
		r.snapshot = rd.Snapshot
	}
	end := core.Index(0)
	if len(rd.Entries) > 0 || rd.Snapshot.Index != 0 {
		end = r.log.last
	}
	rd.Seq = r.writes.start(end, r.ticks)
	if changed {
		r.writes.hardState = rd.Seq
	}
}

// takeMessages sorts what is to be sent: what may leave at once, what may leave
// when this Ready's write is durable, and, if there is none, what has to wait for
// the newest that is under way.
func (r *Raft) takeMessages(rd *Ready) {
	rd.Messages, r.out.now = r.out.now, nil
	for _, m := range r.out.held {
		if q, ok := m.Request.(*core.RequestVoteRequest); ok && (r.role != Candidate || q.Term != r.term) {
			continue // the election is over
		}
		r.tellClock(m.Response)
		switch {
		case r.isDurable(m.match):
			rd.Messages = append(rd.Messages, m.Message)
		case rd.Seq != 0:
			rd.AfterPersist = append(rd.AfterPersist, m.Message)
		default:
			r.out.waiting.push(waitingMessage{m.Message, r.writes.newest})
		}
	}
	clear(r.out.held)
	r.out.held = r.out.held[:0]
}

// canDeliver reports whether there are committed entries that the driver can apply.
func (r *Raft) canDeliver() bool { return r.delivered < r.commit && r.applied >= r.installing }

// nextCommitted returns the next piece of committed entries. They need not be
// durable here: that they are on a majority is what committed means, and the
// state machine does not outlive a crash any more than they do.
func (r *Raft) nextCommitted() []core.Entry {
	if !r.canDeliver() {
		return nil
	}
	entries, err := r.log.entries(r.delivered+1, r.commit+1, maxCommittedBytes)
	if err != nil || len(entries) == 0 {
		r.brokenInvariant("the log cannot return committed entry %d: %v", r.delivered+1, err)
	}
	r.delivered = entries[len(entries)-1].Index
	return entries
}

// Applied says that the driver has applied everything through i, by entries or by
// a snapshot.
func (r *Raft) Applied(i core.Index) {
	if i > r.delivered {
		r.brokenInvariant("entry %d was applied, but only %d was given out", i, r.delivered)
	}
	r.applied = max(r.applied, i)
}
