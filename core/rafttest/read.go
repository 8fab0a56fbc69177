package rafttest

import (
	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/raft"
)

// readCall is a linearizable read that waits to be confirmed.
type readCall struct {
	floor core.Index // it must see whatever any client knew when it was asked
	at    int64
	by    *node // who answers it
	life  int   // of that node
}

// beginRead asks for a linearizable read. Of nodes that do not lead, some ask
// their leader for an index to answer from (§6.4).
func (n *node) beginRead(floor core.Index) {
	s := n.sim
	switch {
	case s.opt.Bug == ReadWithoutQuorum && n.isLeader(), s.opt.Bug == ReadFromFollower:
		n.readable = append(n.readable, readable{floor, n.raft.Commit()})
		n.answerReads()
	case n.isLeader():
		n.confirmRead(readCall{floor, s.now, n, n.life})
	case n.raft.Leader() != 0:
		n.forwardRead(s.nodes[n.raft.Leader()-1], readCall{floor, s.now, n, n.life})
	}
}

// forwardRead asks the leader on behalf of this node.
func (n *node) forwardRead(leader *node, r readCall) {
	s := n.sim
	if d, ok := s.travel(n, leader, s.net.lateReq); ok {
		s.after(d, func() { leader.whenAwake(func() { leader.confirmRead(r) }) })
	}
}

// confirmRead has Raft confirm a read. Sometimes the node is held up between
// that and what it does next.
func (n *node) confirmRead(r readCall) {
	s := n.sim
	context, err := n.raft.ReadIndex()
	if err != nil {
		return
	}
	if n.context >= context {
		s.check.fail("read contexts rise", "%v: %d after %d", n.id, context, n.context)
	}
	n.context = context
	n.reads[context] = r
	s.trace.printf(s.now, "%v reads, context %d, floor %d, for %v", n.id, context, r.floor, r.by.id)
	if s.pauses && s.chance(0.02) {
		n.pause()
		return
	}
	n.work()
}

func (n *node) finishReads(rd *raft.Ready) {
	for _, context := range rd.ReadsLost {
		n.endRead(context)
		n.sim.result.ReadsLost++
	}
	for _, read := range rd.Reads {
		n.readConfirmed(n.endRead(read.Context), read.Index)
	}
	if len(rd.Reads) > 0 {
		n.answerReads()
	}
}

// readConfirmed gives the index to the node that answers.
func (n *node) readConfirmed(r readCall, index core.Index) {
	s := n.sim
	if r.by == n {
		if r.at == s.now {
			n.readByLease()
		}
		n.readable = append(n.readable, readable{r.floor, index})
		return
	}
	d, ok := s.travel(n, r.by, s.net.late)
	if !ok {
		return
	}
	term := n.raft.Term()
	s.after(d, func() {
		r.by.whenAwake(func() {
			if r.by.life == r.life {
				s.result.FollowerReads++
				r.by.readable = append(r.by.readable, readable{r.floor, index})
				r.by.raft.LearnCommit(term, index)
				r.by.work()
				r.by.answerReads()
			}
		})
	})
}

func (n *node) endRead(context uint64) readCall {
	r, ok := n.reads[context]
	if !ok {
		n.sim.check.fail("one answer for each read", "%v ends read %d, which has ended or never began", n.id, context)
	}
	delete(n.reads, context)
	return r
}
