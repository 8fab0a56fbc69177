package node_test

import (
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/client"
	"github.com/raftbench/raftbench/core/cluster"
	"github.com/raftbench/raftbench/core/node"
)

// asker calls one node, whichever leads.
type asker struct {
	transport core.Transport
	ended     chan *core.Call
}

func newAsker(t *testing.T, network *core.Network) *asker {
	t.Helper()
	a := &asker{ended: make(chan *core.Call, 1)}
	var err error
	a.transport, err = network.Open(core.Endpoint{Self: 2000, Handler: a})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.transport.Close() })
	return a
}

func (a *asker) Receive([]*core.Incoming) {}

func (a *asker) Complete(calls []*core.Call) { a.ended <- calls[0] }

func (a *asker) read(t *testing.T, from core.NodeID) *core.ReadResponse {
	t.Helper()
	req := &core.ReadRequest{From: 2000, Trace: true, Queries: [][]byte{nil}}
	a.transport.Send([]*core.Call{{To: from, Request: req, Response: new(core.ReadResponse)}})
	call := <-a.ended
	if call.Err != nil {
		t.Fatalf("read from %v: %v", from, call.Err)
	}
	return call.Response.(*core.ReadResponse)
}

// A follower answers with everything that was acknowledged before it was asked,
// which its own state machine may not have yet.
func TestFollowersAnswerReads(t *testing.T) {
	n := network(t, func(h core.Handler) core.Handler { return h })
	c, cl := start(t, cluster.Config{
		Nodes: 3, Network: n, NewStateMachine: func() core.StateMachine { return new(journal) },
		Node: node.Config{FollowerReads: true},
	})
	a := newAsker(t, n)
	leader, want := c.Leader(), ""
	for i := range 200 {
		text := string(rune('a' + i%26))
		do(t, cl, &client.Op{Command: []byte(text)})
		want += text
		follower := leader%3 + 1
		if i%2 == 1 {
			follower = follower%3 + 1
		}
		got := a.read(t, follower)
		if got.Status != core.StatusOK || len(got.List()) != 1 || string(got.List()[0]) != want {
			t.Fatalf("%v answers %v, %q; written was %q", follower, got.Status, got.List(), want)
		}
		if !got.Traced || got.From != follower {
			t.Fatalf("%v answers as %v, traced %t", follower, got.From, got.Traced)
		}
	}
}

func TestFollowersSendReadersAwayByDefault(t *testing.T) {
	n := network(t, func(h core.Handler) core.Handler { return h })
	c, cl := start(t, cluster.Config{Nodes: 3, Network: n, NewStateMachine: func() core.StateMachine { return new(journal) }})
	do(t, cl, &client.Op{Command: []byte("x")})
	got := newAsker(t, n).read(t, c.Leader()%3+1)
	if got.Status != core.StatusNotLeader || got.Leader != c.Leader() {
		t.Fatalf("%+v", got)
	}
}

// silent keeps from its node what one follower answers to an append of "x".
type silent struct {
	core.Handler
	follower *atomic.Uint64
}

func (s silent) Complete(calls []*core.Call) {
	s.Handler.Complete(slices.DeleteFunc(slices.Clone(calls), func(c *core.Call) bool {
		q, ok := c.Request.(*core.AppendEntriesRequest)
		return ok && uint64(c.To) == s.follower.Load() &&
			slices.ContainsFunc(q.Entries, func(e core.Entry) bool { return string(e.Data) == "x" })
	}))
}

// A follower that has the entries learns from the leader's answer that they are
// committed, and does not wait for the next append: here the leader does not even know
// that it has them, as when its disk is slow.
func TestFollowersLearnTheCommitIndexWithTheAnswer(t *testing.T) {
	var silenced atomic.Uint64
	n := network(t, func(h core.Handler) core.Handler { return silent{h, &silenced} })
	c, cl := start(t, cluster.Config{
		Nodes: 3, Network: n, NewStateMachine: func() core.StateMachine { return new(journal) },
		Node: node.Config{FollowerReads: true, ElectionTicks: 100_000}, // until then the leader does not send again
	})
	a := newAsker(t, n)
	follower := c.Leader()%3 + 1
	silenced.Store(uint64(follower))
	do(t, cl, &client.Op{Command: []byte("x")})
	a.transport.Send([]*core.Call{{To: follower, Request: &core.ReadRequest{From: 2000, Remaining: 20 * time.Second, Queries: [][]byte{nil}}, Response: new(core.ReadResponse)}})
	call := <-a.ended
	if got := call.Response.(*core.ReadResponse); call.Err != nil || got.Status != core.StatusOK || string(got.List()[0]) != "x" {
		t.Fatalf("%v, %+v", call.Err, got)
	}
}

// A question that the leader cannot answer any more ends the reads that wait for it.
func TestFollowerReadsEndWithTheLeader(t *testing.T) {
	n := network(t, func(h core.Handler) core.Handler { return h })
	c, cl := start(t, cluster.Config{
		Nodes: 3, Network: n, NewStateMachine: func() core.StateMachine { return new(journal) },
		Node: node.Config{FollowerReads: true},
	})
	do(t, cl, &client.Op{Command: []byte(strings.Repeat("x", 10))})
	leader := c.Leader()
	follower := leader%3 + 1
	a := newAsker(t, n)
	if got := a.read(t, follower); got.Status != core.StatusOK {
		t.Fatalf("%+v", got)
	}
	if err := c.Kill(leader); err != nil {
		t.Fatal(err)
	}
	if got := a.read(t, follower); got.Status != core.StatusNotLeader {
		t.Fatalf("%+v", got)
	}
}

// aloof swallows the first question of a follower, as a node does that is held up.
type aloof struct {
	core.Handler
	swallowed chan struct{}
}

func (a aloof) Receive(requests []*core.Incoming) {
	for _, r := range requests {
		if q, ok := r.Request.(*core.ReadRequest); ok && len(q.Queries) == 0 {
			close(a.swallowed)
			return
		}
	}
	a.Handler.Receive(requests)
}

// Readers do not wait for the answer of a leader that leads no more, which may take as
// long as the call's timeout.
func TestFollowerReadsDoNotWaitForAFormerLeader(t *testing.T) {
	swallowed := make(chan struct{})
	n := network(t, func(h core.Handler) core.Handler { return aloof{h, swallowed} })
	c, cl := start(t, cluster.Config{
		Nodes: 3, Network: n, NewStateMachine: func() core.StateMachine { return new(journal) },
		Node:     node.Config{FollowerReads: true, Tick: 10 * time.Millisecond},
		Timeouts: core.Timeouts{Client: time.Hour},
	})
	do(t, cl, &client.Op{Command: []byte("x")})
	leader := c.Leader()
	a := newAsker(t, n)
	a.transport.Send([]*core.Call{{To: leader%3 + 1, Request: &core.ReadRequest{From: 2000, Queries: [][]byte{nil}}, Response: new(core.ReadResponse)}})
	<-swallowed
	c.Node(leader).TransferLeadership((leader+1)%3 + 1)
	if call := <-a.ended; call.Err != nil || call.Response.(*core.ReadResponse).Status != core.StatusNotLeader {
		t.Fatalf("%v, %+v", call.Err, call.Response)
	}
}
