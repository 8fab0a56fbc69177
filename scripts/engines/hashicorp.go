package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"
	raftwal "github.com/hashicorp/raft-wal"
	"github.com/hashicorp/raft-wal/metadb"

	"github.com/raftbench/raftbench/core/client"
	"github.com/raftbench/raftbench/workloads"
)

// hashicorpEngine is hashicorp/raft with the log that its authors made for it, behind
// its cache, and the largest batches that it allows.
func hashicorpEngine() engine {
	return engine{
		name: "hashicorp-raft", modules: []string{"github.com/hashicorp/raft", "github.com/hashicorp/raft-wal"},
		how:   "raft-wal behind LogCache, its own TCP transport, MaxAppendEntries 1024, BatchApplyCh, ApplyBatch",
		start: startHashicorp,
	}
}

// hashiNode is one node.
type hashiNode struct {
	raft      *raft.Raft
	transport *raft.NetworkTransport
	log       io.Closer // nil: in memory
	machine   *hashiMachine
}

// hashicorps is a running cluster.
type hashicorps struct {
	nodes      []*hashiNode
	leader     *hashiNode // when the cluster had started
	collectors []*collector
}

func startHashicorp(ctx context.Context, s setup) (cluster, error) {
	h := new(hashicorps)
	for i := range s.addresses {
		n, err := startHashiNode(s, i)
		if err != nil {
			return nil, errors.Join(err, h.close())
		}
		h.nodes = append(h.nodes, n)
	}
	for h.leader = h.findLeader(); h.leader == nil; h.leader = h.findLeader() {
		select {
		case <-ctx.Done():
			return nil, errors.Join(fmt.Errorf("hashicorp/raft: no leader: %w", ctx.Err()), h.close())
		case <-time.After(10 * time.Millisecond):
		}
	}
	return h, nil
}

func startHashiNode(s setup, i int) (*hashiNode, error) {
	n := &hashiNode{machine: new(hashiMachine)}
	var err error
	n.transport, err = raft.NewTCPTransportWithConfig(s.addresses[i], nil, &raft.NetworkTransportConfig{
		MaxPool: 3, Timeout: requestTimeout, Logger: hclog.NewNullLogger(),
	})
	if err != nil {
		return nil, fmt.Errorf("hashicorp/raft: node %d: %w", i+1, err)
	}
	logs, stable, err := n.openLog(s.dir, i)
	if err != nil {
		return nil, errors.Join(err, n.transport.Close())
	}
	config := raft.DefaultConfig()
	config.LocalID = raft.ServerID(fmt.Sprint(i + 1))
	config.Logger = hclog.NewNullLogger()
	config.MaxAppendEntries, config.BatchApplyCh = 1024, true // the most that is allowed
	config.SnapshotThreshold = 1 << 40                        // none while it is measured
	snapshots := raft.NewDiscardSnapshotStore()
	known, err := raft.HasExistingState(logs, stable, snapshots)
	if err == nil && !known {
		err = raft.BootstrapCluster(config, logs, stable, snapshots, n.transport, hashiMembers(s))
	}
	if err == nil {
		n.raft, err = raft.NewRaft(config, n.machine, logs, stable, snapshots, n.transport)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("hashicorp/raft: node %d: %w", i+1, err), n.close())
	}
	return n, nil
}

// cachedEntries is how many of the newest entries the leader reads from memory: enough
// for the largest batch many times over.
const cachedEntries = 1 << 15

func (n *hashiNode) openLog(dir string, i int) (raft.LogStore, raft.StableStore, error) {
	if dir == "" {
		store := raft.NewInmemStore()
		return store, store, nil
	}
	dir = filepath.Join(dir, fmt.Sprintf("node-%d", i+1))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, nil, err
	}
	meta := new(metadb.BoltMetaDB)
	log, err := raftwal.Open(dir, raftwal.WithLogger(hclog.NewNullLogger()), raftwal.WithMetaStore(meta))
	if err != nil {
		return nil, nil, err
	}
	n.log = hashiLog{log, meta}
	cache, err := raft.NewLogCache(cachedEntries, log)
	return cache, log, err
}

// hashiLog closes both parts of a log: the log leaves its database open, and locked.
type hashiLog struct{ log, meta io.Closer }

// Close implements io.Closer.
func (l hashiLog) Close() error { return errors.Join(l.log.Close(), l.meta.Close()) }

func hashiMembers(s setup) raft.Configuration {
	var c raft.Configuration
	for i, address := range s.addresses {
		c.Servers = append(c.Servers, raft.Server{ID: raft.ServerID(fmt.Sprint(i + 1)), Address: raft.ServerAddress(address)})
	}
	return c
}

func (h *hashicorps) findLeader() *hashiNode {
	for _, n := range h.nodes {
		if n.raft.State() == raft.Leader {
			return n
		}
	}
	return nil
}

func (h *hashicorps) connect(done func([]*client.Op)) (workloads.Target, error) {
	leader := h.leader
	proposed := leader.machine.commands.Load()
	c := newCollector(func(command []byte) (future, error) {
		proposed++
		// The log keeps the command.
		return hashiFuture{leader.raft.Apply(slices.Clone(command), 0), leader.machine, proposed}, nil
	}, done)
	h.collectors = append(h.collectors, c)
	return c, nil
}

func (h *hashicorps) tallies() []*tally {
	var list []*tally
	for _, n := range h.nodes {
		list = append(list, &n.machine.tally)
	}
	return list
}

func (h *hashicorps) close() error {
	var errs []error
	for _, n := range h.nodes {
		if n.raft != nil {
			errs = append(errs, n.raft.Shutdown().Error())
		}
	}
	for _, c := range h.collectors {
		c.close()
	}
	for _, n := range h.nodes {
		errs = append(errs, n.close())
	}
	return errors.Join(errs...)
}

func (n *hashiNode) close() error {
	err := n.transport.Close()
	if n.log != nil {
		err = errors.Join(err, n.log.Close())
	}
	return err
}

// hashiFuture is a future. It knows that it is ready from how many commands the leader
// has applied, since a raft.ApplyFuture can only be waited for: with one submitter,
// the n-th proposal is the n-th command.
type hashiFuture struct {
	raft.ApplyFuture
	machine *hashiMachine
	number  uint64
}

func (f hashiFuture) ready() bool { return f.machine.commands.Load() >= f.number }
func (f hashiFuture) wait() error { return f.Error() }

// hashiMachine is a tally as hashicorp/raft wants it.
type hashiMachine struct {
	tally    tally
	commands atomic.Uint64 // applied
}

// ApplyBatch implements raft.BatchingFSM.
func (m *hashiMachine) ApplyBatch(logs []*raft.Log) []any {
	commands := slices.DeleteFunc(slices.Clone(logs), func(l *raft.Log) bool { return l.Type != raft.LogCommand })
	m.tally.each(len(commands), func(i int) []byte { return commands[i].Data })
	m.commands.Add(uint64(len(commands)))
	return make([]any, len(logs))
}

// Apply implements raft.FSM.
func (m *hashiMachine) Apply(l *raft.Log) any { return m.ApplyBatch([]*raft.Log{l})[0] }

// errNoSnapshots: they are out of the question here.
var errNoSnapshots = errors.New("no snapshots while an engine is measured")

// Snapshot implements raft.FSM.
func (m *hashiMachine) Snapshot() (raft.FSMSnapshot, error) { return nil, errNoSnapshots }

// Restore implements raft.FSM.
func (m *hashiMachine) Restore(io.ReadCloser) error { return errNoSnapshots }
