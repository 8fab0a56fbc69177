package raft

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/raftbench/raftbench/core"
)

// Bugs that other implementations had. Those that are a claim of the paper as
// well are in the paper tests.

// The ABA problem of asynchronous appends: entry 1 is written, replaced, and
// written again. That the first write is durable says nothing about the second.
func TestLateWriteDoesNotVouchForReplacedEntries(t *testing.T) {
	n := newNode(t, 1, nil)
	n.slow = true
	first := n.step(&core.AppendEntriesRequest{From: 2, Term: 1, Entries: entriesOf(1, 1, 1)})
	second := n.step(&core.AppendEntriesRequest{From: 3, Term: 2, Entries: entriesOf(1, 2, 2)})
	n.persist()
	n.drain()
	if n.answers[second] != nil {
		t.Fatal("the write of the replaced entries acknowledged the new ones")
	}
	if got := n.Status().Durable; got != 0 {
		t.Fatalf("durable through %d, and nothing of this log is", got)
	}
	if a, ok := n.answers[first].(*core.AppendEntriesResponse); !ok || !a.Success || a.Term != 1 {
		t.Fatalf("the first answer, which was true when it left: %+v", n.answers[first])
	}
	n.persistAll()
	if a, ok := n.answers[second].(*core.AppendEntriesResponse); !ok || a.Match != 2 {
		t.Fatalf("%+v", n.answers[second])
	}
}

// The same when both come before one Ready: the first was never written.
func TestAcknowledgementOfEntriesNeverWritten(t *testing.T) {
	n := newNode(t, 1, nil)
	n.token = 2
	_ = n.Step(1, &core.AppendEntriesRequest{From: 2, Term: 1, Entries: entriesOf(1, 1, 1)})
	_ = n.Step(2, &core.AppendEntriesRequest{From: 3, Term: 2, Entries: entriesOf(1, 2)})
	n.drain()
	if a := n.answers[1].(*core.AppendEntriesResponse); a.Success || a.Term != 2 {
		t.Fatalf("%+v", a)
	}
	if a := n.answers[2].(*core.AppendEntriesResponse); !a.Success || a.Match != 1 {
		t.Fatalf("%+v", a)
	}
}

// A leader does not count what an earlier write of another term made durable.
func TestLeaderCountsOnlyItsOwnDurableEntries(t *testing.T) {
	n := newNode(t, 1, nil, func(c *Config) { c.DisablePreVote = true })
	n.slow = true
	n.step(&core.AppendEntriesRequest{From: 2, Term: 1, Entries: entriesOf(1, 1, 1, 1)})
	n.step(&core.AppendEntriesRequest{From: 3, Term: 2, Entries: entriesOf(1, 2)})
	n.Campaign()
	n.drain()
	n.persist() // the first append
	n.drain()
	if n.Status().Durable != 0 {
		t.Fatalf("durable through %d", n.Status().Durable)
	}
	n.wantRole(Candidate, 3)
}

// hashicorp/raft#503, #612: heartbeats need no disk, leadership does.
func TestLeaderWithAStalledDiskStepsDown(t *testing.T) {
	n := newNode(t, 1, nil)
	n.lead()
	n.ack(2, 1)
	n.slow = true
	n.propose("a")
	for range 10 {
		n.ticks(1)
		n.confirm(2, 0)
		n.wantRole(Leader, 2)
	}
	n.ticks(1)
	n.wantRole(Follower, 2)
	n.ticks(100)
	if q := take[*core.RequestVoteRequest](n, 0); len(q) > 0 && !q[len(q)-1].PreVote {
		t.Fatal("asked for votes with its own not durable")
	}
}

