package transports_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/client"
	"github.com/raftbench/raftbench/core/cluster"
	"github.com/raftbench/raftbench/core/node"
	"github.com/raftbench/raftbench/transports"
	"github.com/raftbench/raftbench/workloads"
	"github.com/raftbench/raftbench/workloads/kv"
	"github.com/raftbench/raftbench/workloads/linear"
)

var readingSeed = flag.Uint64("reading-seed", 13, "the seed of what clients do in the tests of reads")

// pausable is a state machine that can hold its node up: the loop waits in it, as it
// does when the process is stopped.
type pausable struct {
	core.StateMachine
	gate sync.RWMutex
}

func (p *pausable) Apply(entries []core.Entry, results *core.Results) {
	p.gate.RLock()
	defer p.gate.RUnlock()
	p.StateMachine.Apply(entries, results)
}

func (p *pausable) Query(query []byte, results *core.Results) {
	p.gate.RLock()
	defer p.gate.RUnlock()
	p.StateMachine.Query(query, results)
}

// forgetful is a state machine that answers every fifth get from what there was after a
// while.
type forgetful struct {
	core.StateMachine
	then  *kv.Machine
	count int
}

func (f *forgetful) Apply(entries []core.Entry, results *core.Results) {
	for i := range entries {
		if c, ok := kv.ParseCommand(entries[i].Data); ok && c.Kind == kv.KindGet {
			f.Query(entries[i].Data, results)
			continue
		}
		f.StateMachine.Apply(entries[i:i+1], results)
		if entries[i].Index < readingOps/4 {
			f.then.Apply(entries[i:i+1], new(core.Results))
		}
	}
}

func (f *forgetful) Query(query []byte, results *core.Results) {
	if f.count++; f.count%5 == 0 {
		f.then.Query(query, results)
		return
	}
	f.StateMachine.Query(query, results)
}

// reading says how clients read.
type reading struct {
	from       client.ReadFrom
	drift      int // of the clocks, if leaders hold leases
	throughLog bool
	stale      bool // the machines are forgetful
}

// readings are all that there are: a read through the log is a write, which leaders take.
func readings() map[string]reading {
	all := map[string]reading{"log/leader": {from: client.ReadFromLeader, throughLog: true}}
	for _, from := range client.ReadFroms() {
		all[fmt.Sprintf("readindex/%s", from)] = reading{from: from}
		all[fmt.Sprintf("lease/%s", from)] = reading{from: from, drift: 10}
	}
	return all
}

func (r *reading) machine() core.StateMachine {
	if r.stale {
		return &forgetful{StateMachine: kv.New(0), then: kv.New(0)}
	}
	return kv.New(0)
}

// readingHouse is a cluster whose clients read as they are told, and whose nodes can be
// held up.
type readingHouse struct {
	house
	pausables map[core.NodeID]*pausable
}

