package cluster_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/client"
	"github.com/raftbench/raftbench/core/cluster"
	"github.com/raftbench/raftbench/transports"
)

// Every operation of an echo comes back once, over every transport.
func TestEcho(t *testing.T) {
	for _, nt := range transports.All() {
		t.Run(nt.Name, func(t *testing.T) {
			defer goleak.VerifyNone(t)
			net := network(t, nt)
			// Hundreds of connections at once may take a busy machine longer than usual.
			e, err := cluster.StartEcho(cluster.EchoConfig{Network: net, Timeouts: core.Timeouts{Connect: time.Minute}})
			if err != nil {
				t.Fatal(err)
			}
			back := map[*client.Op]int{}
			var mu sync.Mutex
			all := make(chan struct{})
			const n = 500
			c, err := e.Client(time.Minute, func(ops []*client.Op) {
				mu.Lock()
				defer mu.Unlock()
				for _, op := range ops {
					back[op]++
					if op.Outcome != client.OutcomeOK || op.Err != nil {
						t.Errorf("outcome %v: %v", op.Outcome, op.Err)
					}
				}
				if len(back) == n {
					close(all)
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			var ops []*client.Op
			for i := range n {
				ops = append(ops, &client.Op{Command: fmt.Append(nil, i)})
			}
			c.Submit(ops[:n/2])
			c.Submit(ops[n/2:])
			<-all
			for _, op := range ops {
				if back[op] != 1 {
					t.Errorf("an operation came back %d times", back[op])
				}
			}
			if traffic := e.Traffic(); !net.InProcess && traffic.Bytes == 0 {
				t.Error("500 calls left no traffic")
			}
			if err := errors.Join(c.Close(), e.Close()); err != nil {
				t.Error(err)
			}
		})
	}
}

// What has no answer ends with an error, and not as a success.
func TestEchoServerGone(t *testing.T) {
	defer goleak.VerifyNone(t)
	nt := transports.All()[1]
	e, err := cluster.StartEcho(cluster.EchoConfig{Network: network(t, nt)})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan *client.Op, 1)
	c, err := e.Client(10*time.Second, func(ops []*client.Op) { ended <- ops[0] })
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	c.Submit([]*client.Op{{Command: []byte("x")}})
	if op := <-ended; op.Outcome == client.OutcomeOK || op.Err == nil {
		t.Errorf("outcome %v, %v with nobody to answer", op.Outcome, op.Err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}
