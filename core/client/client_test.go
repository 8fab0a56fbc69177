package client_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/batch"
	"github.com/raftbench/raftbench/core/client"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// script is a transport that answers calls by a function, or holds them until
// the test lets them go.
type script struct {
	core.Transport // Reply and Cancel are not called
	handler        core.Handler
	answer         func(*core.Call) // nil: held

	mu   sync.Mutex
	held []*core.Call
	sent int
}

func (s *script) open(h core.Handler) (core.Transport, error) {
	s.handler = h
	return s, nil
}

func (s *script) Send(calls []*core.Call) {
	s.mu.Lock()
	s.sent += len(calls)
	if s.answer == nil {
		s.held = append(s.held, calls...)
	}
	s.mu.Unlock()
	if s.answer == nil {
		return
	}
	for _, c := range calls {
		c.Response.Reset()
		s.answer(c)
	}
	s.handler.Complete(calls)
}

// release answers the calls held.
func (s *script) release(answer func(*core.Call)) {
	s.mu.Lock()
	calls := s.held
	s.held = nil
	s.mu.Unlock()
	for _, c := range calls {
		c.Response.Reset()
		answer(c)
	}
	s.handler.Complete(calls)
}

// calls is how many were sent.
func (s *script) calls() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sent
}

func (s *script) Close() error {
	s.release(func(c *core.Call) { c.Err = core.ErrClosed })
	return nil
}

// ok answers a call with a result for each operation: the command itself.
func ok(c *core.Call) {
	switch resp := c.Response.(type) {
	case *core.ProposeResponse:
		for _, cmd := range c.Request.(*core.ProposeRequest).Commands {
			resp.Append(cmd)
		}
	case *core.ReadResponse:
		for _, q := range c.Request.(*core.ReadRequest).Queries {
			resp.Append(q)
		}
	}
}

// status answers with a status and a leader.
func status(s core.Status, leader core.NodeID) func(*core.Call) {
	return func(c *core.Call) {
		switch resp := c.Response.(type) {
		case *core.ProposeResponse:
			resp.Status, resp.Leader = s, leader
		case *core.ReadResponse:
			resp.Status, resp.Leader = s, leader
		}
	}
}

func open(t *testing.T, s *script, c client.Config) *client.Client {
	t.Helper()
	c.Self, c.Nodes, c.Open = 1000, []core.NodeID{1, 2, 3}, s.open
	if c.Done == nil {
		c.Done = func([]*client.Op) {}
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
	return cl
}

func do(t *testing.T, cl *client.Client, op *client.Op) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := cl.Do(ctx, op); err != nil && ctx.Err() != nil {
		t.Fatalf("the operation never ended: %v", err)
	}
}

func TestOutcomes(t *testing.T) {
	for name, c := range map[string]struct {
		answer  func(*core.Call)
		read    bool
		outcome client.Outcome
		class   string
	}{
		"done":                               {answer: ok, outcome: client.OutcomeOK},
		"a read is done":                     {answer: ok, read: true, outcome: client.OutcomeOK},
		"overloaded: certainly not executed": {answer: status(core.StatusOverloaded, 1), outcome: client.OutcomeFailed, class: "overloaded"},
		"too late: certainly not executed":   {answer: status(core.StatusExpired, 1), outcome: client.OutcomeFailed, class: "expired"},
		"a read is too late":                 {answer: status(core.StatusExpired, 1), read: true, outcome: client.OutcomeFailed, class: "expired"},
		"leadership lost: unknown":           {answer: status(core.StatusUnknown, 2), outcome: client.OutcomeUnknown, class: "leadership_lost"},
		"a read has no effect":               {answer: status(core.StatusUnknown, 2), read: true, outcome: client.OutcomeFailed, class: "leadership_lost"},
		"timeout: unknown":                   {answer: fail(core.ErrTimeout), outcome: client.OutcomeUnknown, class: "timeout"},
		"broken: unknown":                    {answer: fail(core.ErrBroken), outcome: client.OutcomeUnknown, class: "broken"},
		"remote error: unknown":              {answer: fail(&core.RemoteError{Text: "boom"}), outcome: client.OutcomeUnknown, class: "remote"},
		"no results":                         {answer: status(core.StatusOK, 1), outcome: client.OutcomeUnknown, class: "bad_answer"},
		"a status nobody knows":              {answer: status(77, 1), outcome: client.OutcomeUnknown, class: "bad_answer"},
	} {
		t.Run(name, func(t *testing.T) {
			cl := open(t, &script{answer: c.answer}, client.Config{ReadTimeout: 50 * time.Millisecond})
			op := &client.Op{Read: c.read, Command: []byte("hello")}
			do(t, cl, op)
			if op.Outcome != c.outcome || (op.Err != nil && client.ErrorClass(op.Err) != c.class) {
				t.Fatalf("outcome %v, error %v; want %v of class %q", op.Outcome, op.Err, c.outcome, c.class)
			}
			if c.outcome == client.OutcomeOK && string(op.Result) != "hello" {
				t.Fatalf("result %q", op.Result)
			}
		})
	}
}

