package raft

import (
	"strings"
	"testing"

	"github.com/raftbench/raftbench/core"
)

func leases(c *Config) { c.LeaseDriftPercent = 10 }

// newLeaser makes a leader with leases of 8 ticks that has committed an entry of
// its term and heard of no round yet.
func newLeaser(t *testing.T, change ...func(*Config)) *testNode {
	n := newNode(t, 0, nil, append([]func(*Config){leases}, change...)...)
	n.lead()
	n.ack(2, 1)
	n.sent = nil
	return n
}

// beat lets a tick pass and returns the context of its heartbeats.
func (n *testNode) beat() uint64 {
	n.t.Helper()
	n.sent = nil
	n.ticks(1)
	q := take[*core.AppendEntriesRequest](n, 0)
	if len(q) == 0 {
		n.t.Fatal("no heartbeats")
	}
	return q[0].ReadContext
}

// answered reports whether a read is answered at once.
func (n *testNode) answered() bool {
	n.t.Helper()
	before := len(n.reads)
	n.read()
	return len(n.reads) > before
}

func TestLeaseLength_6_4_1(t *testing.T) {
	for _, c := range []struct{ election, drift, want int }{
		{10, 0, 0}, {10, 1, 8}, {10, 10, 8}, {10, 50, 6}, {10, 100, 4}, {100, 10, 90}, {2, 1, 0},
	} {
		cfg := Config{ElectionTicks: c.election, LeaseDriftPercent: c.drift}
		if got := cfg.leaseTicks(); got != c.want {
			t.Errorf("ElectionTicks %d, drift %d%%: %d ticks, want %d", c.election, c.drift, got, c.want)
		}
	}
}

