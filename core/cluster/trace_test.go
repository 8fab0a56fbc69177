package cluster_test

import (
	"testing"
	"time"

	"github.com/raftbench/raftbench/core/client"
	"github.com/raftbench/raftbench/core/cluster"
	"github.com/raftbench/raftbench/transports"
)

// Over every transport, the nodes and the clients of a cluster share a clock, and
// the stages of an operation lie within the time it took.
func TestStagesOverEveryTransport(t *testing.T) {
	for _, nt := range transports.All() {
		t.Run(nt.Name, func(t *testing.T) {
			c := start(t, cluster.Config{Nodes: 3, Network: network(t, nt), NewStateMachine: newSum})
			cl := openClient(t, c, client.Config{SampleEvery: 2})
			for i := range 6 {
				for _, read := range []bool{false, true} {
					op := &client.Op{Read: read, Command: []byte("x")}
					before := time.Now()
					do(t, cl, op)
					took := time.Since(before)
					if op.Sampled != (i%2 == 1) {
						t.Fatalf("operation %d, read %v: sampled %v", i, read, op.Sampled)
					}
					if !op.Sampled {
						continue
					}
					s := op.Stages
					if s.Sum() > took || s[client.StageRequest] <= 0 || s[client.StageReply] <= 0 || s[client.StageApply] <= 0 {
						t.Errorf("read %v: %v took %v", read, s, took)
					}
					if read && s[client.StageLog] != 0 {
						t.Errorf("a read was %v in the log", s[client.StageLog])
					}
				}
			}
		})
	}
}
