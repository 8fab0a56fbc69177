package cluster_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/client"
	"github.com/raftbench/raftbench/core/cluster"
	"github.com/raftbench/raftbench/core/node"
	"github.com/raftbench/raftbench/core/wal"
	"github.com/raftbench/raftbench/transports/rawtcp"
	"github.com/raftbench/raftbench/workloads"
	"github.com/raftbench/raftbench/workloads/kv"
)

// BenchmarkCommitWhileSnapshotIsSent measures how long commits take while a snapshot of
// 1 GiB is sent to a new member, and without that, in turns: a round is a window
// without, a member that joins, a window while it is sent the snapshot, and the end of
// the member. Three nodes with their logs on one disk, synced. With -short the state has
// 64 MiB.
//
//	go test -run '^$' -bench CommitWhileSnapshotIsSent -benchtime 5x -timeout 60m ./core/cluster
//
// It reports medians over the rounds: p99 without and with, and of the rounds' ratios.
func BenchmarkCommitWhileSnapshotIsSent(b *testing.B) {
	for name, load := range map[string]workloads.Config{
		"rate=2000":  {Schedule: rate(2000)},
		"clients=64": {Clients: 64},
	} {
		b.Run(name, func(b *testing.B) { benchmarkSnapshot(b, load, node.DefaultSnapshotRate) })
	}
}

// BenchmarkSnapshotRate is the same for other bounds of SnapshotConfig.BytesPerSecond.
func BenchmarkSnapshotRate(b *testing.B) {
	for _, perSecond := range []int{64 << 20, 256 << 20, -1} {
		b.Run(fmt.Sprintf("MiB=%d", perSecond>>20), func(b *testing.B) {
			benchmarkSnapshot(b, workloads.Config{Clients: 64}, perSecond)
		})
	}
}

func rate(perSecond float64) *workloads.Schedule {
	s := workloads.Rate(perSecond)
	return &s
}

const (
	ballastBytes = 4 << 10
	windowLength = 4 * time.Second
)

// sending is a cluster with a large state.
type sending struct {
	*cluster.Cluster
	b     *testing.B
	logs  string
	state int // bytes
}

func benchmarkSnapshot(b *testing.B, load workloads.Config, perSecond int) {
	s := &sending{b: b, logs: b.TempDir(), state: 1 << 30}
	if testing.Short() {
		s.state = 64 << 20
	}
	s.Cluster = start(b, cluster.Config{
		Nodes: 3, Network: network(b, rawtcp.Transport()),
		NewStateMachine: func() core.StateMachine { return kv.New(0) },
		OpenStorage:     s.open,
		Node:            node.Config{Snapshot: node.SnapshotConfig{BytesPerSecond: perSecond, Bytes: s.state / 10 * 9}},
	})
	s.fill()
	var without, with, ratio []float64
	for b.Loop() {
		alone := s.window(load)
		id, err := s.AddMember(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		busy := s.window(load)
		if s.Node(id).Stats().Installs > 0 {
			b.Logf("the snapshot had arrived before the window ended")
		}
		s.waitFor("the new member", func() bool { return s.Node(id).Status().Applied > 0 })
		if err := errors.Join(s.RemoveMember(b.Context(), id), s.Kill(id)); err != nil {
			b.Fatal(err)
		}
		without, with, ratio = append(without, alone), append(with, busy), append(ratio, busy/alone)
		b.Logf("p99 %.0f us without, %.0f us with", alone, busy)
	}
	b.ReportMetric(median(without), "p99-without-us")
	b.ReportMetric(median(with), "p99-with-us")
	b.ReportMetric(median(ratio), "p99-ratio")
}

func median(list []float64) float64 {
	list = slices.Sorted(slices.Values(list))
	return list[len(list)/2]
}

func (s *sending) open(id core.NodeID) (core.Storage, error) {
	return wal.Open(wal.Options{Dir: filepath.Join(s.logs, id.String()), Identity: wal.Identity{Node: id}})
}

// fill puts the state in, and then once more, and waits until every node has a snapshot of
// all of it. The next one is far away then: none is taken while anything is measured.
func (s *sending) fill() {
	keys := s.state / ballastBytes
	s.put(0, keys)
	full := s.Node(s.Leader()).Status().Last
	s.put(0, keys)
	s.waitFor("snapshots", func() bool {
		return !slices.ContainsFunc(s.IDs(), func(id core.NodeID) bool { return s.Node(id).Status().Snapshot < full })
	})
}

// put puts keys, a few hundred at a time.
func (s *sending) put(from, to int) {
	underWay := make(chan bool, 256)
	var failed atomic.Pointer[client.Op]
	cl, err := s.Client(client.Config{Timeout: time.Minute, Done: func(ops []*client.Op) {
		for _, op := range ops {
			if op.Err != nil {
				failed.Store(op)
			}
			<-underWay
		}
	}})
	if err != nil {
		s.b.Fatal(err)
	}
	value := make([]byte, ballastBytes)
	for i := from; i < to; i++ {
		underWay <- true
		cl.Submit([]*client.Op{{Command: kv.AppendPut(nil, fmt.Appendf(nil, "ballast %d", i), value)}})
	}
	for range cap(underWay) {
		underWay <- true
	}
	if err := cl.Close(); err != nil {
		s.b.Fatal(err)
	}
	if op := failed.Load(); op != nil {
		s.b.Fatal(op.Err)
	}
}

func (s *sending) waitFor(what string, done func() bool) {
	for deadline := time.Now().Add(10 * time.Minute); !done(); {
		if time.Now().After(deadline) {
			s.b.Fatalf("waited too long for %s", what)
		}
		time.Sleep(time.Millisecond)
	}
}

// window drives the cluster for a while and returns p99 of the response, in us.
func (s *sending) window(load workloads.Config) float64 {
	var clients []*client.Client
	load.Generate = (&workloads.Workload{Seed: 1, Keys: 10_000, PayloadMinBytes: 16, PayloadMaxBytes: 16}).NewGenerator
	load.Warmup, load.Duration = 500*time.Millisecond, windowLength
	load.Connect = func(_ int, done func([]*client.Op)) (workloads.Target, error) {
		cl, err := s.Client(client.Config{Timeout: 20 * time.Second, Done: done})
		clients = append(clients, cl)
		return cl, err
	}
	d, err := workloads.New(load)
	if err != nil {
		s.b.Fatal(err)
	}
	m, err := d.Run(context.Background())
	for _, cl := range clients {
		err = errors.Join(err, cl.Close())
	}
	if err != nil {
		s.b.Fatal(err)
	}
	total := m.Window.Total()
	return float64(total.Response.ValueAtPercentile(99)) / 1e3
}
