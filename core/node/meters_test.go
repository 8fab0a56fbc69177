package node_test

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/batch"
	"github.com/raftbench/raftbench/core/client"
	"github.com/raftbench/raftbench/core/cluster"
	"github.com/raftbench/raftbench/core/node"
)

// byName returns a node's distributions, and checks that none comes twice.
func byName(t *testing.T, n *node.Node) map[string]batch.Histogram {
	t.Helper()
	m := map[string]batch.Histogram{}
	for _, d := range n.Distributions() {
		if _, twice := m[d.Name]; twice || d.Name == "" || d.Unit == "" {
			t.Errorf("distribution %q in %q: twice, or without a name or a unit", d.Name, d.Unit)
		}
		m[d.Name] = d.Histogram
	}
	return m
}

func values(h batch.Histogram) map[int64]uint64 {
	m := map[int64]uint64{}
	for v, n := range h.Buckets() {
		m[v] = n
	}
	return m
}

// consistent returns distributions and counters of the same moment, when so many operations
// are in them: a node answers before it counts, and brings followers up afterwards.
func consistent(t *testing.T, n *node.Node, ops uint64) (map[string]batch.Histogram, node.Stats) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); runtime.Gosched() {
		stats := n.Stats()
		if got := byName(t, n); stats.Proposed >= ops && stats == n.Stats() {
			return got, stats
		}
	}
	t.Fatalf("counters of %d operations do not come to rest: %+v", ops, n.Stats())
	return nil, node.Stats{}
}

// One operation after the other makes batches of one; what the distributions say
// agrees with the counters, and may be read all the while.
func TestDistributionsAgreeWithTheCounters(t *testing.T) {
	c, cl := start(t, cluster.Config{
		Nodes: 3, Network: network(t, plain),
		NewStateMachine: func() core.StateMachine { return new(journal) },
	})
	leader := c.Node(c.Leader())
	var reader sync.WaitGroup
	var stop atomic.Bool
	reader.Go(func() {
		for !stop.Load() {
			leader.Distributions()
		}
	})
	const ops = 20
	for range ops {
		do(t, cl, &client.Op{Command: []byte("x")})
	}
	stop.Store(true)
	reader.Wait()

	got, stats := consistent(t, leader, ops)
	for name, want := range map[string]map[int64]uint64{
		"propose_batch_requests":  {1: ops},
		"propose_batch_linger_ns": {},
		"node_proposals_queued":   {1: ops},
	} {
		if d := cmp.Diff(want, values(got[name])); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
	for name, want := range map[string]uint64{
		"propose_batch_bytes":      ops * uint64((&core.ProposeRequest{Commands: [][]byte{[]byte("x")}}).SizeBytes()),
		"append_bytes_per_message": stats.AppendBytes, "append_entries_per_message": stats.AppendEntries,
	} {
		if h := got[name]; h.Sum() != want || want == 0 {
			t.Errorf("%s sums to %d, want %d", name, h.Sum(), want)
		}
	}
	// Nothing but the client's writes and the followers' answers arrives here.
	requests, responses, inFlight := got["node_turn_requests"], got["node_turn_responses"], got["appends_in_flight"]
	if requests.Sum() < ops || requests.Sum() > 2*ops || responses.Sum() == 0 {
		t.Errorf("%d requests and %d responses were taken up for %d operations", requests.Sum(), responses.Sum(), ops)
	}
	if inFlight.Count() != stats.Appends || inFlight.Sum() < stats.Appends {
		t.Errorf("%d appends in flight were noted at %d appends", inFlight.Sum(), inFlight.Count())
	}
	if b := leader.BatchStats(); b.Batches() != ops || stats.ProposeBatches != ops || stats.Proposed != ops {
		t.Errorf("%d batches, stats %+v; want %d", b.Batches(), stats, ops)
	}
}

// Appends to a follower that does not answer pile up as far as Pipeline allows.
func TestAppendsInFlight(t *testing.T) {
	g := newGate()
	tr := startTraced(t, cluster.Config{
		Nodes:   2,
		Network: network(t, func(h core.Handler) core.Handler { return gatedPeer{h, g, hasEntries} }),
		Node:    node.Config{Pipeline: 3, Batch: batch.Config{Policy: batch.None}},
	})
	tr.submit(false)
	tr.next(t)
	leader := tr.cluster.Node(tr.cluster.Leader())
	before := byName(t, leader)["appends_in_flight"]
	g.close()
	unbatched, err := tr.cluster.Client(client.Config{Batch: batch.Config{Policy: batch.None}, Done: func(ops []*client.Op) {
		for _, op := range ops {
			tr.done <- op
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer unbatched.Close()
	for range 6 {
		unbatched.Submit([]*client.Op{{Command: []byte("x")}})
	}
	for deadline := time.Now().Add(30 * time.Second); ; runtime.Gosched() {
		h := byName(t, leader)["appends_in_flight"]
		if h.Count() == before.Count()+3 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d appends were sent, want 3", h.Count()-before.Count())
		}
	}
	g.release()
	for range 6 {
		if op := <-tr.done; op.Err != nil {
			t.Fatal(op.Err)
		}
	}
	after := byName(t, leader)["appends_in_flight"]
	got := after.Since(&before)
	if v := values(got); v[1] == 0 || v[2] == 0 || v[3] == 0 || got.Count() != 6 || len(v) > 3 {
		t.Fatalf("in flight at each of 6 appends: %v; want from 1 to 3", v)
	}
}
