package raft

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/raftbench/raftbench/core"
)

func chunk(term core.Term, s core.SnapshotMeta, offset uint64, done bool) *core.InstallSnapshotRequest {
	return &core.InstallSnapshotRequest{From: 2, Term: term, Snapshot: s, Session: 3, Offset: offset, Data: []byte("data"), Done: done}
}

func TestSnapshotArrivesInChunks_5_3(t *testing.T) {
	n := newNode(t, 1, []core.Term{1, 1})
	s := core.SnapshotMeta{Index: 10, Term: 2}
	if a := ask[*core.InstallSnapshotResponse](n, chunk(2, s, 0, false)); a.NextOffset != 4 || a.Match != 0 || a.Session != 3 {
		t.Fatalf("%+v", a)
	}
	if len(n.snapshots) != 0 {
		t.Fatal("installed half a snapshot")
	}
	if a := ask[*core.InstallSnapshotResponse](n, chunk(2, s, 4, true)); a.Match != 10 {
		t.Fatalf("%+v", a)
	}
	if d := cmp.Diff([]core.SnapshotMeta{s}, n.snapshots); d != "" {
		t.Fatal(d)
	}
	n.wantCommit(10)
	if n.LastIndex() != 10 || n.log.FirstIndex() != 11 {
		t.Fatalf("the log is %d to %d", n.log.FirstIndex(), n.LastIndex())
	}
	a := n.append(core.AppendEntriesRequest{From: 2, Term: 2, PrevIndex: 10, PrevTerm: 2, Commit: 11, Entries: entriesOf(11, 2)})
	if !a.Success || len(n.committed) != 1 || n.committed[0].Index != 11 {
		t.Fatalf("%+v, to apply: %v", a, n.committed)
	}
}

func TestStaleSnapshotIsNotInstalled_5_3(t *testing.T) {
	n := newNode(t, 1, []core.Term{1, 1, 1}, func(c *Config) { c.HardState.Commit = 3 })
	for _, done := range []bool{false, true} {
		if a := ask[*core.InstallSnapshotResponse](n, chunk(1, core.SnapshotMeta{Index: 2, Term: 1}, 0, done)); a.Match != 3 {
			t.Fatalf("%+v", a)
		}
	}
	if len(n.snapshots) != 0 {
		t.Fatal("installed")
	}
}

func TestSnapshotThatTheLogHasIsNotInstalled_5_3(t *testing.T) {
	n := newNode(t, 1, []core.Term{1, 1, 1})
	if a := ask[*core.InstallSnapshotResponse](n, chunk(1, core.SnapshotMeta{Index: 2, Term: 1}, 0, true)); a.Match != 2 {
		t.Fatalf("%+v", a)
	}
	n.wantCommit(2)
	if len(n.snapshots) != 0 || n.LastIndex() != 3 || len(n.committed) != 2 {
		t.Fatalf("snapshots %v, last %d, to apply %v", n.snapshots, n.LastIndex(), n.committed)
	}
}

// openraft#753: a longer log that differs goes as a whole.
func TestSnapshotOverADivergentLog_5_3(t *testing.T) {
	n := newNode(t, 1, []core.Term{1, 1, 1, 1, 1})
	s := core.SnapshotMeta{Index: 3, Term: 2}
	if a := ask[*core.InstallSnapshotResponse](n, chunk(2, s, 0, true)); a.Match != 3 {
		t.Fatalf("%+v", a)
	}
	if n.LastIndex() != 3 || n.log.LastIndex() != 3 {
		t.Fatalf("the log ends at %d", n.LastIndex())
	}
	n.restart()
	n.wantCommit(3)
	if a := n.vote(core.RequestVoteRequest{From: 3, Term: 9, LastIndex: 9, LastTerm: 1}); a.Granted {
		t.Fatal("the snapshot's term does not count as the log's last")
	}
}

func TestSnapshotIsAcknowledgedWhenDurable_3_8(t *testing.T) {
	n := newNode(t, 1, nil)
	n.slow = true
	token := n.step(chunk(1, core.SnapshotMeta{Index: 10, Term: 1}, 0, true))
	if n.answers[token] != nil {
		t.Fatal("acknowledged before it was durable")
	}
	n.persistAll()
	if n.answers[token] == nil {
		t.Fatal("no answer")
	}
}

func TestSnapshotBeforeItsTerm_3_8(t *testing.T) {
	log := &testLog{snapshot: core.SnapshotMeta{Index: 9, Term: 7}, first: 10}
	r, err := New(Config{ID: 1, Voters: []core.NodeID{1, 2, 3}, Log: log, Snapshot: log.snapshot, HardState: core.HardState{Term: 4, Vote: 3, Commit: 2}})
	if err != nil {
		t.Fatal(err)
	}
	if r.Term() != 7 || r.Status().Vote != 0 || r.Commit() != 9 || r.Status().Applied != 9 {
		t.Fatalf("%+v", r.Status())
	}
	if rd := r.Ready(); rd.HardState == nil || rd.HardState.Term != 7 {
		t.Fatalf("%+v", rd)
	}
}

