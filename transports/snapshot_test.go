package transports_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/client"
	"github.com/raftbench/raftbench/core/cluster"
	"github.com/raftbench/raftbench/core/memlog"
	"github.com/raftbench/raftbench/core/node"
	"github.com/raftbench/raftbench/core/wal"
	"github.com/raftbench/raftbench/workloads/kv"
)

// A new member gets a snapshot, over every transport and into every storage, and ends
// in the state of the others, although its connections are cut while it comes, where the
// transport lets us.
func TestNewMemberGetsASnapshot(t *testing.T) {
	for _, storage := range []string{"mem", "wal"} {
		t.Run(storage, func(t *testing.T) {
			eachVariant(t, func(t *testing.T, network *core.Network) {
				newMemberGetsASnapshot(t, network, openStorage(t, storage))
			})
		})
	}
}

// openStorage opens logs that survive a restart.
func openStorage(t *testing.T, kind string) func(core.NodeID) (core.Storage, error) {
	dir, logs := t.TempDir(), map[core.NodeID]*memlog.Log{}
	var mu sync.Mutex
	return func(id core.NodeID) (core.Storage, error) {
		if kind == "wal" {
			return wal.Open(wal.Options{
				Dir: filepath.Join(dir, id.String()), Identity: wal.Identity{Node: id}, NoSync: true, SegmentBytes: 1 << 20,
			})
		}
		mu.Lock()
		defer mu.Unlock()
		if logs[id] == nil {
			logs[id] = memlog.New()
		}
		return logs[id].Reopen(), nil
	}
}

func newMemberGetsASnapshot(t *testing.T, network *core.Network, open func(core.NodeID) (core.Storage, error)) {
	h := new(house)
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	var err error
	h.Cluster, err = cluster.Start(ctx, cluster.Config{
		Nodes: 3, Network: network, OpenStorage: open,
		NewStateMachine: func() core.StateMachine {
			h.mu.Lock()
			defer h.mu.Unlock()
			h.machines = append(h.machines, kv.New(0))
			return h.machines[len(h.machines)-1]
		},
		Node: node.Config{Tick: 10 * time.Millisecond, ElectionTicks: 50, Snapshot: node.SnapshotConfig{
			Bytes: 100 << 10, ChunkBytes: 8 << 10, BytesPerSecond: 2 << 20,
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	c := h.client(t, func([]*client.Op) {})
	defer func() {
		if err := errors.Join(c.Close(), h.Close()); err != nil {
			t.Error(err)
		}
	}()
	value := bytes.Repeat([]byte("v"), 4<<10)
	// More than the log keeps for a follower that is slow.
	for i := 0; i < 300 || h.Node(h.Leader()).Stats().Snapshots < 2; i++ {
		// A busy machine may elect somebody else meanwhile: that is not what fails here.
		if err := c.Do(ctx, &client.Op{Command: kv.AppendPut(nil, fmt.Appendf(nil, "%d", i%100), value)}); err != nil && ctx.Err() != nil {
			t.Fatal(err)
		}
	}
	id, err := h.AddMember(ctx)
	if err != nil {
		t.Fatal(err)
	}
	h.cutDuringSnapshot(ctx, t, id)
	h.settle(t)
	if stats := h.Node(id).Stats(); stats.Installs == 0 || stats.Refused > 0 {
		t.Errorf("%+v", stats)
	}
	h.wantSameState(t)
}

// cutDuringSnapshot cuts a node off while a snapshot comes, until calls to it have
// failed, and again until the stream has gone on where it stopped, or ended between two
// cuts.
func (h *house) cutDuringSnapshot(ctx context.Context, t *testing.T, id core.NodeID) {
	t.Helper()
	stats := func(id core.NodeID) node.Stats { return h.Node(id).Stats() }
	wait := func(done func() bool) {
		for !done() {
			if ctx.Err() != nil {
				t.Fatalf("the snapshot does not come: %+v", stats(id))
			}
			time.Sleep(time.Millisecond)
		}
	}
	wait(func() bool { return stats(id).Chunks >= 5 })
	for stats(id).Resumed == 0 && stats(id).Installs == 0 {
		failed, chunks := stats(h.Leader()).FailedCalls, stats(id).Chunks
		if h.Isolate(id) != nil {
			return // the transport has no connections that we could cut
		}
		wait(func() bool { return stats(h.Leader()).FailedCalls >= failed+10 })
		h.Heal(id)
		wait(func() bool { return stats(id).Chunks > chunks+2 || stats(id).Installs > 0 })
	}
	t.Logf("%d streams went on where they had stopped", stats(id).Resumed)
}

// wantSameState compares the machines of all nodes, which are stopped.
func (h *house) wantSameState(t *testing.T) {
	t.Helper()
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	for i, m := range h.machines {
		if m.Sum() != h.machines[0].Sum() {
			t.Errorf("machine %d is in another state than the first", i)
		}
	}
}
