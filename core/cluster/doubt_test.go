package cluster_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/client"
	"github.com/raftbench/raftbench/core/cluster"
	"github.com/raftbench/raftbench/core/memlog"
	"github.com/raftbench/raftbench/transports/inproc"
)

// Where so many have lost their logs that nobody can lead, the error says who.
func TestNoLeaderBecauseOfLostLogs(t *testing.T) {
	logs := map[core.NodeID]*memlog.Log{}
	c := start(t, cluster.Config{
		Nodes: 3, Network: network(t, inproc.Transport()), NewStateMachine: newStore,
		OpenStorage: func(id core.NodeID) (core.Storage, error) {
			if logs[id] == nil {
				logs[id] = memlog.New()
			}
			return logs[id].Reopen(), nil
		},
	})
	for id := core.NodeID(1); id <= 3; id++ {
		if err := c.Kill(id); err != nil {
			t.Fatal(err)
		}
	}
	delete(logs, 1)
	delete(logs, 3)
	for id := core.NodeID(1); id <= 3; id++ {
		if err := c.Restart(id); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := c.WaitLeader(ctx)
	if err == nil || !strings.Contains(err.Error(), "the logs of [node 1 node 3] are new or damaged") {
		t.Fatalf("%v, want who lost its log", err)
	}
}

// failing is a storage that keeps nothing any more once it has been broken.
type failing struct {
	core.Storage
	broken *atomic.Bool
}

func (f failing) Write(w core.Write, done func(error)) {
	if f.broken.Load() {
		done(errors.New("the directory was removed"))
		return
	}
	f.Storage.Write(w, done)
}

// Where nobody leads because a storage has failed, the error says so.
func TestWhoseStorageFailedIsSaid(t *testing.T) {
	broken := new(atomic.Bool)
	c := start(t, cluster.Config{
		Nodes: 1, Network: network(t, inproc.Transport()), NewStateMachine: newStore,
		OpenStorage: func(core.NodeID) (core.Storage, error) { return failing{memlog.New(), broken}, nil },
	})
	cl := openClient(t, c, client.Config{Retry: client.Retry{Mode: client.RetryNone}, Timeout: 10 * time.Millisecond})
	broken.Store(true)
	for c.Node(1).Status().Err == nil {
		if err := cl.Do(t.Context(), &client.Op{Command: []byte("x")}); err == nil {
			t.Fatal("a write was acknowledged that was not kept")
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := c.WaitLeader(ctx); err == nil || !strings.Contains(err.Error(), "no leader: node 1: storage failed") || !strings.Contains(err.Error(), "the directory was removed") {
		t.Fatalf("%v, want whose storage failed", err)
	}
}
