package client_test

import (
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/client"
)

// lanes are two scripts for one client: of first calls, and of hedges.
type lanes struct {
	first, second *script
	sent          chan *core.Call // hedges
	before        func()          // a hedge is sent
	mu            sync.Mutex
	cancelled     []*core.Call
}

// cancelling is a script that ends calls when it is asked to.
type cancelling struct {
	*script
	lanes *lanes
}

func (c *cancelling) Cancel(calls []*core.Call) {
	c.lanes.mu.Lock()
	c.lanes.cancelled = append(c.lanes.cancelled, calls...)
	c.lanes.mu.Unlock()
	for _, call := range calls {
		call.Err = core.ErrCanceled
	}
	c.handler.Complete(calls)
}

// Send tells of each call that it has been sent.
func (c *cancelling) Send(calls []*core.Call) {
	if c.script == c.lanes.second && c.lanes.before != nil {
		c.lanes.before()
	}
	c.script.Send(calls)
	if c.script == c.lanes.second {
		for _, call := range calls {
			c.lanes.sent <- call
		}
	}
}

func (l *lanes) open(s *script) func(core.Handler) (core.Transport, error) {
	return func(h core.Handler) (core.Transport, error) {
		s.handler = h
		return &cancelling{s, l}, nil
	}
}

// hedged opens a client whose first calls are held until released.
func hedged(t *testing.T, c client.Config) (*client.Client, *lanes, chan *client.Op) {
	t.Helper()
	l := &lanes{first: &script{}, second: &script{}, sent: make(chan *core.Call, 100)}
	done := make(chan *client.Op, 100)
	c.Self, c.Nodes, c.Open, c.Hedge.Open = 1000, []core.NodeID{1, 2, 3}, l.open(l.first), l.open(l.second)
	c.Done = func(ops []*client.Op) {
		for _, op := range ops {
			done <- op
		}
	}
	cl, err := client.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cl.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return cl, l, done
}

// The first answer counts, whichever it is; the other call is cancelled, and what comes
// of it changes nothing.
func TestHedge(t *testing.T) {
	for _, secondWins := range []bool{true, false} {
		cl, l, done := hedged(t, client.Config{Hedge: client.Hedge{After: time.Millisecond}})
		op := &client.Op{Read: true, Command: []byte("key")}
		cl.Submit([]*client.Op{op})
		hedge := <-l.sent
		if q := hedge.Request.(*core.ReadRequest).Queries; len(q) != 1 || string(q[0]) != "key" || hedge.To != 1 {
			t.Fatalf("the hedge asks %v for %q", hedge.To, q)
		}
		winner, loser := l.first, l.second
		if secondWins {
			winner, loser = l.second, l.first
		}
		loser.mu.Lock()
		late := loser.held
		loser.held = nil // it is cancelled, and will not be answered
		loser.mu.Unlock()
		winner.release(func(c *core.Call) { c.Response.(*core.ReadResponse).Append([]byte("value")) })
		if got := <-done; got != op || op.Outcome != client.OutcomeOK || string(op.Result) != "value" {
			t.Fatalf("second wins: %v: %v, %v, %q", secondWins, op.Outcome, op.Err, op.Result)
		}
		l.waitCancelled(t, late[0])
		a, wins := cl.Attempts(), uint64(0)
		if secondWins {
			wins = 1
		}
		if a.Hedges != 1 || a.HedgeWins != wins || a.Retries != 0 {
			t.Errorf("second wins: %v: %+v", secondWins, a)
		}
		if len(done) > 0 {
			t.Error("the operation ended twice")
		}
	}
}

// waitCancelled waits until a call is cancelled, and no other.
func (l *lanes) waitCancelled(t *testing.T, call *core.Call) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		l.mu.Lock()
		got := slices.Clone(l.cancelled)
		l.mu.Unlock()
		switch {
		case len(got) == 1 && got[0] == call:
			return
		case len(got) > 0 || time.Now().After(deadline):
			t.Fatalf("cancelled %v, want the call that lost", got)
		}
		time.Sleep(time.Millisecond)
	}
}

