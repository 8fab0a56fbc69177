package cluster_test

import (
	"context"
	"encoding/binary"
	"io"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/client"
	"github.com/raftbench/raftbench/core/cluster"
	"github.com/raftbench/raftbench/core/node"
	"github.com/raftbench/raftbench/transports/inproc"
	"github.com/raftbench/raftbench/transports/rawtcp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// sum is a state machine that adds up the lengths of its commands; a command's
// result is the sum before it.
type sum struct{ total uint64 }

func (s *sum) Apply(entries []core.Entry, results *core.Results) {
	for i := range entries {
		s.Query(nil, results)
		s.total += uint64(len(entries[i].Data))
	}
}

func (s *sum) Query(_ []byte, results *core.Results) {
	results.Append(binary.BigEndian.AppendUint64(nil, s.total))
}

func (s *sum) WriteSnapshot(w io.Writer) error { return binary.Write(w, binary.BigEndian, s.total) }
func (s *sum) ReadSnapshot(r io.Reader) error  { return binary.Read(r, binary.BigEndian, &s.total) }

func newSum() core.StateMachine { return new(sum) }

func network(t testing.TB, nt core.NamedTransport, settings ...string) *core.Network {
	t.Helper()
	options, err := nt.ParseOptions(settings)
	if err != nil {
		t.Fatal(err)
	}
	network, err := nt.New(options)
	if err != nil {
		t.Fatal(err)
	}
	return network
}

func start(t testing.TB, config cluster.Config) *cluster.Cluster {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	c, err := cluster.Start(ctx, config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return c
}

// fastNode makes elections quick, for tests that wait for them.
func fastNode() node.Config { return node.Config{Tick: 10 * time.Millisecond} }

func openClient(t testing.TB, c *cluster.Cluster, config client.Config) *client.Client {
	t.Helper()
	if config.Done == nil {
		config.Done = func([]*client.Op) {}
	}
	cl, err := c.Client(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cl.Close(); err != nil {
			t.Errorf("close client: %v", err)
		}
	})
	return cl
}

func do(t testing.TB, cl *client.Client, op *client.Op) uint64 {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := cl.Do(ctx, op); err != nil {
		t.Fatalf("%v: %v", op.Outcome, err)
	}
	return binary.BigEndian.Uint64(op.Result)
}

func TestCommandsAndReads(t *testing.T) {
	for _, nodes := range []int{1, 2, 3, 5} {
		c := start(t, cluster.Config{Nodes: nodes, Network: network(t, inproc.Transport()), NewStateMachine: newSum, Node: fastNode()})
		cl := openClient(t, c, client.Config{})
		for i := range 10 {
			if got := do(t, cl, &client.Op{Command: []byte("12345")}); got != uint64(5*i) {
				t.Fatalf("command %d saw the sum %d, want %d", i, got, 5*i)
			}
			if got := do(t, cl, &client.Op{Read: true}); got != uint64(5*i+5) {
				t.Fatalf("read after command %d saw the sum %d, want %d", i, got, 5*i+5)
			}
		}
	}
}

// A new leader is found, and what was acknowledged is there.
func TestLeaderKilledAndRestarted(t *testing.T) {
	c := start(t, cluster.Config{Nodes: 3, Network: network(t, inproc.Transport()), NewStateMachine: newSum, Node: fastNode()})
	cl := openClient(t, c, client.Config{Timeout: 20 * time.Second})
	for round := range 3 {
		if got := do(t, cl, &client.Op{Command: []byte("x")}); got != uint64(round) {
			t.Fatalf("round %d: sum %d", round, got)
		}
		old := c.Leader()
		if err := c.Kill(old); err != nil {
			t.Fatal(err)
		}
		if got := do(t, cl, &client.Op{Read: true}); got != uint64(round+1) {
			t.Fatalf("round %d: after the leader was killed the sum is %d", round, got)
		}
		if err := c.Restart(old); err != nil {
			t.Fatal(err)
		}
	}
}

// What is done to a node that never was does no harm, and is an error where something was to
// come of it.
func TestNodeThatNeverWas(t *testing.T) {
	c := start(t, cluster.Config{Nodes: 1, Network: network(t, rawtcp.Transport()), NewStateMachine: newSum, Node: fastNode()})
	for _, id := range []core.NodeID{0, 2, 1000} {
		c.Heal(id)
		if err := c.Kill(id); err != nil {
			t.Errorf("kill %v: %v", id, err)
		}
		if c.Restart(id) == nil || c.Isolate(id) == nil {
			t.Errorf("%v was started again, or cut off", id)
		}
	}
}

// A node that comes back with an empty log behind a compacted one is sent a
// snapshot.
func TestSnapshotToRestartedNode(t *testing.T) {
	config := fastNode()
	config.Snapshot.Entries = 10
	c := start(t, cluster.Config{Nodes: 3, Network: network(t, inproc.Transport()), NewStateMachine: newSum, Node: config})
	cl := openClient(t, c, client.Config{})
	down := core.NodeID(3)
	if c.Leader() == down {
		down = 2
	}
	if err := c.Kill(down); err != nil {
		t.Fatal(err)
	}
	// Snapshots are taken while commands go on, and on a busy machine long after they are due.
	deadline := time.Now().Add(20 * time.Second)
	for i := 0; i < 200 || !snapshotsReach(c, 100, down); i++ {
		if time.Now().After(deadline) {
			t.Fatalf("after %d commands the leader is at %+v", i, c.Node(c.Leader()).Status())
		}
		do(t, cl, &client.Op{Command: []byte("x")})
	}
	if err := c.Restart(down); err != nil {
		t.Fatal(err)
	}
	deadline = time.Now().Add(20 * time.Second)
	for c.Node(down).Status().Applied < 200 {
		if time.Now().After(deadline) {
			t.Fatalf("node is at %+v, leader at %+v", c.Node(down).Status(), c.Node(c.Leader()).Status())
		}
		do(t, cl, &client.Op{Read: true})
	}
	if c.Node(down).Stats().Installs == 0 {
		t.Fatal("the node caught up without a snapshot, which this test is about")
	}
}

// snapshotsReach reports whether all nodes but one have a snapshot of so many entries.
func snapshotsReach(c *cluster.Cluster, index core.Index, but core.NodeID) bool {
	for _, id := range c.IDs() {
		if id != but && c.Node(id).Status().Snapshot < index {
			return false
		}
	}
	return true
}
