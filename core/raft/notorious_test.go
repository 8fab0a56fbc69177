package raft

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/raftbench/raftbench/core"
)

// More bugs that other implementations had; docs/notorious.md lists all of them
// with the test that looks for each.

// eliben/raft 5a550b1: stepping down within a term must not forget the vote.
func TestVoteIsKeptWhenSteppingDownWithinATerm(t *testing.T) {
	n := newNode(t, 1, nil, func(c *Config) { c.DisablePreVote = true })
	n.Campaign()
	n.drain()
	n.append(core.AppendEntriesRequest{From: 3, Term: 2})
	n.wantRole(Follower, 2)
	n.ticks(11)
	if n.state.Term == 2 && n.state.Vote != 1 {
		t.Fatalf("the vote is %v, it was for node 1", n.state.Vote)
	}
	n = newNode(t, 1, nil)
	n.vote(core.RequestVoteRequest{From: 2, Term: 2})
	n.append(core.AppendEntriesRequest{From: 3, Term: 2})
	if got := n.Status().Vote; got != 2 {
		t.Fatalf("the vote is %v, it was for node 2", got)
	}
}

// openraft cecb5de: an answer that is late does not take back what a newer one said.
func TestLateAnswerDoesNotMoveMatchBack(t *testing.T) {
	n := newChanger(t)
	n.propose("a", "b", "c")
	n.ack(2, 4)
	n.ack(2, 2)
	if p := n.peer(2); p.match != 4 || p.next != 5 {
		t.Fatalf("match %d, next %d after a late answer", p.match, p.next)
	}
	n.ack(2, 3)
	n.wantCommit(4)
}

// openraft#1802: the quorum's index is that of sorted progress, whatever the order
// of the members.
func TestQuorumIsTakenFromSortedProgress(t *testing.T) {
	for _, acks := range [][]core.Index{{5, 4, 3, 2}, {2, 3, 4, 5}, {3, 5, 2, 4}, {4, 2, 5, 3}} {
		n := newNode(t, 1, nil, func(c *Config) { c.Voters = voters(1, 2, 3, 4, 5) })
		n.lead()
		n.propose("a", "b", "c", "d")
		for i, match := range acks {
			n.ack(core.NodeID(i+2), match)
		}
		if n.Commit() != 4 { // 5 on itself and one more, 4 on three
			t.Fatalf("%v: commit is %d, want 4", acks, n.Commit())
		}
	}
}

// raft-rs#84: who stands for election knows no leader any more.
func TestCandidatesKnowNoLeader(t *testing.T) {
	n := newNode(t, 1, nil)
	n.append(core.AppendEntriesRequest{From: 2, Term: 1})
	n.ticks(25)
	n.wantRole(PreCandidate, 1)
	if n.Leader() != 0 {
		t.Fatalf("a pre-candidate believes that %v leads", n.Leader())
	}
}

// raft-rs#83: votes of one election do not count in the next.
func TestVotesAreNotCarriedOver(t *testing.T) {
	n := newNode(t, 1, nil, func(c *Config) { c.Voters, c.DisablePreVote = voters(1, 2, 3, 4, 5), true })
	n.Campaign()
	n.drain()
	n.respond(&core.RequestVoteResponse{From: 2, Term: 2, Granted: true})
	n.Campaign()
	n.drain()
	n.respond(&core.RequestVoteResponse{From: 3, Term: 3, Granted: true})
	n.wantRole(Candidate, 3)
	n.respond(&core.RequestVoteResponse{From: 4, Term: 3, Granted: true})
	n.wantRole(Leader, 3)
}

// etcd#8501: a node whose term ran ahead is not heard as a candidate, and does not
// take the leader's appends. Its answers bring the leader to a new election.
func TestNodeWithAHigherTermIsNotStuck(t *testing.T) {
	ahead := newNode(t, 9, nil)
	a := ahead.append(core.AppendEntriesRequest{From: 1, Term: 2})
	if a.Success || a.Term != 9 {
		t.Fatalf("%+v", a)
	}
	n := newChanger(t)
	n.respond(&core.AppendEntriesResponse{From: 3, Term: 9, Session: n.peer(3).session})
	n.wantRole(Follower, 9)
}

