package node_test

import (
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/client"
	"github.com/raftbench/raftbench/core/cluster"
	"github.com/raftbench/raftbench/core/node"
)

// stalling is a state machine that holds the node's loop up at the command "stall".
type stalling struct {
	journal
	entered, leave chan struct{}
}

func (s *stalling) Apply(entries []core.Entry, results *core.Results) {
	for i := range entries {
		if string(entries[i].Data) == "stall;" {
			s.entered <- struct{}{}
			<-s.leave
		}
	}
	s.journal.Apply(entries, results)
}

// counting tells when clients' requests are in the inbox.
type counting struct {
	core.Handler
	received chan<- core.Request
}

func (c counting) Receive(requests []*core.Incoming) {
	var from []core.Request
	for _, r := range requests {
		if r.Request.Class() == core.ClassClient {
			from = append(from, r.Request)
		}
	}
	c.Handler.Receive(requests)
	for _, r := range from {
		c.received <- r
	}
}

// statusOf is what a client's call was answered with.
func statusOf(t *testing.T, c *core.Call) core.Status {
	t.Helper()
	if c.Err != nil {
		t.Fatalf("%v: %v", c.Request.Kind(), c.Err)
	}
	if r, ok := c.Response.(*core.ReadResponse); ok {
		return r.Status
	}
	return c.Response.(*core.ProposeResponse).Status
}

// pass returns when so much time has passed.
func pass(d time.Duration) {
	for began := time.Now(); time.Since(began) <= d; {
		runtime.Gosched()
	}
}

// A node that is held up does not execute what expired meanwhile in its queue: it does
// not get into the log, and the answer says so.
func TestExpiredInTheQueueIsNotExecuted(t *testing.T) {
	machine := &stalling{entered: make(chan struct{}), leave: make(chan struct{})}
	received := make(chan core.Request, 10)
	n := network(t, func(h core.Handler) core.Handler { return counting{h, received} })
	c, _ := start(t, cluster.Config{Nodes: 1, Network: n, NewStateMachine: func() core.StateMachine { return machine }})
	caller := caller{make(chan *core.Call, 10)}
	transport, err := n.Open(core.Endpoint{Self: 5000, Handler: caller})
	if err != nil {
		t.Fatal(err)
	}
	defer transport.Close()
	send := func(req core.Request) {
		transport.Send([]*core.Call{{To: 1, Request: req, Response: req.Kind().NewResponse(), Timeout: time.Minute}})
		<-received
	}
	write := func(name string, remaining time.Duration) {
		send(&core.ProposeRequest{Remaining: remaining, Commands: [][]byte{[]byte(name)}})
	}
	write("stall;", 0)
	<-machine.entered
	const soon = 5 * time.Millisecond
	write("late;", soon)
	write("too late already;", -1)
	write("patient;", time.Hour)
	write("endless;", 0)
	send(&core.ReadRequest{Remaining: soon, Queries: [][]byte{nil}})
	send(&core.ReadRequest{Remaining: time.Hour, Queries: [][]byte{nil}})
	pass(soon)
	machine.leave <- struct{}{}
	got := map[core.Status]int{}
	for range 7 {
		got[statusOf(t, <-caller.done)]++
	}
	if d := cmp.Diff(map[core.Status]int{core.StatusOK: 4, core.StatusExpired: 3}, got); d != "" {
		t.Errorf("answers (-want +got):\n%s", d)
	}
	if got := machine.String(); got != "stall;patient;endless;" {
		t.Errorf("executed %q", got)
	}
	if s := c.Node(1).Stats(); s.Proposed != 3 || s.Expired != 3 {
		t.Errorf("%d commands in the log, %d requests counted as expired; want 3 and 3", s.Proposed, s.Expired)
	}
}

// Reads that wait for a quorum which does not answer are refused when their time is
// over, and not when the leader finds out that it leads no more.
func TestReadsExpireWhileTheyWait(t *testing.T) {
	silenced := new(atomic.Uint64)
	n := network(t, func(h core.Handler) core.Handler { return deaf{h, silenced} })
	c, cl := start(t, cluster.Config{
		Nodes: 3, Network: n, NewStateMachine: func() core.StateMachine { return new(journal) },
		Node: node.Config{Tick: 20 * time.Millisecond},
	})
	do(t, cl, &client.Op{Command: []byte("x")})
	leader := c.Leader()
	silenced.Store(uint64(leader))
	a := newAsker(t, n)
	a.transport.Send([]*core.Call{{
		To: leader, Request: &core.ReadRequest{Remaining: 10 * time.Millisecond, Queries: [][]byte{nil}},
		Response: new(core.ReadResponse), Timeout: time.Minute,
	}})
	if got := statusOf(t, <-a.ended); got != core.StatusExpired {
		t.Errorf("answered %v", got)
	}
}

// A follower that asks the leader for an index passes on what is left to its reads, and
// does not ask for those that have nothing left.
func TestFollowersQuestionPassesOnWhatIsLeft(t *testing.T) {
	questions := make(chan core.Request, 10)
	n := network(t, func(h core.Handler) core.Handler { return counting{h, questions} })
	c, cl := start(t, cluster.Config{
		Nodes: 3, Network: n, NewStateMachine: func() core.StateMachine { return new(journal) },
		Node: node.Config{FollowerReads: true},
	})
	do(t, cl, &client.Op{Command: []byte("x")})
	<-questions // the command
	a := newAsker(t, n)
	read := func(remaining time.Duration, want core.Status) {
		a.transport.Send([]*core.Call{{
			To: c.Leader()%3 + 1, Request: &core.ReadRequest{Remaining: remaining, Queries: [][]byte{nil}}, Response: new(core.ReadResponse),
		}})
		if got := statusOf(t, <-a.ended); got != want {
			t.Fatalf("with %v left: answered %v", remaining, got)
		}
		<-questions // what the follower was asked
	}
	if read(-1, core.StatusExpired); len(questions) > 0 {
		t.Errorf("the leader was asked for a read that has nothing left")
	}
	for _, remaining := range []time.Duration{time.Hour, 0} {
		read(remaining, core.StatusOK)
		left := (<-questions).(*core.ReadRequest).Remaining
		if left > remaining || remaining > 0 && left <= remaining-time.Minute {
			t.Errorf("of %v, %v is passed on", remaining, left)
		}
	}
}
