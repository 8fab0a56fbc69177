package rawtcp

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/transports/dial"
)

// lane carries the requests of one class to one peer, over one link or several.
// Several are there to be measured: four cost 64 waiting callers twice the CPU a
// call (2.3 us against 1.1), because each write carries a quarter as many calls.
// Every link has its share of the lane's bounds, and room for one large call if the
// others leave it.
type lane = dial.Pool[*link]

// link is one connection of a lane, or the place for it: it connects when it is
// first used, and again, after a pause, when the connection has ended.
type link struct {
	peer       *peer
	class      core.Class
	calls      int // bounds
	bytes      int
	room       *dial.Room // of all links of the lane
	overflow   error      // made once: under overload there are many
	whenClosed error

	current atomic.Pointer[conn] // nil or dead: see open

	mu        sync.Mutex // taken before a conn's
	closed    bool
	backoff   dial.Backoff
	notBefore time.Time // the earliest time of the next attempt
	last      error     // what ended the last connection, as calls in the pause get it
}

// newLink makes link i of the n that a lane has.
func newLink(p *peer, class core.Class, room *dial.Room, i, n int) *link {
	l := p.t.limits
	return &link{
		peer:       p,
		class:      class,
		calls:      dial.Share(l.QueuedCalls, i, n),
		bytes:      dial.Share(l.QueuedBytes, i, n),
		room:       room,
		overflow:   fmt.Errorf("%v requests to %v: %w", class, p.id, core.ErrOverflow),
		whenClosed: fmt.Errorf("%v requests to %v: %w", class, p.id, core.ErrClosed),
		backoff:    dial.Backoff{Max: p.t.timeouts.ReconnectMax},
	}
}

// Ready implements dial.Member.
func (l *link) Ready() bool {
	if c := l.current.Load(); c != nil {
		return c.greeted.Load()
	}
	_, _ = l.open() // whoever needs it will hear of the error
	return false
}

// conn returns the connection to use now, opened or still opening. The error
// matches ErrUnavailable or ErrClosed.
func (l *link) conn() (*conn, error) {
	if c := l.current.Load(); c != nil {
		return c, nil
	}
	return l.open()
}

// start appends one call to the writer of the connection. It tries again if the
// connection dies meanwhile.
func (l *link) start(call *core.Call) (*writer, error) {
	for range 3 {
		c, err := l.conn()
		if err != nil {
			return nil, err
		}
		retry, err := c.start(call)
		if !retry {
			return c.w, err
		}
	}
	return nil, fmt.Errorf("%v: %w: connections die at once", call.To, core.ErrUnavailable)
}

// open starts an attempt to connect, unless it is too early for one.
func (l *link) open() (*conn, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if c := l.current.Load(); c != nil {
		return c, nil // somebody else was faster
	}
	if l.closed {
		return nil, l.whenClosed
	}
	if l.last != nil && time.Now().Before(l.notBefore) {
		return nil, l.last
	}
	outcome, err := l.peer.breaker.Allow()
	if err != nil {
		return nil, err
	}
	c := newConn(l, outcome)
	l.current.Store(c)
	l.peer.t.running.Add(1) // not closed, so Close has not begun to wait
	go c.run()
	return c, nil
}

// established ends the series of failed attempts.
func (l *link) established() {
	l.mu.Lock()
	l.backoff.Reset()
	l.mu.Unlock()
}

// lost makes room for a new connection, after a pause.
func (l *link) lost(c *conn, cause error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.current.CompareAndSwap(c, nil) {
		l.notBefore = time.Now().Add(l.backoff.Next())
		l.last = fmt.Errorf("%v: %w: waiting to connect again after: %v", l.peer.id, core.ErrUnavailable, cause)
	}
}

// close ends the connection and lets none follow.
func (l *link) close() {
	l.mu.Lock()
	l.closed = true
	c := l.current.Load()
	l.mu.Unlock()
	if c != nil {
		c.fail(l.whenClosed)
	}
}
