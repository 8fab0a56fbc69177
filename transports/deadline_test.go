package transports_test

import (
	"context"
	"errors"
	"io"
	"net"
	"runtime"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/cluster"
)

// slowMachine is a state machine that holds its node up at the command "stall", and
// remembers all others.
type slowMachine struct {
	entered, leave chan struct{}
	applied        []string
}

func (s *slowMachine) Apply(entries []core.Entry, results *core.Results) {
	for i := range entries {
		if string(entries[i].Data) == "stall" {
			s.entered <- struct{}{}
			<-s.leave
		} else {
			s.applied = append(s.applied, string(entries[i].Data))
		}
		results.Append(nil)
	}
}

func (*slowMachine) Query([]byte, *core.Results)   {}
func (*slowMachine) WriteSnapshot(io.Writer) error { return nil }
func (*slowMachine) ReadSnapshot(io.Reader) error  { return nil }

// arrivals tells of every request that a node was handed.
type arrivals struct {
	core.Handler
	came chan<- struct{}
}

func (a arrivals) Receive(requests []*core.Incoming) {
	n := len(requests)
	a.Handler.Receive(requests)
	for range n {
		a.came <- struct{}{}
	}
}

// caller is an endpoint that only calls.
type caller struct{ ended chan *core.Call }

func (caller) Receive([]*core.Incoming) {}
func (c caller) Complete(calls []*core.Call) {
	for _, call := range calls {
		c.ended <- call
	}
}

// slowNode is one node with a slowMachine, and an endpoint that calls it.
type slowNode struct {
	*cluster.Cluster
	machine  *slowMachine
	endpoint core.Transport
	ended    chan *core.Call
	came     chan struct{}
}

func startSlow(t *testing.T, network *core.Network) *slowNode {
	t.Helper()
	n := &slowNode{
		machine: &slowMachine{entered: make(chan struct{}), leave: make(chan struct{})},
		ended:   make(chan *core.Call, 10), came: make(chan struct{}, 10),
	}
	address, watched := make(chan net.Addr, 1), *network
	watched.Open = func(ep core.Endpoint) (core.Transport, error) {
		address <- ep.Listener.Addr()
		ep.Handler = arrivals{ep.Handler, n.came}
		return network.Open(ep)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	var err error
	n.Cluster, err = cluster.Start(ctx, cluster.Config{Nodes: 1, Network: &watched, NewStateMachine: func() core.StateMachine { return n.machine }})
	if err != nil {
		t.Fatal(err)
	}
	at := <-address
	n.endpoint, err = network.Open(core.Endpoint{Self: 5000, Handler: caller{n.ended}, Dial: func(ctx context.Context, _ core.NodeID) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, at.Network(), at.String())
	}})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// send returns when the node has the command in its inbox.
func (n *slowNode) send(command string, remaining time.Duration) {
	n.endpoint.Send([]*core.Call{{
		To: 1, Request: &core.ProposeRequest{Remaining: remaining, Commands: [][]byte{[]byte(command)}},
		Response: new(core.ProposeResponse), Timeout: time.Minute,
	}})
	<-n.came
}

// statuses is how many calls were answered with which.
func (n *slowNode) statuses(t *testing.T, calls int) map[core.Status]int {
	t.Helper()
	got := map[core.Status]int{}
	for range calls {
		call := <-n.ended
		if call.Err != nil {
			t.Fatal(call.Err)
		}
		got[call.Response.(*core.ProposeResponse).Status]++
	}
	return got
}

// The time that a request has left reaches the node over every transport: what expires in
// the queue of a node that is held up is not executed, and its caller is told so.
func TestWhatExpiresIsNotExecuted(t *testing.T) {
	eachVariant(t, func(t *testing.T, network *core.Network) {
		n := startSlow(t, network)
		n.send("stall", 0)
		<-n.machine.entered
		const soon = 5 * time.Millisecond
		n.send("late", soon)
		n.send("patient", time.Hour)
		for began := time.Now(); time.Since(began) <= soon; {
			runtime.Gosched()
		}
		n.machine.leave <- struct{}{}
		if d := cmp.Diff(map[core.Status]int{core.StatusOK: 2, core.StatusExpired: 1}, n.statuses(t, 3)); d != "" {
			t.Errorf("answers (-want +got):\n%s", d)
		}
		if err := errors.Join(n.endpoint.Close(), n.Close()); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff([]string{"patient"}, n.machine.applied); d != "" {
			t.Errorf("executed (-want +got):\n%s", d)
		}
	})
}
