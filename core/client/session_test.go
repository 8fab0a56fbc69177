package client_test

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/batch"
	"github.com/raftbench/raftbench/core/client"
	"github.com/raftbench/raftbench/core/session"
)

// counted is a state machine whose answers say how many commands were executed before.
type counted struct {
	core.StateMachine // Query and snapshots are not called
	executed          []string
}

func (m *counted) Apply(entries []core.Entry, results *core.Results) {
	for i := range entries {
		m.executed = append(m.executed, string(entries[i].Data))
		results.Append(fmt.Appendf(nil, "%s is number %d", entries[i].Data, len(m.executed)))
	}
}

// replica is a cluster of one, without Raft, which keeps sessions.
type replica struct {
	mu      sync.Mutex
	inner   counted
	machine *session.Machine
	index   core.Index
	newest  session.Command // that was proposed
}

func newReplica(t *testing.T, sessions int) *replica {
	t.Helper()
	r := new(replica)
	var err error
	if r.machine, err = session.New(&r.inner, session.Config{Sessions: sessions}); err != nil {
		t.Fatal(err)
	}
	return r
}

// execute answers a call.
func (r *replica) execute(c *core.Call) {
	r.mu.Lock()
	defer r.mu.Unlock()
	req, isWrite := c.Request.(*core.ProposeRequest)
	if !isWrite {
		ok(c)
		return
	}
	resp := c.Response.(*core.ProposeResponse)
	for _, command := range req.Commands {
		r.index++
		r.newest, _ = session.ParseCommand(command)
		r.machine.Apply([]core.Entry{{Index: r.index, Data: command}}, &resp.Results)
	}
}

// executeAndBreak executes a call, and the answer is lost.
func (r *replica) executeAndBreak(c *core.Call) {
	r.execute(c)
	c.Err = core.ErrBroken
}

func (r *replica) executed() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.inner.executed
}

func registers(c *core.Call) bool {
	req, ok := c.Request.(*core.ProposeRequest)
	return ok && len(req.Commands) == 1 && bytes.Equal(req.Commands[0], session.AppendRegister(nil))
}

// The client registers a session once, and what it sends carries numbers; the submitter sees
// nothing of it.
func TestCommandsCarryASession(t *testing.T) {
	r := newReplica(t, 4)
	cl := open(t, &script{answer: r.execute}, client.Config{Sessions: true})
	op, read := &client.Op{}, &client.Op{Read: true, Command: []byte("query")}
	for i := 1; i <= 300; i++ {
		op.Command = fmt.Appendf(nil, "command %d", i)
		do(t, cl, op)
		if want := fmt.Sprintf("command %d is number %d", i, i); op.Outcome != client.OutcomeOK || string(op.Result) != want {
			t.Fatalf("%v, %v, %q; want %q", op.Outcome, op.Err, op.Result, want)
		}
		if r.newest.Session != 1 || r.newest.Sequence != uint64(i) || r.newest.Received != uint64(i)-1 {
			t.Fatalf("operation %d was sent as %+v", i, r.newest)
		}
	}
	if do(t, cl, read); string(read.Result) != "query" {
		t.Fatalf("a read was answered %q", read.Result)
	}
	if n := cl.Attempts().Sessions; n != 1 {
		t.Fatalf("%d sessions were registered, want 1", n)
	}
}

