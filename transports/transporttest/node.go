package transporttest

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/raftbench/raftbench/core"
)

// node is a handler with its transport. It answers requests as it is told, and
// keeps account of every call.
type node struct {
	env       *env
	id        core.NodeID
	transport core.Transport
	ready     sync.WaitGroup // transport is set

	handler  atomic.Pointer[func([]*core.Incoming)]
	received atomic.Int64

	delivering atomic.Int64 // handlers at work
	sending    atomic.Int64 // Sends at work
	sends      atomic.Int64 // Sends that have begun
	closed     atomic.Bool  // Close has returned

	mu      sync.Mutex
	held    []*core.Incoming
	tickets []*ticket
}

// setHandler replaces what answers requests.
func (n *node) setHandler(f func([]*core.Incoming)) { n.handler.Store(&f) }

// Receive implements core.Handler.
func (n *node) Receive(requests []*core.Incoming) {
	defer n.enter("a request")()
	n.received.Add(int64(len(requests)))
	for _, r := range requests {
		n.inspect(r)
	}
	(*n.handler.Load())(requests)
}

// Complete implements core.Handler.
func (n *node) Complete(calls []*core.Call) {
	defer n.enter("a completion")()
	for _, c := range calls {
		tk, ok := c.Tag.(*ticket)
		if !ok || tk.call != c {
			n.env.violate("Complete was given a call that was never sent")
			continue
		}
		tk.complete()
	}
}

// enter notes that a handler is at work. After Close nobody delivers but a Send
// that the node itself is in.
func (n *node) enter(what string) (leave func()) {
	n.delivering.Add(1)
	if n.closed.Load() && (what == "a request" || n.sending.Load() == 0) {
		n.env.violate("%v was delivered %s after Close had returned", n.id, what)
	}
	n.ready.Wait()
	return func() { n.delivering.Add(-1) }
}

// inspect checks that a request comes as Incoming promises.
func (n *node) inspect(r *core.Incoming) {
	switch {
	case r.Request == nil || r.Response == nil:
		n.env.violate("%v received a request or a place for its response that is nil", n.id)
	case r.Response.Kind() != r.Request.Kind():
		n.env.violate("\"Response has the kind of Request\": %v for a %v", r.Response.Kind(), r.Request.Kind())
	case !isEmpty(r.Response):
		n.env.violate("\"Response ... is empty\": %+v", r.Response)
	case r.Err != nil:
		n.env.violate("a request arrived with Err set: %v", r.Err)
	}
}

// echo answers at once with what echoResponse makes of the request.
func (n *node) echo(requests []*core.Incoming) {
	for _, r := range requests {
		echoResponse(r.Response, r.Request, n.id)
	}
	n.transport.Reply(requests)
}

// hold keeps requests until release.
func (n *node) hold(requests []*core.Incoming) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.held = append(n.held, requests...)
}

// release answers what hold kept, and returns how many there were.
func (n *node) release() int {
	n.mu.Lock()
	held := n.held
	n.held = nil
	n.mu.Unlock()
	n.echo(held)
	return len(held)
}

// holding returns how many requests hold keeps.
func (n *node) holding() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.held)
}

// call sends one call, with plenty of time.
func (n *node) call(to *node, r core.Request) *ticket { return n.callFor(to.id, r, 2*patience) }

// callFor sends one call with a timeout.
func (n *node) callFor(to core.NodeID, r core.Request, timeout time.Duration) *ticket {
	tk := n.ticket(to, r, timeout)
	n.send(tk)
	return tk
}

// ticket prepares a call.
func (n *node) ticket(to core.NodeID, r core.Request, timeout time.Duration) *ticket {
	tk := &ticket{node: n, timeout: timeout, ended: make(chan struct{})}
	tk.call = &core.Call{To: to, Request: r, Response: r.Kind().NewResponse(), Timeout: timeout, Tag: tk}
	return tk
}

