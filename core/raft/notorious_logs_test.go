package raft

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/raftbench/raftbench/core"
)

// camunda#5360: a leader steps down because of the append of another, with writes of its
// own under way. What it ends with is the other's log, and what it acknowledges of it is on
// its disk: nothing of its own is written behind, and nothing of the other's is left out.
func TestStepDownLeavesTheNewLeadersLog(t *testing.T) {
	n := newNode(t, 1, nil)
	n.lead()
	n.ack(2, 1)
	n.slow = true
	n.propose("mine", "mine too")
	n.propose("and mine") // two writes are under way
	var answers []uint64
	for i, term := range []core.Term{5, 5, 6} { // one after the other, as they come
		prev := core.Index(i + 1)
		answers = append(answers, n.step(&core.AppendEntriesRequest{
			From: 3, Term: 6, PrevIndex: prev, PrevTerm: n.Raft.log.mustTerm(prev), Entries: entriesOf(prev+1, term),
		}))
	}
	n.wantRole(Follower, 6)
	n.persist()
	n.persist() // its own two, which say nothing about what took their place
	n.drain()
	for _, token := range answers {
		if n.answers[token] != nil {
			t.Fatal("acknowledged before it was durable")
		}
	}
	n.persistAll()
	if d := cmp.Diff([]core.Term{2, 5, 5, 6}, n.terms()); d != "" {
		t.Fatalf("the log (-want +got):\n%s", d)
	}
	var onDisk []core.Term
	for _, e := range n.log.entries {
		onDisk = append(onDisk, e.Term)
	}
	if d := cmp.Diff(n.terms(), onDisk); d != "" {
		t.Fatalf("the disk (-log +disk):\n%s", d)
	}
	for i, token := range answers {
		if a, ok := n.answers[token].(*core.AppendEntriesResponse); !ok || a.Match != core.Index(i+2) {
			t.Errorf("append %d: %+v", i, n.answers[token])
		}
	}
}

// openraft ac3e5a8: a snapshot that ends where the commit index is, and says another
// term for it, replaces nothing: what is committed is true, and so the snapshot is not.
func TestSnapshotDoesNotReplaceWhatIsCommitted(t *testing.T) {
	n := newNode(t, 3, []core.Term{1, 2, 2})
	n.append(core.AppendEntriesRequest{From: 2, Term: 3, PrevIndex: 2, PrevTerm: 2, Commit: 2})
	for _, meta := range []core.SnapshotMeta{{Index: 2, Term: 1}, {Index: 2, Term: 2}, {Index: 1, Term: 1}} {
		a := ask[*core.InstallSnapshotResponse](n, &core.InstallSnapshotRequest{From: 2, Term: 3, Snapshot: meta, Done: true})
		if a.Match != 2 || len(n.snapshots) != 0 {
			t.Fatalf("%+v: %+v, %d installed", meta, a, len(n.snapshots))
		}
		if d := cmp.Diff([]core.Term{1, 2, 2}, n.terms()); d != "" {
			t.Fatalf("%+v: the log (-want +got):\n%s", meta, d)
		}
	}
}

// etcd#14370: a cluster of one has its quorum as soon as its own write is durable, and
// not before.
func TestAloneNothingIsCommittedBeforeItIsDurable(t *testing.T) {
	n := newNode(t, 1, nil, func(c *Config) { c.Voters = voters(1) })
	n.Campaign()
	n.drain()
	n.wantCommit(1)
	n.slow = true
	n.propose("a")
	n.propose("b")
	n.wantCommit(1)
	n.persist()
	n.drain()
	n.wantCommit(2)
	n.persistAll()
	n.wantCommit(3)
}
