package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/batch"
	"github.com/raftbench/raftbench/core/client"
	raftcluster "github.com/raftbench/raftbench/core/cluster"
	"github.com/raftbench/raftbench/core/node"
	"github.com/raftbench/raftbench/core/wal"
	"github.com/raftbench/raftbench/transports/inproc"
	"github.com/raftbench/raftbench/transports/rawtcp"
	"github.com/raftbench/raftbench/workloads"
)

// raftbenchLocal is our Raft as the others are measured: clients in the leader's
// process propose by function calls, nodes speak TCP.
func raftbenchLocal() engine {
	return engine{
		name: "raftbench", how: "core/node, core/wal, rawtcp; batches up to 64 KiB; clients propose in the leader's process",
		start: func(ctx context.Context, s setup) (cluster, error) {
			network, err := localClients()
			if err != nil {
				return nil, err
			}
			return startRaftbench(ctx, s, network, batch.Config{SizeBytes: largeBatchBytes})
		},
	}
}

// largeBatchBytes is enough for all that 1,024 clients have under way; the default of
// 16 KiB cuts that in two. The other engines have no such limit or a larger one.
const largeBatchBytes = 64 << 10

// raftbenchTCP is our Raft as raftbench run measures it: with its defaults, and clients
// that speak TCP to the leader, which is two more messages on the wire for each batch.
func raftbenchTCP() engine {
	return engine{
		name: "raftbench+tcp-clients", how: "the same with batches up to 16 KiB; clients reach the leader over TCP, as no other engine's do here",
		start: func(ctx context.Context, s setup) (cluster, error) {
			network, err := tuned(rawtcp.Transport())
			if err != nil {
				return nil, err
			}
			return startRaftbench(ctx, s, network, batch.Config{})
		},
	}
}

// tuned makes the network of a transport in its profile tuned.
func tuned(t core.NamedTransport) (*core.Network, error) {
	options, err := t.ParseOptions(nil)
	if err != nil {
		return nil, err
	}
	return t.New(options)
}

// localClients is rawtcp between nodes and inproc between clients and nodes.
func localClients() (*core.Network, error) {
	remote, err := tuned(rawtcp.Transport())
	if err != nil {
		return nil, err
	}
	local, err := tuned(inproc.Transport())
	if err != nil {
		return nil, err
	}
	network := *remote
	network.Open = func(ep core.Endpoint) (core.Transport, error) {
		near, err := local.Open(ep)
		if err != nil || ep.Listener == nil {
			return near, err
		}
		far, err := remote.Open(ep)
		if err != nil {
			return nil, errors.Join(err, near.Close())
		}
		return &twoWays{Transport: far, near: near}, nil
	}
	return &network, nil
}

// twoWays is a node's transport: it calls its peers over one, and answers clients over
// another.
type twoWays struct {
	core.Transport // to the peers
	near           core.Transport
}

// Reply implements core.Transport.
func (t *twoWays) Reply(requests []*core.Incoming) {
	isClients := func(in *core.Incoming) bool { return in.Request.Kind() == core.KindPropose }
	if !slices.ContainsFunc(requests, isClients) {
		t.Transport.Reply(requests)
		return
	}
	var near, far []*core.Incoming
	for _, in := range requests {
		if isClients(in) {
			near = append(near, in)
		} else {
			far = append(far, in)
		}
	}
	t.near.Reply(near)
	if len(far) > 0 {
		t.Transport.Reply(far)
	}
}

// Close implements core.Transport.
func (t *twoWays) Close() error { return errors.Join(t.near.Close(), t.Transport.Close()) }

// raftbenchCluster is a running one.
type raftbenchCluster struct {
	cluster *raftcluster.Cluster
	setup   setup
	batch   batch.Config
	clients []*client.Client

	mu       sync.Mutex
	machines []*tally
}

func startRaftbench(ctx context.Context, s setup, network *core.Network, b batch.Config) (cluster, error) {
	c := &raftbenchCluster{setup: s, batch: b}
	config := raftcluster.Config{
		Nodes: nodes, Network: network, NewStateMachine: c.newMachine,
		Node: node.Config{Batch: b, Callers: s.clients, Seed: s.seed},
	}
	if s.dir != "" {
		config.OpenStorage = c.openLog
	}
	var err error
	c.cluster, err = raftcluster.Start(ctx, config)
	return c, err
}

func (c *raftbenchCluster) newMachine() core.StateMachine {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := new(tally)
	c.machines = append(c.machines, t)
	return t
}

// identity is the same for all clusters: each has its own directory.
const identity = 0x656e67696e6573

func (c *raftbenchCluster) openLog(id core.NodeID) (core.Storage, error) {
	return wal.Open(wal.Options{
		Dir:      filepath.Join(c.setup.dir, fmt.Sprintf("node-%d", id)),
		Identity: wal.Identity{Cluster: identity, Node: id},
	})
}

func (c *raftbenchCluster) connect(done func([]*client.Op)) (workloads.Target, error) {
	cl, err := c.cluster.Client(client.Config{Batch: c.batch, Callers: c.setup.clients, Done: done})
	if err != nil {
		return nil, err
	}
	c.clients = append(c.clients, cl)
	return cl, nil
}

func (c *raftbenchCluster) tallies() []*tally {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.machines)
}

func (c *raftbenchCluster) close() error {
	var errs []error
	for _, cl := range c.clients {
		errs = append(errs, cl.Close())
	}
	return errors.Join(append(errs, c.cluster.Close())...)
}
