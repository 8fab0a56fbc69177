package cluster_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/raftbench/raftbench/core"
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
