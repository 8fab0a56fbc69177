package transports_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/client"
	"github.com/raftbench/raftbench/core/cluster"
	"github.com/raftbench/raftbench/core/node"
	"github.com/raftbench/raftbench/workloads"
	"github.com/raftbench/raftbench/workloads/kv"
	"github.com/raftbench/raftbench/workloads/linear"
)

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

// readingHouse is a cluster whose clients read as they are told, and whose nodes can be
// held up.
type readingHouse struct {
	house
	pausables map[core.NodeID]*pausable
}

func buildReading(t *testing.T, network *core.Network, from client.ReadFrom, drift int) *readingHouse {
	t.Helper()
	h := &readingHouse{pausables: map[core.NodeID]*pausable{}}
	h.link = client.Config{ReadFrom: from}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	next := core.NodeID(0)
	var err error
	h.Cluster, err = cluster.Start(ctx, cluster.Config{
		Nodes: 3, Network: network,
		NewStateMachine: func() core.StateMachine { // nodes start in order, and none again
			next++
			h.pausables[next] = &pausable{StateMachine: kv.New(0)}
			return h.pausables[next]
		},
		Node: node.Config{Tick: 10 * time.Millisecond, Snapshot: node.SnapshotConfig{Entries: 500}, FollowerReads: from != client.ReadFromLeader, LeaseDriftPercent: drift},
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// disturb holds up one node after the other, the leader until there is another, and
// cuts one off where that is possible.
func (h *readingHouse) disturb(d *workloads.Driver, cuttable bool) error {
	for round := range 3 {
		done(d, 300+500*uint64(round))
		id := h.Leader()
		if round%2 == 1 || id == 0 {
			id = core.NodeID(1 + round%3)
		}
		if cuttable && round >= 2 {
			if err := h.Isolate(id); err != nil {
				return err
			}
			done(d, 500+500*uint64(round))
			h.Heal(id)
			continue
		}
		h.holdUp(d, id)
	}
	return nil
}

// holdUp holds a node up until another leads and has gone on, or all clients wait for
// the one that is held up, or they have nothing more to do.
func (h *readingHouse) holdUp(d *workloads.Driver, id core.NodeID) {
	h.pausables[id].gate.Lock()
	defer h.pausables[id].gate.Unlock()
	p := d.Progress()
	wait := func(limit time.Duration, over func() bool) {
		for give := time.Now().Add(limit); !over() && time.Now().Before(give); p = d.Progress() {
			time.Sleep(time.Millisecond)
		}
	}
	wait(20*time.Second, func() bool { return h.Leader() != id || p.Succeeded+p.Failed+p.Unknown >= readingOps })
	until := p.Succeeded + 50
	wait(100*time.Millisecond, func() bool { return p.Succeeded >= until })
}

// readingOps is how many operations the clients do.
const readingOps = 2500

// Wherever reads are answered, and by whichever mode, what clients see while nodes are
// held up and cut off could have come from one machine.
func TestReadsAreLinearizableWhereverTheyAreAnswered(t *testing.T) {
	eachVariant(t, func(t *testing.T, network *core.Network) {
		for _, from := range client.ReadFroms() {
			for mode, drift := range map[string]int{"readindex": 0, "lease": 10} {
				t.Run(fmt.Sprintf("%s/%s", mode, from), func(t *testing.T) { checkReads(t, network, from, drift) })
			}
		}
	})
}

func checkReads(t *testing.T, network *core.Network, from client.ReadFrom, drift int) {
	h := buildReading(t, network, from, drift)
	history := workloads.NewHistory(1 << 20)
	driver, clients := h.driver(t, workloads.Config{Clients: 12, Operations: readingOps, History: history},
		workloads.Workload{Seed: 13, Reads: 0.6, Keys: 6, PayloadMinBytes: 16, PayloadMaxBytes: 16})
	disturbed := make(chan error, 1)
	go func() { disturbed <- h.disturb(driver, !network.InProcess && !network.TakesSockets) }()
	_, err := driver.Run(context.Background())
	followed, reads := uint64(0), uint64(0)
	err = errors.Join(err, <-disturbed)
	for _, id := range h.IDs() {
		followed += h.Node(id).Stats().FollowerReads
		reads += h.Node(id).Stats().Reads
	}
	if err := errors.Join(err, clients(), h.Close()); err != nil {
		t.Fatal(err)
	}
	if reads == 0 || (followed > 0) != (from != client.ReadFromLeader) {
		t.Errorf("%d reads, %d of them by followers", reads, followed)
	}
	events, dropped := history.Events()
	if dropped > 0 {
		t.Fatalf("the history misses %d operations", dropped)
	}
	if err := linear.Check(events, time.Minute); err != nil {
		t.Fatal(err)
	}
}
