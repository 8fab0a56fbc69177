package cluster_test

import (
	"testing"
	"time"

	"github.com/raftbench/raftbench/core/client"
	"github.com/raftbench/raftbench/core/cluster"
	"github.com/raftbench/raftbench/transports/inproc"
)

// Who led is kept, with the term and the time, once for each term.
func TestLeaderships(t *testing.T) {
	began := time.Now()
	c := start(t, cluster.Config{Nodes: 3, Network: network(t, inproc.Transport()), NewStateMachine: newSum, Node: fastNode()})
	first := c.Leaderships()
	if len(first) != 1 || first[0].Node != c.Leader() || first[0].Term == 0 || first[0].At.Before(began) || c.Elections() != 1 {
		t.Fatalf("%+v, want node %v alone", first, c.Leader())
	}
	if err := c.Kill(first[0].Node); err != nil {
		t.Fatal(err)
	}
	cl := openClient(t, c, client.Config{Timeout: 20 * time.Second})
	do(t, cl, &client.Op{Command: []byte("x")})

	all := c.Leaderships()
	if len(all) < 2 || len(all) != c.Elections() || all[0] != first[0] {
		t.Fatalf("%+v, want %+v and another", all, first[0])
	}
	for i := 1; i < len(all); i++ {
		if all[i].Node == first[0].Node || all[i].Term <= all[i-1].Term || all[i].At.Before(all[i-1].At) {
			t.Fatalf("%+v after %+v", all[i], all[i-1])
		}
	}
	all[0].Term = 99
	if c.Leaderships()[0].Term == 99 {
		t.Fatal("the caller's copy is the cluster's own")
	}
}