// RedisRaft#28, #44: a node that lost its disk comes back under its old name. Until
// it has been told who the members are, it gives no vote: it may have given it.
func TestNodeWithoutConfigurationDoesNotVote(t *testing.T) {
	n := newNode(t, 0, nil, func(c *Config) { c.Voters = nil })
	for _, preVote := range []bool{true, false} {
		if n.vote(core.RequestVoteRequest{From: 2, Term: 5, LastIndex: 9, LastTerm: 4, PreVote: preVote}).Granted {
			t.Fatalf("granted, pre-vote %t", preVote)
		}
	}
	n.wantRole(Follower, 0)
}

// canonical/raft#250: a snapshot replaces configurations that were not committed.
func TestSnapshotReplacesTheConfiguration(t *testing.T) {
	n := newNode(t, 1, nil)
	to := config(voters(1, 2, 3, 4))
	n.append(core.AppendEntriesRequest{From: 2, Term: 1, Entries: []core.Entry{{Index: 1, Term: 1, Kind: core.EntryConfiguration, Data: []byte(to.Encode())}}})
	n.wantConfig(to)
	now := config(voters(2, 3), 1)
	n.step(&core.InstallSnapshotRequest{From: 3, Term: 2, Snapshot: core.SnapshotMeta{Index: 7, Term: 2, Config: now.Encode()}, Done: true})
	n.wantConfig(now)
	n.append(core.AppendEntriesRequest{From: 3, Term: 2, PrevIndex: 7, PrevTerm: 2, Entries: entriesOf(8, 2)})
	n.restart()
	n.wantConfig(now)
}

// raft-rs#571: an answer from before a node was removed says nothing about it when
// it is back, in the same term.
func TestAnswerFromAnEarlierMembershipIsIgnored(t *testing.T) {
	n := newChanger(t)
	n.propose("a")
	late := &core.AppendEntriesResponse{From: 3, Term: 2, Success: true, PrevIndex: 1, Match: 2, Session: n.peer(3).session}
	n.ackAll(2)
	n.change(config(voters(1, 2)))
	n.ackAll(2)
	n.ackAll(2)
	n.change(config(voters(1, 2), 3))
	n.respond(late)
	if p := n.peer(3); p.match != 0 {
		t.Fatalf("match %d by an answer to another session", p.match)
	}
}

// etcd#18055: two snapshots, one soon after the other; and an older one last.
func TestTwoSnapshotsInARow(t *testing.T) {
	n := newNode(t, 1, nil)
	for _, s := range []core.SnapshotMeta{{Index: 5, Term: 1}, {Index: 9, Term: 1}, {Index: 7, Term: 1}} {
		a := ask[*core.InstallSnapshotResponse](n, &core.InstallSnapshotRequest{From: 2, Term: 1, Snapshot: s, Done: true})
		if a.Match < s.Index {
			t.Fatalf("%v: %+v", s, a)
		}
	}
	if n.LastIndex() != 9 || len(n.snapshots) != 2 {
		t.Fatalf("last %d, %d snapshots installed", n.LastIndex(), len(n.snapshots))
	}
	l := newChanger(t)
	l.propose("a", "b")
	l.ackAll(2)
	newer, older := l.log.compact(3), core.SnapshotMeta{Index: 2, Term: 2}
	l.SetSnapshot(newer)
	l.SetSnapshot(older)
	l.ReportFailure(3, l.appends(3)[0])
	l.ticks(1)
	l.confirm(3, 0)
	if q := take[*core.InstallSnapshotRequest](l, 3); len(q) != 1 || q[0].Snapshot.Index != 3 {
		t.Fatalf("%+v", q)
	}
}

// openraft afd6508: the log is compacted to its very end, and a follower is behind.
func TestFollowerBehindAnEmptyLog(t *testing.T) {
	n := newChanger(t)
	n.propose("a")
	n.ackAll(2)
	n.SetSnapshot(n.log.compact(2))
	n.ReportFailure(3, n.appends(3)[0])
	n.ticks(1)
	n.confirm(3, 0)
	q := take[*core.InstallSnapshotRequest](n, 3)
	if len(q) != 1 || q[0].Snapshot.Index != 2 {
		t.Fatalf("%+v", q)
	}
}

