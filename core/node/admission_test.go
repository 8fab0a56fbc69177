package node_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/batch"
	"github.com/raftbench/raftbench/core/client"
	"github.com/raftbench/raftbench/core/cluster"
	"github.com/raftbench/raftbench/core/node"
)

// slowFollower takes in entries when its valve is open, and heartbeats always.
type slowFollower struct {
	core.Handler
	valve *valve
}

func (s slowFollower) Receive(requests []*core.Incoming) {
	for _, r := range requests {
		if r.Request.Class() == core.ClassAppend {
			s.valve.pass(func() { s.Handler.Receive([]*core.Incoming{r}) })
			continue
		}
		s.Handler.Receive([]*core.Incoming{r})
	}
}

// flooded is what became of many operations that were asked for at once.
type flooded struct {
	mu                    sync.Mutex
	ended                 *sync.Cond
	ok, overloaded, other int
	err                   error // one of the others
}

func (f *flooded) done(ops []*client.Op) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, op := range ops {
		switch {
		case op.Err == nil:
			f.ok++
		case errors.Is(op.Err, client.ErrOverloaded) && op.Outcome == client.OutcomeFailed:
			f.overloaded++
		default:
			f.other, f.err = f.other+1, op.Err
		}
	}
	f.ended.Broadcast()
}

// wait waits until the operations that ended satisfy a condition.
func (f *flooded) wait(t *testing.T, until func(*flooded) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	defer context.AfterFunc(ctx, f.ended.Broadcast)()
	f.mu.Lock()
	defer f.mu.Unlock()
	for !until(f) {
		if ctx.Err() != nil {
			t.Fatalf("%d ok, %d overloaded, %d others: %v", f.ok, f.overloaded, f.other, f.err)
		}
		f.ended.Wait()
	}
}

// flood asks a cluster for n operations of size bytes at once, one in a call.
func flood(t *testing.T, c *cluster.Cluster, n, size int, read bool) (*flooded, *client.Client) {
	t.Helper()
	f := new(flooded)
	f.ended = sync.NewCond(&f.mu)
	cl, err := c.Client(client.Config{
		Batch: batch.Config{Policy: batch.None}, Depth: 1 << 16, Timeout: 5 * time.Minute, Retry: client.Retry{Mode: client.RetryNone}, Done: f.done,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cl.Close() })
	submit(cl, n, size, read)
	return f, cl
}

func submit(cl *client.Client, n, size int, read bool) {
	ops := make([]*client.Op, n)
	for i := range ops {
		ops[i] = &client.Op{Command: make([]byte, size), Read: read}
	}
	cl.Submit(ops)
}

// quiet is a configuration in which no election disturbs what a test is about.
func quiet(ops, bytes int) node.Config {
	return node.Config{Tick: 100 * time.Millisecond, ElectionTicks: 600, MaxClientOps: ops, MaxClientBytes: bytes}
}

// wantBound looks whether a node held no more than it may, and refused the rest.
func wantBound(t *testing.T, n *node.Node, ops, bytes int64) {
	t.Helper()
	s := n.Stats()
	if s.ClientOpsMost > ops || s.ClientBytesMost > bytes {
		t.Errorf("held %d operations and %d bytes, want %d and %d at most", s.ClientOpsMost, s.ClientBytesMost, ops, bytes)
	}
	if s.Overloaded == 0 {
		t.Error("nothing was refused: the bound was not reached")
	}
}

