package node

import (
	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/raft"
)

// reads holds the clients' linearizable reads on their way (ReadIndex,
// dissertation §6.4): arrived, waiting for a round of heartbeats to confirm
// that this node still leads, and waiting for the log to be applied that far.
type reads struct {
	waiting   []*core.Incoming
	rounds    []readRound
	confirmed []readRound
	forward   forward // to the leader, if this node follows
	traced    int     // of rounds, and of the forward
}

// readRound is the reads that share one round of heartbeats.
type readRound struct {
	context  uint64
	index    core.Index
	term     core.Term // of a leader that knew that it was committed
	requests []*core.Incoming
	traced   bool // some of them ask for a trace
	left     bool // its heartbeats have left; kept only if traced
	followed bool // this node followed: its leader confirmed
}

// startReads asks raft to confirm the leadership once for all reads that have
// arrived.
func (n *Node) startReads() {
	rs := &n.reads
	if len(rs.waiting) == 0 {
		return
	}
	now := n.inbox.clock.Now()
	requests := n.unexpired(rs.waiting, now)
	rs.waiting = nil
	if len(requests) == 0 {
		return
	}
	context, err := n.raft.ReadIndex()
	if n.canForward(err) {
		n.forwardReads(requests, now)
		return
	}
	if err != nil {
		for _, r := range requests {
			n.answerClient(r, statusOf(err))
		}
		return
	}
	traced := asked(requests)
	if traced {
		rs.traced++
	}
	rs.rounds = append(rs.rounds, readRound{context: context, requests: requests, traced: traced})
}

// confirmReads notes up to which index a round's reads must see the log.
func (n *Node) confirmReads(states []raft.ReadState) {
	rs := &n.reads
	for _, s := range states {
		for len(rs.rounds) > 0 && rs.rounds[0].context <= s.Context {
			round := rs.rounds[0]
			round.index, round.term = s.Index, n.raft.Term()
			n.traces.confirmed(rs, &round)
			rs.rounds = rs.rounds[1:]
			rs.confirmed = append(rs.confirmed, round)
		}
	}
}

// answerReads answers the reads whose index has been applied.
func (n *Node) answerReads() {
	if n.apply.loading {
		return // the state machine is not the loop's
	}
	rs := &n.reads
	if len(rs.confirmed) == 0 {
		return
	}
	now := n.inbox.clock.Now()
	done := 0
	for _, round := range rs.confirmed {
		if round.index > n.apply.applied {
			break
		}
		for _, r := range n.unexpired(round.requests, now) {
			resp, queries := r.Response.(*core.ReadResponse), r.Request.(*core.ReadRequest).Queries
			for _, q := range queries {
				n.config.StateMachine.Query(q, &resp.Results)
			}
			if len(queries) == 0 {
				appendReadIndex(&resp.Results, round.index, round.term)
			}
			n.counters.read(len(queries), round.followed)
			n.answerClient(r, core.StatusOK)
		}
		done++
	}
	rs.confirmed = rs.confirmed[done:]
}

// drain removes and returns the requests that are not answered.
func (rs *reads) drain() []*core.Incoming {
	all := append(rs.waiting, rs.forward.requests...)
	for _, round := range append(rs.rounds, rs.confirmed...) {
		all = append(all, round.requests...)
	}
	*rs = reads{}
	return all
}
