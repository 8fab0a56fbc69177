package node_test

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/client"
	"github.com/raftbench/raftbench/core/cluster"
	"github.com/raftbench/raftbench/core/memlog"
	"github.com/raftbench/raftbench/core/node"
)

// hasty makes the clocks of all others faster than a node's own.
type hasty struct {
	core.Handler
	times uint64
	told  *atomic.Int64 // how often
}

func (h hasty) Complete(calls []*core.Call) {
	for _, c := range calls {
		if a, ok := c.Response.(*core.AppendEntriesResponse); ok && c.Err == nil && a.Clock > 0 {
			h.told.Add(1)
			a.Clock *= h.times
		}
	}
	h.Handler.Complete(calls)
}

// A leader that finds a voter's clock faster than declared says so, in its status, its
// counters and one warning, and goes on answering reads. Where clocks are in order nobody
// warns, and where nobody holds leases nobody is told the time.
func TestFastClocksAreReported(t *testing.T) {
	for name, c := range map[string]struct {
		drift int
		times uint64
	}{"fast": {10, 3}, "in order": {10, 1}, "without leases": {0, 3}} {
		t.Run(name, func(t *testing.T) {
			var told atomic.Int64
			warnings := make(chan string, 100)
			cl, tell := start(t, cluster.Config{
				Nodes: 3, Network: network(t, func(h core.Handler) core.Handler { return hasty{h, c.times, &told} }),
				NewStateMachine: func() core.StateMachine { return new(journal) },
				Node: node.Config{
					Tick: 5 * time.Millisecond, ElectionTicks: 200, LeaseDriftPercent: c.drift, OnWarning: func(text string) { warnings <- text },
				},
			})
			do(t, tell, &client.Op{Command: []byte("x")})
			leader := cl.Node(cl.Leader())
			waitStatus(t, leader, func(node.Status) bool { return told.Load() > 40 || c.drift == 0 })
			blames := c.times > 1 && c.drift > 0
			if blames {
				waitStatus(t, leader, func(s node.Status) bool { return s.FastClock != 0 })
				if text := <-warnings; !strings.Contains(text, "no leases any more: the clock of") || !strings.Contains(text, "10%") {
					t.Errorf("warning %q", text)
				}
			}
			for range 50 {
				if got := do(t, tell, &client.Op{Read: true}); got != "x" {
					t.Fatalf("read %q", got)
				}
			}
			if fast := leader.Stats().FastClocks; (fast > 0) != blames || told.Load() > 0 && c.drift == 0 || !blames && len(warnings) > 0 {
				t.Errorf("%d clocks are counted as fast, time was told %d times, %d more warnings", fast, told.Load(), len(warnings))
			}
		})
	}
}

// stopped is a state machine that holds its node up until it is told to go on.
type stopped struct {
	journal
	goOn chan bool
}

func (m *stopped) Apply(entries []core.Entry, results *core.Results) {
	<-m.goOn
	m.journal.Apply(entries, results)
}

// A node that is held up for longer than elections need to know of tells the time all the
// same: who is believed to have a slow clock, makes the others' look fast. So it is if a
// snapshot has become whole meanwhile, which raft decides about before all else.
func TestHeldUpNodeTellsTheTime(t *testing.T) {
	const held = 100 // ticks
	for name, withSnapshot := range map[string]bool{"alone": false, "with a snapshot": true} {
		t.Run(name, func(t *testing.T) {
			w := &wireless{replies: make(chan *core.Incoming, 10), calls: make(chan core.Request, 1000)}
			machine, storage := &stopped{goOn: make(chan bool)}, &gated{Log: memlog.New(), open: make(chan bool)}
			n, err := node.Start(node.Config{
				ID: 2, Peers: []core.NodeID{1, 2}, Tick: time.Millisecond, ElectionTicks: 5, LeaseDriftPercent: 10,
				Storage: struct{ core.Storage }{storage}, StateMachine: machine, Cluster: testCluster,
				Open: func(h core.Handler) (core.Transport, error) { w.handler = h; return w, nil },
			})
			if err != nil {
				t.Fatal(err)
			}
			defer n.Close()
			if s := newSent(10, "x"); withSnapshot {
				first := w.ask(t, s.request(0, 0)).(*core.InstallSnapshotResponse)
				w.handler.Receive([]*core.Incoming{{Request: s.request(first.NextOffset, 1), Response: new(core.InstallSnapshotResponse)}})
			}
			before := w.ask(t, &core.AppendEntriesRequest{From: 1, Term: 5, Entries: termEntries(1, 5), Commit: 1, ReadContext: 1}).(*core.AppendEntriesResponse).Clock
			close(storage.open)
			w.handler.Receive([]*core.Incoming{{Request: &core.AppendEntriesRequest{From: 1, Term: 5, ReadContext: 2}, Response: new(core.AppendEntriesResponse)}})
			<-time.After(held * time.Millisecond)
			close(machine.goOn)
			for {
				a, ok := (<-w.replies).Response.(*core.AppendEntriesResponse)
				if !ok {
					continue // the snapshot's
				}
				if passed := a.Clock - before; passed < held-1 {
					t.Errorf("it tells that %d ticks have passed, but %d have", passed, held)
				}
				return
			}
		})
	}
}
