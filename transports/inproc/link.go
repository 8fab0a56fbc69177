package inproc

import (
	"fmt"
	"sync"
	"time"

	"github.com/raftbench/raftbench/core"
)

// link holds the calls under way from one endpoint to one peer, and their
// bounds. Whoever takes a call out of it, and nobody else, ends the call.
type link struct {
	from   *endpoint
	to     core.NodeID
	limits core.Limits

	mu     sync.Mutex
	closed bool
	calls  map[*core.Call]*flight
	count  [core.NumClasses]int
	bytes  [core.NumClasses]int
}

// reserve makes room for a call of size bytes, before memory is taken for it.
func (l *link) reserve(class core.Class, size int) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch n := l.count[class]; {
	case l.closed:
		return core.ErrClosed
	case n >= l.limits.QueuedCalls, n > 0 && l.bytes[class]+size > l.limits.QueuedBytes:
		return fmt.Errorf("%v: %w: %d %v calls of %d B under way", l.to, core.ErrOverflow, n, class, l.bytes[class])
	}
	l.count[class]++
	l.bytes[class] += size
	return nil
}

// enter adds the call of f, for which room was reserved. From here on it may end.
func (l *link) enter(f *flight) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return core.ErrClosed
	}
	l.calls[f.call] = f
	return nil
}

// take removes the call of f and reports whether it was still under way.
func (l *link) take(f *flight) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.calls[f.call] != f {
		return false
	}
	l.leave(f)
	return true
}

// takeCall removes c and reports whether it was under way.
func (l *link) takeCall(c *core.Call) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	f, ok := l.calls[c]
	if ok {
		l.leave(f)
	}
	return ok
}

// takeExpired removes the calls whose deadline is not after now, and returns
// them and the earliest deadline of the others.
func (l *link) takeExpired(now time.Duration) (expired []*core.Call, next time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	next = never
	for c, f := range l.calls {
		if f.deadline > now {
			next = min(next, f.deadline)
			continue
		}
		l.leave(f)
		expired = append(expired, c)
	}
	return expired, next
}

// takeAll removes every call; with closing it lets no other in.
func (l *link) takeAll(closing bool) []*core.Call {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = l.closed || closing
	var all []*core.Call
	for c, f := range l.calls {
		l.leave(f)
		all = append(all, c)
	}
	return all
}

// leave removes f from the books; somebody is going to end its call. l.mu is held.
func (l *link) leave(f *flight) {
	l.from.mailbox.promised.Add(1)
	delete(l.calls, f.call)
	l.count[f.class]--
	l.bytes[f.class] -= f.size
}
