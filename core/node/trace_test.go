package node_test

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/batch"
	"github.com/raftbench/raftbench/core/client"
	"github.com/raftbench/raftbench/core/cluster"
	"github.com/raftbench/raftbench/core/memlog"
	"github.com/raftbench/raftbench/core/node"
)

// gate holds what comes to it while it is shut, for the test to let go.
type gate struct {
	mu   sync.Mutex
	shut bool
	held chan func()
}

func newGate() *gate { return &gate{held: make(chan func(), 100)} }

func (g *gate) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.shut = true
}

// pass runs step now, or when the test says so.
func (g *gate) pass(step func()) {
	g.mu.Lock()
	shut := g.shut
	if shut {
		g.held <- step
	}
	g.mu.Unlock()
	if !shut {
		step()
	}
}

// release waits until something is held, lets some time pass, opens the gate and
// lets go what was held. It returns the time for which that was held at least.
func (g *gate) release() time.Duration {
	steps := []func(){<-g.held}
	held := later()
	g.mu.Lock()
	g.shut = false
	for len(g.held) > 0 {
		steps = append(steps, <-g.held)
	}
	g.mu.Unlock()
	for _, step := range steps {
		step()
	}
	return held
}

// later waits until the clock has moved on, and tells by how much.
func later() time.Duration {
	start := time.Now()
	for time.Since(start) < 5*time.Millisecond {
		runtime.Gosched()
	}
	return time.Since(start)
}

// gatedDisk is durable when its gate says so.
type gatedDisk struct {
	core.Storage
	*gate
}

func (d gatedDisk) Write(w core.Write, done func(error)) {
	d.Storage.Write(w, func(error) {})
	d.pass(func() { done(nil) })
}

// gatedPeer receives requests of a kind when its gate says so.
type gatedPeer struct {
	core.Handler
	*gate
	holds func(core.Request) bool
}

func (p gatedPeer) Receive(requests []*core.Incoming) {
	var now, later []*core.Incoming
	for _, r := range requests {
		if p.holds(r.Request) {
			later = append(later, r)
		} else {
			now = append(now, r)
		}
	}
	if len(now) > 0 {
		p.Handler.Receive(now)
	}
	if len(later) > 0 {
		p.pass(func() { p.Handler.Receive(later) })
	}
}

// gatedMachine takes its time to apply and to answer.
type gatedMachine struct {
	journal
	*gate
}

func (m *gatedMachine) Apply(entries []core.Entry, results *core.Results) {
	m.wait()
	m.journal.Apply(entries, results)
}

func (m *gatedMachine) Query(query []byte, results *core.Results) {
	m.wait()
	m.journal.Query(query, results)
}

// wait keeps the caller waiting while the gate is shut.
func (m *gatedMachine) wait() {
	passed := make(chan struct{})
	m.pass(func() { close(passed) })
	<-passed
}

// arrivals tells when requests of clients have come to a node.
type arrivals struct {
	core.Handler
	came chan struct{}
}

func (a arrivals) Receive(requests []*core.Incoming) {
	fromClient := slices.ContainsFunc(requests, func(r *core.Incoming) bool { return r.Request.Class() == core.ClassClient })
	a.Handler.Receive(requests)
	if fromClient {
		a.came <- struct{}{}
	}
}

func plain(h core.Handler) core.Handler { return h }

// traced starts a cluster with a client all of whose batches ask for traces.
type traced struct {
	*client.Client
	cluster *cluster.Cluster
	done    chan *client.Op
}

