package client_test

import (
	"runtime"
	"testing"
	"time"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/client"
)

// remaining is what a call says that it has left.
func remaining(c *core.Call) time.Duration {
	if r, ok := c.Request.(*core.ReadRequest); ok {
		return r.Remaining
	}
	return c.Request.(*core.ProposeRequest).Remaining
}

// Every call says how much time it has: a little less than the client waits. A new
// attempt and one that follows the leader have what the ones before have left.
func TestCallsSayHowMuchTimeIsLeft(t *testing.T) {
	const timeout, spent = 20 * time.Second, 2 * time.Millisecond
	for name, attempt := range map[string]func(*core.Call){
		"redirect": status(core.StatusNotLeader, 2), "new attempt": fail(core.ErrUnavailable),
	} {
		for _, read := range []bool{false, true} {
			var left []time.Duration
			s := &script{answer: func(c *core.Call) {
				if left = append(left, remaining(c)); remaining(c) >= c.Timeout {
					t.Errorf("%s: a call with a timeout of %v has %v left: its answer would come too late", name, c.Timeout, remaining(c))
				}
				for began := time.Now(); time.Since(began) < spent; {
					runtime.Gosched()
				}
				if len(left) < 3 {
					attempt(c)
					return
				}
				ok(c)
			}}
			cl := open(t, s, client.Config{Timeout: timeout})
			op := &client.Op{Read: read, Command: []byte("x")}
			if do(t, cl, op); op.Outcome != client.OutcomeOK {
				t.Fatalf("%s: %v: %v", name, op.Outcome, op.Err)
			}
			if left[0] > timeout || left[0] < timeout*9/10 || left[1] > left[0]-spent || left[2] > left[1]-spent {
				t.Errorf("%s, read %v: of %v, %v was left", name, read, timeout, left)
			}
		}
	}
}

// A batch says it once for all that are in it: the leader is told a tenth less than the
// call has, at most 100 ms, so that its refusal comes while somebody listens.
func TestBatchSaysOnceWhatIsLeft(t *testing.T) {
	for timeout, back := range map[time.Duration]func(time.Duration) time.Duration{
		time.Hour:       func(time.Duration) time.Duration { return 100 * time.Millisecond },
		time.Second / 2: func(timeout time.Duration) time.Duration { return timeout / 10 },
	} {
		s := new(script)
		cl := open(t, s, client.Config{WriteTimeout: timeout})
		cl.Submit([]*client.Op{{Command: []byte("a")}, {Command: []byte("b")}})
		s.mu.Lock()
		c := s.held[0]
		s.mu.Unlock()
		if n := len(c.Request.(*core.ProposeRequest).Commands); n != 2 {
			t.Fatalf("%d commands in the batch, want 2", n)
		}
		if got, want := remaining(c), c.Timeout-back(c.Timeout); got != want || c.Timeout > timeout {
			t.Errorf("a call with a timeout of %v says that %v is left, want %v", c.Timeout, got, want)
		}
	}
}

// A hedge has what is left, and not what there was.
func TestHedgeSaysWhatIsLeft(t *testing.T) {
	cl, l, done := hedged(t, client.Config{ReadTimeout: time.Hour, Hedge: client.Hedge{After: 5 * time.Millisecond}})
	cl.Submit([]*client.Op{{Read: true, Command: []byte("key")}})
	hedge := <-l.sent
	l.first.mu.Lock()
	first := l.first.held[0]
	l.first.mu.Unlock()
	if was, left := remaining(first), remaining(hedge); left > was-5*time.Millisecond || left <= 0 {
		t.Errorf("the first call had %v, its hedge %v later has %v", was, 5*time.Millisecond, left)
	}
	l.second.release(func(c *core.Call) { c.Response.(*core.ReadResponse).Append([]byte("value")) })
	<-done
}