// etcd-io/raft#54: whatever ends a call, the window is free afterwards.
func TestInflightAccounting(t *testing.T) {
	setup := func() (*testNode, []*core.AppendEntriesRequest) {
		n := newNode(t, 1, nil)
		n.lead()
		n.ack(2, 1)
		n.sent = nil
		n.propose("a")
		n.propose("b")
		n.propose("c")
		q := n.appends(2)
		if p := n.peer(2).status(); len(q) != 3 || p.Inflight != 3 || p.InflightBytes != 3*(core.EntryOverheadBytes+1) {
			t.Fatalf("%d messages, %+v", len(q), p)
		}
		return n, q
	}
	for name, end := range map[string]func(n *testNode, q []*core.AppendEntriesRequest){
		"acknowledged one by one":  func(n *testNode, _ []*core.AppendEntriesRequest) { n.ack(2, 2); n.ack(2, 3); n.ack(2, 4) },
		"acknowledged at once":     func(n *testNode, _ []*core.AppendEntriesRequest) { n.ack(2, 4) },
		"acknowledged in disorder": func(n *testNode, _ []*core.AppendEntriesRequest) { n.ack(2, 4); n.ack(2, 2) },
		"failed":                   func(n *testNode, q []*core.AppendEntriesRequest) { n.ReportFailure(2, q[0]); n.ReportFailure(2, q[2]) },
		"failed and acknowledged":  func(n *testNode, q []*core.AppendEntriesRequest) { n.ReportFailure(2, q[0]); n.ack(2, 4) },
		"acknowledged and failed":  func(n *testNode, q []*core.AppendEntriesRequest) { n.ack(2, 4); n.ReportFailure(2, q[0]) },
		"leadership lost": func(n *testNode, _ []*core.AppendEntriesRequest) {
			n.append(core.AppendEntriesRequest{From: 3, Term: 9})
		},
	} {
		t.Run(name, func(t *testing.T) {
			n, q := setup()
			end(n, q)
			if p := n.peer(2).status(); p.Inflight != 0 || p.InflightBytes != 0 {
				t.Fatalf("%+v", p)
			}
		})
	}
}

func TestFailedAppendsAreSentAgain(t *testing.T) {
	n := newReader(t)
	n.propose("a")
	q := n.appends(2)
	n.ReportFailure(2, q[0])
	n.drain()
	if len(n.appends(2)) != 0 {
		t.Fatal("sent again at once, to a peer that may be down")
	}
	n.ticks(1)
	n.confirm(2, 0)
	if again := n.appends(2); len(again) != 1 || again[0].PrevIndex != q[0].PrevIndex {
		t.Fatalf("after a sign of life: %+v", again)
	}
}

func TestFailuresOfOtherTimesAreIgnored(t *testing.T) {
	n := newReader(t)
	n.propose("a")
	q := n.appends(2)[0]
	before := n.peer(2).status()
	for _, change := range []func(q *core.AppendEntriesRequest){
		func(q *core.AppendEntriesRequest) { q.Term-- },
		func(q *core.AppendEntriesRequest) { q.Session++ },
		func(q *core.AppendEntriesRequest) { q.Entries = nil },
		func(q *core.AppendEntriesRequest) { q.Entries = entriesOf(1, 2) },
	} {
		wrong := *q
		change(&wrong)
		n.ReportFailure(2, &wrong)
		n.ReportFailure(9, &wrong)
		if d := cmp.Diff(before, n.peer(2).status()); d != "" {
			t.Fatal(d)
		}
	}
}

// A transport that loses answers without telling must not stop replication.
func TestLostAnswersAreRepairedByHeartbeats(t *testing.T) {
	n := newReader(t)
	for range 4 {
		n.propose("a")
	}
	n.propose("b")
	if n.peer(2).inflights.queue.len() != 4 {
		t.Fatal("the window should be full")
	}
	n.sent = nil
	for range 9 {
		n.ticks(1)
		n.confirm(2, 0)
	}
	if len(n.appends(2)) != 0 {
		t.Fatal("a slow answer was taken for a lost one")
	}
	n.ticks(1)
	n.confirm(2, 0)
	q := n.appends(2)
	if len(q) != 1 || q[0].PrevIndex != 1 {
		t.Fatalf("%+v", q)
	}
	n.ack(2, 6)
	if p := n.peer(2).status(); p.Inflight != 0 || p.Match != 6 || p.State != StateReplicate {
		t.Fatalf("%+v", p)
	}
}

