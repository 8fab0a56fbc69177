package cluster_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/client"
	"github.com/raftbench/raftbench/core/cluster"
	"github.com/raftbench/raftbench/core/node"
	"github.com/raftbench/raftbench/core/raft"
	"github.com/raftbench/raftbench/transports/inproc"
	"github.com/raftbench/raftbench/transports/rawtcp"
	"github.com/raftbench/raftbench/workloads"
	"github.com/raftbench/raftbench/workloads/kv"
	"github.com/raftbench/raftbench/workloads/linear"
)

func patience(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func newStore() core.StateMachine { return kv.New(1 << 16) }

// replaceAll replaces every node of a cluster of three, one after the other, the
// leader first, while operations go on. A node that was removed is stopped at once:
// what only it had is lost.
func replaceAll(ctx context.Context, c *cluster.Cluster, d *workloads.Driver, added []core.NodeID) error {
	for _, in := range added {
		if err := waitFor(ctx, d, d.Progress().Succeeded+300); err != nil {
			return err
		}
		out, err := c.WaitLeader(ctx)
		if err != nil {
			return err
		}
		if out > 3 { // a new one leads already
			for _, id := range c.IDs() {
				if id <= 3 {
					out = id
				}
			}
		}
		if err := errors.Join(c.Replace(ctx, []core.NodeID{out}, []core.NodeID{in}), c.Kill(out)); err != nil {
			return err
		}
	}
	return waitFor(ctx, d, d.Progress().Succeeded+300)
}

// Every node of a cluster is replaced under load: no acknowledged write is lost
// and no read is stale, with and without leases.
func TestEveryNodeIsReplacedUnderLoad(t *testing.T) {
	for name, config := range map[string]cluster.Config{
		"inproc":        {Network: network(t, inproc.Transport()), Node: fastNode()},
		"rawtcp":        {Network: network(t, rawtcp.Transport()), Node: fastNode()},
		"rawtcp leases": {Network: network(t, rawtcp.Transport()), Node: node.Config{Tick: 10 * time.Millisecond, LeaseDriftPercent: 10, Snapshot: node.SnapshotConfig{Entries: 300}}},
	} {
		t.Run(name, func(t *testing.T) {
			config.Nodes, config.NewStateMachine = 3, newStore
			c := start(t, config)
			replaceUnderLoad(t, c)
			want := []core.NodeID{4, 5, 6}
			if d := cmp.Diff(want, c.IDs()); d != "" {
				t.Fatalf("members (-want +got):\n%s", d)
			}
			leader, err := c.WaitLeader(patience(t))
			if err != nil {
				t.Fatal(err)
			}
			if got := c.Node(leader).Members(); leader < 4 || !cmp.Equal(got.Voters, want) || got.IsJoint() {
				t.Fatalf("%v leads %v", leader, got)
			}
		})
	}
}

func replaceUnderLoad(t *testing.T, c *cluster.Cluster) {
	ctx := patience(t)
	var added []core.NodeID
	for range 3 {
		id, err := c.AddMember(ctx)
		if err != nil {
			t.Fatal(err)
		}
		added = append(added, id)
	}
	history := workloads.NewHistory(1 << 20)
	load := workloads.Workload{Seed: 3, Reads: 0.5, Keys: 6, PayloadMinBytes: 16, PayloadMaxBytes: 16}
	driver, err := workloads.New(workloads.Config{
		Clients: 8, Duration: time.Minute, History: history, Generate: load.NewGenerator,
		Connect: func(_ int, done func([]*client.Op)) (workloads.Target, error) {
			return openClient(t, c, client.Config{Done: done}), nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	loaded, stop := context.WithCancel(ctx)
	replaced := make(chan error, 1)
	go func() {
		defer stop()
		replaced <- replaceAll(ctx, c, driver, added)
	}()
	if _, err := driver.Run(loaded); err != nil && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := <-replaced; err != nil {
		t.Fatal(err)
	}
	events, dropped := history.Events()
	if dropped > 0 {
		t.Fatalf("%d events are missing", dropped)
	}
	if err := linear.Check(events, time.Minute); err != nil {
		t.Fatalf("%d events: %v", len(events), err)
	}
}

// waitFor waits until so many operations have succeeded.
func waitFor(ctx context.Context, d *workloads.Driver, count uint64) error {
	for d.Progress().Succeeded < count {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		time.Sleep(time.Millisecond)
	}
	return nil
}

// The first append to a new member lies beyond the end of its log, and yet follows nothing
// that could be on its way: it is refused at once, also where appends overtake each other.
func TestNewMembersDoNotWaitForEarlierAppends(t *testing.T) {
	n := *network(t, inproc.Transport())
	n.Ordered = false
	c := start(t, cluster.Config{Nodes: 3, Network: &n, NewStateMachine: newStore, Node: fastNode()})
	ctx := patience(t)
	id, err := c.AddMember(ctx)
	if err == nil {
		err = c.Promote(ctx, id)
	}
	if err != nil {
		t.Fatal(err)
	}
	if held := c.Node(id).Stats().Reorders; held > 0 {
		t.Fatalf("%d appends waited for those before them", held)
	}
}

func TestMembersSurviveARestart(t *testing.T) {
	c := start(t, cluster.Config{Nodes: 3, Network: network(t, inproc.Transport()), NewStateMachine: newStore, Node: fastNode()})
	ctx := patience(t)
	id, err := c.AddMember(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(c.Promote(ctx, id), c.RemoveMember(ctx, 3), c.Kill(3)); err != nil {
		t.Fatal(err)
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
	leader, err := c.WaitLeader(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Node(leader).Members(); !cmp.Equal(got.Voters, []core.NodeID{1, 2, 4}) {
		t.Fatalf("%v", got)
	}
}

func TestChangesAreRefused(t *testing.T) {
	c := start(t, cluster.Config{Nodes: 3, Network: network(t, inproc.Transport()), NewStateMachine: newStore, Node: fastNode()})
	ctx := patience(t)
	leader, err := c.WaitLeader(ctx)
	if err != nil {
		t.Fatal(err)
	}
	follower := leader%3 + 1
	to := core.Configuration{Voters: []core.NodeID{1, 2}}
	if err := c.Node(follower).ChangeMembership(ctx, to); !errors.Is(err, raft.ErrNotLeader) {
		t.Fatalf("by a follower: %v", err)
	}
	if err := c.RemoveMember(ctx, 1); err != nil {
		t.Fatal(err)
	}
	if err := c.RemoveMember(ctx, 2); err != nil {
		t.Fatal(err)
	}
	if err := c.RemoveMember(ctx, 3); err == nil {
		t.Fatal("the last voter was removed")
	}
	for _, id := range []core.NodeID{0, 9} {
		if err := c.RemoveMember(ctx, id); err == nil {
			t.Fatalf("%v was removed", id)
		}
	}
	over, cancel := context.WithCancel(ctx)
	cancel()
	if err := c.Node(3).ChangeMembership(over, core.Configuration{Voters: []core.NodeID{3, 1}}); err == nil {
		t.Fatal("no error when the context had ended")
	}
}
