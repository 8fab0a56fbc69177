package transports_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/client"
	"github.com/raftbench/raftbench/core/cluster"
	"github.com/raftbench/raftbench/core/node"
	"github.com/raftbench/raftbench/transports"
	"github.com/raftbench/raftbench/workloads"
	"github.com/raftbench/raftbench/workloads/kv"
	"github.com/raftbench/raftbench/workloads/linear"
)

// house is a cluster of three nodes with kv machines, whose elections are quick.
type house struct {
	*cluster.Cluster
	link     client.Config // of its clients; Done and Timeout are filled in
	calm     bool          // nobody stands for election because the machine is busy
	mu       sync.Mutex
	machines []*kv.Machine
}

// eachVariant runs a test on every transport of the table, in the profiles and
// modes that order requests differently.
func eachVariant(t *testing.T, test func(t *testing.T, network *core.Network)) {
	specs, err := transports.ParseList(transports.All(), "all,all:stock,rawtcp:conns=0,rawtcp:conns=4,rawtcp:io=gnet:sock=unix,grpc:conns=0")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range specs {
		t.Run(s.Label, func(t *testing.T) {
			defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
			network, err := s.Named.New(s.Options)
			if err != nil {
				t.Fatal(err)
			}
			test(t, network)
		})
	}
}

func build(t *testing.T, network *core.Network) *house {
	t.Helper()
	h := new(house)
	h.start(t, network, h.newMachine)
	return h
}

func (h *house) newMachine() core.StateMachine {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.machines = append(h.machines, kv.New(0))
	return h.machines[len(h.machines)-1]
}

// buildOf is build with state machines of another kind.
func buildOf(t *testing.T, network *core.Network, machine func() core.StateMachine) *house {
	t.Helper()
	h := new(house)
	h.start(t, network, machine)
	return h
}

func (h *house) start(t *testing.T, network *core.Network, machine func() core.StateMachine) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	config := node.Config{Tick: 10 * time.Millisecond, Snapshot: node.SnapshotConfig{Entries: 500}}
	if h.calm {
		config.ElectionTicks = 300 // and not more: a first election that fails is repeated after that
	}
	var err error
	h.Cluster, err = cluster.Start(ctx, cluster.Config{Nodes: 3, Network: network, NewStateMachine: machine, Node: config})
	if err != nil {
		t.Fatal(err)
	}
}