// A probe goes out again beside each heartbeat, whose answer may be as late as its own,
// but not to a follower that says nothing for an election timeout.
func TestLostProbeIsSentAgain(t *testing.T) {
	n := newNode(t, 1, []core.Term{1}, func(c *Config) { c.HeartbeatTicks = 2 })
	n.lead()
	n.sent = nil
	n.confirm(2, 0)
	n.ticks(1)
	if len(n.appends(0)) != 0 {
		t.Fatal("a second probe before the first could be answered")
	}
	n.ticks(1)
	if q := n.appends(2); len(q) != 1 || q[0].PrevIndex != 1 {
		t.Fatalf("sent %+v to a follower that lives, want the probe", q)
	}
	for tick := 3; tick < 30; tick++ {
		n.ticks(1)
		n.confirm(2, 0)
		silent := tick > n.cfg.withDefaults().ElectionTicks
		if q := n.appends(3); silent && len(q) > 0 || !silent && tick%2 == 0 && len(q) != 1 {
			t.Fatalf("tick %d: sent %+v to a follower that is silent", tick, q)
		}
	}
}

// raft-rs#571: an answer that was given to another session, before the peer
// lost its log and came back, says nothing about its log now.
func TestAnswersOfAnotherSessionAreIgnored(t *testing.T) {
	n := newNode(t, 1, nil)
	n.lead()
	p := n.peer(2)
	old := p.session
	n.sessions++
	p.start(n.LastIndex()+1, n.sessions, n.Raft.ticks)
	n.respond(&core.AppendEntriesResponse{From: 2, Term: n.Term(), Success: true, Match: 1, Session: old})
	n.respond(&core.InstallSnapshotResponse{From: 2, Term: n.Term(), Match: 1, Session: old})
	if p.match != 0 {
		t.Fatalf("match is %d", p.match)
	}
	n.wantCommit(0)
}

func TestSessionsDifferBetweenPeersAndTerms(t *testing.T) {
	n := newNode(t, 1, nil)
	seen := map[uint64]bool{}
	for range 3 {
		n.lead()
		for _, p := range n.Status().Progress {
			if seen[p.Session] || p.Session == 0 {
				t.Fatalf("session %d again", p.Session)
			}
			seen[p.Session] = true
		}
		n.append(core.AppendEntriesRequest{From: 2, Term: n.Term() + 1})
	}
}

// An answer cannot claim more than the leader has.
func TestImpossibleMatchIsIgnored(t *testing.T) {
	n := newNode(t, 1, nil)
	n.lead()
	n.ack(2, 100)
	n.wantCommit(0)
	if n.peer(2).match != 0 {
		t.Fatalf("match is %d", n.peer(2).match)
	}
}

// Alone, a candidate needs only its own vote: and that, too, when it is durable.
func TestOwnVoteCountsWhenItsOwnWriteIsDurable(t *testing.T) {
	n := newNode(t, 1, nil, func(c *Config) { c.Voters = []core.NodeID{1} })
	n.slow = true
	n.setTerm(2) // a write before the vote's
	n.drain()
	n.Campaign()
	n.drain()
	if len(n.writes) != 2 {
		t.Fatalf("%d writes under way, want 2", len(n.writes))
	}
	n.persist()
	n.wantRole(Candidate, 3)
	n.persist()
	n.wantRole(Leader, 3)
}

// A leader that lost its leadership owes nobody the bytes of its proposals.
func TestBacklogIsEmptyInANewTerm(t *testing.T) {
	n := newNode(t, 1, nil, func(c *Config) { c.MaxUncommittedBytes = 50 })
	n.lead()
	n.propose("never committed, and much too long for the bound of this test")
	n.append(core.AppendEntriesRequest{From: 2, Term: 5})
	if got := n.Status().UncommittedBytes; got != 0 {
		t.Fatalf("%d bytes", got)
	}
	n.lead()
	n.propose("a")
}

// What is durable ends where the log was cut.
func TestDurableEndsWithTheLog(t *testing.T) {
	n := newNode(t, 1, []core.Term{1, 1, 1})
	n.slow = true
	token := n.step(&core.AppendEntriesRequest{From: 2, Term: 2, PrevIndex: 1, PrevTerm: 1, Entries: entriesOf(2, 2)})
	if n.answers[token] != nil || n.Status().Durable != 1 {
		t.Fatalf("durable through %d", n.Status().Durable)
	}
}

