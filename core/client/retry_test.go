package client_test

import (
	"errors"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/batch"
	"github.com/raftbench/raftbench/core/client"
)

// failing answers the first n calls by one function and the others with success.
func failing(n int64, how func(*core.Call)) func(*core.Call) {
	var calls atomic.Int64
	return func(c *core.Call) {
		if calls.Add(1) <= n {
			how(c)
			return
		}
		ok(c)
	}
}

// What is sent again depends on the mode, on whether it reads, and on what is known of
// the attempt that failed.
func TestRetryModes(t *testing.T) {
	const redirected, notSent, inDoubt, refused, late = "not leader", "unavailable", "broken", "overloaded", "expired"
	how := map[string]func(*core.Call){
		redirected: status(core.StatusNotLeader, 2),
		notSent:    fail(core.ErrUnavailable),
		inDoubt:    fail(core.ErrBroken),
		refused:    status(core.StatusOverloaded, 1),
		late:       status(core.StatusExpired, 1),
	}
	for _, c := range []struct {
		mode    client.RetryMode
		read    bool
		attempt string
		want    client.Outcome
	}{
		{client.RetryNone, false, redirected, client.OutcomeFailed},
		{client.RetryNone, false, notSent, client.OutcomeFailed},
		{client.RetryNone, false, inDoubt, client.OutcomeUnknown},
		{client.RetryNone, true, inDoubt, client.OutcomeFailed},
		{client.RetrySafe, false, redirected, client.OutcomeOK},
		{client.RetrySafe, false, notSent, client.OutcomeOK},
		{client.RetrySafe, false, inDoubt, client.OutcomeUnknown},
		{client.RetrySafe, true, inDoubt, client.OutcomeOK},
		{client.RetrySafe, false, refused, client.OutcomeFailed},
		{client.RetryAll, false, notSent, client.OutcomeOK},
		{client.RetryAll, false, inDoubt, client.OutcomeOK},
		{client.RetryAll, true, inDoubt, client.OutcomeOK},
		{client.RetryAll, false, refused, client.OutcomeFailed},
		{client.RetryAll, false, late, client.OutcomeFailed},
		{client.RetryAll, true, late, client.OutcomeFailed},
	} {
		s := &script{answer: failing(1, how[c.attempt])}
		cl := open(t, s, client.Config{Retry: client.Retry{Mode: c.mode}})
		op := &client.Op{Read: c.read, Command: []byte("x")}
		if do(t, cl, op); op.Outcome != c.want {
			t.Errorf("mode %s, read %v, %s: outcome %v, %v; want %v", c.mode, c.read, c.attempt, op.Outcome, op.Err, c.want)
		}
		again := cl.Attempts().Retries
		if want := c.want == client.OutcomeOK && c.attempt != redirected; (again == 1) != want || again > 1 {
			t.Errorf("mode %s, read %v, %s: %d retries", c.mode, c.read, c.attempt, again)
		}
	}
}

// An operation that may have been executed once is of unknown outcome for good, also
// if its last attempt certainly was not.
func TestDoubtStays(t *testing.T) {
	for name, last := range map[string]func(*core.Call){
		"not sent":    fail(core.ErrUnavailable),
		"not leader":  status(core.StatusNotLeader, 0),
		"overloaded":  status(core.StatusOverloaded, 1),
		"too late":    status(core.StatusExpired, 1),
		"interrupted": fail(core.ErrClosed),
	} {
		// On a busy machine the time may be over before there is a second attempt.
		timeout := 40 * time.Millisecond
		for ; doubted(t, name, last, timeout) < 2; timeout *= 2 {
			if timeout > 10*time.Second {
				t.Fatalf("%s: not sent again within %v", name, timeout)
			}
		}
	}
}

// doubted breaks the first attempt of an operation and ends the others by last. It returns
// how many attempts there were.
func doubted(t *testing.T, name string, last func(*core.Call), timeout time.Duration) int64 {
	t.Helper()
	var calls atomic.Int64
	s := &script{answer: func(c *core.Call) {
		if calls.Add(1) == 1 {
			c.Err = core.ErrBroken
			return
		}
		last(c)
	}}
	cl := open(t, s, client.Config{Timeout: timeout, Retry: client.Retry{Mode: client.RetryAll}})
	op := &client.Op{Command: []byte("x")}
	if do(t, cl, op); op.Outcome != client.OutcomeUnknown {
		t.Errorf("%s: %v after %d calls: %v", name, op.Outcome, calls.Load(), op.Err)
	}
	attempts := calls.Swap(1)
	// It may be used again, and starts without the doubt.
	last = status(core.StatusOverloaded, 1)
	if do(t, cl, op); op.Outcome != client.OutcomeFailed {
		t.Errorf("%s: used again: %v, %v", name, op.Outcome, op.Err)
	}
	return attempts
}

func TestAttemptsAreBounded(t *testing.T) {
	s := &script{answer: fail(core.ErrUnavailable)}
	cl := open(t, s, client.Config{Retry: client.Retry{Attempts: 3}})
	op := &client.Op{Command: []byte("x")}
	do(t, cl, op)
	if op.Outcome != client.OutcomeFailed || !errors.Is(op.Err, core.ErrUnavailable) || s.sent != 3 {
		t.Fatalf("%v, %v after %d calls; want failed after 3", op.Outcome, op.Err, s.sent)
	}
}