// Of a batch, the first command and those after a gap say all about themselves, and the others that
// they are the next one.
func TestBatchSaysOnceWhereItBegins(t *testing.T) {
	r := newReplica(t, 4)
	s := &script{}
	cl := open(t, s, client.Config{Sessions: true})
	submit := func(names ...string) (ops []*client.Op) {
		for _, name := range names {
			ops = append(ops, &client.Op{Command: []byte(name)})
		}
		cl.Submit(ops)
		return ops
	}
	submit("a")
	s.release(r.execute) // the session
	submit("b", "c")     // gather while a is under way
	kinds := func(want string, end func(*core.Call)) {
		t.Helper()
		var got []byte
		s.release(func(c *core.Call) {
			for _, command := range c.Request.(*core.ProposeRequest).Commands {
				parsed, _ := session.ParseCommand(command)
				got = append(append(got, "?r=+"[parsed.Kind]), parsed.Body...)
			}
			end(c)
		})
		if string(got) != want {
			t.Fatalf("%s was sent, want %s", got, want)
		}
	}
	kinds("=a", r.execute)
	last := submit("d", "e")
	kinds("=b+c", status(core.StatusNotLeader, 2))
	kinds("=d+e=b+c", r.execute) // b and c again, with lower numbers
	for i, want := range []string{"d is number 2", "e is number 3"} {
		if got := string(last[i].Result); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// A command whose outcome is unknown is sent again, executed once, and answered as it would
// have been the first time.
func TestRetriedCommandIsExecutedOnce(t *testing.T) {
	r := newReplica(t, 4)
	broken := map[string]bool{} // commands whose first answer was lost
	s := &script{answer: func(c *core.Call) {
		key := fmt.Sprint(c.Request.(*core.ProposeRequest).Commands)
		if registers(c) || broken[key] {
			r.execute(c)
			return
		}
		broken[key] = true
		r.executeAndBreak(c)
	}}
	cl := open(t, s, client.Config{Sessions: true, Retry: client.Retry{Mode: client.RetryAll}})
	for i := 1; i <= 5; i++ {
		op := &client.Op{Command: fmt.Appendf(nil, "command %d", i)}
		do(t, cl, op)
		if want := fmt.Sprintf("command %d is number %d", i, i); string(op.Result) != want {
			t.Fatalf("%v, %v, %q; want %q", op.Outcome, op.Err, op.Result, want)
		}
	}
	if n, again := len(r.executed()), cl.Attempts().Retries; n != 5 || again != 5 {
		t.Fatalf("%d commands were executed and %d sent again, want 5 and 5", n, again)
	}
}

// A session that the cluster has forgotten is an error of its own, and the next command has
// a new one.
func TestExpiredSession(t *testing.T) {
	r := newReplica(t, 1)
	var mu sync.Mutex
	how := r.execute
	answer := func(c *core.Call) {
		mu.Lock()
		defer mu.Unlock()
		how(c)
	}
	cl := open(t, &script{answer: answer}, client.Config{Sessions: true, Retry: client.Retry{Mode: client.RetryAll}})
	other := open(t, &script{answer: r.execute}, client.Config{Sessions: true})
	command := func(c *client.Client) *client.Op {
		op := &client.Op{Command: []byte("x")}
		do(t, c, op)
		return op
	}
	command(cl)
	command(other) // takes the only place
	op := command(cl)
	if op.Outcome != client.OutcomeFailed || !errors.Is(op.Err, client.ErrSessionExpired) || client.ErrorClass(op.Err) != "session_expired" {
		t.Fatalf("%v, %v of class %q", op.Outcome, op.Err, client.ErrorClass(op.Err))
	}
	if op = command(cl); op.Outcome != client.OutcomeOK || cl.Attempts().Sessions != 2 {
		t.Fatalf("%v, %v after %d sessions; want ok with a second session", op.Outcome, op.Err, cl.Attempts().Sessions)
	}
	// An attempt that may have been executed came before: nobody knows.
	how = func(c *core.Call) {
		how = r.execute
		r.executeAndBreak(c)
		command(other)
		command(other) // with a new session
	}
	if op = command(cl); op.Outcome != client.OutcomeUnknown || !errors.Is(op.Err, client.ErrSessionExpired) {
		t.Fatalf("%v, %v; want unknown", op.Outcome, op.Err)
	}
}

// Registering goes on through whatever goes wrong, for as long as somebody waits, and has all the
// time that a write has each time, whatever its memory was used for before.
func TestRegisteringIsRepeated(t *testing.T) {
	r := newReplica(t, 4)
	wrong := []func(*core.Call){
		fail(core.ErrUnavailable), status(core.StatusNotLeader, 2), status(core.StatusNotLeader, 0), status(core.StatusOverloaded, 1),
		status(core.StatusExpired, 1), status(core.StatusUnknown, 1), r.executeAndBreak, status(core.Status(77), 1), fail(core.ErrTimeout),
	}
	calls := 0
	s := &script{answer: func(c *core.Call) {
		if left := c.Request.(*core.ProposeRequest).Remaining; registers(c) && left != 4900*time.Millisecond {
			t.Errorf("attempt %d has %v left, want that of 5 s", calls, left)
		}
		if calls++; calls <= len(wrong) {
			wrong[calls-1](c)
			return
		}
		r.execute(c)
	}}
	cl := open(t, s, client.Config{Sessions: true, Retry: client.Retry{Mode: client.RetryNone}})
	op := &client.Op{Command: []byte("x")}
	if do(t, cl, op); op.Outcome != client.OutcomeOK || r.newest.Session != 2 {
		t.Fatalf("%v, %v in session %d; want ok in session 2, as 1 was registered and not heard of", op.Outcome, op.Err, r.newest.Session)
	}
}

// What cannot be had in time says why.
func TestNoSession(t *testing.T) {
	for name, c := range map[string]struct {
		answer func(*core.Call)
		want   error
	}{
		"a machine without sessions": {ok, client.ErrBadAnswer},
		"no connection":              {fail(core.ErrUnavailable), core.ErrUnavailable},
		"no leader":                  {status(core.StatusNotLeader, 0), client.ErrNoLeader},
		"no time left at the node":   {status(core.StatusExpired, 1), client.ErrExpired},
	} {
		cl := open(t, &script{answer: c.answer}, client.Config{Sessions: true, Timeout: 50 * time.Millisecond})
		op := &client.Op{Command: []byte("x")}
		if do(t, cl, op); op.Outcome != client.OutcomeFailed || !errors.Is(op.Err, c.want) {
			t.Errorf("%s: %v, %v", name, op.Outcome, op.Err)
		}
	}
}

// No more commands are under way than the window holds, however many there are, and those
// that are sent again do not wait for room.
func TestWindowHoldsBack(t *testing.T) {
	const many = 2*session.Window + 100
	r := newReplica(t, 1)
	var mu sync.Mutex
	done := 0
	s := &script{}
	cl := open(t, s, client.Config{
		Sessions: true, Depth: 1 << 20, Batch: batch.Config{Policy: batch.None}, Retry: client.Retry{Mode: client.RetryAll},
		Done: func(ops []*client.Op) {
			mu.Lock()
			defer mu.Unlock()
			for _, op := range ops {
				if op.Outcome == client.OutcomeOK {
					done++
				}
			}
		},
	})
	var ops []*client.Op
	for range many {
		ops = append(ops, &client.Op{Command: []byte("x")})
	}
	cl.Submit(ops)
	s.release(r.execute) // the session
	if n := s.calls(); n != 1+session.Window {
		t.Fatalf("%d calls were sent, want the session and %d", n, session.Window)
	}
	s.release(r.executeAndBreak) // all of them
	deadline := time.Now().Add(time.Minute)
	finished := func() bool {
		mu.Lock()
		defer mu.Unlock()
		return done == many
	}
	for !finished() {
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d are done", done, many)
		}
		s.release(r.execute)
		time.Sleep(time.Millisecond)
	}
	if n := len(r.executed()); n != many {
		t.Fatalf("%d commands were executed, want %d", n, many)
	}
}

// Commands that wait for a session end with Close, too.
func TestCloseWithoutSession(t *testing.T) {
	s := &script{}
	ended := make(chan *client.Op, 3)
	cl, err := client.New(client.Config{Self: 1000, Nodes: []core.NodeID{1}, Open: s.open, Sessions: true, Done: func(ops []*client.Op) {
		for _, op := range ops {
			ended <- op
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	cl.Submit([]*client.Op{{Command: []byte("x")}, {Command: []byte("y")}})
	if err := cl.Close(); err != nil {
		t.Fatal(err)
	}
	cl.Submit([]*client.Op{{Command: []byte("z")}})
	for range 3 {
		if op := <-ended; op.Outcome != client.OutcomeFailed || !errors.Is(op.Err, core.ErrClosed) {
			t.Errorf("%s: %v, %v", op.Command, op.Outcome, op.Err)
		}
	}
}
