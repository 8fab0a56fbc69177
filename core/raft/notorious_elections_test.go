package raft

import (
	"errors"
	"fmt"
	"testing"

	"github.com/raftbench/raftbench/core"
)

// deliver hands over what both nodes have sent each other, and the answers, and loses
// what is for others. It goes on until nothing is under way.
func deliver(a, b *testNode) {
	for len(a.sent)+len(b.sent) > 0 {
		for _, link := range [][2]*testNode{{a, b}, {b, a}} {
			from, to := link[0], link[1]
			sent := from.sent
			from.sent = nil
			for _, m := range sent {
				if m.To == to.id {
					from.respond(to.answers[to.step(m.Request)])
				}
			}
		}
	}
}

// raft-rs#42, etcd#8501, etcd#8243, hashicorp/raft#605, openraft#1796: two of three
// nodes are left, one of them with the higher term and the other with the longer log,
// and while a cluster is changed over only some ask for pre-votes. The higher term must not
// keep the longer log from being elected, whoever asks how.
func TestHigherTermAndLongerLogElectALeader(t *testing.T) {
	for _, preVotes := range [][2]bool{{true, true}, {true, false}, {false, true}, {false, false}} {
		t.Run(fmt.Sprint(preVotes), func(t *testing.T) {
			as := func(id core.NodeID, preVote bool) func(*Config) {
				return func(c *Config) { c.ID, c.DisablePreVote, c.Seed = id, !preVote, uint64(id) }
			}
			ahead := newNode(t, 20, []core.Term{1}, as(1, preVotes[0]))
			longer := newNode(t, 4, []core.Term{1, 4}, as(2, preVotes[1]))
			for range 200 {
				ahead.ticks(1)
				longer.ticks(1)
				deliver(ahead, longer)
			}
			if longer.Role() != Leader || ahead.Leader() != 2 {
				t.Fatalf("after twenty election timeouts: %v of term %d, and %v of term %d",
					ahead.Role(), ahead.Term(), longer.Role(), longer.Term())
			}
			if longer.Commit() != 3 || ahead.Commit() != 3 {
				t.Fatalf("commit %d and %d, want 3", longer.Commit(), ahead.Commit())
			}
		})
	}
}

// dragonboat's changelog: when all nodes are overloaded, they must still be able to
// elect one of them, and the leader to begin its term. What is bounded is what clients
// propose.
func TestOverloadedNodesElectALeader(t *testing.T) {
	full := func(id core.NodeID) *testNode {
		n := newNode(t, 1, nil, func(c *Config) { c.ID, c.MaxUncommittedBytes, c.Seed = id, 30, uint64(id) })
		n.append(core.AppendEntriesRequest{From: 3, Term: 1, Entries: entriesOf(1, 1, 1, 1, 1, 1)})
		return n
	}
	a, b := full(1), full(2) // far more than the bound is not committed, and its leader is gone
	for range 100 {
		a.ticks(1)
		b.ticks(1)
		deliver(a, b)
	}
	leader := a
	if b.Role() == Leader {
		leader = b
	}
	leader.wantRole(Leader, leader.Term())
	leader.wantCommit(6)
	leader.propose("goes on, and takes all the room that there is")
	if _, _, err := leader.Propose([][]byte{{1}}); !errors.Is(err, ErrOverloaded) {
		t.Fatalf("the bound does not hold: %v", err)
	}
}

// eliben/raft 5a550b1: a vote that was given in an earlier election, and comes late, is
// none in this one.
func TestVotesOfAnEarlierTermDoNotCount(t *testing.T) {
	n := newNode(t, 1, nil, func(c *Config) { c.DisablePreVote = true })
	n.Campaign()
	n.drain()
	n.Campaign()
	n.drain()
	n.respond(&core.RequestVoteResponse{From: 2, Term: 2, Granted: true})
	n.wantRole(Candidate, 3)
	n.respond(&core.RequestVoteResponse{From: 2, Term: 3, Granted: true})
	n.wantRole(Leader, 3)
}
