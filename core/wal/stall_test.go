package wal

import (
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/batch"
	"github.com/raftbench/raftbench/core/client"
	"github.com/raftbench/raftbench/core/cluster"
	"github.com/raftbench/raftbench/core/node"
	"github.com/raftbench/raftbench/transports/inproc"
	"github.com/raftbench/raftbench/workloads/kv"
)

// stalling is the machine's file system with a disk that can stand still: a sync waits
// while the gate is locked.
type stalling struct {
	fileSystem
	gate *sync.RWMutex
}

func (s stalling) Create(path string) (file, error) {
	f, err := s.fileSystem.Create(path)
	return stallingFile{f, s.gate}, err
}

type stallingFile struct {
	file
	gate *sync.RWMutex
}

func (f stallingFile) Sync() error {
	f.gate.RLock()
	defer f.gate.RUnlock()
	return f.file.Sync()
}

// stallable is a cluster with logs on real directories whose disks can stand still.
type stallable struct {
	*cluster.Cluster
	logs  map[core.NodeID]*Log
	gates map[core.NodeID]*sync.RWMutex
}

func startStallable(t *testing.T, bound int) *stallable {
	t.Helper()
	dir := t.TempDir()
	s := &stallable{logs: map[core.NodeID]*Log{}, gates: map[core.NodeID]*sync.RWMutex{1: {}, 2: {}, 3: {}}}
	transport := inproc.Transport()
	options, err := transport.ParseOptions(nil)
	if err != nil {
		t.Fatal(err)
	}
	network, err := transport.New(options)
	if err != nil {
		t.Fatal(err)
	}
	s.Cluster, err = cluster.Start(t.Context(), cluster.Config{
		Nodes: 3, Network: network, NewStateMachine: func() core.StateMachine { return kv.New(0) },
		Node:     node.Config{ElectionTicks: 600, MaxClientBytes: bound}, // no election while a disk stands still
		Timeouts: core.Timeouts{Append: time.Hour},
		OpenStorage: func(id core.NodeID) (core.Storage, error) {
			l, err := Open(Options{
				Dir: filepath.Join(dir, string('0'+rune(id))), Identity: Identity{1, id}, SegmentBytes: 1 << 20,
				fs: stalling{machine{}, s.gates[id]},
			})
			s.logs[id] = l
			return l, err
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

// queuedBytes is what the log holds that is not on its way to the disk.
func (s *stallable) queuedBytes(id core.NodeID) int64 {
	q := &s.logs[id].writer.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.bytes
}

// Ten times as much is asked for as may be held, and a disk stands still: that of the leader, that of a follower, or those of all. What
// gathers behind it is bounded, and refused beyond that by an error that says so; and
// when the disk goes on, everybody catches up.
func TestStalledDiskIsBounded(t *testing.T) {
	const bound, size = 200_000, 1000
	const total = 10 * bound / size
	for name, c := range map[string]struct {
		stalled func(leader core.NodeID) []core.NodeID
		depth   int // operations that the clients have under way at once
		ended   int // that end while the disk stands still
		refuses bool
	}{
		"the leader": {func(leader core.NodeID) []core.NodeID { return []core.NodeID{leader} }, 100, total, true},
		"a follower": {func(leader core.NodeID) []core.NodeID { return []core.NodeID{leader%3 + 1} }, 100, total, false},
		"everybody":  {func(core.NodeID) []core.NodeID { return []core.NodeID{1, 2, 3} }, total, total * 8 / 10, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := startStallable(t, bound)
			ended := make(chan error, 1<<16)
			cl, err := s.Client(client.Config{
				Batch: batch.Config{Policy: batch.None}, Depth: c.depth, Timeout: time.Minute, Retry: client.Retry{Mode: client.RetryNone},
				Done: func(ops []*client.Op) {
					for _, op := range ops {
						ended <- op.Err
					}
				},
			})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = cl.Close() })
			leader := s.Leader()
			ids := c.stalled(leader)
			for _, id := range ids {
				s.gates[id].Lock()
			}
			ops := make([]*client.Op, total)
			for i := range ops {
				ops[i] = &client.Op{Command: kv.AppendPut(nil, []byte("k"), make([]byte, size))}
			}
			cl.Submit(ops)
			refused, done := 0, 0
			count := func(err error) {
				switch {
				case err == nil:
					done++
				case errors.Is(err, client.ErrOverloaded):
					refused++
				default:
					t.Errorf("an operation ended with %v", err)
				}
			}
			for done+refused < c.ended {
				count(<-ended)
			}
			stats := s.Node(leader).Stats()
			if most := int64(bound + 100*(size+200)); stats.UndurableBytesMost > most || stats.ClientBytesMost > most {
				t.Errorf("%d bytes were not durable and %d of clients held, want at most %d", stats.UndurableBytesMost, stats.ClientBytesMost, most)
			}
			for _, id := range ids {
				// A leader sends no more than its window to a follower: 4 appends of 16 KiB here.
				if q := s.queuedBytes(id); q > bound+100*(size+200) || id != leader && q > 1<<20 {
					t.Errorf("%v: %d bytes wait for its disk", id, q)
				}
			}
			if (refused > 0) != c.refuses {
				t.Errorf("%d operations were refused, %d done", refused, done)
			}
			for _, id := range ids {
				s.gates[id].Unlock()
			}
			for done+refused < total {
				count(<-ended)
			}
			last := s.Node(s.Leader()).Status().Commit
			for _, id := range s.IDs() {
				for give := time.Now().Add(20 * time.Second); s.Node(id).Status().Applied < last; time.Sleep(time.Millisecond) {
					if time.Now().After(give) {
						t.Fatalf("%v does not catch up with %d: %+v", id, last, s.Node(id).Status())
					}
				}
			}
		})
	}
}