func TestLeaseIsRefusedBeyondWhatHolds_6_4_1(t *testing.T) {
	for want, change := range map[string]func(*Config){
		"which makes the lease 1 ticks with ElectionTicks 10: it must be longer than HeartbeatTicks, which is 1": func(c *Config) { c.LeaseDriftPercent = 400 },
		"it must be longer than HeartbeatTicks, which is 8":                                                      func(c *Config) { c.HeartbeatTicks = 8; leases(c) },
		"leases need DisableCheckQuorum to be off":                                                               func(c *Config) { c.DisableCheckQuorum = true; leases(c) },
		"LeaseDriftPercent is -1: it must be positive":                                                           func(c *Config) { c.LeaseDriftPercent = -1 },
	} {
		cfg := Config{ID: 1, Voters: voters(1, 2, 3), Log: &testLog{}}
		change(&cfg)
		if _, err := New(cfg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

func TestLeaseAnswersWithoutARound_6_4_1(t *testing.T) {
	n := newLeaser(t)
	n.confirm(2, n.beat())
	n.sent = nil
	if !n.answered() {
		t.Fatal("the lease did not answer")
	}
	if len(n.sent) != 0 {
		t.Fatalf("%d messages for a read within the lease", len(n.sent))
	}
}

func TestLeaseNeedsAQuorum_6_4_1(t *testing.T) {
	n := newLeaser(t, func(c *Config) { c.Voters = voters(1, 2, 3, 4, 5) })
	n.ack(3, 1)
	context := n.beat()
	n.confirm(2, context)
	if n.answered() {
		t.Fatal("two of five hold a lease")
	}
	n.confirm(3, context)
	if !n.answered() {
		t.Fatal("three of five hold none")
	}
}

// The lease begins when a round leaves, however late it is answered.
func TestLeaseCountsFromTheSending_6_4_1(t *testing.T) {
	n := newLeaser(t)
	context := n.beat()
	n.ticks(7)
	n.confirm(2, context)
	if !n.answered() {
		t.Fatal("no lease 7 ticks after its round began")
	}
	n.ticks(1)
	if n.answered() {
		t.Fatal("a lease of 8 ticks is used 8 ticks after its round began")
	}
	n = newLeaser(t)
	context = n.beat()
	n.ticks(8)
	n.confirm(2, context)
	if n.answered() {
		t.Fatal("an answer that came too late made a lease")
	}
}

func TestReadsOutsideALeaseAskForARound_6_4_1(t *testing.T) {
	n := newLeaser(t)
	n.sent = nil
	context := n.read()
	if len(n.reads) != 0 || len(take[*core.AppendEntriesRequest](n, 0)) != 2 {
		t.Fatal("without a lease there is a round")
	}
	n.ticks(2) // heartbeats go on, with contexts of their own
	n.confirm(2, context)
	if len(n.reads) != 1 || n.reads[0].Context != context {
		t.Fatalf("%+v", n.reads)
	}
}

func TestLeaseWaitsForTheFirstCommit_6_4_1(t *testing.T) {
	n := newNode(t, 0, nil, leases)
	n.lead()
	context := n.beat()
	n.confirm(2, context)
	if n.answered() {
		t.Fatal("a leader that does not know what is committed answers")
	}
	n.ack(2, 1)
	n.sent = nil
	if len(n.reads) != 0 {
		t.Fatal("the read's index was taken before anything was known to be committed")
	}
	n.confirm(2, n.Raft.reads.round)
	if len(n.reads) != 1 {
		t.Fatal("the round did not answer it")
	}
}

// A promise is kept for an election timeout, and no longer.
func TestPromise_6_4_1(t *testing.T) {
	n := newNode(t, 0, nil, leases)
	n.append(core.AppendEntriesRequest{From: 2, Term: 1})
	ask := func() bool {
		return n.vote(core.RequestVoteRequest{From: 3, Term: 2, LastIndex: 9, LastTerm: 9}).Granted
	}
	n.ticks(9)
	if ask() {
		t.Fatal("voted within the promise")
	}
	n.ticks(1)
	if !ask() {
		t.Fatal("the promise does not end")
	}
}

// A restarted voter may have promised just before it went down.
func TestPromiseSurvivesARestart_6_4_1(t *testing.T) {
	n := newNode(t, 0, nil, leases)
	n.append(core.AppendEntriesRequest{From: 2, Term: 1})
	n.restart()
	n.Campaign()
	n.drain()
	n.wantRole(Follower, 1)
	n.ticks(9)
	if n.vote(core.RequestVoteRequest{From: 3, Term: 2, LastIndex: 9, LastTerm: 9}).Granted {
		t.Fatal("voted before an election timeout had passed")
	}
	n.ticks(1)
	if n.Role() == Follower && !n.vote(core.RequestVoteRequest{From: 3, Term: 2, LastIndex: 9, LastTerm: 9}).Granted {
		t.Fatal("does not vote after an election timeout")
	}
}

// A higher term that comes from elsewhere does not end a promise.
func TestPromiseSurvivesATerm_6_4_1(t *testing.T) {
	n := newNode(t, 0, nil, leases)
	n.append(core.AppendEntriesRequest{From: 2, Term: 1})
	n.respond(&core.RequestVoteResponse{From: 3, Term: 5}) // a refusal of long ago
	n.wantRole(Follower, 5)
	if n.vote(core.RequestVoteRequest{From: 3, Term: 6, LastIndex: 9, LastTerm: 9}).Granted {
		t.Fatal("voted within the promise to the leader of term 1")
	}
}

// Nobody who promised stands for election himself, whoever asks for it.
func TestPromiseKeepsFromStanding_6_4_1(t *testing.T) {
	n := newNode(t, 0, nil, leases)
	n.append(core.AppendEntriesRequest{From: 2, Term: 1})
	n.Campaign()
	n.drain()
	n.wantRole(Follower, 1)
}

func TestTransferGivesUpTheLease_6_4_1(t *testing.T) {
	n := newLeaser(t)
	n.confirm(2, n.beat())
	n.propose("so that 3 is behind")
	if err := n.TransferLeadership(3); err != nil {
		t.Fatal(err)
	}
	if n.answered() {
		t.Fatal("a lease while leadership is handed over")
	}
	for range 10 { // it comes to nothing: 3 was never told
		n.confirm(2, n.beat())
	}
	if n.Status().Transferee != 0 || !n.answered() {
		t.Fatal("no lease after a transfer that came to nothing")
	}
	if err := n.TransferLeadership(2); err != nil {
		t.Fatal(err)
	}
	n.ack(2, n.LastIndex()) // TimeoutNow leaves
	for range 11 {
		n.confirm(2, n.beat())
	}
	if n.Status().Transferee != 0 || n.answered() {
		t.Fatal("a lease although TimeoutNow may arrive at any time")
	}
}

// A lease does not outlive its term.
func TestLeaseEndsWithTheTerm_6_4_1(t *testing.T) {
	n := newLeaser(t)
	context := n.beat()
	n.confirm(2, context)
	n.append(core.AppendEntriesRequest{From: 3, Term: 7})
	n.ticks(25)
	n.lead()
	n.ack(2, n.LastIndex())
	n.confirm(2, context)
	if n.answered() {
		t.Fatal("a lease of an earlier term")
	}
}

// The joint configuration needs both majorities for a lease too.
func TestJointLeaseNeedsBothMajorities_6_4_1(t *testing.T) {
	n := newLeaser(t)
	n.ack(3, 1)
	n.addLearner(4)
	n.addLearner(5)
	n.change(config(voters(1, 4, 5)))
	context := n.beat()
	n.confirm(2, context)
	n.confirm(3, context)
	if n.answered() {
		t.Fatal("the old majority alone made a lease")
	}
	n.confirm(5, context)
	if !n.answered() {
		t.Fatal("both majorities made none")
	}
}

// The rounds that are remembered are bounded by the length of a lease.
func TestLeaseRoundsAreBounded_6_4_1(t *testing.T) {
	n := newLeaser(t)
	for range 1000 {
		n.confirm(2, n.beat())
		n.read()
		n.read()
	}
	if got := n.lease.rounds.len(); got > 8 {
		t.Fatalf("%d rounds are kept for a lease of 8 ticks", got)
	}
}

// A cluster of one needs nobody's promise.
func TestLeaseOfOne_6_4_1(t *testing.T) {
	n := newNode(t, 0, nil, leases, func(c *Config) { c.Voters = voters(1) })
	n.Campaign()
	n.drain()
	if !n.answered() {
		t.Fatal("no answer")
	}
}
