package rafttest

import (
	"slices"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/raft"
)

// This file seeds the bugs. Without one, everything passes through unchanged.

// watchDisk reports whether messages are compared with the disk. For the bugs
// whose point this is, it would only show that the comparison compares.
func (s *Sim) watchDisk() bool {
	switch s.opt.Bug {
	case AckBeforeDurable, PersistBeforeDurable, ForgetVote, ForgetTerm, ForgetEntries, VoteTwice, AckWholeLog, WipeDisk, IgnoreWriteError:
		return false
	}
	return true
}

// falsifyRequest changes a request that leaves.
func (n *node) falsifyRequest(req core.Request) core.Request {
	q, ok := req.(*core.AppendEntriesRequest)
	if ok {
		n.round = q.ReadContext
	}
	if !ok || n.sim.opt.Bug != CommitOlderTerms {
		return req
	}
	st := n.raft.Status()
	matches := []core.Index{st.Durable}
	for _, p := range st.Progress {
		matches = append(matches, p.Match)
	}
	slices.Sort(matches)
	wrong := *q
	wrong.Commit = max(q.Commit, matches[(len(matches)-1)/2])
	return &wrong
}

// falsifyIncoming changes a request before Raft sees it.
func (n *node) falsifyIncoming(req core.Request) {
	if q, ok := req.(*core.RequestVoteRequest); ok && n.sim.opt.Bug == VoteForAnyLog {
		q.LastTerm, q.LastIndex = 1<<40, 1<<40
	}
}

// loseAnswers drops some answers, or doubles them, before they are looked at.
func (n *node) loseAnswers(messages []raft.Message) []raft.Message {
	bug := n.sim.opt.Bug
	if bug != LoseAnswer && bug != AnswerTwice {
		return messages
	}
	var wrong []raft.Message
	for _, m := range messages {
		switch {
		case m.Response == nil || !n.sim.chance(0.01):
			wrong = append(wrong, m)
		case bug == AnswerTwice:
			wrong = append(wrong, m, m)
		}
	}
	return wrong
}

// falsifyResponse changes an answer that leaves.
func (n *node) falsifyResponse(in *incoming, resp core.Response) core.Response {
	s := n.sim
	switch a := resp.(type) {
	case *core.RequestVoteResponse:
		if q := in.call.req.(*core.RequestVoteRequest); s.opt.Bug == VoteTwice && !a.PreVote && q.Term >= a.Term {
			a.Granted, a.Term = true, q.Term
		}
	case *core.AppendEntriesResponse:
		if s.opt.Bug == AckWholeLog && a.Success {
			a.Match = max(a.Match, n.disk.durable.LastIndex())
		}
		if s.opt.Bug == LeaseBeyondDrift {
			a.Clock = 0
		}
	case *core.InstallSnapshotResponse:
		if q := in.call.req.(*core.InstallSnapshotRequest); s.opt.Bug == InstallStaleSnapshot && !q.Done && in.veto {
			a.Match, a.NextOffset = 0, in.want
		}
	}
	return resp
}

// falsifyArrived changes a response before Raft sees it.
func (n *node) falsifyArrived(resp core.Response) {
	if a, ok := resp.(*core.AppendEntriesResponse); ok && n.sim.opt.Bug == ReadLateAnswer {
		a.ReadContext, a.Clock = n.round, 0 // it is the read that this is about
	}
}

// forgetOnPurpose loses what a crash must not lose.
func (n *node) forgetOnPurpose() {
	switch n.sim.opt.Bug {
	case ForgetVote:
		n.disk.state.Vote = 0
	case ForgetTerm:
		n.disk.state.Term, n.disk.state.Vote = 0, 0
	case WipeDisk:
		if n.sim.chance(0.2) {
			n.disk = disk{}
		}
	case ForgetEntries:
		l := &n.disk.durable
		drop := min(3, len(l.entries), int(l.LastIndex()-l.snapshot.Index))
		l.entries = l.entries[:len(l.entries)-drop]
		n.disk.log.entries = slices.Clone(l.entries)
		n.disk.state.Commit = min(n.disk.state.Commit, l.LastIndex())
	}
}

// hurryOnPurpose lets an election timeout pass in no time.
func (n *node) hurryOnPurpose() {
	if n.sim.opt.Bug == ForgetPromise && n.sim.cfg.LeaseDriftPercent > 0 && n.life > 1 {
		for range electionTicks {
			n.raft.Tick()
		}
	}
}

// applyUnverified applies what a leader has committed, whether or not this log
// was verified to be the leader's so far.
func (n *node) applyUnverified() {
	if n.sim.opt.Bug != CommitUnverified || n.raft == nil {
		return
	}
	for i := n.applied + 1; i <= min(n.follow, n.disk.log.LastIndex()); i++ {
		entries, err := n.disk.log.Entries(i, i+1, 0)
		if err != nil {
			return
		}
		n.applied, n.state = i, sum(n.state, &entries[0])
		n.sim.check.applied(n, i, n.state)
	}
}
