package client

import (
	"math"
	"time"

	"github.com/raftbench/raftbench/core"
)

// opOverheadBytes is what an operation counts in a batch beyond its command.
const opOverheadBytes = 4

// Submit starts operations; each is given to Done exactly once. It does not
// wait. What there is no room for ends with ErrOverloaded before Submit returns. The
// slice is the caller's again when Submit returns.
func (c *Client) Submit(ops []*Op) {
	now := time.Now()
	c.mu.Lock()
	if c.closed {
		for _, op := range ops {
			op.doubt = false
		}
		refuse(ops)
		c.mu.Unlock()
		c.deliver(ops)
		return
	}
	calls, ended := c.dispatch(now, c.enqueue(ops, now))
	c.mu.Unlock()
	c.send(calls)
	c.deliver(ended)
}

// enqueue queues new operations and returns those for which there is no room. The lock is
// held.
func (c *Client) enqueue(ops []*Op, now time.Time) (refused []*Op) {
	room := c.room()
	for _, op := range ops {
		op.Err, op.Sampled, op.failed, op.doubt = nil, false, 0, false
		op.deadline = now.Add(c.config.timeout(op.Read))
		if room.ops <= 0 || room.bytes <= 0 {
			op.giveUp(ErrOverloaded)
			refused = append(refused, op)
			continue
		}
		room.ops--
		room.bytes -= c.push(op, now)
	}
	return refused
}

// refuse ends operations that a closed client does not send. The lock is held.
func refuse(ops []*Op) {
	for _, op := range ops {
		op.Sampled = false
		op.giveUp(core.ErrClosed)
	}
}

// room is what may still be queued. Operations that are sent again need none: they were
// let in before, and no more of them can be under way than Config.Depth batches have.
type room struct{ ops, bytes int }

// room returns what may still be queued. The lock is held.
func (c *Client) room() room {
	r := room{c.config.MaxQueuedOps, c.config.MaxQueuedBytes}
	for _, l := range c.lanes() {
		r.ops -= l.queue.Len()
		r.bytes -= l.queue.Bytes()
	}
	return r
}

// queued is a bound of the queues: as it is set, or what it is by default.
func (c *Config) queued(bound, byDefault int) int {
	switch {
	case bound != 0:
		return bound
	case c.Callers > 0:
		return math.MaxInt
	}
	return byDefault
}
