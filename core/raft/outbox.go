package raft

import "github.com/raftbench/raftbench/core"

// outbox holds messages until the next Ready, or until what they testify to is
// durable.
type outbox struct {
	now     []Message
	held    []heldMessage         // since the last Ready: rest on the term, the vote, and the log through match
	waiting queue[waitingMessage] // rest on a write that was given out before
}

type heldMessage struct {
	Message
	match core.Index
}

type waitingMessage struct {
	Message
	seq uint64
}

// send lets a request leave with the next Ready.
func (r *Raft) send(to core.NodeID, req core.Request) {
	r.out.now = append(r.out.now, Message{To: to, Request: req})
}

// sendWhenDurable lets a request leave when the term and the vote are durable.
func (r *Raft) sendWhenDurable(to core.NodeID, req core.Request) {
	r.out.held = append(r.out.held, heldMessage{Message: Message{To: to, Request: req}})
}

// answer lets a response leave when the term, the vote and the log through
// match are durable.
func (r *Raft) answer(to core.NodeID, token uint64, resp core.Response, match core.Index) {
	r.out.held = append(r.out.held, heldMessage{Message{To: to, Token: token, Response: resp}, match})
}

// isDurable reports whether the term, the vote and the log through match are durable.
func (r *Raft) isDurable(match core.Index) bool {
	return !r.hardStateChanged && r.writes.hardState <= r.writes.done && match <= r.writes.durable
}

// Persisted says that the write with this sequence number, and all before it,
// are durable.
func (r *Raft) Persisted(seq uint64) {
	if seq <= r.writes.done || seq > r.writes.newest {
		return
	}
	r.writes.finish(seq)
	for w := &r.out.waiting; w.len() > 0 && w.at(0).seq <= seq; {
		r.out.now = append(r.out.now, w.pop().Message)
	}
	r.maybeGrown()
	switch r.role {
	case Candidate:
		if r.isDurable(0) {
			r.ballot.record(r.id, true)
			r.countVotes()
		}
	case Leader:
		r.advanceCommit()
	}
}

// revoke turns acknowledgements of entries after last into refusals, because
// the log was cut there before they left. The terms have moved on since, so a
// refusal tells the old leader what it needs to know.
func (o *outbox) revoke(last core.Index, term core.Term) {
	for i := range o.held {
		a, ok := o.held[i].Response.(*core.AppendEntriesResponse)
		if ok && a.Success && a.Match > last {
			a.Term, a.Success, a.Match, a.ReadContext = term, false, 0, 0
		}
	}
}