func fail(err error) func(*core.Call) { return func(c *core.Call) { c.Err = err } }

// It follows the leader that it is told of, and goes on to the next node when
// one is gone or knows nobody.
func TestFollowsTheLeader(t *testing.T) {
	for name, refuse := range map[string]func(*core.Call){
		"hint":        status(core.StatusNotLeader, 3),
		"no hint":     status(core.StatusNotLeader, 0),
		"self hint":   status(core.StatusNotLeader, 1),
		"stranger":    status(core.StatusNotLeader, 99),
		"unavailable": fail(fmt.Errorf("dial: %w", core.ErrUnavailable)),
		"queue full":  fail(core.ErrOverflow),
	} {
		t.Run(name, func(t *testing.T) {
			asked := map[core.NodeID]int{}
			s := &script{answer: func(c *core.Call) {
				asked[c.To]++
				if c.To == 3 {
					ok(c)
					return
				}
				refuse(c)
			}}
			cl := open(t, s, client.Config{})
			for range 5 {
				op := &client.Op{Command: []byte("x")}
				if do(t, cl, op); op.Outcome != client.OutcomeOK {
					t.Fatalf("outcome %v: %v", op.Outcome, op.Err)
				}
			}
			if asked[3] != 5 || asked[1] > 2 {
				t.Fatalf("asked %v; want the leader 5 times and the first node at most twice", asked)
			}
		})
	}
}

func TestNoLeaderInTime(t *testing.T) {
	s := &script{answer: status(core.StatusNotLeader, 0)}
	cl := open(t, s, client.Config{Timeout: 50 * time.Millisecond})
	op := &client.Op{Command: []byte("x")}
	do(t, cl, op)
	if op.Outcome != client.OutcomeFailed || !errors.Is(op.Err, client.ErrNoLeader) {
		t.Fatalf("outcome %v, error %v; want failed for lack of a leader", op.Outcome, op.Err)
	}
	if s.sent > 50 {
		t.Fatalf("%d calls in 50 ms: nodes that know no leader are asked without a pause", s.sent)
	}
}

// Natural batching: what is submitted while a call is under way travels in one.
func TestBatching(t *testing.T) {
	s := &script{}
	done := make(chan int, 100)
	cl := open(t, s, client.Config{Done: func(ops []*client.Op) { done <- len(ops) }})
	submit := func(n int) {
		for range n {
			cl.Submit([]*client.Op{{Command: []byte("x")}})
		}
	}
	submit(10)
	if s.sent != 1 {
		t.Fatalf("%d calls sent while the first is under way, want 1", s.sent)
	}
	s.release(ok)
	if n := <-done; n != 1 || s.sent != 2 {
		t.Fatalf("the first call carried %d operations and %d were sent, want 1 and 2", n, s.sent)
	}
	s.release(ok)
	if n := <-done; n != 9 {
		t.Fatalf("the second call carried %d operations, want the 9 that had gathered", n)
	}
	if calls, ops := cl.Batches(); calls != 2 || ops != 10 {
		t.Fatalf("Batches() = %d, %d", calls, ops)
	}
}

func TestDepthBoundsCallsUnderWay(t *testing.T) {
	s := &script{}
	cl := open(t, s, client.Config{Depth: 3, Batch: batch.Config{Policy: batch.None}})
	for range 10 {
		cl.Submit([]*client.Op{{Command: []byte("x")}})
	}
	if s.sent != 3 {
		t.Fatalf("%d calls under way, want 3", s.sent)
	}
	for want := 6; want <= 9; want += 3 {
		if s.release(ok); s.sent != want {
			t.Fatalf("%d calls sent after three were answered, want %d", s.sent, want)
		}
	}
}

// The keeper sends a lingering batch that nothing else closes.
func TestLinger(t *testing.T) {
	done := make(chan int, 10)
	linger := batch.Config{Linger: 5 * time.Millisecond}
	cl := open(t, &script{answer: ok}, client.Config{Batch: linger, Done: func(ops []*client.Op) { done <- len(ops) }})
	start := time.Now()
	cl.Submit([]*client.Op{{Command: []byte("a")}})
	cl.Submit([]*client.Op{{Command: []byte("b")}})
	if n := <-done; n != 2 || time.Since(start) < linger.Linger {
		t.Fatalf("%d operations after %v, want 2 after the linger", n, time.Since(start))
	}

	// One caller that waits for its only operation does not linger.
	sole := open(t, &script{answer: ok}, client.Config{Batch: batch.Config{Linger: time.Hour}, Callers: 1})
	op := &client.Op{Command: []byte("x")}
	if do(t, sole, op); op.Outcome != client.OutcomeOK {
		t.Fatalf("outcome %v: %v", op.Outcome, op.Err)
	}
}

