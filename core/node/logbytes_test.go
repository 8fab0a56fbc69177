package node_test

import (
	"bytes"
	"io"
	"sync/atomic"
	"testing"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/client"
	"github.com/raftbench/raftbench/core/cluster"
	"github.com/raftbench/raftbench/core/memlog"
	"github.com/raftbench/raftbench/core/node"
)

// weighed is a storage that knows how many bytes of entries it holds.
type weighed struct {
	core.Storage
	first core.Index
	sizes []int64 // of the entries from first on
	holds int64
	most  atomic.Int64 // that it held
}

func (w *weighed) Write(write core.Write, done func(error)) {
	for i := range write.Entries {
		size := int64(write.Entries[i].SizeBytes())
		w.sizes, w.holds = append(w.sizes, size), w.holds+size
	}
	w.most.Store(max(w.most.Load(), w.holds))
	w.Storage.Write(write, done)
}

func (w *weighed) Compact(i core.Index) error {
	for w.first <= i {
		w.holds -= w.sizes[0]
		w.first, w.sizes = w.first+1, w.sizes[1:]
	}
	return w.Storage.Compact(i)
}

// last is a state machine that keeps the last command, of a cluster of one.
type last struct{ command []byte }

func (l *last) Apply(entries []core.Entry, results *core.Results) {
	for i := range entries {
		l.command = append(l.command[:0], entries[i].Data...)
		results.Append(nil)
	}
}

func (l *last) Query(_ []byte, results *core.Results) { results.Append(l.command) }

func (l *last) WriteSnapshot(w io.Writer) error {
	_, err := w.Write(l.command)
	return err
}

func (l *last) ReadSnapshot(r io.Reader) (err error) {
	l.command, err = io.ReadAll(r)
	return err
}

// With large values the log in memory is bounded by bytes, whatever number of entries a
// snapshot is taken after. Small ones come before: the tail that stays is counted in
// entries, and can then have all bytes of the interval before.
func TestLogInMemoryIsBoundedByBytes(t *testing.T) {
	const bound, slack = 128 << 20, 4 << 20
	for name, config := range map[string]node.SnapshotConfig{"default": {}, "a number of entries": {Entries: 1 << 30}} {
		t.Run(name, func(t *testing.T) {
			log := &weighed{Storage: memlog.New().Reopen(), first: 1}
			c, cl := start(t, cluster.Config{
				Nodes: 1, Network: network(t, plain), NewStateMachine: func() core.StateMachine { return new(last) },
				OpenStorage: func(core.NodeID) (core.Storage, error) { return log, nil },
				Node:        node.Config{Snapshot: config},
			})
			small, large := []byte("x"), bytes.Repeat([]byte("x"), 1<<20)
			for range 2000 {
				do(t, cl, &client.Op{Command: small})
			}
			for range 3 {
				before := c.Node(1).Status().Snapshot
				for range bound / len(large) {
					do(t, cl, &client.Op{Command: large})
				}
				waitStatus(t, c.Node(1), func(s node.Status) bool { return s.Snapshot > before })
			}
			if most := log.most.Load(); most < bound || most > 2*bound+slack {
				t.Fatalf("the log held %d MiB at most, want %d to %d", most>>20, bound>>20, (2*bound+slack)>>20)
			}
		})
	}
}

// heavy is a state machine whose snapshots have more than moves at once.
type heavy struct{ last }

func (h *heavy) WriteSnapshot(w io.Writer) error {
	_, err := w.Write(make([]byte, 16<<20))
	return err
}

// A snapshot that is written slowly, so that commits do not feel it, is written as fast as
// the disk takes it when the log has grown by as much again: it cannot be cut before.
func TestSnapshotHurriesWhenTheLogGrows(t *testing.T) {
	const bound = 1 << 20
	log := &weighed{Storage: memlog.New().Reopen(), first: 1}
	c, cl := start(t, cluster.Config{
		Nodes: 1, Network: network(t, plain), NewStateMachine: func() core.StateMachine { return new(heavy) },
		OpenStorage: func(core.NodeID) (core.Storage, error) { return log, nil },
		Node:        node.Config{Snapshot: node.SnapshotConfig{Bytes: bound, BytesPerSecond: 1}},
	})
	command := make([]byte, bound/16)
	for range 16 {
		do(t, cl, &client.Op{Command: command})
	}
	if n := c.Node(1).Stats().Snapshots; n > 0 {
		t.Fatalf("%d snapshots of 16 MiB were written at a byte a second", n)
	}
	for range 16 {
		do(t, cl, &client.Op{Command: command})
	}
	waitStatus(t, c.Node(1), func(s node.Status) bool { return s.Snapshot > 0 })
}
