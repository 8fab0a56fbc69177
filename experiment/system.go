package experiment

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/batch"
	"github.com/raftbench/raftbench/core/client"
	"github.com/raftbench/raftbench/core/cluster"
	"github.com/raftbench/raftbench/core/node"
	"github.com/raftbench/raftbench/workloads"
)

// Layer says how much is between a client's operation and its result.
type Layer string

// The layers.
const (
	// LayerRaft: client, leader, followers, commit, apply, client.
	LayerRaft Layer = "raft"
	// LayerEcho: one round trip of a Raft-shaped message, without consensus.
	LayerEcho Layer = "echo"
)

// system is what a replicate measures.
type system interface {
	// connect opens the link of one of the driver's workers, whose clients wait for
	// so many operations at once; zero in an open loop.
	connect(callers int, done func([]*client.Op)) (workloads.Target, error)

	traffic() cluster.Traffic
	leaderships() []cluster.Leadership
	count() counters
	distributions() []batch.Distribution

	// close stops everything, the links first.
	close() error
}

// newSystem starts what an arm asks for.
func (r *replicate) newSystem(ctx context.Context, network *core.Network) (system, error) {
	if r.settings.Layer == LayerEcho {
		echo, err := cluster.StartEcho(cluster.EchoConfig{
			Network: network, Timeouts: r.settings.Timeouts, Port: r.settings.BasePort,
		})
		return &echoSystem{echo: echo, settings: r.settings}, err
	}
	config := node.Config{Batch: r.arm.Batch, Pipeline: r.arm.Pipeline, Callers: r.arm.Clients, Seed: r.seed,
		FollowerReads: r.settings.readFromFollowers() != ""}
	r.settings.Times.withDefaults().configure(&config, r.settings.ReadMode == ReadLease)
	snapshots, err := r.settings.Snapshots.config()
	if err != nil {
		return nil, err
	}
	s := &raftSystem{settings: r.settings, arm: &r.arm}
	config.Snapshot, config.Cluster, config.OnWarning = snapshots, r.seed, s.notes.add
	var open func(core.NodeID) (core.Storage, error) // nil: in memory
	if r.arm.Storage.Kind == StorageWAL {
		if s.logs, err = newLogs(r.settings.Data, r.name, r.arm.Storage, r.seed, s.notes.add); err != nil {
			return nil, err
		}
		open = s.logs.storage
	}
	s.cluster, err = cluster.Start(ctx, cluster.Config{
		Nodes:           r.arm.Nodes,
		Network:         network,
		NewStateMachine: func() core.StateMachine { return r.arm.Machine.open(r.settings.Keys) },
		OpenStorage:     open,
		Node:            config,
		BasePort:        r.settings.BasePort,
		Timeouts:        r.settings.Timeouts,
	})
	if err != nil {
		return nil, errors.Join(err, s.logs.close())
	}
	return s, nil
}

// raftSystem is a cluster and its clients.
type raftSystem struct {
	settings *Settings
	arm      *Arm
	cluster  *cluster.Cluster
	logs     *logs // on disk; nil: in memory
	clients  []*client.Client
	notes    notes

	mu      sync.Mutex
	retired []*node.Node // killed: what they counted still counts
}

// retire keeps a node that is going to be killed.
func (s *raftSystem) retire(id core.NodeID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := s.cluster.Node(id); n != nil && !slices.Contains(s.retired, n) {
		s.retired = append(s.retired, n)
	}
}

// nodes are those that are up and those that were killed.
func (s *raftSystem) nodes() []*node.Node {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := slices.Clone(s.retired)
	for _, id := range s.cluster.IDs() {
		if n := s.cluster.Node(id); n != nil && !slices.Contains(list, n) {
			list = append(list, n)
		}
	}
	return list
}

// failures are those of nodes whose storage failed.
func (s *raftSystem) failures() error {
	var errs []error
	for _, n := range s.nodes() {
		if st := n.Status(); st.Err != nil {
			errs = append(errs, fmt.Errorf("%v: %w", st.ID, st.Err))
		}
	}
	return errors.Join(errs...)
}

// breakers are the states of all circuit breakers of nodes that are up, and of the
// clients.
func (s *raftSystem) breakers() map[breakerLink]core.BreakerState {
	states := map[breakerLink]core.BreakerState{}
	add := func(from string, t core.Transport) {
		if m, ok := t.(core.Meter); ok {
			for _, p := range m.Stats().Peers {
				states[breakerLink{from, p.Peer}] = p.Breaker
			}
		}
	}
	for _, id := range s.cluster.IDs() {
		if n := s.cluster.Node(id); n != nil {
			add(id.String(), n.Transport())
		}
	}
	for i, cl := range s.clients {
		for j, t := range cl.Transports() {
			name := fmt.Sprintf("client %d", i+1)
			if j > 0 {
				name += ", hedges"
			}
			add(name, t)
		}
	}
	return states
}

func (s *raftSystem) connect(callers int, done func([]*client.Op)) (workloads.Target, error) {
	c, err := s.cluster.Client(client.Config{
		Batch:        s.arm.Batch,
		Depth:        s.arm.Pipeline,
		ReadTimeout:  s.settings.timeout(true),
		WriteTimeout: s.settings.timeout(false),
		Sessions:     s.arm.Machine.Sessions > 0,
		ReadFrom:     s.settings.ReadFrom,
		Retry:        s.settings.Retry,
		Hedge:        s.settings.Hedge,
		Callers:      callers,

		// The driver bounds what is under way, and refuses before it makes an operation.
		MaxQueuedOps:   math.MaxInt,
		MaxQueuedBytes: math.MaxInt,

		ReadBytes:   s.arm.readBytes(),
		SampleEvery: s.arm.sampling(),
		Done:        done,
	})
	if err != nil {
		return nil, fmt.Errorf("open client: %w", err)
	}
	s.clients = append(s.clients, c)
	return c, nil
}

func (s *raftSystem) traffic() cluster.Traffic          { return s.cluster.Traffic() }
func (s *raftSystem) leaderships() []cluster.Leadership { return s.cluster.Leaderships() }

func (s *raftSystem) close() error {
	var errs []error
	for _, c := range s.clients {
		errs = append(errs, c.Close())
	}
	return errors.Join(append(errs, s.cluster.Close(), s.logs.close())...)
}

// echoSystem is a server that answers at once, and its clients.
type echoSystem struct {
	settings *Settings
	echo     *cluster.Echo
	clients  []*cluster.EchoClient
}

func (s *echoSystem) connect(_ int, done func([]*client.Op)) (workloads.Target, error) {
	c, err := s.echo.Client(s.settings.timeout(false), done)
	if err != nil {
		return nil, fmt.Errorf("open client: %w", err)
	}
	s.clients = append(s.clients, c)
	return c, nil
}

func (s *echoSystem) traffic() cluster.Traffic            { return s.echo.Traffic() }
func (s *echoSystem) leaderships() []cluster.Leadership   { return nil }
func (s *echoSystem) distributions() []batch.Distribution { return nil }

func (s *echoSystem) count() counters {
	c := counters{"connections_unaccepted": s.echo.Unaccepted()}
	c.addTransport(s.echo.Server())
	for _, cl := range s.clients {
		c.addTransport(cl.Transport())
	}
	return c
}

func (s *echoSystem) close() error {
	var errs []error
	for _, c := range s.clients {
		errs = append(errs, c.Close())
	}
	return errors.Join(append(errs, s.echo.Close())...)
}
