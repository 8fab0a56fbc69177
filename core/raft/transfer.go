package raft

import (
	"fmt"

	"github.com/raftbench/raftbench/core"
)

// TransferLeadership hands leadership to another member (dissertation §3.10):
// proposals are refused, the other is brought up to date and told to start an
// election. If that has not come to anything within an election timeout, the
// leader goes on.
func (r *Raft) TransferLeadership(to core.NodeID) error {
	if r.role != Leader {
		return ErrNotLeader
	}
	if to == r.id {
		return nil
	}
	p := r.peer(to)
	if p == nil || p.part == 0 {
		return fmt.Errorf("raft: transfer to %v: not a voter", to)
	}
	if p.abstains {
		return fmt.Errorf("raft: transfer to %v: it lost what it knew, and abstains until it has caught up", to)
	}
	if r.transferee != 0 {
		return ErrTransferring
	}
	r.transferTo(p)
	return nil
}

func (r *Raft) transferTo(p *progress) {
	r.transferee, r.transferElapsed = p.id, 0
	r.maybeTimeoutNow(p)
}

func (r *Raft) tickTransfer() {
	if r.transferee == 0 {
		return
	}
	r.transferElapsed++
	if r.transferElapsed >= r.cfg.ElectionTicks {
		r.transferee = 0
	}
}

// maybeTimeoutNow tells p to take over if it is to and has the whole log. A leader that
// is left out steps down with that.
func (r *Raft) maybeTimeoutNow(p *progress) {
	if p.id != r.transferee || p.match != r.log.last {
		return
	}
	r.sendTimeoutNow(p)
	if r.isLeftOut() {
		r.becomeFollower(r.term, 0)
	}
}

// sendTimeoutNow asks p to stand for election. From here on it may do so at any
// time, against the promise to this leader, whose lease is over.
func (r *Raft) sendTimeoutNow(p *progress) {
	r.lease.handedOver = true
	r.send(p.id, &core.TimeoutNowRequest{From: r.id, Term: r.term})
}

func (r *Raft) stepTimeoutNow(token uint64, q *core.TimeoutNowRequest) {
	current := q.Term == r.term
	if r.acceptLeader(q.From, q.Term) && current {
		r.campaign(true)
	}
	r.answer(q.From, token, &core.TimeoutNowResponse{From: r.id, Term: r.term}, 0)
}
