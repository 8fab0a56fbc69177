package raft

import (
	"fmt"

	"github.com/raftbench/raftbench/core"
)

// Step takes in a request from another node. Exactly one response to it, with
// this token, will appear in a Ready, also if the request is stale or wrong. An
// error means that the request is not of a kind that Raft answers, and that
// there will be no response.
//
// The request is borrowed until Step returns.
func (r *Raft) Step(token uint64, req core.Request) error {
	switch q := req.(type) {
	case *core.RequestVoteRequest:
		r.stepRequestVote(token, q)
	case *core.AppendEntriesRequest:
		r.stepAppendEntries(token, q)
	case *core.InstallSnapshotRequest:
		r.stepInstallSnapshot(token, q)
	case *core.TimeoutNowRequest:
		r.stepTimeoutNow(token, q)
	default:
		return fmt.Errorf("raft: no answer to a request of type %T", req)
	}
	return nil
}

// StepResponse takes in a response from another node. It is borrowed until
// StepResponse returns. Stale, unexpected and unknown ones are ignored.
func (r *Raft) StepResponse(resp core.Response) {
	switch a := resp.(type) {
	case *core.RequestVoteResponse:
		if r.peer(a.From) != nil {
			r.stepVoteResponse(a)
		}
	case *core.AppendEntriesResponse:
		if r.Newborn() && a.Session == r.newborn.life {
			r.stepAnswer(a)
		} else if p := r.follower(a.From, a.Term, a.Session); p != nil {
			r.stepAppendResponse(p, a)
		}
	case *core.InstallSnapshotResponse:
		if p := r.follower(a.From, a.Term, a.Session); p != nil {
			r.stepSnapshotResponse(p, a)
		}
	case *core.TimeoutNowResponse:
		r.follower(a.From, a.Term, 0)
	}
}

// follower returns the progress that a response of the given term and session
// is about: nil if it comes from a stranger, is from another term or session, or
// finds no leader here. A higher term is adopted.
func (r *Raft) follower(from core.NodeID, term core.Term, session uint64) *progress {
	p := r.peer(from)
	if p == nil {
		return nil
	}
	if term > r.term {
		r.becomeFollower(term, 0)
		return nil
	}
	if term < r.term || r.role != Leader || session != p.session {
		return nil
	}
	p.heard = r.ticks
	return p
}

// ReportFailure says that a request which Raft sent ended without a response,
// whether or not it arrived.
func (r *Raft) ReportFailure(to core.NodeID, req core.Request) {
	if i := r.founderIndex(to); i >= 0 {
		r.newborn.founders[i].asked = false
	}
	p := r.peer(to)
	if p == nil {
		return
	}
	if r.role != Leader {
		return
	}
	switch q := req.(type) {
	case *core.AppendEntriesRequest:
		if q.Term == r.term && q.Session == p.session && len(q.Entries) > 0 {
			p.appendFailed(q.Entries[len(q.Entries)-1].Index, r.ticks)
		}
	case *core.InstallSnapshotRequest:
		if q.Term == r.term && q.Session == p.session {
			p.snapshotFailed(q.Snapshot.Index, r.ticks)
		}
	case *core.TimeoutNowRequest:
		if q.Term == r.term && to == r.transferee {
			r.transferee = 0
		}
	}
}

// acceptLeader takes from as the leader of term, and reports false if it is
// not: its term has passed, or it is nobody, or another leads this term. A
// newer term is adopted; the election timer starts again (dissertation §3.4).
// A leader need not be a member here: it may be in a configuration that is still
// on its way, or have been left out by the latest (§4.2.2).
func (r *Raft) acceptLeader(from core.NodeID, term core.Term) bool {
	if term < r.term || from == 0 || from == r.id {
		return false
	}
	if term == r.term && (r.role == Leader || r.leader != 0 && r.leader != from) {
		return false
	}
	if term > r.term || r.role != Follower {
		r.becomeFollower(term, from)
	}
	r.leader = from
	r.electionElapsed = 0
	r.promiseQuiet()
	if r.Newborn() {
		r.greet()
	}
	return true
}

// becomeFollower enters a term, or the follower's role in the present one. A
// follower's election timer goes on: only a leader, a vote that was given, or an
// election of one's own start it again.
func (r *Raft) becomeFollower(term core.Term, leader core.NodeID) {
	if r.role == Leader {
		r.leaveLeadership()
	}
	if r.role != Follower {
		r.resetElectionTimeout()
	}
	if term > r.term {
		r.setTerm(term)
	}
	r.role, r.leader = Follower, leader
}
