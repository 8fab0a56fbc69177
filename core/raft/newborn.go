package raft

import (
	"slices"

	"github.com/raftbench/raftbench/core"
)

// newborn is a node whose log is new. Either the cluster begins, or the node has
// lost its disk, and with it the votes that it gave and the entries that it
// acknowledged in a former life: nobody can tell from an empty disk which it is.
// So it neither votes nor stands for election, and acknowledges only what is
// committed anyway, until it has learned one of two things.
//
// All founders have empty logs. It asks each of them, and an answer counts if it
// was given to this life. Then nothing that its former life helped to do is known to
// anybody: a leader to whom it acknowledged entries had them before this life
// began, so its log is not empty, unless it has lost its memory too. A candidate
// for whom it voted still has the term of that vote, or a later one: it gives no vote
// in any term that an answer names (founded).
//
// Or it is as far as a leader was that had heard of this life. A leader forgets what
// it believes to be on a newborn's disk, and appends an entry. When that is
// committed, it is so without this node: a majority of others have it. Whatever was
// committed with a former life's acknowledgement comes before it, or comes from a
// leader that one of this majority has to elect and that therefore has it. And who
// waits for an election with a former life's vote cannot win: the other votes come
// from a set that has one of this majority in it, which votes no more in terms
// before, and later only for a log that has the entry (grown).
//
// Both rest on fewer than a majority having lost their memory at once. Viewstamped
// Replication without a disk recovers by asking f+1 others, which is not enough if
// votes of a former life are still on their way (Michael et al., "Recovering Shared
// Objects Without Stable Storage", DISC 2017).
type newborn struct {
	life     uint64 // Config.Newborn; zero: this node remembers what it did
	founders []founder
	floor    core.Term  // the highest term that a founder with an empty log was in
	asked    core.Term  // of the leader that was told of this life
	heard    core.Term  // of the leader that has heard of it
	after    core.Index // where that leader's log ended then
	campaign bool       // Campaign was called

	// held are candidates' requests, one of each founder at most: an answer now would
	// be no, and the next one may be yes.
	held []heldVote
}

type founder struct {
	id    core.NodeID
	asked bool // a question is under way
	empty bool // its log was empty, after this life began
}

type heldVote struct {
	token   uint64
	request core.RequestVoteRequest
}

func newNewborn(cfg *Config) newborn {
	b := newborn{life: cfg.Newborn}
	if b.life == 0 || cfg.Log.LastIndex() > 0 {
		return b
	}
	for _, id := range cfg.Voters {
		if id != cfg.ID {
			b.founders = append(b.founders, founder{id: id})
		}
	}
	return b
}

// Newborn reports whether this node may have forgotten what it did, and abstains.
// The driver makes it durable that it is not any more before it asks for a Ready.
func (r *Raft) Newborn() bool { return r.newborn.life != 0 }

// tickNewborn asks again whom it has not heard.
func (r *Raft) tickNewborn() {
	r.heartbeatElapsed++
	if r.heartbeatElapsed < r.cfg.HeartbeatTicks {
		return
	}
	r.heartbeatElapsed = 0
	for i := range r.newborn.founders {
		r.newborn.founders[i].asked = false
	}
	r.askFounders()
	if r.leader != 0 {
		r.askLeader()
	}
}

func (r *Raft) askFounders() {
	for i := range r.newborn.founders {
		if f := &r.newborn.founders[i]; !f.empty && !f.asked && r.leader == 0 {
			f.asked = true
			r.ask(f.id)
		}
	}
}

// greet takes note of a leader: no cluster begins here, and it is told of this life.
func (r *Raft) greet() {
	b := &r.newborn
	for i := range b.held {
		r.refuseVote(b.held[i].token, &b.held[i].request)
	}
	b.held = nil
	if b.asked != r.term {
		r.askLeader()
	}
}

// askLeader tells the leader of this life, unless it has heard of it.
func (r *Raft) askLeader() {
	if r.newborn.heard != r.term {
		r.newborn.asked = r.term
		r.ask(r.leader)
	}
}

// ask sends the question of a newborn: an append of term 0, which no leader has.
func (r *Raft) ask(id core.NodeID) {
	r.send(id, &core.AppendEntriesRequest{From: r.id, Session: r.newborn.life})
}

