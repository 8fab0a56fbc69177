package raft

import (
	"math/bits"
	"slices"

	"github.com/raftbench/raftbench/core"
)

// Campaign starts an election now, as if the election timer had run out. A
// leader ignores it, and so does a node that has promised its leader not to. A
// newborn node waits until it may.
func (r *Raft) Campaign() {
	r.newborn.campaign = r.Newborn()
	if !r.hasPromised() {
		r.campaign(false)
	}
}

// campaign starts an election (dissertation §3.4): by way of a pre-vote (§9.6),
// unless the leader asked for it, which makes it certain enough (§3.10).
func (r *Raft) campaign(transfer bool) {
	if r.role == Leader || r.Newborn() {
		return
	}
	r.resetElectionTimeout()
	r.leader = 0
	if !r.mayCampaign() {
		return
	}
	r.transfer = transfer
	if r.cfg.DisablePreVote || transfer {
		r.becomeCandidate()
		return
	}
	r.role = PreCandidate
	r.ballot.reset()
	r.ballot.record(r.id, true)
	r.askForVotes()
	r.countVotes()
}

func (r *Raft) becomeCandidate() {
	r.role = Candidate
	r.resetElectionTimeout() // also after a pre-vote, which may have taken most of the one before
	r.setTerm(r.term + 1)
	r.vote = r.id
	r.ballot.reset() // our own vote counts when it is durable: see Persisted
	r.askForVotes()
}

func (r *Raft) askForVotes() {
	for i := range r.peers {
		r.askForVote(r.peers[i].id)
	}
}

func (r *Raft) askForVote(id core.NodeID) {
	if r.role == PreCandidate {
		r.send(id, r.voteRequest(r.term+1, true))
	} else {
		r.sendWhenDurable(id, r.voteRequest(r.term, false))
	}
}

// askAgain asks those who have not answered (dissertation §3.3): after the time of one
// heartbeat, two, four and so on. A candidate may have had no connection to a peer that it
// never talked to, and an answer may be lost or late. Without that vote all would wait for
// another timeout.
func (r *Raft) askAgain() {
	beats := uint(r.electionElapsed / r.cfg.HeartbeatTicks)
	if r.electionElapsed%r.cfg.HeartbeatTicks != 0 || bits.OnesCount(beats) != 1 {
		return
	}
	for i := range r.peers {
		if id := r.peers[i].id; !r.ballot.has(id) {
			r.askForVote(id)
		}
	}
}

func (r *Raft) voteRequest(term core.Term, preVote bool) *core.RequestVoteRequest {
	return &core.RequestVoteRequest{
		From: r.id, Term: term, LastIndex: r.log.last, LastTerm: r.log.lastTerm,
		PreVote: preVote, Transfer: r.transfer,
	}
}

func (r *Raft) stepRequestVote(token uint64, q *core.RequestVoteRequest) {
	if r.Newborn() {
		r.abstain(token, q)
		return
	}
	granted := false
	switch {
	case !r.mayVoteFor(q.From) || r.sticksToLeader() && !q.Transfer:
		// Refused, and the term is not adopted.
	case q.PreVote:
		granted = r.wouldVote(q)
	default:
		if q.Term > r.term {
			r.becomeFollower(q.Term, 0)
		}
		if granted = r.canVote(q); granted {
			r.electionElapsed = 0
			if r.vote != q.From {
				r.vote, r.hardStateChanged = q.From, true
			}
		}
	}
	a := &core.RequestVoteResponse{From: r.id, Term: r.term, PreVote: q.PreVote, Granted: granted}
	if q.PreVote && granted {
		a.Term = q.Term
	}
	r.answer(q.From, token, a, 0)
}

// mayVoteFor reports whether id can be a candidate. It need not be a member: a
// configuration that makes it one may not have arrived here (dissertation
// §4.2.2). A node that knows no configuration has just begun, or lost its disk
// and with it the votes that it gave.
func (r *Raft) mayVoteFor(id core.NodeID) bool {
	return id != 0 && id != r.id && len(r.members.latest().Voters) > 0
}