// newLagging makes a leader whose follower 2 needs entries that are compacted.
func newLagging(t *testing.T) (*testNode, *core.InstallSnapshotRequest) {
	t.Helper()
	n := newNode(t, 1, []core.Term{1, 1, 1, 1}, func(c *Config) { c.HardState.Commit = 4 })
	n.SetSnapshot(n.log.compact(3))
	n.lead()
	n.ack(3, 5)
	n.sent = nil
	p := n.peer(2)
	n.respond(&core.AppendEntriesResponse{From: 2, Term: n.Term(), PrevIndex: p.next - 1, HintIndex: 1, HintTerm: 1, Session: p.session})
	q := take[*core.InstallSnapshotRequest](n, 2)
	if len(q) != 1 || q[0].Snapshot != (core.SnapshotMeta{Index: 3, Term: 1}) || q[0].Session != p.session || q[0].Data != nil {
		t.Fatalf("%+v", q)
	}
	return n, q[0]
}

func TestLeaderSendsASnapshot_5_1(t *testing.T) {
	n, _ := newLagging(t)
	n.propose("a")
	n.ticks(3)
	if len(n.appends(2)) != 0 {
		t.Fatal("appends to a follower that waits for a snapshot")
	}
	p := n.peer(2)
	n.respond(&core.InstallSnapshotResponse{From: 2, Term: n.Term(), Session: p.session, Match: 3})
	q := n.appends(2)
	if len(q) != 1 || q[0].PrevIndex != 3 || len(q[0].Entries) != 3 {
		t.Fatalf("after the snapshot: %+v", q)
	}
}

func TestSnapshotFailureIsRetried_5_1(t *testing.T) {
	n, q := newLagging(t)
	n.ReportFailure(2, q)
	n.drain()
	if len(take[*core.InstallSnapshotRequest](n, 2)) != 0 {
		t.Fatal("a peer that may be down is sent a snapshot at once")
	}
	n.ticks(1)
	n.confirm(2, 0)
	if len(take[*core.InstallSnapshotRequest](n, 2)) != 1 {
		t.Fatal("the peer is there again, and gets no snapshot")
	}
}

// A heartbeat's answer may tell that the snapshot is in before its own answer
// does, and meanwhile the log may have been compacted further.
func TestSnapshotAnswerThatIsNoNews(t *testing.T) {
	n, q := newLagging(t)
	n.propose("a", "b")
	n.ack(3, 7)
	n.SetSnapshot(n.log.compact(6))
	n.respond(&core.AppendEntriesResponse{From: 2, Term: n.Term(), Success: true, Match: 3, Session: q.Session})
	n.respond(&core.InstallSnapshotResponse{From: 2, Term: n.Term(), Session: q.Session, Match: 3})
	if got := take[*core.InstallSnapshotRequest](n, 2); len(got) != 1 || got[0].Snapshot.Index != 6 {
		t.Fatalf("the next snapshot: %+v", got)
	}
}

// A state machine may take its time with a snapshot: the log goes on, and what is
// behind the snapshot waits until it is applied.
func TestCommittedEntriesWaitForTheSnapshot_5_3(t *testing.T) {
	n := newNode(t, 1, nil)
	n.loading = true
	if a := ask[*core.InstallSnapshotResponse](n, chunk(2, core.SnapshotMeta{Index: 10, Term: 2}, 0, true)); a.Match != 10 {
		t.Fatalf("%+v", a)
	}
	a := n.append(core.AppendEntriesRequest{From: 2, Term: 2, PrevIndex: 10, PrevTerm: 2, Commit: 12, Entries: entriesOf(11, 2, 2)})
	if !a.Success || a.Match != 12 || n.Commit() != 12 {
		t.Fatalf("%+v, commit %d: the log does not wait", a, n.Commit())
	}
	if len(n.committed) != 0 {
		t.Fatalf("%d entries are to be applied to a state that is not there yet", len(n.committed))
	}
	n.Applied(10)
	n.drain()
	if len(n.committed) != 2 || n.committed[0].Index != 11 {
		t.Fatalf("to apply: %v", n.committed)
	}
}

// The leader may take snapshots while it sends one: the follower gets the one that it
// was promised, and the log behind it must still be there, or it gets the newer one.
func TestNewerSnapshotWhileOneIsSent_5_1(t *testing.T) {
	for _, compacted := range []core.Index{3, 5} {
		n, q := newLagging(t)
		n.propose("a", "b")
		n.ack(3, 7)
		meta, err := n.SnapshotMeta(6)
		if err != nil {
			t.Fatal(err)
		}
		if compacted > 3 {
			n.log.compact(compacted)
		}
		n.log.snapshot = meta
		n.SetSnapshot(meta)
		n.respond(&core.InstallSnapshotResponse{From: 2, Term: n.Term(), Session: q.Session, Match: 3})
		sent := n.sent
		if appends := n.appends(2); (len(appends) > 0) != (compacted == 3) {
			t.Fatalf("compacted through %d: appends %+v", compacted, appends)
		}
		n.sent = sent
		if again := take[*core.InstallSnapshotRequest](n, 2); len(again) > 0 != (compacted > 3) || len(again) > 0 && again[0].Snapshot != meta {
			t.Fatalf("compacted through %d: snapshots %+v", compacted, again)
		}
	}
}

// A snapshot that was taken in the background is older than what a leader has sent
// meanwhile: it does not count.
func TestSnapshotTakenTooLate_5_1(t *testing.T) {
	n := newNode(t, 1, []core.Term{1, 1}, func(c *Config) { c.HardState.Commit = 2 })
	mine, err := n.SnapshotMeta(2)
	if err != nil {
		t.Fatal(err)
	}
	theirs := core.SnapshotMeta{Index: 10, Term: 2}
	ask[*core.InstallSnapshotResponse](n, chunk(2, theirs, 0, true))
	n.SetSnapshot(mine)
	if n.snapshot != theirs {
		t.Fatalf("the newest is %v, want %v", n.snapshot, theirs)
	}
}
