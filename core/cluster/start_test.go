package cluster_test

import (
	"testing"

	"github.com/raftbench/raftbench/core/cluster"
	"github.com/raftbench/raftbench/transports"
)

// When Start returns, any node may fail: none is still waiting to hear that it is new.
func TestStartedClustersAreSettled(t *testing.T) {
	for _, nt := range transports.All() {
		t.Run(nt.Name, func(t *testing.T) {
			for range 20 {
				c := start(t, cluster.Config{Nodes: 3, Network: network(t, nt), NewStateMachine: newSum})
				for _, id := range c.IDs() {
					if s := c.Node(id).Status(); s.InDoubt {
						t.Errorf("in doubt: %+v", s)
					}
				}
				if err := c.Close(); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}
