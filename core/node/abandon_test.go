package node

import (
	"testing"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/batch"
)

// The memory of a trace is the transport's again once its request has been
// answered: a leader that gives up its proposals must not write there later.
func TestAbandonForgetsTraces(t *testing.T) {
	n := &Node{proposed: proposals{queue: batch.NewQueue[*core.Incoming](batch.Config{})}}
	n.traces.proposed(new(core.Trace), 5)
	n.abandon(nil)
	if len(n.traces.writes) != 0 {
		t.Fatalf("%d traces are kept", len(n.traces.writes))
	}
}
