package grpc

import (
	"time"

	"github.com/raftbench/raftbench/core"
)

// stage is how far a call has come. Only the lane changes it, under its mutex.
type stage uint8

const (
	idle     stage = iota // not under way
	queued                // waits for the sender
	encoding              // the sender reads the request; nobody else may end the call
	sent                  // waits for the response; the request's memory is not looked at any more
)

// pending is the transport's side of one call. It stays with its call
// (Call.State) and is used again with it. All but call is guarded by the mutex of
// the lane that the call was given to.
type pending struct {
	call     *core.Call
	id       uint64
	bytes    int
	deadline time.Duration // on the endpoint's clock
	stage    stage

	// doomed is why the call is to end as soon as it is encoded.
	doomed error

	prev, next *pending // in the lane's queue
}

// pendingOf returns the pending of c, which is not under way.
func pendingOf(c *core.Call) *pending {
	if p, ok := c.State.(*pending); ok && p.call == c {
		return p
	}
	p := &pending{call: c}
	c.State = p
	return p
}

// queue is a first-in, first-out list from which any pending can be taken.
type queue struct{ head, tail *pending }

func (q *queue) push(p *pending) {
	p.prev, p.next = q.tail, nil
	if q.tail == nil {
		q.head = p
	} else {
		q.tail.next = p
	}
	q.tail = p
}

func (q *queue) remove(p *pending) {
	if p.prev == nil {
		q.head = p.next
	} else {
		p.prev.next = p.next
	}
	if p.next == nil {
		q.tail = p.prev
	} else {
		p.next.prev = p.prev
	}
	p.prev, p.next = nil, nil
}