// The last attempt that an operation has takes nothing from the budget: it is not sent
// again.
func TestTheLastAttemptIsNotPaidFor(t *testing.T) {
	s := &script{answer: fail(core.ErrUnavailable)}
	cl := open(t, s, client.Config{Retry: client.Retry{Attempts: 2, Budget: client.Budget{Burst: 2}}})
	for range 2 {
		do(t, cl, &client.Op{Command: []byte("x")})
	}
	if a := cl.Attempts(); a.RetriedCalls != 2 || a.Retries != 2 || a.Refused != 0 || s.sent != 4 {
		t.Fatalf("%+v, %d calls sent; want each of two operations sent again once", a, s.sent)
	}
}

// After a failure one call finds out whether another would fail; the others wait.
func TestOneCallProbes(t *testing.T) {
	s := &script{}
	cl := open(t, s, client.Config{Depth: 4, Batch: batch.Config{Policy: batch.None}})
	for range 8 {
		cl.Submit([]*client.Op{{Command: []byte("x")}})
	}
	waitSent := func(n int) {
		t.Helper()
		deadline := time.Now().Add(20 * time.Second)
		for s.calls() < n {
			if time.Now().After(deadline) {
				t.Fatalf("%d calls sent, want %d", s.calls(), n)
			}
			time.Sleep(time.Millisecond)
		}
	}
	s.release(fail(core.ErrUnavailable))
	for n := 5; n < 8; n++ { // each after a pause
		waitSent(n)
		s.release(fail(core.ErrUnavailable))
	}
	waitSent(8)
	if n := s.calls(); n != 8 {
		t.Fatalf("%d calls sent: want four at first, and one after each failure", n)
	}
	s.release(ok)
	if n := s.calls(); n != 12 {
		t.Fatalf("%d calls sent: want four more after a success", n)
	}
	s.release(ok)
	s.release(ok)
}

// Each kind has its own time.
func TestReadAndWriteTimeouts(t *testing.T) {
	s := &script{}
	cl := open(t, s, client.Config{Timeout: time.Hour, ReadTimeout: time.Second, WriteTimeout: time.Minute})
	read, write := &client.Op{Read: true, Command: []byte("r")}, &client.Op{Command: []byte("w")}
	cl.Submit([]*client.Op{read, write})
	if d := write.Deadline().Sub(read.Deadline()); d != 59*time.Second {
		t.Fatalf("the deadlines are %v apart, want 59s", d)
	}
	s.release(func(c *core.Call) {
		want := time.Minute
		if c.Request.Kind() == core.KindRead {
			want = time.Second
		}
		if c.Timeout != want {
			t.Errorf("%v: timeout %v, want the %v that the operation has left", c.Request.Kind(), c.Timeout, want)
		}
		ok(c)
	})
}

// Attempts never exceed the budget, whatever happens: of a client whose calls fail at
// random.
func TestRetriesStayWithinTheBudget(t *testing.T) {
	budget := client.Budget{Ratio: 0.2, PerSecond: 5, Burst: 10}
	for seed := range uint64(8) {
		rng := rand.New(rand.NewPCG(seed, 1))
		var succeeded, failed int
		s := &script{answer: func(c *core.Call) { // one at a time: the client waits for each
			switch n := rng.IntN(4); {
			case n == 0:
				succeeded++
				ok(c)
			case n < 3:
				failed++
				c.Err = core.ErrUnavailable
			default:
				failed++
				c.Err = core.ErrBroken
			}
		}}
		start := time.Now()
		cl := open(t, s, client.Config{Batch: batch.Config{Policy: batch.None}, Retry: client.Retry{Mode: client.RetryAll, Budget: budget}})
		ops := 0
		for ; time.Since(start) < 100*time.Millisecond && ops < 1000; ops++ {
			do(t, cl, &client.Op{Read: rng.IntN(2) == 0, Command: []byte("x")})
		}
		a := cl.Attempts()
		limit := budget.Burst + budget.Ratio*float64(succeeded) + budget.PerSecond*time.Since(start).Seconds()
		if float64(a.RetriedCalls) > limit {
			t.Fatalf("seed %d: %d calls were sent again, the budget allows %.1f", seed, a.RetriedCalls, limit)
		}
		if sent := succeeded + failed; sent != ops+int(a.RetriedCalls) || failed != int(a.RetriedCalls+a.Refused) {
			t.Fatalf("seed %d: %d calls of %d operations, %d failed, %+v", seed, sent, ops, failed, a)
		}
	}
}

func TestRetryConfigIsChecked(t *testing.T) {
	good := client.Config{Nodes: []core.NodeID{1}, Open: (&script{}).open, Done: func([]*client.Op) {}}
	for want, change := range map[string]func(*client.Config){
		"mode":     func(c *client.Config) { c.Retry.Mode = "sometimes" },
		"attempts": func(c *client.Config) { c.Retry.Attempts = -1 },
		"budget":   func(c *client.Config) { c.Retry.Budget.Ratio = -1 },
		"after":    func(c *client.Config) { c.Hedge.After = -1 },
		"quantile": func(c *client.Config) { c.Hedge.Quantile = 1 },
		"both":     func(c *client.Config) { c.Hedge.After, c.Hedge.Quantile = 1, 0.5 },
		"open":     func(c *client.Config) { c.Hedge.After = 1 },
		"read":     func(c *client.Config) { c.ReadTimeout = -1 },
	} {
		c := good
		change(&c)
		if _, err := client.New(c); err == nil {
			t.Errorf("%s: a config that makes no sense was accepted", want)
		}
	}
}
