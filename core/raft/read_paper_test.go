package raft

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/raftbench/raftbench/core"
)

// newReader makes a leader that has committed an entry of its term.
func newReader(t *testing.T) *testNode {
	n := newNode(t, 1, nil)
	n.lead()
	n.ack(2, 1)
	n.sent = nil
	return n
}

func (n *testNode) read() uint64 {
	n.t.Helper()
	context, err := n.ReadIndex()
	if err != nil {
		n.t.Fatal(err)
	}
	n.drain()
	return context
}

func (n *testNode) confirm(from core.NodeID, context uint64) {
	p := n.peer(from)
	n.respond(&core.AppendEntriesResponse{From: from, Term: n.Term(), Success: true, PrevIndex: p.match, Match: p.match, Session: p.session, ReadContext: context})
}

func TestReadNeedsAMajority_6_4(t *testing.T) {
	n := newReader(t)
	context := n.read()
	q := take[*core.AppendEntriesRequest](n, 0)
	if len(q) != 2 || q[0].ReadContext != context {
		t.Fatalf("the round: %+v", q)
	}
	if len(n.reads) != 0 {
		t.Fatal("answered without asking")
	}
	n.confirm(3, context)
	if d := cmp.Diff([]ReadState{{context, 1}}, n.reads); d != "" {
		t.Fatal(d)
	}
	n.confirm(2, context)
	if len(n.reads) != 1 {
		t.Fatal("answered twice")
	}
}

// etcd#7331: before an entry of its term is committed, a leader does not know
// what is.
func TestReadWaitsForTheFirstCommit_6_4(t *testing.T) {
	n := newNode(t, 1, []core.Term{1, 1}, func(c *Config) { c.HardState.Commit = 1 })
	n.lead()
	context := n.read()
	n.confirm(2, context)
	n.confirm(3, context)
	if len(n.reads) != 0 {
		t.Fatalf("answered from %+v", n.reads)
	}
	n.ack(2, 3)
	n.confirm(2, context)
	if d := cmp.Diff([]ReadState{{context, 3}}, n.reads); d != "" {
		t.Fatal(d)
	}
}

func TestOneRoundServesAllReads_6_4(t *testing.T) {
	n := newReader(t)
	first := n.read()
	var last uint64
	for range 10 {
		last = n.read()
	}
	if q := take[*core.AppendEntriesRequest](n, 2); len(q) != 1 {
		t.Fatalf("%d rounds at once", len(q))
	}
	n.confirm(2, first)
	if len(n.reads) != 1 {
		t.Fatalf("%d reads answered, and only the first came before its round", len(n.reads))
	}
	q := take[*core.AppendEntriesRequest](n, 2)
	if len(q) != 1 || q[0].ReadContext != last {
		t.Fatalf("the next round: %+v", q)
	}
	n.confirm(2, last)
	if len(n.reads) != 11 {
		t.Fatalf("%d of 11 answered", len(n.reads))
	}
}

// etcd#20418: an answer to an earlier round confirms nothing later.
func TestLateAnswersConfirmNoLaterRead_6_4(t *testing.T) {
	n := newReader(t)
	first := n.read()
	n.confirm(2, first)
	second := n.read()
	if second <= first {
		t.Fatalf("context %d after %d", second, first)
	}
	n.confirm(3, first)
	n.confirm(2, first)
	n.confirm(2, second+5) // of nobody's asking
	if len(n.reads) != 1 {
		t.Fatalf("answered: %+v", n.reads)
	}
	session := n.peer(2).session
	n.respond(&core.AppendEntriesResponse{From: 2, Term: n.Term(), Success: true, Session: session + 1, ReadContext: second})
	n.respond(&core.AppendEntriesResponse{From: 2, Term: n.Term() - 1, Success: true, Session: session, ReadContext: second})
	if len(n.reads) != 1 {
		t.Fatalf("answered by another session or term: %+v", n.reads)
	}
}

