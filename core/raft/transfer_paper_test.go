package raft

import (
	"errors"
	"testing"

	"github.com/raftbench/raftbench/core"
)

func TestTransferBringsUpToDateFirst_3_10(t *testing.T) {
	n := newNode(t, 1, nil)
	n.lead()
	n.ack(2, 1)
	n.propose("a")
	if err := n.TransferLeadership(2); err != nil {
		t.Fatal(err)
	}
	n.drain()
	if len(take[*core.TimeoutNowRequest](n, 0)) != 0 {
		t.Fatal("TimeoutNow to a follower that is behind")
	}
	if _, _, err := n.Propose([][]byte{{1}}); !errors.Is(err, ErrTransferring) {
		t.Fatal(err)
	}
	n.ack(2, 2)
	q := take[*core.TimeoutNowRequest](n, 2)
	if len(q) != 1 || q[0].Term != 2 || q[0].From != 1 {
		t.Fatalf("%+v", q)
	}
}

func TestTransferIsGivenUp_3_10(t *testing.T) {
	n := newNode(t, 1, nil)
	n.lead()
	n.ack(2, 1)
	if err := n.TransferLeadership(3); err != nil {
		t.Fatal(err)
	}
	if err := n.TransferLeadership(2); !errors.Is(err, ErrTransferring) {
		t.Fatal(err)
	}
	n.ticks(9)
	n.ack(2, 1)
	if n.Status().Transferee != 3 {
		t.Fatal("given up too early")
	}
	n.ticks(1)
	n.wantRole(Leader, 2)
	n.propose("goes on")
}

func TestTransferFailureIsReported_3_10(t *testing.T) {
	n := newNode(t, 1, nil)
	n.lead()
	n.ack(2, 1)
	if err := n.TransferLeadership(2); err != nil {
		t.Fatal(err)
	}
	n.drain()
	n.ReportFailure(2, take[*core.TimeoutNowRequest](n, 2)[0])
	n.propose("goes on")
}

func TestTransferToWhom_3_10(t *testing.T) {
	n := newNode(t, 1, nil)
	if err := n.TransferLeadership(2); !errors.Is(err, ErrNotLeader) {
		t.Fatal(err)
	}
	n.lead()
	if err := n.TransferLeadership(1); err != nil {
		t.Fatal(err)
	}
	if err := n.TransferLeadership(9); err == nil {
		t.Fatal("a transfer to a stranger")
	}
	n.propose("goes on")
}

func TestTimeoutNowStartsAnElectionAtOnce_3_10(t *testing.T) {
	n := newNode(t, 2, nil)
	n.append(core.AppendEntriesRequest{From: 2, Term: 2})
	n.step(&core.TimeoutNowRequest{From: 2, Term: 2})
	n.wantRole(Candidate, 3)
	for _, q := range take[*core.RequestVoteRequest](n, 0) {
		if q.PreVote || !q.Transfer || q.Term != 3 {
			t.Fatalf("%+v", q)
		}
	}
	n.ticks(25) // a later election of its own is not the leader's wish
	n.wantRole(PreCandidate, 3)
	for _, q := range take[*core.RequestVoteRequest](n, 0) {
		if q.Transfer && q.Term > 3 {
			t.Fatalf("%+v", q)
		}
	}
}

// hashicorp/raft#581 and its like: TimeoutNow that arrives late.
func TestLateTimeoutNowIsIgnored_3_10(t *testing.T) {
	n := newNode(t, 5, nil)
	n.step(&core.TimeoutNowRequest{From: 2, Term: 4})
	n.wantRole(Follower, 5)
	n.append(core.AppendEntriesRequest{From: 3, Term: 5})
	n.step(&core.TimeoutNowRequest{From: 2, Term: 5}) // not from the leader
	n.wantRole(Follower, 5)
	n.step(&core.TimeoutNowRequest{From: 9, Term: 5})
	n.wantRole(Follower, 5)
	n.lead()
	n.step(&core.TimeoutNowRequest{From: 2, Term: 6})
	n.wantRole(Leader, 6)
}