// send gives calls to the transport.
func (n *node) send(tickets ...*ticket) {
	calls := make([]*core.Call, len(tickets))
	for i, tk := range tickets {
		calls[i] = tk.call
		tk.sentAt = time.Now()
	}
	n.mu.Lock()
	n.tickets = append(n.tickets, tickets...)
	n.mu.Unlock()
	n.sendCalls(calls)
	clear(calls) // "The slice is the caller's again when Send returns"
}

func (n *node) sendCalls(calls []*core.Call) {
	n.sends.Add(1)
	n.sending.Add(1)
	n.transport.Send(calls)
	n.sending.Add(-1)
}

// cancel asks the transport to end calls.
func (n *node) cancel(tickets ...*ticket) {
	calls := make([]*core.Call, len(tickets))
	for i, tk := range tickets {
		calls[i] = tk.call
	}
	n.transport.Cancel(calls)
	clear(calls)
}

// close closes the transport and notes that it has returned.
func (n *node) close() {
	if err := n.transport.Close(); err != nil {
		n.env.violate("Close of %v: %v", n.id, err)
	}
	n.closed.Store(true)
	sends, sending := n.sends.Load(), n.sending.Load()
	working := n.delivering.Load()
	if working != 0 && sending == 0 && sends == n.sends.Load() {
		n.env.violate("Close of %v returned while %d of its handlers were at work", n.id, working)
	}
}

// settle checks, when the node is closed, that every call was completed once.
func (n *node) settle() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, tk := range n.tickets {
		if got := tk.completions.Load(); got != 1 {
			n.env.violate("a %v of %v was completed %d times", tk.call.Request.Kind(), n.id, got)
		}
	}
}

// stats returns what the transport counted, if it counts.
func (n *node) stats() (core.TransportStats, bool) {
	m, ok := n.transport.(core.Meter)
	if !ok {
		return core.TransportStats{}, false
	}
	return m.Stats(), true
}

// ticket is one call and what became of it.
type ticket struct {
	node        *node
	call        *core.Call
	timeout     time.Duration
	then        func() // called at completion, if set before the call was sent
	completions atomic.Int32
	sentAt      time.Time
	endedAt     time.Time
	err         error
	ended       chan struct{}
}

// complete is called when the transport hands the call back.
func (tk *ticket) complete() {
	if n := tk.completions.Add(1); n != 1 {
		tk.node.env.violate("a %v of %v was completed %d times", tk.call.Request.Kind(), tk.node.id, n)
		return
	}
	tk.endedAt, tk.err = time.Now(), tk.call.Err
	if tk.then != nil {
		tk.then()
	}
	close(tk.ended)
}

// wait waits for the end of the call and returns its error.
func (tk *ticket) wait(t T) error {
	t.Helper()
	patience := tk.node.env.patience
	select {
	case <-tk.ended:
		return tk.err
	case <-time.After(patience):
		t.Fatalf("contract: %q: a %v to %v did not end within %v (timeout %v)",
			contractOnce, tk.call.Request.Kind(), tk.call.To, patience, tk.timeout)
		return nil
	}
}

// done waits for the call to end well, answered by echo.
func (tk *ticket) done(t T) {
	t.Helper()
	if err := tk.wait(t); err != nil {
		t.Fatalf("contract: %q: a %v to %v ended with %v", tk.node.env.contract, tk.call.Request.Kind(), tk.call.To, err)
	}
	if diff := echoDiff(tk.call); diff != "" {
		t.Fatalf("contract: %q: the response is not the answer to the request: %s", tk.node.env.contract, diff)
	}
}

// isEnded reports whether the call has ended.
func (tk *ticket) isEnded() bool {
	select {
	case <-tk.ended:
		return true
	default:
		return false
	}
}

// took is how long the call took.
func (tk *ticket) took() time.Duration { return tk.endedAt.Sub(tk.sentAt) }