// etcd-io/raft 76f1249, 0c22de0: a refusal whose hint lies in what has been
// compacted since.
func TestRefusalBelowTheCompactedLog(t *testing.T) {
	n := newNode(t, 1, []core.Term{1, 1, 1, 1, 1})
	n.lead()
	n.ack(2, 6)
	n.SetSnapshot(n.log.compact(5))
	p := n.peer(3)
	n.respond(&core.AppendEntriesResponse{From: 3, Term: 2, PrevIndex: p.next - 1, HintIndex: 2, HintTerm: 1, Session: p.session})
	if q := take[*core.InstallSnapshotRequest](n, 3); len(q) != 1 || q[0].Snapshot.Index != 5 {
		t.Fatalf("%+v", q)
	}
}

// hashicorp/raft#570: writes are refused from the moment a transfer begins, and
// those before it are with the new leader.
func TestWritesDuringATransfer(t *testing.T) {
	n := newChanger(t)
	at := n.propose("before")
	if err := n.TransferLeadership(2); err != nil {
		t.Fatal(err)
	}
	if _, _, err := n.Propose([][]byte{{1}}); !errors.Is(err, ErrTransferring) {
		t.Fatal(err)
	}
	n.ack(2, at-1)
	if q := take[*core.TimeoutNowRequest](n, 0); len(q) != 0 {
		t.Fatal("TimeoutNow before the last write was there")
	}
	n.ack(2, at)
	if q := take[*core.TimeoutNowRequest](n, 2); len(q) != 1 {
		t.Fatalf("%d TimeoutNow", len(q))
	}
}

// openraft d000ee2: TimeoutNow to a node that was removed meanwhile.
func TestTimeoutNowToAnOutsider(t *testing.T) {
	n := newNode(t, 1, nil)
	to := config(voters(2, 3))
	n.append(core.AppendEntriesRequest{From: 2, Term: 1, Commit: 1, Entries: []core.Entry{{Index: 1, Term: 1, Kind: core.EntryConfiguration, Data: []byte(to.Encode())}}})
	n.step(&core.TimeoutNowRequest{From: 2, Term: 1})
	n.wantRole(Follower, 1)
}

// etcd#7280, #11284: a transfer to a member that the change under way leaves out
// ends with the change.
func TestTransfereeIsRemoved(t *testing.T) {
	n := newChanger(t)
	n.change(config(voters(1, 2)))
	if err := n.TransferLeadership(3); err != nil {
		t.Fatal(err)
	}
	n.ackAll(2)
	n.ackAll(2)
	n.ticks(9)
	n.confirm(2, 0)
	n.ticks(1)
	if n.Status().Transferee != 0 {
		t.Fatal("the transfer to a node that is gone does not end")
	}
	n.propose("goes on")
}

// tikv#964: what a configuration of one voter, a learner beside it, takes for a
// quorum is itself alone: for commits, reads and leases.
func TestOneVoterWithLearnersDecidesAlone(t *testing.T) {
	n := newNode(t, 0, nil, leases, func(c *Config) { c.Voters = voters(1) })
	n.Campaign()
	n.drain()
	n.change(config(voters(1), 2))
	n.wantCommit(2)
	n.read()
	if len(n.reads) != 1 {
		t.Fatal("a learner is waited for")
	}
	n.ticks(100)
	n.wantRole(Leader, 1)
}

// The parts of a joint configuration are kept through a snapshot and a restart.
func TestJointConfigurationSurvivesASnapshot(t *testing.T) {
	joint := core.Configuration{Voters: voters(1, 2), Outgoing: voters(1, 2, 3), Learners: voters(3)}
	n := newNode(t, 1, nil)
	n.step(&core.InstallSnapshotRequest{From: 2, Term: 1, Snapshot: core.SnapshotMeta{Index: 4, Term: 1, Config: joint.Encode()}, Done: true})
	n.restart()
	got, _ := n.Configuration()
	if d := cmp.Diff(joint, got); d != "" {
		t.Fatal(d)
	}
}