// stepQuestion answers a newborn: HintIndex is the end of this log, as it was when a
// leader first heard of that life.
func (r *Raft) stepQuestion(token uint64, q *core.AppendEntriesRequest) {
	a := &core.AppendEntriesResponse{From: r.id, Term: r.term, Session: q.Session, HintIndex: r.log.last}
	if p := r.peer(q.From); p != nil && r.role == Leader {
		if p.life != q.Session {
			r.welcome(p, q.Session)
		}
		a.HintIndex = p.welcomed
	}
	r.answer(q.From, token, a, 0)
	if i := r.founderIndex(q.From); i >= 0 {
		r.newborn.founders[i].asked = false // it is up, and may not have been when it was asked
		r.askFounders()
	}
}

// welcome forgets what a member that lost its disk had, and appends an entry that it
// has certainly not acknowledged in a former life.
func (r *Raft) welcome(p *progress, life uint64) {
	r.sessions++
	p.start(r.log.last+1, r.sessions, r.ticks)
	p.life, p.welcomed = life, r.log.last
	r.log.appendOne(r.term, core.EntryNoOp, nil)
}

// stepAnswer takes up the answer to this life's question.
func (r *Raft) stepAnswer(a *core.AppendEntriesResponse) {
	b := &r.newborn
	if a.From == r.leader && a.Term == r.term && b.heard != r.term {
		b.heard, b.after = a.Term, a.HintIndex
	}
	if i := r.founderIndex(a.From); i >= 0 {
		f := &b.founders[i]
		f.asked, f.empty = false, f.empty || a.HintIndex == 0
		if a.HintIndex == 0 {
			b.floor = max(b.floor, a.Term)
		}
	}
	r.maybeFounded()
	r.maybeGrown()
}

func (r *Raft) founderIndex(id core.NodeID) int {
	return slices.IndexFunc(r.newborn.founders, func(f founder) bool { return f.id == id })
}

// maybeFounded ends the abstention if all founders have empty logs.
func (r *Raft) maybeFounded() {
	b := &r.newborn
	blank := r.log.last == 0 && r.leader == 0 && slices.Contains(r.cfg.Voters, r.id)
	if !r.Newborn() || !blank || slices.ContainsFunc(b.founders, func(f founder) bool { return !f.empty }) {
		return
	}
	if floor := max(b.floor, r.term); floor > 0 {
		r.setTerm(floor)
		r.vote = r.id // for nobody else: a former life may have given it
	}
	r.remember()
}

// maybeGrown ends it if the log is durable through an entry that a leader appended
// after it had heard of this life.
func (r *Raft) maybeGrown() {
	b := &r.newborn
	if !r.Newborn() || b.heard != r.term || b.heard == 0 || r.commit <= b.after || r.writes.durable < r.commit {
		return
	}
	if r.log.mustTerm(r.commit) != r.term {
		return
	}
	if r.vote == 0 {
		// A former life may have voted in this term, for the leader or for one who lost.
		r.vote, r.hardStateChanged = r.leader, true
	}
	r.remember()
}

// remember makes it a node like others, and takes up what waited for that.
func (r *Raft) remember() {
	b := r.newborn
	r.newborn = newborn{}
	r.resetElectionTimeout()
	for i := range b.held {
		r.stepRequestVote(b.held[i].token, &b.held[i].request)
	}
	if b.campaign {
		r.Campaign()
	}
}

// abstain answers a candidate with no, or keeps its request as long as it may be that
// the cluster begins. The term is not adopted.
func (r *Raft) abstain(token uint64, q *core.RequestVoteRequest) {
	b := &r.newborn
	b.held = slices.DeleteFunc(b.held, func(h heldVote) bool {
		return h.request.From == q.From && r.refuseVote(h.token, &h.request)
	})
	if r.founderIndex(q.From) >= 0 && r.leader == 0 {
		b.held = append(b.held, heldVote{token, *q})
		return
	}
	r.refuseVote(token, q)
}

func (r *Raft) refuseVote(token uint64, q *core.RequestVoteRequest) bool {
	r.answer(q.From, token, &core.RequestVoteResponse{From: r.id, Term: r.term, PreVote: q.PreVote}, 0)
	return true
}

// temper takes back from a newborn's acknowledgement what could help to commit
// something, or to confirm who leads.
func (r *Raft) temper(a *core.AppendEntriesResponse) {
	if r.Newborn() {
		a.Abstain(r.commit)
	}
}