func TestReadsAreLostWithLeadership_6_4(t *testing.T) {
	n := newReader(t)
	a, b := n.read(), n.read()
	n.append(core.AppendEntriesRequest{From: 2, Term: 9})
	if d := cmp.Diff([]uint64{a, b}, n.lost); d != "" {
		t.Fatal(d)
	}
	if _, err := n.ReadIndex(); !errors.Is(err, ErrNotLeader) {
		t.Fatal(err)
	}
	n.lead()
	n.ack(2, n.LastIndex())
	c := n.read()
	n.confirm(2, c)
	if d := cmp.Diff([]ReadState{{c, n.Commit()}}, n.reads); d != "" {
		t.Fatal(d)
	}
}

func TestHeartbeatsRepeatARound_6_4(t *testing.T) {
	n := newReader(t)
	context := n.read()
	n.sent = nil
	n.ticks(1)
	if q := take[*core.AppendEntriesRequest](n, 2); q[0].ReadContext != context {
		t.Fatalf("the heartbeat carries %d", q[0].ReadContext)
	}
}

func TestPendingReadsAreBounded(t *testing.T) {
	n := newReader(t)
	for range maxPendingReads {
		if _, err := n.ReadIndex(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := n.ReadIndex(); !errors.Is(err, ErrOverloaded) {
		t.Fatal(err)
	}
}

func TestSingleNodeReads(t *testing.T) {
	n := newNode(t, 1, nil, func(c *Config) { c.Voters = []core.NodeID{1} })
	n.ticks(20)
	n.wantRole(Leader, 2)
	n.propose("a")
	n.wantCommit(2)
	n.read()
	if d := cmp.Diff([]ReadState{{1, 2}}, n.reads); d != "" {
		t.Fatal(d)
	}
}

// A follower that has asked its leader for an index commits through it at once: on an
// idle cluster the next append is a heartbeat away.
func TestFollowerLearnsTheCommitIndexFromItsRead_6_4(t *testing.T) {
	n := newNode(t, 1, nil)
	n.append(core.AppendEntriesRequest{From: 2, Term: 2, Entries: entriesOf(1, 2, 2, 2)})
	n.LearnCommit(2, 2)
	n.wantCommit(2)
	n.LearnCommit(1, 3) // from an earlier term it is as good: this term's leader has it
	n.wantCommit(3)
	n.LearnCommit(2, 1)
	n.wantCommit(3) // it never goes back

	n.LearnCommit(2, 5) // before the entries: they are committed when they come
	n.wantCommit(3)
	n.append(core.AppendEntriesRequest{From: 2, Term: 2, PrevIndex: 3, PrevTerm: 2, Commit: 3, Entries: entriesOf(4, 2)})
	n.wantCommit(4)
	n.append(core.AppendEntriesRequest{From: 2, Term: 2, PrevIndex: 4, PrevTerm: 2, Commit: 3, Entries: entriesOf(5, 2, 2)})
	n.wantCommit(5)
	n.drain()
	if got := len(n.committed); got != 5 {
		t.Fatalf("%d entries were given out, want 5", got)
	}
}

// What a leader of a later term has committed may stand where this node's log agrees with
// the leader of its own term, and what one leader has vouched for says nothing about the next.
func TestFollowerLearnsOnlyWhatItsLogIsKnownToHave_6_4(t *testing.T) {
	n := newNode(t, 1, nil)
	n.append(core.AppendEntriesRequest{From: 2, Term: 2, Entries: entriesOf(1, 2, 2, 2)})
	n.LearnCommit(3, 3)
	n.wantCommit(0)
	n.append(core.AppendEntriesRequest{From: 3, Term: 3, PrevIndex: 1, PrevTerm: 2})
	n.LearnCommit(3, 3)
	n.wantCommit(1)
	n.append(core.AppendEntriesRequest{From: 3, Term: 3, PrevIndex: 1, PrevTerm: 2, Entries: entriesOf(2, 3, 3)})
	n.wantCommit(3)

	n = newNode(t, 1, []core.Term{1, 1}) // nobody has vouched for this log
	n.LearnCommit(1, 2)
	n.wantCommit(0)
	n.lead()
	n.LearnCommit(n.Term(), 2) // a leader counts by itself
	n.wantCommit(0)
}
