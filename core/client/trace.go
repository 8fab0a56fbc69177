package client

import (
	"slices"
	"time"

	"github.com/raftbench/raftbench/core"
)

// gate measures for how long a lane's batches could have left but for the
// policy: it is open while there is a place among Config.Depth and a leader to
// send to. What an operation waits while it is open is StageLinger, the rest
// StageQueue. The client's lock guards it.
type gate struct {
	shut   bool
	turned time.Duration // when it was last opened or shut
	before time.Duration // for how long it was open, until then
}

// turn opens the gate, or shuts it.
func (g *gate) turn(now time.Duration) {
	g.before, g.turned, g.shut = g.open(now), now, !g.shut
}

// open is for how long the gate has been open, all in all. Callers read the clock
// before they take the client's lock, so now may lie a little before the last
// turn.
func (g *gate) open(now time.Duration) time.Duration {
	if g.shut {
		return g.before
	}
	return g.before + max(0, now-g.turned)
}

// at is t on the client's clock.
func (c *Client) at(t time.Time) time.Duration { return t.Sub(c.config.Clock.Origin) }

// submitted is when op was submitted, however often it was sent since.
func (c *Client) submitted(op *Op) time.Duration {
	return c.at(op.deadline) - c.config.timeout(op.Read)
}

// sample tells which operation of a batch that leaves now is the first that is sampled,
// and whether there is one: then the batch asks for a trace. It counts operations rather
// than batches. The few batches that gather while everything stands still have many and
// slow ones; by batches it would be chance whether they are seen. Each lane counts its
// own: a link that reads and writes in turn would otherwise sample only one of the two.
func (c *Client) sample(l *lane, ops int) (first int, ok bool) {
	every := c.config.SampleEvery
	if every == 0 {
		return 0, false
	}
	first = every - 1 - l.unsampled
	l.unsampled = (l.unsampled + ops) % every
	return first, first < ops
}

// trace returns the leader's account of f, if it gave one.
func (f *flight) trace() (core.Trace, bool) {
	if f.lane.read {
		return f.readResponse.Trace, f.readResponse.Traced
	}
	return f.proposeResponse.Trace, f.proposeResponse.Traced
}

// account writes down in which stages the sampled operations of f were, as far as it is
// known before they are delivered. A trace that cannot be is passed over.
func (c *Client) account(f *flight) {
	trace, ok := f.trace()
	if !f.traced || !ok {
		return
	}
	stages := Stages{StageInbox: trace.Inbox, StageLog: trace.Log, StageQuorum: trace.Quorum, StageApply: trace.Apply}
	rest, restFrom := StageRequest, f.sent+trace.Total()
	if id := c.config.Clock.ID; id != 0 && id == trace.Clock {
		stages[StageRequest] = trace.Received - f.sent
		rest, restFrom = StageReply, trace.Received+trace.Total()
	}
	if slices.Min(stages[:]) < 0 {
		return
	}
	for i := f.sampled; i < len(f.ops); i += c.config.SampleEvery {
		op := f.ops[i]
		if op.Outcome != OutcomeOK {
			continue
		}
		waited := f.sent - c.submitted(op)
		stages[StageLinger] = min(max(0, f.open-op.open), waited)
		stages[StageQueue] = waited - stages[StageLinger]
		op.Stages, op.rest, op.restFrom, op.Sampled = stages, rest, restFrom, true
	}
}

// finish ends the last stage of the operations that have been accounted for. That
// too has a beginning and an end of its own: if it were what the others leave, a stage
// that was lost would be in it, and nobody would know. A trace that claims more than
// the time until now cannot be.
func (c *Client) finish(ended []*Op, now time.Duration) {
	for _, op := range ended {
		if !op.Sampled {
			continue
		}
		op.Took = now - c.submitted(op)
		op.Stages[op.rest] = now - op.restFrom
		if op.Stages[op.rest] < 0 || slices.Max(op.Stages[:]) > op.Took { // or the sum has wrapped
			op.Sampled = false
		}
	}
}
