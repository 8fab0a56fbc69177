package cluster_test

import (
	"testing"
	"time"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/client"
	"github.com/raftbench/raftbench/core/cluster"
	"github.com/raftbench/raftbench/core/node"
	"github.com/raftbench/raftbench/transports/inproc"
	"github.com/raftbench/raftbench/workloads/kv"
)

// With a lease a read costs no message between nodes; without one it costs a
// round of heartbeats.
func TestLeaseReadsCostNoMessages(t *testing.T) {
	const reads = 300
	cost := func(driftPercent int) uint64 {
		c := start(t, cluster.Config{
			Nodes: 3, Network: network(t, inproc.Transport()), NewStateMachine: newStore,
			// Ticks so long that heartbeats hardly show among the calls.
			Node: node.Config{Tick: 200 * time.Millisecond, LeaseDriftPercent: driftPercent},
		})
		cl := openClient(t, c, client.Config{})
		leader := c.Node(c.Leader())
		read := func() {
			op := &client.Op{Read: true, Command: kv.AppendGet(nil, []byte("k"))}
			if err := cl.Do(patience(t), op); err != nil {
				t.Fatal(err)
			}
		}
		calls := func() uint64 { return leader.Transport().(core.Meter).Stats().Calls }
		for range 3 { // the first asks for a round, which begins the lease
			read()
		}
		before := calls()
		for range reads {
			read()
		}
		return calls() - before
	}
	if got := cost(0); got < reads {
		t.Fatalf("%d reads cost %d calls without leases: there is nothing to save", reads, got)
	}
	if got := cost(10); got > reads/2 {
		t.Fatalf("%d reads cost %d calls with leases", reads, got)
	}
}
