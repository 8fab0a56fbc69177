package node

import (
	"sync"
	"time"

	"github.com/raftbench/raftbench/core"
)

// inbox is where the transport, the storage and callers leave what the loop is to
// take up. It is the node's core.Handler.
type inbox struct {
	wake      chan struct{}
	clock     core.Clock
	admission admission
	refuse    func([]*core.Incoming) // answers what was not admitted

	mu  sync.Mutex
	new arrivals
}

// arrivals is what came since the loop last looked.
type arrivals struct {
	requests []*core.Incoming
	calls    []*core.Call
	tasks    []func()
	durable  []durable
}

// durable says that a write has become durable, or that it failed.
type durable struct {
	seq uint64
	err error
}

// Receive implements core.Handler.
func (b *inbox) Receive(requests []*core.Incoming) {
	b.stamp(requests)
	var refused []*core.Incoming
	b.mu.Lock()
	for _, r := range requests {
		if !b.admission.admit(r.Request) {
			refused = append(refused, r)
			continue
		}
		b.new.requests = append(b.new.requests, r)
	}
	b.mu.Unlock()
	b.ring()
	if len(refused) > 0 {
		b.refuse(refused)
	}
}

// Complete implements core.Handler.
func (b *inbox) Complete(calls []*core.Call) {
	b.mu.Lock()
	b.new.calls = append(b.new.calls, calls...)
	b.mu.Unlock()
	b.ring()
}

// do has the loop call task.
func (b *inbox) do(task func()) {
	b.mu.Lock()
	b.new.tasks = append(b.new.tasks, task)
	b.mu.Unlock()
	b.ring()
}

// persisted notes what became of a write. It does not wake the loop, which looks
// again by itself after every write that it makes.
func (b *inbox) persisted(d durable) {
	b.mu.Lock()
	b.new.durable = append(b.new.durable, d)
	b.mu.Unlock()
}

// stamp notes when clients' requests were received: until when they have time, and, of
// those that ask for it, where their trace begins. It reads the clock once, and not at
// all for what nodes say to each other.
func (b *inbox) stamp(requests []*core.Incoming) {
	var now time.Duration
	for _, r := range requests {
		remaining, ok := remainingOf(r.Request)
		if !ok {
			continue
		}
		if now == 0 {
			now = b.clock.Now()
		}
		r.Expires = expiry(now, remaining)
		if t := traceOf(r); t != nil {
			*t = core.Trace{Clock: b.clock.ID, Received: now}
		}
	}
}

func (b *inbox) ring() {
	select {
	case b.wake <- struct{}{}:
	default: // it is going to wake anyway
	}
}

// take swaps what has come for the emptied memory of the last time.
func (b *inbox) take(last *arrivals) {
	clear(last.requests)
	clear(last.calls)
	clear(last.tasks)
	b.mu.Lock()
	*last, b.new = b.new, arrivals{
		requests: last.requests[:0],
		calls:    last.calls[:0],
		tasks:    last.tasks[:0],
		durable:  b.new.durable,
	}
	last.durable = nil // taken by takeDurable
	b.mu.Unlock()
}

// takeDurable appends the outcomes of writes to list.
func (b *inbox) takeDurable(list []durable) []durable {
	b.mu.Lock()
	defer b.mu.Unlock()
	list = append(list, b.new.durable...)
	b.new.durable = b.new.durable[:0]
	return list
}
