package raft

import (
	"errors"

	"github.com/raftbench/raftbench/core"
)

// Propose appends commands to the leader's log: one batch, with consecutive
// indexes from first on, all of the returned term. They have been accepted, not
// committed: an entry in Ready.Committed with that index is the command only if
// it has that term as well. The commands are copied.
func (r *Raft) Propose(commands [][]byte) (first core.Index, term core.Term, err error) {
	switch {
	case r.role != Leader:
		return 0, 0, ErrNotLeader
	case r.transferee != 0:
		return 0, 0, ErrTransferring
	}
	bytes := core.EntryOverheadBytes * len(commands)
	for _, c := range commands {
		bytes += len(c)
	}
	if r.backlog.bytes > 0 && r.backlog.bytes+bytes > r.cfg.MaxUncommittedBytes {
		return 0, 0, ErrOverloaded
	}
	first = r.log.last + 1
	if len(commands) > 0 {
		r.log.appendCommands(r.term, commands)
		r.backlog.add(r.log.last, bytes)
	}
	return first, r.term, nil
}

// canReplicate reports whether replicate would send anything.
func (r *Raft) canReplicate() bool {
	for i := range r.peers {
		if r.peers[i].wants(r.log.last) {
			return true
		}
	}
	return false
}

// replicate sends what the followers' windows allow. It is called once for each
// Ready, not for each proposal, so that everything that was proposed in between
// goes out together.
func (r *Raft) replicate() {
	for i := range r.peers {
		for p := &r.peers[i]; p.wants(r.log.last); {
			r.sendEntries(p)
		}
	}
}

func (r *Raft) sendEntries(p *progress) {
	prev := p.next - 1
	prevTerm, err := r.termOf(prev)
	var entries []core.Entry
	if err == nil {
		entries, err = r.log.entries(p.next, r.log.last+1, r.cfg.MaxAppendBytes)
	}
	switch {
	case errors.Is(err, core.ErrCompacted):
		r.sendSnapshot(p)
		return
	case err != nil:
		// The storage cannot read. That is for its owner to deal with; here it is
		// a failure to send, tried again at the pace of heartbeats.
		p.probe(p.match+1, true)
		p.sent = r.ticks
		return
	}
	r.send(p.id, &core.AppendEntriesRequest{
		From: r.id, Term: r.term, Session: p.session, PrevIndex: prev, PrevTerm: prevTerm,
		Commit: r.commit, ReadContext: r.reads.round, Entries: entries,
	})
	p.sentEntries(entries[len(entries)-1].Index, core.EntriesSizeBytes(entries), r.ticks)
}

// termOf is log.term, without asking the log about entries of this leader's own.
func (r *Raft) termOf(i core.Index) (core.Term, error) {
	if i >= r.termStart && i <= r.log.last {
		return r.term, nil
	}
	return r.log.term(i)
}

// broadcastHeartbeat sends each follower an AppendEntries without entries,
// about the part of the log that it is known to have. So it can tell it what is
// committed, and cannot be refused. A probe without an answer is sent again beside it.
func (r *Raft) broadcastHeartbeat() {
	r.beginRound()
	for i := range r.peers {
		p := &r.peers[i]
		r.probeAgain(p)
		prev := p.match
		prevTerm, err := r.termOf(prev)
		if err != nil {
			prev, prevTerm = 0, 0 // compacted: claim nothing
		}
		r.send(p.id, &core.AppendEntriesRequest{
			From: r.id, Term: r.term, Session: p.session, PrevIndex: prev, PrevTerm: prevTerm,
			Commit: min(prev, r.commit), ReadContext: r.reads.round,
		})
	}
}

// probeAgain lets a probe that is overdue be sent again, if the follower was heard lately:
// where many answers are late, that of a heartbeat is no more likely to come than that of
// the probe. One that is down is not sent entries for nothing.
func (r *Raft) probeAgain(p *progress) {
	if p.state == StateProbe && p.paused && r.isOverdue(p) && r.heardLately(p) {
		p.paused = false
	}
}