// A hedge that loses before its transport has been given it is cancelled when it has:
// a transport knows nothing of a call that was not sent.
func TestHedgeThatLosesBeforeItIsSent(t *testing.T) {
	cl, l, done := hedged(t, client.Config{Hedge: client.Hedge{After: time.Millisecond}})
	answered := make(chan struct{})
	l.before = func() {
		for l.first.calls() == 0 {
			runtime.Gosched() // the hedge may be faster than the call before it
		}
		l.first.release(ok)
		if len(l.cancelled) > 0 {
			t.Error("cancelled before it was sent")
		}
		close(answered)
	}
	op := &client.Op{Read: true, Command: []byte("key")}
	cl.Submit([]*client.Op{op})
	<-answered
	l.waitCancelled(t, <-l.sent)
	if got := <-done; got != op || op.Outcome != client.OutcomeOK {
		t.Fatalf("%v, %v", op.Outcome, op.Err)
	}
}

// If one of the two fails, the other one decides.
func TestHedgeOutlivesAFailure(t *testing.T) {
	for _, firstFails := range []bool{true, false} {
		cl, l, done := hedged(t, client.Config{Hedge: client.Hedge{After: time.Millisecond}})
		op := &client.Op{Read: true, Command: []byte("key")}
		cl.Submit([]*client.Op{op})
		<-l.sent
		bad, good := l.first, l.second
		if !firstFails {
			bad, good = l.second, l.first
		}
		bad.release(fail(core.ErrBroken))
		if len(done) > 0 {
			t.Fatal("the operation ended although the other call is under way")
		}
		good.release(ok)
		if got := <-done; got != op || op.Outcome != client.OutcomeOK {
			t.Fatalf("first fails: %v: %v, %v", firstFails, op.Outcome, op.Err)
		}
	}
}

// Commands are never hedged, and reads no more than the budget allows.
func TestHedgesArePaidFor(t *testing.T) {
	cl, l, done := hedged(t, client.Config{
		Hedge: client.Hedge{After: time.Millisecond},
		Retry: client.Retry{Budget: client.Budget{Burst: 1}},
	})
	write := &client.Op{Command: []byte("w")}
	reads := []*client.Op{{Read: true, Command: []byte("1")}}
	cl.Submit([]*client.Op{write})
	cl.Submit(reads)
	<-l.sent
	l.first.release(ok)
	<-done
	<-done
	cl.Submit(reads)
	deadline := time.Now().Add(20 * time.Second)
	for cl.Attempts().Refused == 0 {
		if time.Now().After(deadline) {
			t.Fatalf("the second hedge was not refused: %+v", cl.Attempts())
		}
		time.Sleep(time.Millisecond)
	}
	if a := cl.Attempts(); a.Hedges != 1 || a.HedgeWins != 0 {
		t.Fatalf("%+v; want one hedge, which lost", a)
	}
	l.first.release(ok)
	<-done
}

// A client that hedges copies what it sends: the operation belongs to its owner again
// while the call that lost may still be read.
func TestHedgesOwnTheirQueries(t *testing.T) {
	cl, l, done := hedged(t, client.Config{Hedge: client.Hedge{After: time.Millisecond}})
	op := &client.Op{Read: true, Command: []byte("key")}
	cl.Submit([]*client.Op{op})
	<-l.sent
	first := l.first.held[0]
	l.first.held = nil
	l.second.release(ok)
	<-done
	copy(op.Command, "XXX")
	if q := first.Request.(*core.ReadRequest).Queries[0]; string(q) != "key" {
		t.Fatalf("the call that lost asks for %q", q)
	}
}

// By a quantile: nothing is hedged until enough reads have been seen, and then
// what takes longer than most.
func TestHedgeByQuantile(t *testing.T) {
	cl, l, done := hedged(t, client.Config{Hedge: client.Hedge{Quantile: 0.5}})
	l.first.answer, l.second.answer = ok, ok
	for i := range 300 {
		op := &client.Op{Read: true, Command: fmt.Append(nil, i)}
		cl.Submit([]*client.Op{op})
		<-done
		if i == 200 && cl.Attempts().Hedges > 0 {
			t.Fatal("hedges before anything is known")
		}
	}
	l.first.answer = nil // the next one hangs
	slow := &client.Op{Read: true, Command: []byte("slow")}
	cl.Submit([]*client.Op{slow})
	if got := <-done; got != slow || slow.Outcome != client.OutcomeOK || cl.Attempts().HedgeWins == 0 {
		t.Fatalf("%v, %v, %+v; want an answer to the hedge", slow.Outcome, slow.Err, cl.Attempts())
	}
}
