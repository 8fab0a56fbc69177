package raft

import "github.com/raftbench/raftbench/core"

// SetSnapshot says that the driver has saved a snapshot. The log must not be
// compacted beyond it before this is called.
func (r *Raft) SetSnapshot(s core.SnapshotMeta) {
	if s.Index > r.snapshot.Index {
		r.snapshot = s
		r.members.forget(s.Index)
	}
}

// sendSnapshot asks the driver to send the snapshot, because the entries that
// the follower needs are compacted.
//
// The message has no data: the driver cuts the snapshot into chunks, copies the
// other fields into each, and gives Raft the last response, or ReportFailure.
func (r *Raft) sendSnapshot(p *progress) {
	if r.snapshot.Index <= p.match || r.snapshot.Index+1 < r.log.first() {
		r.brokenInvariant("%v needs entry %d, the log begins at %d, and there is no better than %v",
			p.id, p.next, r.log.first(), r.snapshot)
	}
	p.waitForSnapshot(r.snapshot.Index)
	r.send(p.id, &core.InstallSnapshotRequest{From: r.id, Term: r.term, Session: p.session, Snapshot: r.snapshot})
}

func (r *Raft) stepSnapshotResponse(p *progress, a *core.InstallSnapshotResponse) {
	if a.Match == 0 || a.Match > r.log.last {
		return
	}
	news := r.acked(p, a.Match)
	if p.state == StateSnapshot && a.Match >= p.pendingSnapshot {
		// Not only if it is news: a heartbeat's answer may have come first. If
		// the log was compacted beyond the snapshot meanwhile, the next send
		// finds out and starts another.
		p.replicate(p.match + 1)
	}
	if news {
		r.advanceCommit()
		r.maybeTimeoutNow(p)
	}
}

// stepInstallSnapshot is the receiver's side of InstallSnapshot (dissertation
// §5.3). The driver keeps the data: it steps each chunk, and with Done only the
// one that makes the snapshot whole. To refuse a chunk that does not fit, it
// steps it without Done and corrects NextOffset in the response.
func (r *Raft) stepInstallSnapshot(token uint64, q *core.InstallSnapshotRequest) {
	a := &core.InstallSnapshotResponse{From: r.id, Session: q.Session}
	if isWellFormedSnapshot(q) && r.acceptLeader(q.From, q.Term) {
		switch {
		case q.Snapshot.Index <= r.commit:
			a.Match = r.commit
		case !q.Done:
			a.NextOffset = q.Offset + uint64(len(q.Data))
		default:
			r.restore(q.Snapshot)
			a.Match = q.Snapshot.Index
		}
		if a.Match > 0 {
			r.agreedIn = max(r.agreedIn, q.Session)
		}
	}
	a.Term = r.term
	r.answer(q.From, token, a, a.Match)
	r.maybeGrown()
}

func isWellFormedSnapshot(q *core.InstallSnapshotRequest) bool {
	if q.Snapshot.Config != "" {
		if _, err := core.DecodeConfiguration([]byte(q.Snapshot.Config)); err != nil {
			return false
		}
	}
	return q.Snapshot.Term <= q.Term
}

// restore takes over a snapshot beyond what is committed.
func (r *Raft) restore(s core.SnapshotMeta) {
	if t, err := r.log.term(s.Index); err == nil && t == s.Term {
		r.verified, r.told = max(r.verified, s.Index), max(r.told, s.Index) // the log has it all, and perhaps more
		r.commitTold()
		return
	}
	r.out.revoke(r.commit, r.term)
	r.writes.truncate(r.commit)
	r.restoreMembers(s)
	r.log.restore(s)
	r.commit, r.delivered, r.installing = s.Index, s.Index, s.Index
}

func (r *Raft) restoreMembers(s core.SnapshotMeta) {
	c := r.members.at(r.commit).Configuration
	if s.Config != "" {
		c, _ = core.DecodeConfiguration([]byte(s.Config)) // it was found to be well-formed
	}
	r.members.known = append(r.members.known[:0], placed{c, s.Index})
	r.adoptMembers()
}
