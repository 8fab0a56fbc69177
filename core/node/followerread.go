package node

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/raft"
)

// A follower answers reads from its own state machine once it has applied what its
// leader says was committed when they came (dissertation §6.4). It asks by a
// ReadRequest without queries: one at a time, for all reads that came before it.

// forward is a question to the leader, and the reads that wait for the answer.
type forward struct {
	question *core.ReadRequest // nil: none is under way
	term     core.Term         // of the leader that was asked
	requests []*core.Incoming
	traced   bool // some of them ask for a trace
}

// readIndexBytes is the size of the answer: the index, and a term whose leader knew that
// it was committed, little-endian.
const readIndexBytes = 16

// canForward reports whether reads that this node cannot confirm, because of err,
// may go to its leader.
func (n *Node) canForward(err error) bool {
	leader := n.raft.Leader()
	return n.config.FollowerReads && errors.Is(err, raft.ErrNotLeader) && leader != 0 && leader != n.config.ID
}

// forwardReads asks the leader, or keeps the reads until the question under way is
// answered, which came too early for them. The question has as much time as they have.
func (n *Node) forwardReads(requests []*core.Incoming, now time.Duration) {
	rs := &n.reads
	if rs.forward.question != nil {
		rs.waiting = requests
		return
	}
	question := &core.ReadRequest{From: n.config.ID, Remaining: longest(requests, now)}
	rs.forward = forward{question, n.raft.Term(), requests, asked(requests)}
	if rs.forward.traced {
		rs.traced++
	}
	n.outgoing.add(n.raft.Leader(), question)
}

// forwarded takes up the leader's answer.
func (n *Node) forwarded(call *core.Call, question *core.ReadRequest) {
	rs := &n.reads
	if rs.forward.question != question {
		return // the reads were given up
	}
	f := rs.forward
	index, term, err := readIndexOf(call)
	if err != nil {
		n.counters.failedCalls.Add(1)
		n.giveUpForward()
		return
	}
	rs.forward = forward{}
	round := readRound{index: index, term: term, requests: f.requests, traced: f.traced, followed: true}
	n.traces.confirmed(rs, &round)
	rs.confirmed = append(rs.confirmed, round)
	n.raft.LearnCommit(term, index)
	n.answerReads()
}

// giveUpForward sends the readers away that wait for the leader's answer.
func (n *Node) giveUpForward() {
	rs := &n.reads
	f := rs.forward
	rs.forward = forward{}
	if f.traced {
		rs.traced--
	}
	for _, r := range f.requests {
		n.answerClient(r, core.StatusNotLeader)
	}
}

// endForwards gives up a question to one who leads no more: its answer may take as long
// as a call's timeout, or never come.
func (n *Node) endForwards() {
	if f := &n.reads.forward; f.question != nil && f.term != n.raft.Term() {
		n.giveUpForward()
	}
}

func readIndexOf(call *core.Call) (core.Index, core.Term, error) {
	if call.Err != nil {
		return 0, 0, call.Err
	}
	resp := call.Response.(*core.ReadResponse)
	list := resp.List()
	if resp.Status != core.StatusOK || len(list) != 1 || len(list[0]) != readIndexBytes {
		return 0, 0, fmt.Errorf("read index: status %v, %d results", resp.Status, len(list))
	}
	b := list[0]
	return core.Index(binary.LittleEndian.Uint64(b)), core.Term(binary.LittleEndian.Uint64(b[8:])), nil
}

// appendReadIndex is the answer to a follower's question. The term may be later than
// that in which the index was committed: so much the later may the follower use it for
// more than to wait.
func appendReadIndex(results *core.Results, index core.Index, term core.Term) {
	var b [readIndexBytes]byte
	binary.LittleEndian.PutUint64(b[:], uint64(index))
	binary.LittleEndian.PutUint64(b[8:], uint64(term))
	results.Append(b[:])
}