// sticksToLeader reports whether this node has heard from a leader so lately
// that it takes no part in elections (dissertation §4.2.3). A leader that checks
// its quorum has heard from itself.
func (r *Raft) sticksToLeader() bool {
	if r.hasPromised() {
		return true
	}
	if r.cfg.DisableCheckQuorum || r.leader == 0 {
		return false
	}
	return r.role == Leader || r.electionElapsed < r.cfg.ElectionTicks
}

// canVote is the rule of §3.4 and §3.6.1: one vote a term, first come, first
// served, to a candidate whose log is at least as complete.
func (r *Raft) canVote(q *core.RequestVoteRequest) bool {
	free := r.vote == q.From || r.vote == 0 && r.leader == 0
	return q.Term == r.term && free && r.log.isUpToDate(q.LastIndex, q.LastTerm)
}

// wouldVote answers a pre-vote (§9.6) and changes nothing.
func (r *Raft) wouldVote(q *core.RequestVoteRequest) bool {
	return q.Term > r.term && r.log.isUpToDate(q.LastIndex, q.LastTerm) || r.canVote(q)
}

func (r *Raft) stepVoteResponse(a *core.RequestVoteResponse) {
	if a.Term > r.term && !(a.PreVote && a.Granted) {
		r.becomeFollower(a.Term, 0)
		return
	}
	switch {
	case a.PreVote && r.role == PreCandidate:
		// A granted pre-vote carries the term that was asked for.
		if a.Granted && a.Term != r.term+1 {
			return
		}
	case !a.PreVote && r.role == Candidate && a.Term == r.term:
	default:
		return
	}
	r.ballot.record(a.From, a.Granted)
	r.countVotes()
}

func (r *Raft) countVotes() {
	won, lost := r.tally()
	switch {
	case won && r.role == PreCandidate:
		r.becomeCandidate()
	case won:
		r.becomeLeader()
	case lost:
		r.becomeFollower(r.term, 0)
	}
}

func (r *Raft) becomeLeader() {
	r.role, r.leader = Leader, r.id
	r.heartbeatElapsed = 0
	for i := range r.peers {
		r.sessions++
		r.peers[i].start(r.log.last+1, r.sessions, r.ticks)
	}
	r.termStart = r.log.last + 1
	if r.log.last == 0 {
		// A log begins with a configuration, so that whoever has any of it, or a
		// snapshot, knows the members.
		r.appendConfiguration(r.members.latest().Configuration)
		return
	}
	r.log.appendOne(r.term, core.EntryNoOp, nil) // replicating it also tells the others who leads
}

// leaveLeadership ends what only a leader does.
func (r *Raft) leaveLeadership() {
	r.reads.lose()
	r.backlog.reset()
	r.transferee = 0
	r.lease.end()
	for i := range r.peers {
		r.peers[i].inflights.reset()
	}
}

// ballot collects the votes of one election.
type ballot struct{ votes []vote }

type vote struct {
	from    core.NodeID
	granted bool
}

func (b *ballot) reset() { b.votes = b.votes[:0] }

// has reports whether somebody has answered.
func (b *ballot) has(id core.NodeID) bool {
	return slices.ContainsFunc(b.votes, func(v vote) bool { return v.from == id })
}

// record notes a vote. What was granted is not taken back by an answer that was
// late.
func (b *ballot) record(from core.NodeID, granted bool) {
	for i := range b.votes {
		if v := &b.votes[i]; v.from == from {
			v.granted = v.granted || granted
			return
		}
	}
	b.votes = append(b.votes, vote{from, granted})
}

// count counts the votes of some.
func (b *ballot) count(voters []core.NodeID) (granted, refused int) {
	for _, v := range b.votes {
		switch {
		case !slices.Contains(voters, v.from):
		case v.granted:
			granted++
		default:
			refused++
		}
	}
	return granted, refused
}