func (h *house) client(t *testing.T, done func([]*client.Op)) *client.Client {
	t.Helper()
	config := h.link
	config.Done, config.Timeout = done, 20*time.Second
	c, err := h.Client(config)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// A leader is killed under load, twice, and comes back: every write that was
// acknowledged is found afterwards.
func TestAcknowledgedWritesSurviveTheLeader(t *testing.T) {
	eachVariant(t, func(t *testing.T, network *core.Network) {
		h := build(t, network)
		c := h.client(t, func([]*client.Op) {})
		acknowledged := h.writeWhileLeadersDie(t, c)
		if len(acknowledged) < 300 {
			t.Errorf("only %d writes were acknowledged", len(acknowledged))
		}
		for _, key := range acknowledged {
			if value, err := get(c, key); err != nil || value != key {
				t.Fatalf("acknowledged write of %q: read %q, %v", key, value, err)
			}
		}
		if err := errors.Join(c.Close(), h.Close()); err != nil {
			t.Fatal(err)
		}
	})
}

// writeWhileLeadersDie returns the keys whose writes were acknowledged.
func (h *house) writeWhileLeadersDie(t *testing.T, c *client.Client) []string {
	var (
		mu     sync.Mutex
		keys   []string
		count  atomic.Int64
		stop   atomic.Bool
		others sync.WaitGroup
	)
	for writer := range 8 {
		others.Go(func() {
			for i := 0; !stop.Load(); i++ {
				key := fmt.Sprintf("%d/%d", writer, i)
				op := &client.Op{Command: kv.AppendPut(nil, []byte(key), []byte(key))}
				if c.Do(context.Background(), op) == nil {
					mu.Lock()
					keys = append(keys, key)
					mu.Unlock()
					count.Add(1)
				}
			}
		})
	}
	for range 2 {
		h.waitFor(t, &count, 150)
		old := h.Leader()
		if err := h.Kill(old); err != nil {
			t.Error(err)
		}
		h.waitFor(t, &count, 150) // without it
		if err := h.Restart(old); err != nil {
			t.Error(err)
		}
	}
	stop.Store(true)
	others.Wait()
	return keys
}

// waitFor waits until count has grown by n.
func (h *house) waitFor(t *testing.T, count *atomic.Int64, n int64) {
	t.Helper()
	until := count.Load() + n
	deadline := time.Now().Add(60 * time.Second)
	for count.Load() < until {
		if time.Now().After(deadline) {
			t.Errorf("%d operations done, waited for %d", count.Load(), until)
			return
		}
		time.Sleep(time.Millisecond)
	}
}

func get(c *client.Client, key string) (string, error) {
	op := &client.Op{Read: true, Command: kv.AppendGet(nil, []byte(key))}
	if err := c.Do(context.Background(), op); err != nil {
		return "", err
	}
	status, value, ok := kv.ParseResult(op.Result)
	if !ok || status != kv.StatusOK {
		return "", fmt.Errorf("status %v", status)
	}
	return string(value), nil
}

// What clients see while a leader dies could have come from one machine.
func TestHistoryIsLinearizable(t *testing.T) {
	eachVariant(t, func(t *testing.T, network *core.Network) {
		h := build(t, network)
		history := workloads.NewHistory(1 << 20)
		driver, clients := h.driver(t, workloads.Config{Clients: 12, Operations: 3000, History: history},
			workloads.Workload{Seed: 7, Reads: 0.5, Keys: 6, PayloadMinBytes: 16, PayloadMaxBytes: 16})
		killed := make(chan error, 1)
		go func() {
			for driver.Progress().Succeeded < 500 {
				time.Sleep(time.Millisecond)
			}
			killed <- h.Kill(h.Leader())
		}()
		if _, err := driver.Run(context.Background()); err != nil {
			t.Error(err)
		}
		if err := errors.Join(<-killed, clients(), h.Close()); err != nil {
			t.Fatal(err)
		}
		events, dropped := history.Events()
		if len(events) < 3000 || dropped > 0 {
			t.Fatalf("the history has %d events, %d are missing", len(events), dropped)
		}
		if err := linear.Check(events, time.Minute); err != nil {
			t.Fatal(err)
		}
	})
}

// driver makes a driver of the cluster, and a function that closes its clients.
func (h *house) driver(t *testing.T, c workloads.Config, w workloads.Workload) (*workloads.Driver, func() error) {
	t.Helper()
	var clients []*client.Client
	if c.Generate == nil {
		c.Generate = w.NewGenerator
	}
	c.Connect = func(_ int, done func([]*client.Op)) (workloads.Target, error) {
		clients = append(clients, h.client(t, done))
		return clients[len(clients)-1], nil
	}
	d, err := workloads.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return d, func() error {
		var errs []error
		for _, cl := range clients {
			errs = append(errs, cl.Close())
		}
		return errors.Join(errs...)
	}
}

// The same workload leaves the same state on every node, whatever carries it.
func TestSameWorkloadSameState(t *testing.T) {
	sums := map[[sha256.Size]byte][]string{}
	eachVariant(t, func(t *testing.T, network *core.Network) {
		h := &house{calm: true} // what an election interrupts may be done, and is not counted as such
		h.start(t, network, h.newMachine)
		driver, clients := h.driver(t, workloads.Config{Clients: 1, Operations: 1200},
			workloads.Workload{Seed: 42, Keys: 100, ZipfExponent: 0.9, PayloadMinBytes: 1, PayloadMaxBytes: 200})
		m, err := driver.Run(context.Background())
		if err != nil {
			t.Error(err)
		}
		if total := m.Window.Total(); total.Succeeded != 1200 {
			t.Errorf("%d of 1200 operations succeeded: %v", total.Succeeded, total.Errors)
		}
		h.settle(t)
		if err := errors.Join(clients(), h.Close()); err != nil {
			t.Fatal(err)
		}
		for _, m := range h.machines {
			sums[m.Sum()] = append(sums[m.Sum()], t.Name())
		}
	})
	if len(sums) != 1 {
		t.Fatalf("the nodes ended in %d different states: %v", len(sums), sums)
	}
}

// settle waits until all nodes have applied what the leader has.
func (h *house) settle(t *testing.T) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for {
		behind := false
		want := h.Node(h.Leader()).Status().Last
		for _, id := range h.IDs() {
			behind = behind || h.Node(id).Status().Applied < want
		}
		if !behind {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("a node has not applied entry %d", want)
		}
		time.Sleep(time.Millisecond)
	}
}
