package client

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/raftbench/raftbench/core"
)

// RetryMode says which operations are sent again after an attempt that failed.
type RetryMode string

// The retry modes.
const (
	// RetryNone sends every operation once. It does not follow the leader either:
	// what reaches a node that does not lead has failed.
	RetryNone RetryMode = "none"
	// RetrySafe sends again what cannot be executed twice: reads, and commands that
	// certainly did not reach the leader's log. The default.
	RetrySafe RetryMode = "safe"
	// RetryAll sends commands again, too, whose outcome is unknown because the
	// connection broke or the leader stepped down. Without Config.Sessions such a
	// command may be executed twice, and the other clients may see what it does twice.
	RetryAll RetryMode = "all"
)

// RetryModes lists the retry modes.
func RetryModes() []RetryMode { return []RetryMode{RetryNone, RetrySafe, RetryAll} }

// Retry says what a client does after an attempt that failed. Whatever it says, an
// operation is never sent again once its time has passed, and what is left of
// that time is the timeout of the next attempt.
type Retry struct {
	Mode RetryMode // default RetrySafe

	// Attempts is how often one operation is sent at most, following a leader not
	// counted. Zero: as often as its time allows.
	Attempts int

	// Budget bounds what all operations of a client together are sent again, and
	// its hedges. The zero value does not bound them.
	Budget Budget
}

func (r Retry) validate() error {
	switch {
	case !slices.Contains(RetryModes(), r.Mode):
		return fmt.Errorf("client: Retry.Mode %q: allowed are %s", r.Mode, modeNames())
	case r.Attempts < 0:
		return fmt.Errorf("client: Retry.Attempts %d: must not be negative", r.Attempts)
	}
	return r.Budget.validate()
}

func modeNames() string {
	var names []string
	for _, m := range RetryModes() {
		names = append(names, string(m))
	}
	return strings.Join(names, ", ")
}

// failure is how an attempt went wrong.
type failure struct {
	err error

	// doubt: the leader may have executed the operations.
	doubt bool

	// free: a node answered that it does not lead. To go to the one that does is no
	// second attempt, and the load of it is bounded by the leader's pause.
	free bool
}

// again queues the operations of an attempt that failed once more, or ends them.
// The lock is held.
func (c *Client) again(f *flight, why failure, now time.Time, ended []*Op) []*Op {
	granted := !c.closed && c.mayRetry(f, why, now)
	doubt := why.doubt && !f.lane.read
	for _, op := range f.ops {
		op.Err = why.err // what to say if the time passes in the queue
		op.doubt = op.doubt || doubt
		if !granted || f.lane.late(op, now) || !op.another(why, c.config.Retry.Attempts) {
			op.giveUp(why.err)
			ended = append(ended, op)
			continue
		}
		if !why.free {
			c.attempts.Retries++
		}
		c.push(op, now)
	}
	return ended
}

// mayRetry tells whether the mode allows to send the operations of f again, and
// takes that from the budget. The lock is held.
func (c *Client) mayRetry(f *flight, why failure, now time.Time) bool {
	switch mode := c.config.Retry.Mode; {
	case mode == RetryNone:
		return false
	case why.free:
		return true
	case why.doubt && !f.lane.read && mode != RetryAll:
		return false
	case !f.anotherOf(c.config.Retry.Attempts, now):
		return false // nothing would be sent, so that nothing is to be paid
	case !c.budget.withdraw(now):
		c.attempts.Refused++
		return false
	}
	c.attempts.RetriedCalls++
	return true
}

// alive reports whether any operation of f has time left.
func (f *flight) alive(now time.Time) bool {
	return slices.ContainsFunc(f.ops, func(op *Op) bool { return now.Before(op.deadline) })
}

// anotherOf reports whether any operation of f has time and, after the attempt that
// has just failed, one more attempt left.
func (f *flight) anotherOf(limit int, now time.Time) bool {
	return slices.ContainsFunc(f.ops, func(op *Op) bool {
		return !f.lane.late(op, now) && (limit == 0 || op.failed+1 < limit)
	})
}

// another counts an attempt that failed, and tells whether there may be one more.
func (o *Op) another(why failure, limit int) bool {
	if why.free {
		return true
	}
	o.failed++
	return limit == 0 || o.failed < limit
}

// giveUp ends an operation that will not be sent again. If any of its attempts
// may have been executed, nobody knows whether it was.
func (o *Op) giveUp(err error) {
	if o.doubt {
		o.end(OutcomeUnknown, err)
		return
	}
	o.end(OutcomeFailed, err)
}

// retryable reports whether an error says that the attempt is over and not that
// the operation is: another one may end otherwise.
func retryable(err error) bool {
	return core.NotSent(err) || errors.Is(err, core.ErrBroken) || errors.Is(err, core.ErrTimeout)
}

// Attempts counts what a client sent besides the first attempt of each operation.
type Attempts struct {
	Redirects    uint64 // calls that reached a node which does not lead
	RetriedCalls uint64 // calls that failed and whose operations were sent again: the budget paid for each
	Retries      uint64 // operations in them that were sent again
	Refused      uint64 // calls that failed and whose operations the budget did not let be sent again, and hedges likewise
	Hedges       uint64 // reads sent a second time while the first was under way, in calls
	HedgeWins    uint64 // of those, the second was answered first
	Sessions     uint64 // that were registered
}

// Attempts returns what was counted since the client was opened. It may be called
// at any time.
func (c *Client) Attempts() Attempts {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.attempts
}