func buildReading(t *testing.T, network *core.Network, r reading) *readingHouse {
	t.Helper()
	h := &readingHouse{pausables: map[core.NodeID]*pausable{}}
	h.link = client.Config{ReadFrom: r.from}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	next := core.NodeID(0)
	var err error
	h.Cluster, err = cluster.Start(ctx, cluster.Config{
		Nodes: 3, Network: network,
		NewStateMachine: func() core.StateMachine { // nodes start in order, and none again
			next++
			h.pausables[next] = &pausable{StateMachine: r.machine()}
			return h.pausables[next]
		},
		Node: node.Config{Tick: 10 * time.Millisecond, Snapshot: node.SnapshotConfig{Entries: 500}, FollowerReads: r.from != client.ReadFromLeader, LeaseDriftPercent: r.drift},
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// stops makes the clients wait, three times, for what is done to the cluster: they are
// so fast that it would come when they are ready.
type stops struct {
	asked   atomic.Int64 // operations
	reached chan bool
	goOn    chan bool
}

// stopping is a generator that stops.
type stopping struct {
	workloads.Generator
	*stops
}

func (s stopping) Next(op *client.Op) workloads.OpType {
	switch s.asked.Add(1) {
	case readingOps / 8, readingOps / 3, readingOps / 2:
		s.reached <- true
		<-s.goOn
	}
	return s.Generator.Next(op)
}

// disturb holds up one node after the other, the leader until there is another, and
// cuts one off where that is possible.
func (h *readingHouse) disturb(s *stops, cuttable bool) error {
	for round := range 3 {
		<-s.reached
		id := h.Leader()
		if round == 1 || id == 0 {
			id = core.NodeID(1 + round)
		}
		if !cuttable || round < 2 {
			h.holdUp(s, id)
			continue
		}
		err := h.Isolate(id)
		s.goOn <- true
		if err != nil {
			return err
		}
		s.wait(time.Minute, func(asked int64) bool { return asked >= readingOps/2+200 })
		h.Heal(id)
	}
	return nil
}

// holdUp holds a node up until another leads and has gone on, or all clients wait for
// the one that is held up, or they have nothing more to do.
func (h *readingHouse) holdUp(s *stops, id core.NodeID) {
	h.pausables[id].gate.Lock()
	defer h.pausables[id].gate.Unlock()
	s.goOn <- true
	s.wait(20*time.Second, func(asked int64) bool { return h.Leader() != id || asked >= readingOps })
	until := s.asked.Load() + 50
	s.wait(100*time.Millisecond, func(asked int64) bool { return asked >= until })
}

// wait waits until over says so of the number of operations that were asked for. (The
// driver's own progress waits for workers that wait.)
func (s *stops) wait(limit time.Duration, over func(asked int64) bool) {
	for give := time.Now().Add(limit); !over(s.asked.Load()) && time.Now().Before(give); {
		time.Sleep(time.Millisecond)
	}
}

// readingOps is how many operations the clients do.
const readingOps = 2500

// Wherever reads are answered, and by whichever mode, what clients see while nodes are
// held up and cut off could have come from one machine.
func TestReadsAreLinearizableWhereverTheyAreAnswered(t *testing.T) {
	eachVariant(t, func(t *testing.T, network *core.Network) {
		for name, r := range readings() {
			t.Run(name, func(t *testing.T) {
				if err := r.check(t, network); err != nil {
					t.Fatal(err)
				}
			})
		}
	})
}

// A state machine that answers from the past is found, in each mode: so would be a node.
func TestStaleReadsAreFoundWhereverTheyAreAnswered(t *testing.T) {
	specs, err := transports.ParseList(transports.All(), "inproc")
	if err != nil {
		t.Fatal(err)
	}
	for name, r := range readings() {
		t.Run(name, func(t *testing.T) {
			network, err := specs[0].Named.New(specs[0].Options)
			if err != nil {
				t.Fatal(err)
			}
			r.stale = true
			if err := r.check(t, network); !errors.Is(err, linear.ErrNotLinearizable) {
				t.Fatalf("%v, want %v", err, linear.ErrNotLinearizable)
			}
		})
	}
}

// check says what is wrong with what clients see while nodes are held up.
func (r *reading) check(t *testing.T, network *core.Network) error {
	h := buildReading(t, network, *r)
	history := workloads.NewHistory(1 << 20)
	load := workloads.Workload{Seed: *readingSeed, Reads: 0.6, ReadsThroughLog: r.throughLog, Keys: 6, PayloadMinBytes: 16, PayloadMaxBytes: 16}
	s := &stops{reached: make(chan bool), goOn: make(chan bool)}
	generate := func(worker int) (workloads.Generator, error) {
		g, err := load.NewGenerator(worker)
		return stopping{g, s}, err
	}
	driver, clients := h.driver(t, workloads.Config{Clients: 12, Operations: readingOps, History: history, Generate: generate}, load)
	disturbed := make(chan error, 1)
	go func() { disturbed <- h.disturb(s, !network.InProcess && !network.TakesSockets) }()
	_, err := driver.Run(context.Background())
	err = errors.Join(err, <-disturbed)
	r.checkStats(t, h)
	if err := errors.Join(err, clients(), h.Close()); err != nil {
		t.Fatal(err)
	}
	events, dropped := history.Events()
	if dropped > 0 {
		t.Fatalf("the history misses %d operations", dropped)
	}
	return linear.Check(events, time.Minute)
}

// checkStats looks whether reads were answered where they should be, and leaders changed.
func (r *reading) checkStats(t *testing.T, h *readingHouse) {
	t.Helper()
	var sum node.Stats
	for _, id := range h.IDs() {
		s := h.Node(id).Stats()
		sum.FollowerReads += s.FollowerReads
		sum.Reads += s.Reads
		sum.Elections += s.Elections
		sum.FastClocks += s.FastClocks
	}
	if (sum.Reads == 0) != r.throughLog || (sum.FollowerReads > 0) != (r.from != client.ReadFromLeader) {
		t.Errorf("%d reads, %d of them by followers", sum.Reads, sum.FollowerReads)
	}
	if sum.Elections < 2 || sum.FastClocks > 0 {
		t.Errorf("%d leaders, and %d clocks that are too fast, on one machine", sum.Elections, sum.FastClocks)
	}
}
