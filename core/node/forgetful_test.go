package node_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/client"
	"github.com/raftbench/raftbench/core/cluster"
	"github.com/raftbench/raftbench/core/node"
	"github.com/raftbench/raftbench/core/wal"
)

// An older copy of its directory is put in the place of a follower's. The leader that knew
// better says so and brings it up again, rather than take its refusals for late ones.
func TestOlderCopyOfADirectoryCatchesUp(t *testing.T) {
	dir := t.TempDir()
	path := func(id core.NodeID) string { return filepath.Join(dir, fmt.Sprint(uint64(id))) }
	warnings := make(chan string, 100)
	c, cl := start(t, cluster.Config{
		Nodes: 3, Network: network(t, plain), NewStateMachine: func() core.StateMachine { return new(journal) },
		OpenStorage: func(id core.NodeID) (core.Storage, error) {
			return wal.Open(wal.Options{Dir: path(id), Identity: wal.Identity{Cluster: 1, Node: id}, SegmentBytes: 64 << 10})
		},
		// Elections are rare: only the leader to which it was acknowledged knows better.
		Node: node.Config{Tick: 10 * time.Millisecond, ElectionTicks: 100, OnWarning: func(text string) { warnings <- text }},
	})
	w := wipeable{Cluster: c, client: cl}
	w.put(t)
	victim := w.Leader()%3 + 1
	old := filepath.Join(dir, "old")
	w.kill(t, victim)
	if err := os.CopyFS(old, os.DirFS(path(victim))); err != nil {
		t.Fatal(err)
	}
	w.restart(t, victim)
	third := victim%3 + 1
	w.kill(t, third) // so that the leader has each acknowledgement of the victim
	for range 10 {
		w.put(t)
	}
	w.restart(t, third)
	leader := w.Node(w.Leader())
	w.kill(t, victim)
	if err := os.RemoveAll(path(victim)); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(old, path(victim)); err != nil {
		t.Fatal(err)
	}
	w.restart(t, victim)
	select {
	case text := <-warnings:
		if !strings.Contains(text, fmt.Sprintf("%v does not have what it acknowledged", victim)) {
			t.Fatalf("warned of %q", text)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("nobody warns")
	}
	waitStatus(t, w.Node(victim), func(s node.Status) bool { return s.Commit == leader.Status().Commit })
	do(t, cl, &client.Op{Command: []byte("x")})
}
