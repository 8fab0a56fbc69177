package node_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/client"
	"github.com/raftbench/raftbench/core/cluster"
	"github.com/raftbench/raftbench/core/memlog"
	"github.com/raftbench/raftbench/core/node"
	"github.com/raftbench/raftbench/core/raft"
	"github.com/raftbench/raftbench/core/wal"
)

// wipeable is a cluster of three whose nodes can lose their disks.
type wipeable struct {
	*cluster.Cluster
	client *client.Client
	wipe   func(id core.NodeID)
}

func startWipeable(t *testing.T, onDisk bool) wipeable {
	t.Helper()
	dir, logs := t.TempDir(), map[core.NodeID]*memlog.Log{}
	path := func(id core.NodeID) string { return filepath.Join(dir, string('0'+rune(id))) }
	open := func(id core.NodeID) (core.Storage, error) {
		if onDisk {
			return wal.Open(wal.Options{Dir: path(id), Identity: wal.Identity{Cluster: 1, Node: id}, SegmentBytes: 64 << 10})
		}
		if logs[id] == nil {
			logs[id] = memlog.New()
		}
		return logs[id].Reopen(), nil
	}
	c, cl := start(t, cluster.Config{
		Nodes: 3, Network: network(t, plain), OpenStorage: open,
		NewStateMachine: func() core.StateMachine { return new(journal) },
		Node:            node.Config{Tick: 10 * time.Millisecond},
	})
	return wipeable{c, cl, func(id core.NodeID) {
		delete(logs, id)
		if err := os.RemoveAll(path(id)); err != nil {
			t.Fatal(err)
		}
	}}
}

// put writes until it succeeds: the leadership may change meanwhile.
func (w *wipeable) put(t *testing.T) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); w.client.Do(t.Context(), &client.Op{Command: []byte("x")}) != nil; {
		if time.Now().After(deadline) {
			t.Fatal("nothing is committed")
		}
	}
}

func (w *wipeable) kill(t *testing.T, ids ...core.NodeID) {
	t.Helper()
	for _, id := range ids {
		if err := w.Kill(id); err != nil {
			t.Fatal(err)
		}
	}
}

func (w *wipeable) restart(t *testing.T, ids ...core.NodeID) {
	t.Helper()
	for _, id := range ids {
		if err := w.Restart(id); err != nil {
			t.Fatal(err)
		}
	}
}

func eachStorage(t *testing.T, test func(t *testing.T, w wipeable)) {
	for name, onDisk := range map[string]bool{"wal": true, "memlog": false} {
		t.Run(name, func(t *testing.T) { test(t, startWipeable(t, onDisk)) })
	}
}

// A node whose disk was lost comes back under its name, catches up with a cluster in
// which nobody writes, and takes part again.
func TestWipedNodeRejoins(t *testing.T) {
	eachStorage(t, func(t *testing.T, w wipeable) {
		for range 10 {
			w.put(t)
		}
		victim := w.Leader()%3 + 1
		w.kill(t, victim)
		w.wipe(victim)
		w.restart(t, victim)
		waitStatus(t, w.Node(victim), func(s node.Status) bool { return !s.InDoubt && s.Commit > 10 })
		w.kill(t, victim%3+1) // it is needed now
		w.put(t)
		w.kill(t, victim)
		w.restart(t, victim)
		if w.Node(victim).Status().InDoubt {
			t.Fatal("it is in doubt again after a restart that lost nothing")
		}
		w.put(t)
	})
}

// A node that lost its disk does not help to elect a leader, and two of them do not
// begin a new cluster while the third has what was committed.
func TestWipedMajorityElectsNobody(t *testing.T) {
	eachStorage(t, func(t *testing.T, w wipeable) {
		w.put(t)
		keeper := w.Leader()
		others := []core.NodeID{keeper%3 + 1, (keeper+1)%3 + 1}
		w.kill(t, 1, 2, 3)
		for _, id := range others {
			w.wipe(id)
		}
		w.restart(t, others...)
		w.Node(others[0]).Campaign()
		w.restart(t, keeper)
		w.Node(keeper).Campaign()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second) // many election timeouts
		defer cancel()
		if err := w.client.Do(ctx, &client.Op{Command: []byte("x")}); err == nil {
			t.Fatal("something is committed without a majority that remembers")
		}
		for _, id := range []core.NodeID{1, 2, 3} {
			if s := w.Node(id).Status(); s.Leader != 0 || s.InDoubt != (id != keeper) {
				t.Fatalf("%+v, want no leader, and all but %v in doubt", s, keeper)
			}
		}
	})
}

// A cluster begins without any set-up, and only once all of its founders are there.
func TestClusterBegins(t *testing.T) {
	eachStorage(t, func(t *testing.T, w wipeable) {
		w.kill(t, 1, 2, 3)
		for id := core.NodeID(1); id <= 3; id++ {
			w.wipe(id)
		}
		w.restart(t, 1, 2)
		w.Node(1).Campaign()
		if s := w.Node(1).Status(); !s.InDoubt || s.Leader != 0 {
			t.Fatalf("%+v, want nobody to lead before node 3 is there", s)
		}
		w.restart(t, 3)
		waitStatus(t, w.Node(3), func(s node.Status) bool { return !s.InDoubt && s.Leader != 0 })
		w.put(t)
	})
}

// A change of members by which a node that is down, or has lost its disk, is needed for a
// majority waits until it can help: it would stop the cluster, for good in the second
// case.
func TestChangeWaitsForWhomItNeeds(t *testing.T) {
	eachStorage(t, func(t *testing.T, w wipeable) {
		w.put(t)
		leader := w.Leader()
		stays, leaves := leader%3+1, (leader+1)%3+1
		w.kill(t, stays)
		w.wipe(stays)
		// The leader has tried at every heartbeat of some election timeouts, twice at most.
		failed := w.Node(leader).Stats().FailedCalls
		waitStatus(t, w.Node(leader), func(node.Status) bool { return w.Node(leader).Stats().FailedCalls > failed+60 })
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		if err := w.RemoveMember(ctx, leaves); !errors.Is(err, raft.ErrNoMajority) {
			t.Fatalf("%v, want %v", err, raft.ErrNoMajority)
		}
		w.put(t)
		w.restart(t, stays)
		ctx, cancel = context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		if err := w.RemoveMember(ctx, leaves); err != nil {
			t.Fatal(err)
		}
		w.kill(t, leaves)
		w.put(t)
	})
}
