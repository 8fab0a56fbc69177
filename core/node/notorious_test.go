package node_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/client"
	"github.com/raftbench/raftbench/core/cluster"
	"github.com/raftbench/raftbench/core/node"
)

// Bugs that others had around their Raft; docs/notorious.md has the list.

// hashicorp/raft#503, #612, etcd#13527, etcd#15247: a leader whose disk stands still
// goes on neither leading, by heartbeats that need no disk, nor standing still itself:
// another one leads within some election timeouts, and the old one follows it while its disk
// still hangs.
func TestLeaderWithAStalledDiskIsReplaced(t *testing.T) {
	valves, disks := stallingDisks()
	c, cl := start(t, cluster.Config{
		Nodes: 3, Network: network(t, plain), NewStateMachine: func() core.StateMachine { return new(journal) },
		OpenStorage: disks,
		Node:        node.Config{Tick: 5 * time.Millisecond},
	})
	do(t, cl, &client.Op{Command: []byte("a")})
	old := c.Leader()
	valves[old].close()
	stuck := make(chan struct{})
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	go func() {
		defer close(stuck)
		_ = cl.Do(ctx, &client.Op{Command: []byte("b")}) // done or unknown: the others may have it
	}()
	leader, err := c.WaitLeaderOtherThan(ctx, old)
	if err != nil {
		t.Fatal(err)
	}
	for c.Node(old).Status().Leader == old || c.Node(old).Status().Leader == 0 {
		if ctx.Err() != nil {
			t.Fatalf("%v leads; the old leader says %+v", leader, c.Node(old).Status())
		}
		time.Sleep(time.Millisecond)
	}
	valves[old].open()
	<-stuck
	if got := do(t, cl, &client.Op{Command: []byte("c")}); got != "c" {
		t.Fatalf("result %q", got)
	}
}

// RedisRaft#18, etcd#3879: nodes that have just started again have a log that is not
// applied. They answer no read from what they have until it is all there.
func TestRestartedNodesAnswerNothingOld(t *testing.T) {
	n := network(t, plain)
	c, cl := start(t, cluster.Config{
		Nodes: 3, Network: n, NewStateMachine: func() core.StateMachine { return new(journal) },
		Node: node.Config{Tick: 5 * time.Millisecond, FollowerReads: true, Snapshot: node.SnapshotConfig{Entries: 16}},
	})
	a, want := newAsker(t, n), ""
	for range 8 {
		for range 5 { // some in a snapshot, some behind it
			do(t, cl, &client.Op{Command: []byte("x")})
			want += "x"
		}
		var errs []error
		for _, id := range c.IDs() {
			errs = append(errs, c.Kill(id))
		}
		for _, id := range c.IDs() {
			errs = append(errs, c.Restart(id))
		}
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
		a.wantFromAll(t, c.IDs(), want)
	}
}

// wantFromAll reads from all nodes in turn until each has answered, always with want.
func (a *asker) wantFromAll(t *testing.T, ids []core.NodeID, want string) {
	t.Helper()
	deadline, answered := time.Now().Add(30*time.Second), map[core.NodeID]bool{}
	for len(answered) < len(ids) {
		for _, id := range ids {
			got := a.read(t, id)
			if got.Status != core.StatusOK {
				continue
			}
			answered[id] = true
			if text := string(got.List()[0]); text != want {
				t.Fatalf("%v answers with %d of %d writes", id, len(text), len(want))
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("answered: %v", answered)
		}
	}
}
