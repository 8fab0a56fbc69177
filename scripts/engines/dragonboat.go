package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/lni/dragonboat/v4"
	"github.com/lni/dragonboat/v4/config"
	"github.com/lni/dragonboat/v4/logger"
	"github.com/lni/dragonboat/v4/plugin/tan"
	"github.com/lni/dragonboat/v4/statemachine"
	"github.com/lni/vfs"

	"github.com/raftbench/raftbench/core/client"
	"github.com/raftbench/raftbench/workloads"
)

// dragonboatEngine is lni/dragonboat with its fastest log (tan), one shard, no
// snapshots while it is measured, and proposals without a session.
func dragonboatEngine() engine {
	return engine{
		name: "dragonboat", modules: []string{"github.com/lni/dragonboat/v4"},
		how:   "tan log, its own TCP transport, no-op sessions, one shard",
		start: startDragonboat,
	}
}

const shard = 1

// requestTimeout is how long an engine may take for a command.
const requestTimeout = 10 * time.Second

// boats is a running cluster.
type boats struct {
	hosts      []*dragonboat.NodeHost
	machines   []*tally
	leader     *dragonboat.NodeHost
	collectors []*collector
}

func startDragonboat(ctx context.Context, s setup) (cluster, error) {
	for _, name := range []string{"raft", "rsm", "transport", "dragonboat", "logdb", "tan", "config"} {
		logger.GetLogger(name).SetLevel(logger.CRITICAL) // a restart tells of every refused connection
	}
	b := new(boats)
	members := map[uint64]dragonboat.Target{}
	for i, address := range s.addresses {
		members[uint64(i+1)] = address
	}
	for i := range s.addresses {
		if err := b.startHost(s, i, members); err != nil {
			return nil, errors.Join(err, b.close())
		}
	}
	if err := b.findLeader(ctx); err != nil {
		return nil, errors.Join(err, b.close())
	}
	return b, nil
}

func (b *boats) startHost(s setup, i int, members map[uint64]dragonboat.Target) error {
	c := config.NodeHostConfig{
		NodeHostDir:    filepath.Join(s.dir, fmt.Sprintf("node-%d", i+1)),
		RTTMillisecond: 100, // the unit of the timeouts below: heartbeats as ours
		RaftAddress:    s.addresses[i],
	}
	c.Expert = config.GetDefaultExpertConfig()
	c.Expert.LogDBFactory = tan.Factory
	if s.dir == "" {
		c.NodeHostDir, c.Expert.FS = fmt.Sprintf("/node-%d", i+1), vfs.NewMem()
	}
	host, err := dragonboat.NewNodeHost(c)
	if err != nil {
		return fmt.Errorf("dragonboat: node %d: %w", i+1, err)
	}
	b.hosts = append(b.hosts, host)
	t := new(tally)
	b.machines = append(b.machines, t)
	create := func(uint64, uint64) statemachine.IStateMachine { return boatMachine{t} }
	return host.StartReplica(members, false, create, config.Config{
		ShardID: shard, ReplicaID: uint64(i + 1), HeartbeatRTT: 1, ElectionRTT: 10, CheckQuorum: true, PreVote: true,
	})
}

// findLeader waits until there is one and it takes proposals.
func (b *boats) findLeader(ctx context.Context) error {
	for {
		id, _, ok, err := b.hosts[0].GetLeaderID(shard)
		if err == nil && ok {
			b.leader = b.hosts[id-1]
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("dragonboat: no leader: %w", ctx.Err())
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func (b *boats) connect(done func([]*client.Op)) (workloads.Target, error) {
	session := b.leader.GetNoOPSession(shard)
	c := newCollector(func(command []byte) (future, error) {
		state, err := b.leader.Propose(session, command, requestTimeout) // which copies it
		return boatFuture{state}, err
	}, done)
	b.collectors = append(b.collectors, c)
	return c, nil
}

func (b *boats) tallies() []*tally { return b.machines }

func (b *boats) close() error {
	for _, c := range b.collectors {
		c.close()
	}
	for _, h := range b.hosts {
		h.Close()
	}
	return nil
}

// boatFuture is a future.
type boatFuture struct{ state *dragonboat.RequestState }

func (f boatFuture) ready() bool { return len(f.state.ResultC()) > 0 }

func (f boatFuture) wait() error {
	result := <-f.state.ResultC()
	defer f.state.Release()
	if !result.Completed() {
		return fmt.Errorf("dragonboat: proposal not completed: timeout %t, dropped %t, terminated %t",
			result.Timeout(), result.Dropped(), result.Terminated())
	}
	return nil
}

// boatMachine is a tally as dragonboat wants it.
type boatMachine struct{ tally *tally }

// Update implements statemachine.IStateMachine.
func (m boatMachine) Update(e statemachine.Entry) (statemachine.Result, error) {
	m.tally.each(1, func(int) []byte { return e.Cmd })
	return statemachine.Result{}, nil
}

// Lookup implements statemachine.IStateMachine.
func (m boatMachine) Lookup(any) (any, error) { return m.tally.read(), nil }

// SaveSnapshot implements statemachine.IStateMachine.
func (m boatMachine) SaveSnapshot(w io.Writer, _ statemachine.ISnapshotFileCollection, _ <-chan struct{}) error {
	return m.tally.WriteSnapshot(w)
}

// RecoverFromSnapshot implements statemachine.IStateMachine.
func (m boatMachine) RecoverFromSnapshot(r io.Reader, _ []statemachine.SnapshotFile, _ <-chan struct{}) error {
	return m.tally.ReadSnapshot(r)
}

// Close implements statemachine.IStateMachine.
func (m boatMachine) Close() error { return nil }
