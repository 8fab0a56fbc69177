package cluster

import (
	"fmt"
	"sync"
	"time"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/client"
)

// EchoClient makes a call of every operation: an AppendEntries with one entry,
// which holds the operation's command. Nothing is batched; a transport may write
// what one Submit gave in one piece. It may be used concurrently.
type EchoClient struct {
	self      core.NodeID
	timeout   time.Duration
	done      func([]*client.Op)
	transport core.Transport
	ended     sync.Pool // of *[]*client.Op: the memory of slices given to done
	sending   sync.Pool // of *[]*core.Call: that of slices given to Send

	mu    sync.Mutex
	spare []*echoCall // calls that can be used again: no more than were ever under way
}

// echoCall is one round trip.
type echoCall struct {
	call     core.Call
	op       *client.Op
	request  core.AppendEntriesRequest
	response core.AppendEntriesResponse
	entry    [1]core.Entry
}

// Client opens a client. Each operation has so much time; done receives those
// that have ended, as client.Config.Done does. Close the client before the Echo.
func (e *Echo) Client(timeout time.Duration, done func([]*client.Op)) (*EchoClient, error) {
	e.mu.Lock()
	self := firstClient + core.NodeID(e.clients)
	e.clients++
	e.mu.Unlock()
	c := &EchoClient{self: self, timeout: timeout, done: done}
	t, err := e.config.Network.Open(core.Endpoint{
		Self:     self,
		Dial:     e.dialer(self),
		Handler:  (*echoHandler)(c),
		Limits:   e.config.Limits,
		Timeouts: e.config.Timeouts,
	})
	if err != nil {
		return nil, fmt.Errorf("echo client: %w", err)
	}
	c.transport = t
	return c, nil
}

// Submit starts operations. It does not wait. The slice is the caller's again
// when Submit returns.
func (c *EchoClient) Submit(ops []*client.Op) {
	calls := take[core.Call](&c.sending)
	c.mu.Lock()
	for _, op := range ops {
		op.Sampled = false
		*calls = append(*calls, c.start(op))
	}
	c.mu.Unlock()
	c.transport.Send(*calls)
	giveBack(&c.sending, calls)
}

// take returns an empty slice with memory of earlier ones, if there is any.
func take[T any](pool *sync.Pool) *[]*T {
	if s, ok := pool.Get().(*[]*T); ok {
		return s
	}
	return new([]*T)
}

// giveBack empties a slice and keeps its memory.
func giveBack[T any](pool *sync.Pool, s *[]*T) {
	clear(*s)
	*s = (*s)[:0]
	pool.Put(s)
}

// start makes the call of one operation. The lock is held.
func (c *EchoClient) start(op *client.Op) *core.Call {
	var e *echoCall
	if n := len(c.spare); n > 0 {
		e, c.spare = c.spare[n-1], c.spare[:n-1]
	} else {
		e = new(echoCall)
		e.call.Tag, e.call.To = e, echoNode
		e.call.Request, e.call.Response = &e.request, &e.response
	}
	e.op = op
	e.entry[0] = core.Entry{Index: 1, Term: 1, Kind: core.EntryCommand, Data: op.Command}
	e.request = core.AppendEntriesRequest{From: c.self, Term: 1, Session: 1, Entries: e.entry[:]}
	e.call.Timeout, e.call.Err = c.timeout, nil
	return &e.call
}

// Transport returns the client's endpoint, for its statistics.
func (c *EchoClient) Transport() core.Transport { return c.transport }

// Close ends every operation under way, and returns when the last done has
// returned.
func (c *EchoClient) Close() error { return c.transport.Close() }

// echoHandler is what the transport sees of an EchoClient.
type echoHandler EchoClient

// Receive implements core.Handler. Nobody calls a client.
func (h *echoHandler) Receive(requests []*core.Incoming) {
	for _, r := range requests {
		r.Err = fmt.Errorf("a client answers no requests")
	}
	h.transport.Reply(requests)
}

// Complete implements core.Handler.
func (h *echoHandler) Complete(calls []*core.Call) {
	c := (*EchoClient)(h)
	ended := take[client.Op](&c.ended)
	c.mu.Lock()
	for _, call := range calls {
		e := call.Tag.(*echoCall)
		e.settle()
		*ended = append(*ended, e.op)
		e.op = nil
		c.spare = append(c.spare, e)
	}
	c.mu.Unlock()
	c.done(*ended)
	giveBack(&c.ended, ended)
}

// settle gives the operation its outcome.
func (e *echoCall) settle() {
	switch err := e.call.Err; {
	case err != nil && core.NotSent(err):
		e.op.Outcome, e.op.Err = client.OutcomeFailed, err
	case err != nil:
		e.op.Outcome, e.op.Err = client.OutcomeUnknown, err
	case !e.response.Success || e.response.Match != 1:
		e.op.Outcome, e.op.Err = client.OutcomeUnknown, client.ErrBadAnswer
	default:
		e.op.Outcome, e.op.Err = client.OutcomeOK, nil
	}
}
