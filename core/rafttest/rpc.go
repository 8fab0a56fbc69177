package rafttest

import (
	"slices"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/raft"
)

// send puts messages on the network: requests as calls, responses as answers to
// what was received.
func (n *node) send(messages []raft.Message) {
	for _, m := range n.loseAnswers(messages) {
		switch {
		case m.Request != nil:
			n.call(m.To, m.Request)
		case n.owed[m.Token] == nil:
			n.sim.check.fail("one answer for each request", "%v answers request %d, which has an answer or never came", n.id, m.Token)
		default:
			in := n.owed[m.Token]
			delete(n.owed, m.Token)
			n.answer(in, m)
		}
	}
}

func (n *node) call(to core.NodeID, req core.Request) {
	s := n.sim
	req = n.falsifyRequest(req)
	if s.watchDisk() {
		s.check.leaves(n, to, req, nil, nil)
	}
	c := &call{from: n, to: s.nodes[to-1], req: req, life: n.life}
	if q, ok := req.(*core.InstallSnapshotRequest); ok {
		n.startTransfer(c, q)
		return
	}
	s.start(c)
}

func (n *node) answer(in *incoming, m raft.Message) {
	s, resp := n.sim, m.Response
	if in.call.from.id != m.To {
		s.check.fail("one answer for each request", "%v answers node %d, asked was by %v", n.id, uint64(m.To), in.call.from.id)
	}
	if in.veto {
		if a := resp.(*core.InstallSnapshotResponse); a.Match == 0 {
			a.NextOffset = in.want
		}
	}
	resp = n.falsifyResponse(in, resp)
	if s.watchDisk() {
		s.check.leaves(n, m.To, nil, resp, in.call.req)
	} else if a, ok := resp.(*core.RequestVoteResponse); ok && a.Granted && !a.PreVote && s.opt.Bug == ForgetVote {
		s.check.voted(n, m.To, a.Term)
	}
	if s.trace.on() {
		s.trace.printf(s.now, "%v => %d %s", n.id, uint64(m.To), describeResponse(resp))
	}
	s.reply(in, resp)
}

// receive takes in a request, as a loan: afterwards its memory is overwritten.
func (n *node) receive(c *call) {
	n.tokens++
	in := &incoming{call: c, token: n.tokens}
	n.owed[in.token] = in
	req := n.scratch.borrow(c.req)
	n.falsifyIncoming(req)
	if q, ok := req.(*core.InstallSnapshotRequest); ok {
		n.receiveChunk(in, q)
	} else {
		n.step(in, req)
	}
	if q, ok := req.(*core.AppendEntriesRequest); ok && n.raft.Leader() == q.From {
		n.follow = q.Commit
	}
	n.scratch.spoil()
	n.work()
}

func (n *node) step(in *incoming, req core.Request) {
	if err := n.raft.Step(in.token, req); err != nil {
		n.sim.check.fail("one answer for each request", "%v: %v", n.id, err)
	}
}

func (n *node) callDone(c *call, resp core.Response) {
	n.falsifyArrived(resp)
	if c.transfer != nil && !n.nextChunk(c, resp.(*core.InstallSnapshotResponse)) {
		return
	}
	n.raft.StepResponse(resp)
	n.work()
}

func (n *node) callFailed(c *call) {
	if n.life != c.life || n.sim.opt.Bug == LeakInflight {
		return
	}
	req := c.req
	if c.transfer != nil {
		req = c.transfer.req
	}
	n.raft.ReportFailure(c.to.id, req)
	n.work()
}

// scratch lends a request to Raft and makes it unreadable afterwards.
type scratch struct {
	entries []core.Entry
	data    []byte
}

func (b *scratch) borrow(req core.Request) core.Request {
	switch q := req.(type) {
	case *core.AppendEntriesRequest:
		loan := *q
		b.entries, b.data = b.entries[:0], slices.Grow(b.data[:0], q.SizeBytes())
		for _, e := range q.Entries {
			at := len(b.data)
			b.data = append(b.data, e.Data...)
			e.Data = b.data[at:]
			b.entries = append(b.entries, e)
		}
		loan.Entries = b.entries
		return &loan
	case *core.RequestVoteRequest:
		loan := *q
		return &loan
	case *core.InstallSnapshotRequest:
		loan := *q
		loan.Data = slices.Clone(q.Data)
		return &loan
	}
	return req
}

func (b *scratch) spoil() {
	for i := range b.entries {
		b.entries[i] = core.Entry{Index: 1 << 60, Term: 1 << 60}
	}
	for i := range b.data {
		b.data[i] = 0xEE
	}
}