func (r *Raft) stepAppendResponse(p *progress, a *core.AppendEntriesResponse) {
	r.confirmReads(p, a.ReadContext)
	r.noteClock(p, a)
	switch {
	case a.Match > r.log.last:
		// No follower of this leader can have more than it sent.
	case a.Success:
		r.appendSucceeded(p, a)
	default:
		r.appendRefused(p, a)
	}
}

func (r *Raft) appendSucceeded(p *progress, a *core.AppendEntriesResponse) {
	p.abstains, p.agreed = a.Abstains(), r.ticks
	news := r.acked(p, a.Match)
	if !news && !r.isOverdue(p) {
		return // a heartbeat's answer, or an old one
	}
	switch p.state {
	case StateProbe:
		// The logs are known to agree up to next, or this answers an earlier
		// message and the probe counts as lost.
		if a.PrevIndex+1 >= p.next || p.match+1 == p.next {
			p.replicate(p.match + 1)
		} else if !news {
			p.paused = false
		}
	case StateReplicate:
		if !news && p.inflights.queue.len() > 0 {
			// The follower answers, and yet an election timeout went by without
			// progress: the appends or their answers were lost.
			p.probe(p.match+1, false)
		}
	case StateSnapshot:
		if p.match+1 >= r.log.first() {
			p.replicate(p.match + 1)
		}
	}
	if news {
		r.advanceCommit()
		r.maybeTimeoutNow(p)
	}
}

// acked notes how far a follower has come, and reports whether that is news.
func (r *Raft) acked(p *progress, match core.Index) bool {
	news := p.acked(match, r.ticks)
	if news && p.part == 0 {
		p.followRounds(r.log.last, r.ticks, uint64(r.cfg.ElectionTicks))
	}
	return news
}

// isOverdue reports whether a follower that answers should have made progress
// by now: a probe gets until the next heartbeat, a full pipeline an election
// timeout.
func (r *Raft) isOverdue(p *progress) bool {
	limit := r.cfg.HeartbeatTicks
	if p.state == StateReplicate {
		limit = r.cfg.ElectionTicks
	}
	return r.ticks-p.sent >= uint64(limit)
}

// appendRefused moves back to where the logs may agree. Both sides skip whole
// terms: the follower in its hint, the leader here (dissertation §3.5).
func (r *Raft) appendRefused(p *progress, a *core.AppendEntriesResponse) {
	stale := a.PrevIndex <= p.match || p.state == StateSnapshot ||
		p.state == StateProbe && a.PrevIndex != p.next-1 || a.PrevIndex >= p.next
	if stale {
		r.suspect(p, a)
		return
	}
	hint := min(a.HintIndex, a.PrevIndex-1)
	p.probe(r.log.lastAtOrBefore(a.HintTerm, p.match, hint)+1, false)
}

// suspect takes note of a refusal of what p is known to have. One may be late. But if for
// an election timeout there was nothing else, though each heartbeat is about what p
// acknowledged, it has lost that: an older copy of its log was put in place, or a disk lied
// about a sync. It begins anew, or it would never be sent anything again.
func (r *Raft) suspect(p *progress, a *core.AppendEntriesResponse) {
	if a.PrevIndex > p.match || r.ticks-p.agreed <= uint64(r.cfg.ElectionTicks) {
		return
	}
	r.sessions++
	p.start(r.log.last+1, r.sessions, r.ticks)
	p.probe(r.log.lastAtOrBefore(a.HintTerm, 0, min(a.HintIndex, a.PrevIndex-1))+1, false)
	r.forgetful = p.id
}

// Forgetful returns a follower that turned out not to have what it had acknowledged, and
// whose votes may be as wrong: once for each time, zero for nobody.
func (r *Raft) Forgetful() core.NodeID {
	id := r.forgetful
	r.forgetful = 0
	return id
}