// Both followers are stalled, and ten times as much is asked for as may wait: the rest is
// refused, by an error that says that it was not executed; and all that was let in is
// done when the followers go on.
func TestStalledFollowersBoundWhatIsHeld(t *testing.T) {
	const size, total = 100, 2000
	for name, bound := range map[string]struct{ ops, bytes int }{
		"by count": {200, 1 << 30},
		"by bytes": {1 << 30, 200 * (64 + 4 + size)},
	} {
		t.Run(name, func(t *testing.T) {
			v := new(valve)
			c, cl := start(t, cluster.Config{
				Nodes: 3, Network: network(t, func(h core.Handler) core.Handler { return slowFollower{h, v} }),
				NewStateMachine: func() core.StateMachine { return new(journal) }, Node: quiet(bound.ops, bound.bytes),
				Timeouts: core.Timeouts{Append: time.Hour},
			})
			do(t, cl, &client.Op{Command: []byte("x")})
			v.close()
			leader := c.Node(c.Leader())
			f, _ := flood(t, c, total, size, false)
			f.wait(t, func(f *flooded) bool { return f.overloaded >= total-200 })
			wantBound(t, leader, int64(bound.ops), int64(bound.bytes))
			v.open()
			f.wait(t, func(f *flooded) bool { return f.ok+f.overloaded+f.other == total })
			if f.other > 0 || f.ok < 150 {
				t.Fatalf("%d ok, %d overloaded, %d others: %v", f.ok, f.overloaded, f.other, f.err)
			}
			do(t, cl, &client.Op{Command: []byte("y")})
			last := leader.Status().Last
			for _, id := range c.IDs() {
				waitStatus(t, c.Node(id), func(s node.Status) bool { return s.Commit >= last })
			}
			if s := leader.Stats(); s.ClientOps != 0 || s.ClientBytes != 0 {
				t.Fatalf("%d operations of %d bytes are held when all have been answered", s.ClientOps, s.ClientBytes)
			}
		})
	}
}

// heldUp is a state machine in which the loop waits.
type heldUp struct {
	journal
	gate sync.RWMutex
}

func (h *heldUp) Apply(entries []core.Entry, results *core.Results) {
	h.gate.RLock()
	defer h.gate.RUnlock()
	h.journal.Apply(entries, results)
}

// A node whose loop is held up refuses what is too much at once, reads as well.
func TestHeldUpNodeRefusesAtOnce(t *testing.T) {
	for _, read := range []bool{false, true} {
		machine := new(heldUp)
		c, cl := start(t, cluster.Config{
			Nodes: 1, Network: network(t, plain), Node: quiet(50, 1<<20),
			NewStateMachine: func() core.StateMachine { return machine },
		})
		do(t, cl, &client.Op{Command: []byte("x")})
		machine.gate.Lock()
		submit(cl, 1, 10, false) // the loop waits in this one
		f, _ := flood(t, c, 500, 10, read)
		f.wait(t, func(f *flooded) bool { return f.overloaded >= 400 })
		wantBound(t, c.Node(1), 50, 1<<20)
		machine.gate.Unlock()
		f.wait(t, func(f *flooded) bool { return f.ok+f.overloaded == 500 && f.ok > 0 })
	}
}

// The leader's own disk stands still while those of the others work: what they commit is
// answered, so that clients do not slow down, and what is not durable here is bounded.
func TestStalledDiskOfTheLeaderIsBounded(t *testing.T) {
	const size, bound = 1000, 100_000
	valves, disks := stallingDisks()
	c, cl := start(t, cluster.Config{
		Nodes: 3, Network: network(t, plain), Node: quiet(1<<20, bound),
		NewStateMachine: func() core.StateMachine { return new(journal) },
		OpenStorage:     disks,
	})
	do(t, cl, &client.Op{Command: []byte("x")})
	v := valves[c.Leader()]
	v.close()
	f, flooder := flood(t, c, 10, size, false)
	for i := 2; ; i++ {
		f.wait(t, func(f *flooded) bool { return f.ok+f.overloaded == 10*(i-1) })
		if f.overloaded > 0 {
			break
		}
		submit(flooder, 10, size, false)
	}
	s := c.Node(c.Leader()).Stats()
	if most := int64(bound + 10*(size+core.EntryOverheadBytes)); s.UndurableBytesMost <= bound || s.UndurableBytesMost > most {
		t.Errorf("%d bytes were given to the disk and not durable, want more than %d and at most %d", s.UndurableBytesMost, bound, most)
	}
	v.open()
	for deadline := time.Now().Add(20 * time.Second); ; {
		if err := cl.Do(t.Context(), &client.Op{Command: []byte("y")}); err == nil {
			break
		} else if !errors.Is(err, client.ErrOverloaded) || time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}
