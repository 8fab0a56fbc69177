package client

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/batch"
	"github.com/raftbench/raftbench/core/session"
)

// ErrSessionExpired: the cluster has forgotten the session of the operation, because it
// was not used for long, or its table is too small for all that are in use. This
// attempt did not execute the operation; an earlier one may have, if the outcome is unknown.
// Operations that are submitted afterwards get a session of their own.
var ErrSessionExpired = errors.New("session expired")

// sessions is the client's part of core/session: one session at a time, which is
// registered when the first command waits for it. The client's lock guards it.
type sessions struct {
	on      bool
	current *openSession // nil: none, until one is registered
	asking  bool         // the call that registers one is under way

	// unnumbered holds commands without a session: there is none yet, or too many of its
	// commands are under way. Commands in the lane of writes all have one, so that
	// those that are sent again never wait for room that they take themselves.
	unnumbered lane
}

// openSession is a session, for as long as operations belong to it.
type openSession struct {
	id      session.ID
	numbers session.Numbers
}

func newSessions(c *Config) sessions {
	return sessions{on: c.Sessions, unnumbered: newLane(batch.Config{Policy: batch.None}, c.WriteTimeout)}
}

// enter makes op an operation of the current session, if there is room. The lock is held.
func (s *sessions) enter(op *Op) bool {
	if s.current == nil {
		return false
	}
	sequence, ok := s.current.numbers.Take()
	if ok {
		op.session, op.sequence = s.current, sequence
	}
	return ok
}

// admit lets commands that wait for a session enter it, in their order. The lock is
// held.
func (c *Client) admit(now time.Time) {
	s := &c.sessions
	for {
		op, ok := s.unnumbered.queue.First()
		if !ok || !s.enter(op) {
			return
		}
		s.unnumbered.queue.Next(batch.Situation{Now: now})
		c.push(op, now)
	}
}

// leaveSession ends the part that an operation has in a session: it will not be sent again,
// and nobody asks for its answer any more.
func (o *Op) leaveSession() {
	if o.session != nil {
		o.session.numbers.End(o.sequence)
		o.session = nil
	}
}

// sessionBytes is what a session mostly adds to a command in a batch: to all but the first.
const sessionBytes = 1

// enclose appends the commands of operations, as those of their sessions, which it writes to
// memory. It returns both. Mostly each is the next after the one before, and need not say more.
func enclose(list [][]byte, ops []*Op, memory []byte) ([][]byte, []byte) {
	size := 0
	for _, op := range ops {
		size += session.OverheadBytes + len(op.Command)
	}
	memory = slices.Grow(memory, size) // it must not move while it fills
	for i, op := range ops {
		start := len(memory)
		if i > 0 && op.follows(ops[i-1]) {
			memory = session.AppendNext(memory, op.Command)
		} else {
			memory = session.AppendWrite(memory, op.session.id, op.sequence, op.session.numbers.Received(), op.Command)
		}
		list = append(list, memory[start:len(memory):len(memory)])
	}
	return list, memory
}

// follows reports whether o has the number after another's, of the same session.
func (o *Op) follows(other *Op) bool {
	return o.session == other.session && o.sequence == other.sequence+1
}

// register makes the call that opens a session, if commands wait for one. It is
// repeated until it succeeds or nobody waits any more, with the pauses that the leader's
// absence asks for: it is no operation, so neither mode nor budget of retries counts.
// One that was executed although the call failed leaves a session behind that nobody uses:
// it takes a place in the table until its turn to expire comes. The lock is held.
func (c *Client) register(calls []*core.Call) []*core.Call {
	s := &c.sessions
	if s.current != nil || s.asking || s.unnumbered.queue.Len() == 0 {
		return calls
	}
	s.asking = true
	f := c.takeFlight(&c.writes)
	f.lane, f.ops, f.registers, f.traced = &c.writes, f.ops[:0], true, false
	f.propose.From, f.propose.Trace = c.config.Self, false
	f.propose.Commands = append(f.propose.Commands[:0], session.AppendRegister(nil))
	f.propose.Remaining = allowance(c.config.WriteTimeout)
	f.call.To, f.call.Timeout, f.call.Err = c.knownLeader(), c.config.WriteTimeout, nil
	f.call.Request, f.call.Response = &f.propose, &f.proposeResponse
	return append(calls, &f.call)
}

// registered takes up the end of the call that opens a session. The lock is held.
func (c *Client) registered(f *flight, now time.Time) {
	s := &c.sessions
	f.registers, s.asking = false, false
	id, err := f.session()
	if err == nil {
		s.current = &openSession{id: id}
		c.attempts.Sessions++
		return
	}
	s.unnumbered.queue.Remove(func(op *Op) bool {
		op.Err = fmt.Errorf("register a session: %w", err) // what to say if the time passes
		return false
	})
	if errors.Is(err, ErrOverloaded) || errors.Is(err, ErrExpired) || errors.Is(err, ErrBadAnswer) {
		c.leader.pause(now) // the others have been dealt with as for any call
	}
}

// session is the session that f was to register.
func (f *flight) session() (session.ID, error) {
	if f.call.Err != nil {
		return 0, f.call.Err
	}
	status, _, results := f.answer()
	switch status {
	case core.StatusOK:
		if len(results) == 1 {
			if id, ok := session.ParseRegistered(results[0]); ok {
				return id, nil
			}
		}
		return 0, fmt.Errorf("%w: %q; the nodes' state machine has to keep sessions", ErrBadAnswer, results)
	case core.StatusNotLeader:
		return 0, ErrNoLeader
	case core.StatusOverloaded:
		return 0, ErrOverloaded
	case core.StatusExpired:
		return 0, ErrExpired
	case core.StatusUnknown:
		return 0, ErrLeadershipLost
	}
	return 0, fmt.Errorf("%w: status %v", ErrBadAnswer, status)
}

// settleCommand ends an operation of a session with what the state machine answered. The
// lock is held.
func (c *Client) settleCommand(op *Op, b []byte) {
	status, result, ok := session.ParseResult(b)
	switch {
	case ok && status == session.StatusOK:
		op.ok(result)
	case ok && status == session.StatusExpired:
		if c.sessions.current == op.session {
			c.sessions.current = nil
		}
		op.giveUp(ErrSessionExpired)
	default:
		op.end(OutcomeUnknown, fmt.Errorf("%w: %v, of a command of a session", ErrBadAnswer, status))
	}
}
