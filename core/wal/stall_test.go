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

// The bound of the tests, the size of their commands, and how many they are: ten times
// what may be held.
const (
	stallBound = 200_000
	stallSize  = 1000
	stallOps   = 10 * stallBound / stallSize
)

// outcomes counts how operations end.
type outcomes struct {
	t             *testing.T
	ended         chan error
	done, refused int
}

// await waits until so many have ended.
func (o *outcomes) await(n int) {
	for o.done+o.refused < n {
		switch err := <-o.ended; {
		case err == nil:
			o.done++
		case errors.Is(err, client.ErrOverloaded):
			o.refused++
		default:
			o.t.Fatalf("an operation ended with %v", err)
		}
	}
}

// flood asks for everything at once, of which depth operations are under way at most.
func (s *stallable) flood(t *testing.T, depth int) *outcomes {
	t.Helper()
	o := &outcomes{t: t, ended: make(chan error, stallOps)}
	cl, err := s.Client(client.Config{
		Batch: batch.Config{Policy: batch.None}, Depth: depth, Timeout: time.Minute, Retry: client.Retry{Mode: client.RetryNone},
		Done: func(ops []*client.Op) {
			for _, op := range ops {
				o.ended <- op.Err
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cl.Close() })
	ops := make([]*client.Op, stallOps)
	for i := range ops {
		ops[i] = &client.Op{Command: kv.AppendPut(nil, []byte("k"), make([]byte, stallSize))}
	}
	cl.Submit(ops)
	return o
}

// checkHeld looks whether a leader, and the logs whose disks stand still, hold no more
// than they may: the bound and what one turn adds.
func (s *stallable) checkHeld(t *testing.T, leader core.NodeID, stalled []core.NodeID) {
	t.Helper()
	const most = stallBound + 100*(stallSize+200)
	stats := s.Node(leader).Stats()
	if stats.UndurableBytesMost > most || stats.ClientBytesMost > most {
		t.Errorf("%d bytes were not durable and %d of clients held, want at most %d", stats.UndurableBytesMost, stats.ClientBytesMost, most)
	}
	for _, id := range stalled { // a follower is sent its window, and no more
		if q := s.queuedBytes(id); q > most {
			t.Errorf("%v: %d bytes wait for its disk, want at most %d", id, q, most)
		}
	}
}

func (s *stallable) checkCaughtUp(t *testing.T) {
	t.Helper()
	last := s.Node(s.Leader()).Status().Commit
	for _, id := range s.IDs() {
		for give := time.Now().Add(20 * time.Second); s.Node(id).Status().Applied < last; time.Sleep(time.Millisecond) {
			if time.Now().After(give) {
				t.Fatalf("%v does not catch up with %d: %+v", id, last, s.Node(id).Status())
			}
		}
	}
}

// Ten times as much is asked for as may be held, and a disk stands still: that of the
// leader, that of a follower, or those of all. What gathers behind it is bounded, and
// refused beyond that by an error that says so; and when the disk goes on, everybody
// catches up. A follower that stands still slows nobody down.
func TestStalledDiskIsBounded(t *testing.T) {
	for name, c := range map[string]struct {
		stalled func(leader core.NodeID) []core.NodeID
		depth   int
		ended   int // operations that end while the disk stands still
		refuses bool
	}{
		"the leader": {func(leader core.NodeID) []core.NodeID { return []core.NodeID{leader} }, 100, stallOps, true},
		"a follower": {func(leader core.NodeID) []core.NodeID { return []core.NodeID{leader%3 + 1} }, 100, stallOps, false},
		"everybody":  {func(core.NodeID) []core.NodeID { return []core.NodeID{1, 2, 3} }, stallOps, stallOps * 8 / 10, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := startStallable(t, stallBound)
			leader := s.Leader()
			stalled := c.stalled(leader)
			for _, id := range stalled {
				s.gates[id].Lock()
			}
			o := s.flood(t, c.depth)
			o.await(c.ended)
			s.checkHeld(t, leader, stalled)
			if (o.refused > 0) != c.refuses {
				t.Errorf("%d operations were refused, %d done", o.refused, o.done)
			}
			for _, id := range stalled {
				s.gates[id].Unlock()
			}
			o.await(stallOps)
			s.checkCaughtUp(t)
		})
	}
}