func TestCloseEndsEverythingOnce(t *testing.T) {
	var mu sync.Mutex
	ended := map[*client.Op]int{}
	s := &script{}
	cl := open(t, s, client.Config{Depth: 1, Done: func(ops []*client.Op) {
		mu.Lock()
		defer mu.Unlock()
		for _, op := range ops {
			ended[op]++
		}
	}})
	sent := &client.Op{Command: []byte("sent")}
	queued := &client.Op{Command: []byte("queued")}
	late := &client.Op{Command: []byte("late")}
	cl.Submit([]*client.Op{sent})
	cl.Submit([]*client.Op{queued})
	if err := cl.Close(); err != nil {
		t.Fatal(err)
	}
	cl.Submit([]*client.Op{late})
	if ended[sent] != 1 || ended[queued] != 1 || ended[late] != 1 {
		t.Fatalf("ended %d, %d, %d times; want once each", ended[sent], ended[queued], ended[late])
	}
	if sent.Outcome != client.OutcomeUnknown || queued.Outcome != client.OutcomeFailed || late.Outcome != client.OutcomeFailed {
		t.Fatalf("outcomes %v, %v, %v; want unknown, failed, failed", sent.Outcome, queued.Outcome, late.Outcome)
	}
}

func TestConfigIsChecked(t *testing.T) {
	for want, c := range map[string]client.Config{
		"Nodes":   {},
		"Open":    {Nodes: []core.NodeID{1}},
		"Depth":   {Nodes: []core.NodeID{1}, Open: (&script{}).open, Done: func([]*client.Op) {}, Depth: -1},
		"Timeout": {Nodes: []core.NodeID{1}, Open: (&script{}).open, Done: func([]*client.Op) {}, Timeout: -1},
	} {
		if _, err := client.New(c); err == nil {
			t.Errorf("a config with a bad %s was accepted", want)
		}
	}
}

// An operation whose time passes in the queue ends then, also while the calls
// before it hang; it was certainly not executed.
func TestDeadlineInTheQueue(t *testing.T) {
	done := make(chan *client.Op, 2)
	cl := open(t, &script{}, client.Config{Depth: 1, Timeout: 30 * time.Millisecond, Done: func(ops []*client.Op) {
		for _, op := range ops {
			done <- op
		}
	}})
	hangs, queued := &client.Op{Command: []byte("a")}, &client.Op{Command: []byte("b")}
	cl.Submit([]*client.Op{hangs})
	cl.Submit([]*client.Op{queued})
	if op := <-done; op != queued || op.Outcome != client.OutcomeFailed || !errors.Is(op.Err, core.ErrTimeout) {
		t.Fatalf("%q ended as %v, %v; want the queued one, failed for lack of time", op.Command, op.Outcome, op.Err)
	}
}

// The time of a call is that of the youngest operation in it.
func TestCallTimeoutIsTheLatestDeadline(t *testing.T) {
	s := &script{}
	cl := open(t, s, client.Config{Depth: 1, Timeout: 10 * time.Second})
	cl.Submit([]*client.Op{{Command: []byte("a")}}) // keeps the link busy
	cl.Submit([]*client.Op{{Command: []byte("b")}})
	for older := time.Now(); time.Since(older) < 20*time.Millisecond; {
		runtime.Gosched() // the clock has to move on for there to be a difference
	}
	youngest := &client.Op{Command: []byte("c")}
	cl.Submit([]*client.Op{youngest})
	var second time.Duration
	s.release(ok)
	s.release(func(c *core.Call) { second = c.Timeout; ok(c) })
	if left := time.Until(youngest.Deadline()); second < left {
		t.Fatalf("the call had %v, and its youngest operation still has %v", second, left)
	}
}

// Batches of reads are closed by what comes back.
func TestReadsAreBatchedByTheirResults(t *testing.T) {
	s := &script{}
	cl := open(t, s, client.Config{ReadBytes: 1000, Batch: batch.Config{SizeBytes: 3000}})
	var ops []*client.Op
	for range 6 {
		ops = append(ops, &client.Op{Read: true, Command: []byte("k")})
	}
	cl.Submit(ops)
	if s.sent != 2 {
		t.Fatalf("%d calls left at once, want two that are full", s.sent)
	}
	s.release(func(c *core.Call) {
		if n := len(c.Request.(*core.ReadRequest).Queries); n != 2 {
			t.Errorf("a call asks for %d results of 1,000 bytes, want 2 with a batch size of 3,000", n)
		}
		ok(c)
	})
}