// Requests of an election that is over before they could leave stay here.
func TestVoteRequestsOfAnOldElectionDoNotLeave(t *testing.T) {
	n := newNode(t, 1, nil, func(c *Config) { c.DisablePreVote = true })
	n.Campaign() // and no Ready before a leader of a later term is heard
	n.append(core.AppendEntriesRequest{From: 2, Term: 5})
	if q := take[*core.RequestVoteRequest](n, 0); len(q) != 0 {
		t.Fatalf("%+v", q[0])
	}
}

// A follower whose log was replaced by an older copy of itself refused every append of the
// leader that knew better, which took each refusal for a late one: for as long as it led.
func TestFollowerThatForgotIsSentEverythingAgain(t *testing.T) {
	n := newNode(t, 1, []core.Term{1, 1, 1, 1})
	n.lead()
	n.ack(2, 5)
	n.wantCommit(5)
	refuse := func() {
		n.respond(&core.AppendEntriesResponse{From: 2, Term: n.Term(), PrevIndex: 5, HintIndex: 2, HintTerm: 1, Session: n.peer(2).session})
	}
	timeout := n.cfg.withDefaults().ElectionTicks
	for range 3 * timeout { // late ones, between others
		n.ticks(1)
		refuse()
		n.ack(2, 5)
	}
	if p := n.peer(2); p.match != 5 || n.Forgetful() != 0 {
		t.Fatalf("match %d, forgetful %v: refusals were taken seriously that may have been late", p.match, n.Forgetful())
	}
	before := n.peer(2).session
	for range timeout + 1 {
		n.ticks(1)
		refuse()
	}
	if p := n.peer(2); p.match != 0 || p.session == before || n.Forgetful() != 2 || n.Forgetful() != 0 {
		t.Fatalf("match %d, session %d, want 0 and a new one", p.match, p.session)
	}
	n.respond(&core.AppendEntriesResponse{From: 2, Term: n.Term(), PrevIndex: 5, HintIndex: 2, HintTerm: 1, Session: n.peer(2).session})
	n.propose("x")
	if sent := n.appends(2); len(sent) == 0 || sent[len(sent)-1].PrevIndex != 2 {
		t.Fatalf("%d appends, want one after 2", len(sent))
	}
	n.ack(2, 6)
	n.wantCommit(6)
}

// A leader that begins anew with a follower sends one append at a time again, until it is
// told where the logs agree: so long, nothing can have been overtaken.
func TestAFollowerAgreesInASession(t *testing.T) {
	n := newNode(t, 1, nil)
	agreed := func(when string, session uint64, want bool) {
		t.Helper()
		if n.Agreed(session) != want {
			t.Fatalf("%s: agreed in session %d: %v", when, session, !want)
		}
	}
	n.append(core.AppendEntriesRequest{From: 2, Term: 1, Session: 1})
	agreed("a heartbeat about nothing", 1, false)
	n.append(core.AppendEntriesRequest{From: 2, Term: 1, Session: 1, Entries: entriesOf(1, 1, 1)})
	agreed("an append", 1, true)
	n.append(core.AppendEntriesRequest{From: 2, Term: 1, Session: 2})
	n.append(core.AppendEntriesRequest{From: 2, Term: 1, Session: 2, PrevIndex: 9, PrevTerm: 1, Entries: entriesOf(10, 1)})
	agreed("one beyond the end, of a new session", 2, false)
	n.append(core.AppendEntriesRequest{From: 2, Term: 1, Session: 2, PrevIndex: 2, PrevTerm: 1, Entries: entriesOf(3, 1)})
	agreed("one that follows", 2, true)
	n.append(core.AppendEntriesRequest{From: 2, Term: 1, Session: 1, PrevIndex: 1, PrevTerm: 1, Entries: entriesOf(2, 1)})
	agreed("a late one of the session before", 2, true)
	n.append(core.AppendEntriesRequest{From: 3, Term: 2, Session: 2})
	agreed("another leader", 2, false)
}
