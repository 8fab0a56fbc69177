package cluster_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/client"
	"github.com/raftbench/raftbench/core/cluster"
	"github.com/raftbench/raftbench/core/node"
	"github.com/raftbench/raftbench/core/wal"
	"github.com/raftbench/raftbench/transports/inproc"
)

// What was acknowledged is there after all nodes have stopped, with logs on disk,
// through snapshots, compactions and deleted segments.
func TestAcknowledgedWritesSurviveOnDisk(t *testing.T) {
	dir := t.TempDir()
	c := start(t, cluster.Config{
		Nodes: 3, Network: network(t, inproc.Transport()), NewStateMachine: newSum, Node: node.Config{Snapshot: node.SnapshotConfig{Entries: 60}},
		OpenStorage: func(id core.NodeID) (core.Storage, error) {
			return wal.Open(wal.Options{
				Dir: filepath.Join(dir, fmt.Sprint(id)), Identity: wal.Identity{Cluster: 1, Node: id}, SegmentBytes: 16 << 10,
			})
		},
	})
	cl := openClient(t, c, client.Config{})
	defer func() { _ = cl.Close() }()
	acknowledged := uint64(0)
	for round := range 3 {
		for range 100 {
			op := &client.Op{Command: []byte("x")}
			if cl.Do(t.Context(), op) == nil {
				acknowledged++
			}
		}
		for _, id := range c.IDs() {
			if err := c.Kill(id); err != nil {
				t.Fatal(err)
			}
		}
		for _, id := range c.IDs() {
			if err := c.Restart(id); err != nil {
				t.Fatal(err)
			}
		}
		c.Node(1).Campaign()
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		if _, err := c.WaitLeader(ctx); err != nil {
			t.Fatal(err)
		}
		read := &client.Op{Read: true}
		for cl.Do(ctx, read) != nil && ctx.Err() == nil {
		}
		cancel()
		if got := binary.BigEndian.Uint64(read.Result); got < acknowledged {
			t.Fatalf("round %d: %d of %d acknowledged writes are there", round, got, acknowledged)
		}
	}
	if acknowledged < 200 {
		t.Fatalf("%d writes of 300 were acknowledged", acknowledged)
	}
	if left, err := filepath.Glob(filepath.Join(dir, "*", "0000000001.wal")); err != nil || len(left) > 0 {
		t.Fatalf("no segment was deleted: %q, %v", left, err)
	}
}
