package raft

import (
	"errors"
	"testing"

	"github.com/raftbench/raftbench/core"
)

// wantRefused wants a change to be refused and the log left alone.
func (n *testNode) wantRefused(what string, want error, to core.Configuration) {
	n.t.Helper()
	last := n.LastIndex()
	if _, _, err := n.ChangeMembership(to); !errors.Is(err, want) || n.LastIndex() != last {
		n.t.Fatalf("%s: %v, the log ends at %d; want %v, %d", what, err, n.LastIndex(), want, last)
	}
}

// A voter that lost its disk waits for a commit (newborn.go), and a commit must not wait
// for it: a change by which it would be needed stops the cluster for good (section 4.2).
func TestChangeDoesNotNeedANewborn_4_2(t *testing.T) {
	n := newChanger(t)
	ask[*core.AppendEntriesResponse](n, &core.AppendEntriesRequest{From: 3, Session: 77})
	n.wantRefused("one who has just lost its disk is needed", ErrNoMajority, config(voters(1, 3)))
	n.abstain(3)
	n.wantRefused("it has caught up with what is committed", ErrNoMajority, config(voters(1, 3)))
	n.ack(2, n.LastIndex())
	n.ack(3, n.LastIndex())
	n.change(config(voters(1, 3)))
}

// The same where a voter is silent: what would be appended could not be committed.
func TestChangeDoesNotNeedASilentVoter_4_2(t *testing.T) {
	n := newChanger(t)
	for range n.cfg.withDefaults().ElectionTicks + 1 {
		n.ticks(1)
		n.ack(2, 1)
	}
	n.wantRefused("a silent voter is needed", ErrNoMajority, config(voters(1, 3)))
	n.change(config(voters(1, 2)))
}

// A leader that is left out does not count itself (section 4.2.2).
func TestChangeWithoutTheLeaderNeedsTheOthers_4_2_2(t *testing.T) {
	n := newChanger(t)
	for range n.cfg.withDefaults().ElectionTicks + 1 {
		n.ticks(1)
		n.ack(2, 1)
	}
	n.wantRefused("one of two is silent", ErrNoMajority, config(voters(2, 3)))
	n.ack(3, 1)
	n.ticks(1)
	n.change(config(voters(2, 3)))
}

// A learner that abstains has not caught up, whatever it has (section 4.2.1).
func TestLearnerThatAbstainsIsNotPromoted_4_2_1(t *testing.T) {
	n := newChanger(t)
	n.addLearner(4)
	n.abstain(4)
	n.wantRefused("a learner that abstains", ErrNotCaughtUp, config(voters(1, 2, 3, 4)))
	n.ack(4, n.LastIndex())
	n.change(config(voters(1, 2, 3, 4)))
}

// abstain answers for a follower that has everything and vouches for nothing.
func (n *testNode) abstain(from core.NodeID) {
	n.t.Helper()
	n.respond(&core.AppendEntriesResponse{From: from, Term: n.Term(), Success: true, Match: n.Commit(), HintIndex: n.LastIndex(), Session: n.peer(from).session})
}

// Who abstains does not stand for election, so that it is not asked to (section 3.10).
func TestNoTransferToOneWhoAbstains_3_10(t *testing.T) {
	n := newChanger(t)
	n.abstain(2)
	if err := n.TransferLeadership(2); err == nil {
		t.Fatal("a transfer to one who abstains")
	}
	n.propose("x") // not refused: no transfer is under way
}

// Nor does a leader that was removed hand over to it (section 4.2.2).
func TestRemovedLeaderPassesOverOneWhoAbstains_4_2_2(t *testing.T) {
	n := newNode(t, 1, nil, func(c *Config) { c.Voters = voters(1, 2, 3, 4, 5) })
	n.lead()
	n.ackAll(2, 3, 4, 5)
	n.abstain(2)
	n.change(config(voters(2, 3, 4, 5)))
	n.ackAll(2, 3, 4, 5) // the joint configuration
	n.ackAll(2)          // as far as anyone, and then its log is damaged
	n.abstain(2)
	n.ackAll(3, 4)
	n.wantRole(Follower, n.Term())
	if asked := take[*core.TimeoutNowRequest](n, 2); len(asked) > 0 {
		t.Fatal("one who abstains is asked to take over")
	}
}

// Where nobody is left who could take over, it steps down all the same.
func TestRemovedLeaderStepsDownIfAllAbstain_4_2_2(t *testing.T) {
	n := newChanger(t)
	n.change(config(voters(2, 3)))
	n.ackAll(2, 3) // the joint configuration
	at := n.LastIndex()
	n.ack(2, at)
	n.Raft.StepResponse(&core.AppendEntriesResponse{From: 3, Term: n.Term(), Success: true, Match: at, Session: n.peer(3).session})
	for _, id := range []core.NodeID{2, 3} {
		n.Raft.StepResponse(&core.AppendEntriesResponse{From: id, Term: n.Term(), Success: true, Match: at, HintIndex: at, Session: n.peer(id).session})
	}
	n.drain()
	n.wantRole(Follower, n.Term())
	if asked := take[*core.TimeoutNowRequest](n, 0); len(asked) > 0 {
		t.Fatal("one who abstains is asked to take over")
	}
}

// A node that abstains says so in each success, and a refusal is a refusal.
func TestAbstain(t *testing.T) {
	success := core.AppendEntriesResponse{Success: true, Match: 7, ReadContext: 3}
	success.Abstain(5)
	if !success.Abstains() || success.Match != 5 || success.ReadContext != 0 {
		t.Fatalf("%+v", success)
	}
	empty := core.AppendEntriesResponse{Success: true}
	if empty.Abstain(0); !empty.Abstains() {
		t.Fatalf("%+v", empty)
	}
	refusal := core.AppendEntriesResponse{HintIndex: 4}
	if refusal.Abstain(5); refusal.Abstains() || refusal.HintIndex != 4 {
		t.Fatalf("%+v", refusal)
	}
}