func startTraced(t *testing.T, c cluster.Config) *traced {
	t.Helper()
	if c.NewStateMachine == nil {
		c.NewStateMachine = func() core.StateMachine { return new(journal) }
	}
	if c.Node.Tick == 0 {
		c.Node.Tick = time.Second // nobody stands for election because something is held
	}
	tr := &traced{done: make(chan *client.Op, 100)}
	tr.cluster, _ = start(t, c)
	cl, err := tr.cluster.Client(client.Config{SampleEvery: 1, Done: func(ops []*client.Op) {
		for _, op := range ops {
			tr.done <- op
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cl.Close(); err != nil {
			t.Errorf("close client: %v", err)
		}
	})
	tr.Client = cl
	return tr
}

func (tr *traced) submit(read bool) {
	tr.Submit([]*client.Op{{Read: read, Command: []byte("x")}})
}

// next waits for the next operation and returns its stages.
func (tr *traced) next(t *testing.T) client.Stages {
	t.Helper()
	select {
	case op := <-tr.done:
		if op.Err != nil || !op.Sampled {
			t.Fatalf("sampled: %v, error: %v", op.Sampled, op.Err)
		}
		return op.Stages
	case <-time.After(30 * time.Second):
		t.Fatal("no operation ended")
	}
	return client.Stages{}
}

// holding is a cluster with something slow in it, and an operation that meets it.
func holding(t *testing.T, c cluster.Config, g *gate, read bool) (held time.Duration, s client.Stages) {
	t.Helper()
	tr := startTraced(t, c)
	tr.submit(read) // so that the leader is known and nothing else is under way
	tr.next(t)
	g.close()
	tr.submit(read)
	held = g.release()
	return held, tr.next(t)
}

func atLeast(t *testing.T, s client.Stages, stage client.Stage, held time.Duration) {
	t.Helper()
	if s[stage] < held {
		t.Errorf("stage %v took %v, but was held for %v; all stages %v", stage, s[stage], held, s)
	}
}

func TestSlowDiskShowsInLog(t *testing.T) {
	g := newGate()
	held, s := holding(t, cluster.Config{
		Nodes: 1, Network: network(t, plain),
		OpenStorage: func(core.NodeID) (core.Storage, error) { return gatedDisk{memlog.New(), g}, nil },
	}, g, false)
	atLeast(t, s, client.StageLog, held)
}

// Where the followers were faster than the leader's own disk, nobody waited for it.
func TestQuorumWithoutTheLeaderHasNoLog(t *testing.T) {
	g := newGate()
	tr := startTraced(t, cluster.Config{
		Nodes: 3, Network: network(t, plain),
		OpenStorage: func(id core.NodeID) (core.Storage, error) {
			if id != 1 { // which stands for election first
				return memlog.New(), nil
			}
			return gatedDisk{memlog.New(), g}, nil
		},
	})
	tr.submit(false)
	tr.next(t)
	g.close()
	tr.submit(false)
	s := tr.next(t)
	if s[client.StageLog] != 0 || s[client.StageQuorum] == 0 {
		t.Errorf("log %v, quorum %v; want none and some", s[client.StageLog], s[client.StageQuorum])
	}
	g.release()
}

func hasEntries(r core.Request) bool {
	a, ok := r.(*core.AppendEntriesRequest)
	return ok && len(a.Entries) > 0
}

// confirms reports whether a heartbeat is to confirm the leadership for reads.
func confirms(r core.Request) bool {
	a, ok := r.(*core.AppendEntriesRequest)
	return ok && a.ReadContext > 0
}

func TestSlowFollowersShowInQuorum(t *testing.T) {
	for name, c := range map[string]struct {
		read  bool
		holds func(core.Request) bool
	}{"write": {false, hasEntries}, "read": {true, confirms}} {
		t.Run(name, func(t *testing.T) {
			g := newGate()
			wrap := func(h core.Handler) core.Handler { return gatedPeer{h, g, c.holds} }
			held, s := holding(t, cluster.Config{Nodes: 3, Network: network(t, wrap)}, g, c.read)
			atLeast(t, s, client.StageQuorum, held)
			if c.read && s[client.StageLog] != 0 {
				t.Errorf("a read was %v in the log", s[client.StageLog])
			}
		})
	}
}

func TestSlowStateMachineShowsInApply(t *testing.T) {
	for name, read := range map[string]bool{"write": false, "read": true} {
		t.Run(name, func(t *testing.T) {
			g := newGate()
			held, s := holding(t, cluster.Config{
				Nodes: 1, Network: network(t, plain),
				NewStateMachine: func() core.StateMachine { return &gatedMachine{gate: g} },
			}, g, read)
			atLeast(t, s, client.StageApply, held)
		})
	}
}

// What arrives while the loop is busy is in the inbox, and nowhere else.
func TestBusyLeaderShowsInInbox(t *testing.T) {
	for name, read := range map[string]bool{"write": false, "read": true} {
		t.Run(name, func(t *testing.T) {
			g, came := newGate(), make(chan struct{}, 100)
			tr := startTraced(t, cluster.Config{
				Nodes: 1, Network: network(t, func(h core.Handler) core.Handler { return arrivals{h, came} }),
				NewStateMachine: func() core.StateMachine { return &gatedMachine{gate: g} },
			})
			tr.submit(!read) // the other lane of the link, so that the next does not wait for it there
			tr.next(t)
			<-came
			g.close()
			tr.submit(!read) // keeps the loop busy
			<-came
			step := <-g.held
			g.held <- step
			tr.submit(read)
			<-came
			held := g.release()
			tr.next(t)
			s := tr.next(t)
			atLeast(t, s, client.StageInbox, held)
		})
	}
}

// A proposal that waits for its batch to close is in the inbox, too.
func TestLingeringProposalShowsInInbox(t *testing.T) {
	linger := 5 * time.Millisecond
	tr := startTraced(t, cluster.Config{
		Nodes: 1, Network: network(t, plain),
		Node: node.Config{Batch: batch.Config{Linger: linger}},
	})
	tr.submit(false)
	atLeast(t, tr.next(t), client.StageInbox, linger)
}

// A read that has to wait for the round of heartbeats before its own is in the
// inbox until its own leaves.
func TestReadWaitsForItsRoundInInbox(t *testing.T) {
	g, came := newGate(), make(chan struct{}, 100)
	wrap := func(h core.Handler) core.Handler { return arrivals{gatedPeer{h, g, confirms}, came} }
	tr := startTraced(t, cluster.Config{Nodes: 3, Network: network(t, wrap)})
	tr.submit(true)
	tr.next(t)
	<-came
	g.close()
	tr.submit(true)
	<-came
	first := <-g.held // its round has left
	g.held <- first
	// Another client, whose read does not wait behind the first one's.
	other, err := tr.cluster.Client(client.Config{SampleEvery: 1, Done: func(ops []*client.Op) { tr.done <- ops[0] }})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	second := &client.Op{Read: true}
	other.Submit([]*client.Op{second})
	<-came
	held := g.release()
	tr.next(t)
	tr.next(t)
	atLeast(t, second.Stages, client.StageInbox, held)
}

// caller is a bare endpoint.
type caller struct{ done chan *core.Call }

func (caller) Receive([]*core.Incoming) {}
func (c caller) Complete(calls []*core.Call) {
	for _, call := range calls {
		c.done <- call
	}
}

// A trace is given to those who ask, if all went well, and to nobody else.
func TestWhoGetsATrace(t *testing.T) {
	net := network(t, plain)
	tr := startTraced(t, cluster.Config{Nodes: 3, Network: net})
	c := caller{make(chan *core.Call, 1)}
	transport, err := net.Open(core.Endpoint{Self: 5000, Handler: c})
	if err != nil {
		t.Fatal(err)
	}
	defer transport.Close()
	leader := tr.cluster.Leader()
	for _, want := range []struct {
		to     core.NodeID
		status core.Status
		trace  bool
	}{{leader, core.StatusOK, false}, {leader, core.StatusOK, true}, {leader%3 + 1, core.StatusNotLeader, true}} {
		for _, req := range []core.Request{
			&core.ProposeRequest{Trace: want.trace, Commands: [][]byte{{1}}},
			&core.ReadRequest{Trace: want.trace, Queries: [][]byte{{1}}},
		} {
			before := time.Now()
			transport.Send([]*core.Call{{To: want.to, Request: req, Response: req.Kind().NewResponse()}})
			call := <-c.done
			took := time.Since(before)
			var status core.Status
			var got bool
			var trace core.Trace
			switch r := call.Response.(type) {
			case *core.ProposeResponse:
				status, got, trace = r.Status, r.Traced, r.Trace
			case *core.ReadResponse:
				status, got, trace = r.Status, r.Traced, r.Trace
			}
			traced := want.trace && want.status == core.StatusOK
			if call.Err != nil || status != want.status || got != traced || !traced && trace != (core.Trace{}) {
				t.Errorf("%v to %v, asked %v: %v, %v, traced %v: %+v", req.Kind(), want.to, want.trace, call.Err, status, got, trace)
			}
			if traced && (trace.Clock == 0 || trace.Received <= 0 || trace.Total() <= 0 || trace.Total() > took) {
				t.Errorf("%v took %v, and its trace is %+v", req.Kind(), took, trace)
			}
		}
	}
}

// A node that was given no clock reads one of its own, and says so.
func TestTraceWithoutAClock(t *testing.T) {
	net := network(t, plain)
	n, err := node.Start(node.Config{
		ID: 1, Peers: []core.NodeID{1}, Storage: memlog.New(), StateMachine: new(journal),
		Open: func(h core.Handler) (core.Transport, error) { return net.Open(core.Endpoint{Self: 1, Handler: h}) },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	n.Campaign()
	c := caller{make(chan *core.Call, 1)}
	transport, err := net.Open(core.Endpoint{Self: 5000, Handler: c})
	if err != nil {
		t.Fatal(err)
	}
	defer transport.Close()
	for deadline := time.Now().Add(30 * time.Second); ; {
		resp := new(core.ProposeResponse)
		transport.Send([]*core.Call{{To: 1, Request: &core.ProposeRequest{Trace: true, Commands: [][]byte{{1}}}, Response: resp}})
		<-c.done
		if resp.Traced {
			if resp.Trace.Clock != 0 || resp.Trace.Total() <= 0 || resp.Trace.Total() > 30*time.Second {
				t.Fatalf("trace %+v", resp.Trace)
			}
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("status %v", resp.Status)
		}
	}
}

// Traces that nobody waits for any more are forgotten with their requests.
func TestDeposedLeaderForgetsTraces(t *testing.T) {
	silenced := new(atomic.Uint64)
	tr := startTraced(t, cluster.Config{
		Nodes:    3,
		Network:  network(t, func(h core.Handler) core.Handler { return deaf{h, silenced} }),
		Node:     node.Config{Tick: 10 * time.Millisecond},
		Timeouts: core.Timeouts{Control: 50 * time.Millisecond, Append: 50 * time.Millisecond},
	})
	tr.submit(false)
	tr.next(t)
	old := tr.cluster.Leader()
	silenced.Store(uint64(old))
	for range 3 {
		tr.submit(false)
		tr.submit(true)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if _, err := tr.cluster.WaitLeaderOtherThan(ctx, old); err != nil {
		t.Fatal(err)
	}
	silenced.Store(0)
	for range 6 {
		if op := <-tr.done; op.Sampled != (op.Err == nil) {
			t.Errorf("outcome %v, %v, sampled %v", op.Outcome, op.Err, op.Sampled)
		}
	}
	tr.submit(false)
	tr.next(t)
}
