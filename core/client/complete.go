package client

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/raftbench/raftbench/core"
)

// Errors that an operation can end with, besides those of the transport.
var (
	// ErrOverloaded: the leader's queue is full, or the client's own (Config.MaxQueuedOps);
	// the operation was not executed. More is asked than the cluster can do: ask less, or
	// ask again after a pause that grows.
	ErrOverloaded = errors.New("overloaded")
	// ErrExpired: the node had too little time left for the operation when it came to it, and did
	// not execute it. It is busy, so that to ask again would not help.
	ErrExpired = errors.New("too little time left at the node")
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
	case errors.Is(err, ErrExpired):
		return "expired"
	case errors.Is(err, ErrNoLeader):
		return "no_leader"
	case errors.Is(err, ErrLeadershipLost):
		return "leadership_lost"
	case errors.Is(err, ErrBadAnswer):
		return "bad_answer"
	case errors.Is(err, ErrSessionExpired):
		return "session_expired"
	}
	return core.ErrorClass(err)
}

// handler is what the transport sees of a Client.
type handler Client

// Receive implements core.Handler. Nobody calls a client.
func (h *handler) Receive(requests []*core.Incoming) { h.transport.Reply(refused(requests)) }

// Complete implements core.Handler.
func (h *handler) Complete(calls []*core.Call) { (*Client)(h).complete(calls) }

// secondHandler is what the transport of the hedges sees.
type secondHandler Client

// Receive implements core.Handler.
func (h *secondHandler) Receive(requests []*core.Incoming) {
	h.hedging.transport.Reply(refused(requests))
}

// Complete implements core.Handler.
func (h *secondHandler) Complete(calls []*core.Call) { (*Client)(h).complete(calls) }

func refused(requests []*core.Incoming) []*core.Incoming {
	for _, r := range requests {
		r.Err = errors.New("a client answers no requests")
	}
	return requests
}

// complete takes calls back that have ended.
func (c *Client) complete(calls []*core.Call) {
	now := time.Now()
	ended := c.takeFinished()
	c.mu.Lock()
	losers, sampled := c.takeBack(calls, now, ended)
	next, all := c.dispatch(now, *ended)
	*ended = all
	c.mu.Unlock()
	// The next batch leaves before the submitters hear of this one, so that
	// the cluster works while they do.
	c.send(next)
	c.cancel(losers)
	if sampled {
		c.finish(*ended, c.config.Clock.Now())
	}
	c.deliver(*ended)
	clear(*ended)
	*ended = (*ended)[:0]
	c.finished.Put(ended)
}

// takeBack settles what calls carried that have ended. It appends to ended what ends with them, and
// returns the calls that they have made needless, and whether any operation is sampled.
// The lock is held.
func (c *Client) takeBack(calls []*core.Call, now time.Time, ended *[]*Op) (losers []*core.Call, sampled bool) {
	for _, call := range calls {
		f := call.Tag.(*flight)
		if f.lost {
			continue // it is nobody's any more
		}
		c.learn(f, now)
		if f.registers {
			c.registered(f, now)
			c.giveBack(f)
			continue
		}
		var decides bool
		if decides, losers = c.decided(f, losers); decides {
			f.lane.inFlight--
			f.lane.queue.Done(len(f.ops), now)
			*ended = c.settle(f, now, *ended)
			sampled = sampled || f.traced
		}
		c.giveBack(f)
	}
	return losers, sampled
}

func (c *Client) takeFinished() *[]*Op {
	if s, ok := c.finished.Get().(*[]*Op); ok {
		return s
	}
	return new([]*Op)
}

// learn notes what the end of a call says about who leads. The lock is held.
func (c *Client) learn(f *flight, now time.Time) {
	err := f.call.Err
	status, hint, _ := f.answer()
	if err == nil && status == core.StatusNotLeader {
		c.attempts.Redirects++
	}
	if c.learnOfRead(f, now) {
		return
	}
	if err != nil {
		if !errors.Is(err, core.ErrTooLarge) { // which says nothing about who leads
			c.leader.suspect(f.call.To, now)
		}
		return
	}
	switch status {
	case core.StatusOK:
		leader := f.call.To
		if f.lane.read && slices.Contains(c.leader.nodes, hint) {
			leader = hint // a follower answers reads, too
		}
		c.leader.confirm(leader)
	case core.StatusNotLeader, core.StatusUnknown:
		c.leader.redirect(f.call.To, hint, now)
	}
}

// settle ends the operations of f or queues them again. The lock is held.
func (c *Client) settle(f *flight, now time.Time, ended []*Op) []*Op {
	if f.lane.read && c.hedging.On() {
		c.hedging.answered(f, now)
	}
	if err := f.call.Err; err != nil {
		return c.settleError(f, err, now, ended)
	}
	status, _, results := f.answer()
	switch status {
	case core.StatusOK:
		c.budget.deposit()
		ended = c.settleResults(f.ops, results, f.lane.read, ended)
		if f.traced {
			c.account(f)
		}
		return ended
	case core.StatusNotLeader:
		return c.again(f, failure{err: ErrNoLeader, free: true}, now, ended)
	case core.StatusOverloaded:
		return giveUpAll(f.ops, ErrOverloaded, ended) // to ask again would not help it
	case core.StatusExpired:
		return giveUpAll(f.ops, ErrExpired, ended)
	case core.StatusUnknown:
		return c.again(f, failure{err: ErrLeadershipLost, doubt: true}, now, ended)
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

func (c *Client) settleResults(ops []*Op, results [][]byte, read bool, ended []*Op) []*Op {
	if len(results) != len(ops) {
		err := fmt.Errorf("%w: %d results for %d operations", ErrBadAnswer, len(results), len(ops))
		return endAll(ops, unlessRead(read), err, ended)
	}
	for i, op := range ops {
		if op.session != nil {
			c.settleCommand(op, results[i])
			continue
		}
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

// giveUpAll ends operations of an attempt that certainly did not execute them.
func giveUpAll(ops []*Op, err error, ended []*Op) []*Op {
	for _, op := range ops {
		op.giveUp(err)
	}
	return append(ended, ops...)
}

func (c *Client) settleError(f *flight, err error, now time.Time, ended []*Op) []*Op {
	if retryable(err) {
		return c.again(f, failure{err: err, doubt: !core.NotSent(err)}, now, ended)
	}
	return endAll(f.ops, unlessRead(f.lane.read), err, ended)
}
