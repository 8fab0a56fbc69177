package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/raft/v3/raftpb"

	"github.com/raftbench/raftbench/core/client"
	"github.com/raftbench/raftbench/scripts/engines/etcdraft"
	"github.com/raftbench/raftbench/workloads"
)

// etcdEngine is etcd's Raft library and write-ahead log, with the driver in package
// etcdraft. It is version 3.6 of the library: 3.7 has replaced its fast encoding.
func etcdEngine() engine {
	return engine{
		name: "etcd-raft", modules: []string{"go.etcd.io/raft/v3", "go.etcd.io/etcd/server/v3"},
		how:   "etcd's log, a driver that paces batches, plain TCP",
		start: startEtcd,
	}
}

// etcds is a running cluster.
type etcds struct {
	nodes    []*etcdraft.Node
	leader   *etcdraft.Node // when the cluster had started
	machines []*tally
}

func startEtcd(ctx context.Context, s setup) (cluster, error) {
	c := new(etcds)
	for i := range s.addresses {
		t := new(tally)
		config := etcdraft.Config{ID: uint64(i + 1), Addresses: s.addresses, Apply: func(entries []raftpb.Entry) {
			t.each(len(entries), func(i int) []byte { return entries[i].Data })
		}}
		if s.dir != "" {
			folder := filepath.Join(s.dir, fmt.Sprintf("node-%d", i+1))
			config.Dir = filepath.Join(folder, "wal")
			if err := os.MkdirAll(folder, 0o700); err != nil {
				return nil, errors.Join(err, c.close())
			}
		}
		n, err := etcdraft.Start(config)
		if err != nil {
			return nil, errors.Join(err, c.close())
		}
		c.nodes, c.machines = append(c.nodes, n), append(c.machines, t)
	}
	for c.leader = c.findLeader(); c.leader == nil; c.leader = c.findLeader() {
		select {
		case <-ctx.Done():
			return nil, errors.Join(fmt.Errorf("etcd raft: no leader: %w", ctx.Err()), c.close())
		case <-time.After(10 * time.Millisecond):
		}
	}
	return c, nil
}

func (c *etcds) findLeader() *etcdraft.Node {
	for i, n := range c.nodes {
		if n.Leader() == uint64(i+1) {
			return n
		}
	}
	return nil
}

func (c *etcds) connect(done func([]*client.Op)) (workloads.Target, error) {
	return c.leader.Client(done), nil
}

func (c *etcds) tallies() []*tally { return c.machines }

func (c *etcds) close() error {
	var errs []error
	for _, n := range c.nodes {
		errs = append(errs, n.Close())
	}
	return errors.Join(errs...)
}
