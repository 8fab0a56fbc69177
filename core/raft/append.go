package raft

import "github.com/raftbench/raftbench/core"

// stepAppendEntries is the receiver's side of AppendEntries (dissertation §3.5).
func (r *Raft) stepAppendEntries(token uint64, q *core.AppendEntriesRequest) {
	if q.Term == 0 {
		r.stepQuestion(token, q)
		return
	}
	a := &core.AppendEntriesResponse{From: r.id, Session: q.Session, PrevIndex: q.PrevIndex}
	if isWellFormed(q) && r.acceptLeader(q.From, q.Term) {
		a.ReadContext = q.ReadContext
		r.appendFrom(q, a)
		if a.Success && (q.PrevIndex > 0 || len(q.Entries) > 0) {
			r.agreedIn = max(r.agreedIn, q.Session)
		}
	}
	a.Term = r.term
	r.temper(a)
	r.answer(q.From, token, a, a.Match)
	r.maybeGrown()
}

// isWellFormed reports whether the entries follow PrevIndex without a gap,
// their terms rise from PrevTerm to at most the leader's, and configurations are
// what they say they are.
func isWellFormed(q *core.AppendEntriesRequest) bool {
	index, term := q.PrevIndex, q.PrevTerm
	for i := range q.Entries {
		e := &q.Entries[i]
		index++
		if e.Index != index || e.Term < term {
			return false
		}
		if e.Kind == core.EntryConfiguration {
			if _, err := core.DecodeConfiguration(e.Data); err != nil {
				return false
			}
		}
		term = e.Term
	}
	return term <= q.Term
}

// appendFrom makes the log agree with the leader's through the last entry of q,
// or says in a where the leader should try instead.
func (r *Raft) appendFrom(q *core.AppendEntriesRequest, a *core.AppendEntriesResponse) {
	prev, prevTerm, entries := q.PrevIndex, q.PrevTerm, q.Entries
	if prev < r.commit {
		// A leader has everything that was committed (§3.6.3), so the logs agree
		// through commit, whether or not our side still holds those entries.
		n := min(r.commit-prev, core.Index(len(entries)))
		if n > 0 {
			prevTerm = entries[n-1].Term
		}
		entries, prev = entries[n:], prev+n
		if prev < r.commit {
			a.Success, a.Match = true, r.commit
			return
		}
	}
	if prev > r.log.last || r.log.mustTerm(prev) != prevTerm {
		if prev <= r.commit {
			r.brokenInvariant("the leader, %v, has term %d at committed entry %d", q.From, prevTerm, prev)
		}
		a.HintIndex, a.HintTerm = r.conflictHint(prev, prevTerm)
		return
	}
	r.appendNew(entries)
	verified := prev + core.Index(len(entries))
	a.Success, a.Match = true, verified
	r.verified = max(r.verified, verified)
	r.told = max(r.told, q.Commit)
	r.commitTold()
}

// conflictHint returns the last of our entries at or before prev that might be
// the leader's too: entries with a term above prevTerm are not.
func (r *Raft) conflictHint(prev core.Index, prevTerm core.Term) (core.Index, core.Term) {
	i := r.log.lastAtOrBefore(prevTerm, r.commit, min(prev, r.log.last))
	return i, r.log.mustTerm(i)
}

// appendNew adds those of the leader's entries that the log does not have. It
// cuts the log only where an entry conflicts: a message that arrives late or
// twice must not take away what a later one brought.
func (r *Raft) appendNew(entries []core.Entry) {
	if len(entries) == 0 || r.has(&entries[len(entries)-1]) {
		return // log matching (§3.5): then it has those before as well
	}
	for i := range entries {
		if r.has(&entries[i]) {
			continue
		}
		if entries[i].Index <= r.log.last {
			r.truncate(entries[i].Index - 1)
		}
		if r.log.appendCopies(entries[i:]) {
			r.noteAll(entries[i:])
		}
		return
	}
}

func (r *Raft) has(e *core.Entry) bool {
	return e.Index <= r.log.last && r.log.mustTerm(e.Index) == e.Term
}

// truncate drops the entries after last, which a new leader does not have.
func (r *Raft) truncate(last core.Index) {
	if last < r.commit {
		r.brokenInvariant("cutting the log after %d", last)
	}
	r.log.truncate(last)
	r.writes.truncate(last)
	r.out.revoke(last, r.term)
	if r.members.truncate(last) {
		r.adoptMembers()
	}
}
