package client

import (
	"errors"
	"fmt"
	"time"

	"github.com/raftbench/raftbench/core"
)

// Errors that an operation can end with, besides those of the transport.
var (
	// ErrOverloaded: the leader's queue is full; the operation was not executed.
	ErrOverloaded = errors.New("leader overloaded")
	// ErrNoLeader: no leader was found in time; the operation was not executed.
	ErrNoLeader = errors.New("no leader")
	// ErrLeadershipLost: the leader stepped down with the operation in its log.
	ErrLeadershipLost = errors.New("leadership lost")
	// ErrBadAnswer: the answer does not fit the request.
	ErrBadAnswer = errors.New("answer does not fit the request")
)

// ErrorClass is the short name under which a report counts an operation's error.
func ErrorClass(err error) string {
	switch {
	case errors.Is(err, ErrOverloaded):
		return "overloaded"
	case errors.Is(err, ErrNoLeader):
		return "no_leader"
	case errors.Is(err, ErrLeadershipLost):
		return "leadership_lost"
	case errors.Is(err, ErrBadAnswer):
		return "bad_answer"
	}
	return core.ErrorClass(err)
}

// handler is what the transport sees of a Client.
type handler Client

// Receive implements core.Handler. Nobody calls a client.
func (h *handler) Receive(requests []*core.Incoming) {
	for _, r := range requests {
		r.Err = errors.New("a client answers no requests")
	}
	h.transport.Reply(requests)
}

// Complete implements core.Handler.
func (h *handler) Complete(calls []*core.Call) {
	c := (*Client)(h)
	now := time.Now()
	ended := c.takeFinished()
	sampled := false
	c.mu.Lock()
	for _, call := range calls {
		f := call.Tag.(*flight)
		f.lane.inFlight--
		f.lane.queue.Done(len(f.ops), now)
		*ended = c.settle(f, now, *ended)
		sampled = sampled || f.traced
		c.giveBack(f)
	}
	next, all := c.dispatch(now, *ended)
	*ended = all
	c.mu.Unlock()
	// The next batch leaves before the submitters hear of this one, so that
	// the cluster works while they do.
	c.send(next)
	if sampled {
		c.finish(*ended, c.config.Clock.Now())
	}
	c.deliver(*ended)
	clear(*ended)
	*ended = (*ended)[:0]
	c.finished.Put(ended)
}

func (c *Client) takeFinished() *[]*Op {
	if s, ok := c.finished.Get().(*[]*Op); ok {
		return s
	}
	return new([]*Op)
}

// settle ends the operations of f or queues them again. The lock is held.
func (c *Client) settle(f *flight, now time.Time, ended []*Op) []*Op {
	if err := f.call.Err; err != nil {
		return c.settleError(f, err, now, ended)
	}
	status, hint, results := f.answer()
	switch status {
	case core.StatusOK:
		c.leader.confirm(f.call.To)
		ended = settleResults(f.ops, results, f.lane.read, ended)
		if f.traced {
			c.account(f)
		}
		return ended
	case core.StatusNotLeader:
		c.leader.redirect(f.call.To, hint, now)
		return c.retry(f, ErrNoLeader, now, ended)
	case core.StatusOverloaded:
		return endAll(f.ops, OutcomeFailed, ErrOverloaded, ended)
	case core.StatusUnknown:
		c.leader.redirect(f.call.To, hint, now)
		return endAll(f.ops, unlessRead(f.lane.read), ErrLeadershipLost, ended)
	}
	return endAll(f.ops, unlessRead(f.lane.read), fmt.Errorf("%w: status %v", ErrBadAnswer, status), ended)
}

func (f *flight) answer() (core.Status, core.NodeID, [][]byte) {
	if f.lane.read {
		return f.readResponse.Status, f.readResponse.Leader, f.readResponse.List()
	}
	return f.proposeResponse.Status, f.proposeResponse.Leader, f.proposeResponse.List()
}

// unlessRead is the outcome of an operation that may have reached the leader: a
// read has no effect, so it certainly was not executed.
func unlessRead(read bool) Outcome {
	if read {
		return OutcomeFailed
	}
	return OutcomeUnknown
}

func settleResults(ops []*Op, results [][]byte, read bool, ended []*Op) []*Op {
	if len(results) != len(ops) {
		err := fmt.Errorf("%w: %d results for %d operations", ErrBadAnswer, len(results), len(ops))
		return endAll(ops, unlessRead(read), err, ended)
	}
	for i, op := range ops {
		op.ok(results[i])
	}
	return append(ended, ops...)
}

func endAll(ops []*Op, outcome Outcome, err error, ended []*Op) []*Op {
	for _, op := range ops {
		op.end(outcome, err)
	}
	return append(ended, ops...)
}

func (c *Client) settleError(f *flight, err error, now time.Time, ended []*Op) []*Op {
	if !errors.Is(err, core.ErrTooLarge) { // which says nothing about who leads
		c.leader.suspect(f.call.To, now)
	}
	if core.NotSent(err) && !c.closed {
		return c.retry(f, err, now, ended)
	}
	return endAll(f.ops, unlessRead(f.lane.read), err, ended)
}

// retry queues the operations again, but for those whose time has passed.
func (c *Client) retry(f *flight, why error, now time.Time, ended []*Op) []*Op {
	for _, op := range f.ops {
		op.Err = why // what to say if the time passes in the queue
		if c.closed || !now.Before(op.deadline) {
			op.end(OutcomeFailed, why)
			ended = append(ended, op)
			continue
		}
		c.push(op, now)
	}
	return ended
}
