package rawtcp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/transports/dial"
	"github.com/raftbench/raftbench/transports/wire"
)

// silentRounds in a row in which calls expired and nothing arrived, over at least
// the timeout of control calls, mean that a connection is dead.
const silentRounds = 3

// helloPatience times the connect timeout is how long a hello may take. The
// peer's kernel has accepted by then; its process may be slow to notice, and on a
// machine that runs at its limit a shorter time only adds to the load.
const helloPatience = 4

// conn is the calling side of one connection, from the first call, which opens
// it, to its end, with which all its calls end. While it opens, requests gather
// in its writer.
//
// One goroutine, run, connects, reads and ends the calls; anybody may fail it.
type conn struct {
	t       *transport
	link    *link
	outcome func(error) // tells the breaker about the attempt; called once

	w       *writer
	pending pending // guarded by w.mu
	credit  credit  // guarded by w.mu
	cause   error   // why w is dead; guarded by w.mu

	greeted atomic.Bool // the peer's hello has arrived
	heard   atomic.Bool // something arrived since the sweeper last looked

	// Of the sweeper.
	silent      int   // rounds in a row
	silentSince int64 // on the transport's clock

	// Of run.
	answers []answer     // that one read brought
	repaid  int          // credit that it brought, in bytes
	done    []*core.Call // that they ended
}

// answer is a response or failure on its way to its call.
type answer struct {
	frame
	call *core.Call
}

func newConn(l *link, outcome func(error)) *conn {
	t := l.peer.t
	c := &conn{t: t, link: l, outcome: outcome, pending: pending{earliest: never, room: l.room}, credit: newCredit(t.set.credits)}
	c.w = newWriter(t.set, &t.counters, &t.running, func(err error) { c.fail(c.broken(err)) }, c.stamp, nil)
	c.w.out = appendHello(nil, hello{from: t.self, class: l.class, checksum: t.set.checksum, credit: c.credit.asked()})
	return c
}

// start sends one call, up to the flush. retry: the connection has just died.
func (c *conn) start(call *core.Call) (retry bool, err error) {
	req := call.Request
	size := req.SizeBytes()
	if limit := c.t.limits.MessageBytes; size > limit && wire.SizeRequest(req) > limit {
		return false, fmt.Errorf("%v to %v: %d bytes, limit %d: %w", req.Kind(), call.To, wire.SizeRequest(req), limit, core.ErrTooLarge)
	}
	timeout := call.Timeout
	if timeout == 0 {
		timeout = c.t.timeouts.Of(c.link.class)
	}

	c.w.mu.Lock()
	if c.w.dead {
		c.w.mu.Unlock()
		return true, nil
	}
	if c.full(size) || !c.link.room.Take(size) {
		c.w.mu.Unlock()
		return false, c.link.overflow
	}
	first := len(c.w.out) == 0 // the sweeper learns of its deadline even if nobody ever takes what follows
	id := c.pending.add(call, size, int64(timeout))
	if c.credit.on && c.credit.hold(id, &c.pending) {
		c.stamp()
		c.w.mu.Unlock()
		return false, nil
	}
	c.w.reserve(headerBytes + size) // no request encodes to more than its SizeBytes
	before := len(c.w.out)
	c.w.out = appendRequest(c.w.out, id, req, c.t.set.checksum)
	c.credit.left -= len(c.w.out) - before
	if first || !c.w.prompt() {
		c.stamp()
	}
	c.w.mu.Unlock()
	return false, nil
}

// release appends the requests that there is credit for now. Call it locked.
func (c *conn) release() {
	for s := c.credit.next(&c.pending); s != nil; s = c.credit.next(&c.pending) {
		c.w.reserve(headerBytes + s.size)
		before := len(c.w.out)
		c.w.out = appendRequest(c.w.out, s.id, s.call.Request, c.t.set.checksum)
		c.credit.left -= len(c.w.out) - before
	}
}

// stamp looks at the clock for the calls that were added since it last did: at the
// latest when they leave, or turn out to have to wait. Call it locked.
func (c *conn) stamp() {
	if c.pending.fresh == nil {
		return
	}
	c.pending.stamp(c.t.now())
	c.t.sweeper.before(c.pending.earliest)
}

// full reports whether a request of this size does not fit any more. Requests
// that expired before the socket took them count until it does. Call it locked.
func (c *conn) full(size int) bool {
	p := &c.pending
	return p.calls > 0 && (p.calls >= c.link.calls || p.bytes+size > c.link.bytes) ||
		c.w.backlog() > max(2*c.link.bytes, chunkBytes)
}

// cancel marks those of the wanted calls that are under way here; the sweeper
// ends them.
func (c *conn) cancel(wanted map[*core.Call]bool) {
	c.w.mu.Lock()
	defer c.w.mu.Unlock()
	c.stamp()
	if c.pending.cancel(wanted) {
		c.pending.earliest = 0
	}
}

// fail ends the connection: no call is accepted any more, and run ends those
// under way. Only the first cause counts.
func (c *conn) fail(cause error) {
	c.link.lost(c, cause)
	c.w.mu.Lock()
	if c.cause == nil {
		c.cause = cause
	}
	c.w.mu.Unlock()
	c.w.kill()
}

func (c *conn) run() {
	defer c.t.running.Done()
	conn, err := c.dial()
	if err == nil {
		err = c.carry(conn)
	}
	c.fail(err)
	c.finish()
}

func (c *conn) dial() (net.Conn, error) {
	ctx, cancel := context.WithTimeout(c.t.life, c.t.timeouts.Connect)
	defer cancel()
	c.t.counters.dials.Add(1)
	conn, err := c.t.dial(ctx, c.link.peer.id)
	if err != nil {
		err = dial.Explain(err)
		c.t.counters.dialFailed(err)
		return nil, fmt.Errorf("dial %v: %w: %w", c.link.peer.id, core.ErrUnavailable, err)
	}
	return conn, nil
}

// carry attaches the connection to the writer and reads it until it ends.
func (c *conn) carry(conn net.Conn) error {
	if c.t.loops != nil {
		return c.carryOnLoop(conn)
	}
	if err := conn.SetReadDeadline(time.Now().Add(helloPatience * c.t.timeouts.Connect)); err != nil {
		_ = conn.Close() // the error before it is the one that counts
		return c.broken(err)
	}
	if !c.w.attach(conn) {
		_ = conn.Close() // the transport was closed meanwhile
		return c.link.whenClosed
	}
	c.w.flush()
	return c.over(c.read())
}

// over is why the calls under way end, after err in reading.
func (c *conn) over(err error) error {
	if isBadFrame(err) {
		c.t.counters.badFrames.Add(1)
	}
	return c.broken(err)
}

func (c *conn) broken(cause error) error {
	return fmt.Errorf("%v: %w: %v", c.link.peer.id, core.ErrBroken, cause)
}

// read hands over responses until the connection ends.
func (c *conn) read() error {
	r := newReader(c.w.conn, c.t.blocksOf(c.link.class), c.t.limits.MessageBytes, (*block).put)
	defer func() { r.b.put() }()
	h, err := readHello(r)
	if err == nil {
		err = c.welcome(r, h)
	}
	if err == nil {
		err = r.conn.SetReadDeadline(time.Time{})
	}
	for err == nil {
		if err = c.answersOf(r); err != nil {
			break
		}
		if len(c.answers) > 0 || c.repaid > 0 {
			err = c.deliver()
			continue
		}
		err = r.fill()
	}
	return err
}

// welcome acts upon the peer's hello.
func (c *conn) welcome(r *reader, h hello) error {
	if h.from != c.link.peer.id {
		return fmt.Errorf("%w: %v answered instead", errBadFrame, h.from)
	}
	r.checksum = c.t.set.checksum
	c.w.mu.Lock()
	err := c.credit.grant(int(h.credit))
	c.release()
	c.w.mu.Unlock()
	if err != nil {
		return err
	}
	c.w.flush()
	c.outcome(nil)
	c.outcome = func(error) {}
	c.link.established()
	c.greeted.Store(true)
	return nil
}

// answersOf collects what the last read brought.
func (c *conn) answersOf(r *reader) error {
	c.answers = c.answers[:0]
	for {
		n := len(c.answers)
		c.answers = append(c.answers, answer{})
		a := &c.answers[n]
		ok, err := r.next(&a.frame)
		if err != nil || !ok {
			c.answers = c.answers[:n]
			return err
		}
		if a.frameType != frameResponse && a.frameType != frameFailure {
			paid, err := parseCredit(a.frame)
			if err != nil {
				return err
			}
			c.repaid += paid
			c.answers = c.answers[:n]
		}
	}
}

// deliver ends the calls of the answers, with one lock and one Complete for all.
// What the handler sends on this connection meanwhile leaves in one write.
func (c *conn) deliver() (bad error) {
	if !c.heard.Load() {
		c.heard.Store(true)
	}
	c.w.mu.Lock()
	c.stamp()
	for i := range c.answers {
		if s := c.pending.find(c.answers[i].id); s != nil {
			c.answers[i].call = c.pending.take(s)
		}
	}
	if c.repaid > 0 {
		bad = c.credit.repaid(c.repaid)
		c.repaid = 0
		c.release()
	}
	c.w.corked = true
	c.w.mu.Unlock()

	c.done = c.done[:0]
	for i := range c.answers {
		a := &c.answers[i]
		if a.call == nil {
			continue // it has ended: too late
		}
		if err := a.end(); err != nil {
			a.call.Err = c.broken(err)
			bad = err
		}
		c.done = append(c.done, a.call)
	}
	if len(c.done) > 0 {
		c.t.handler.Complete(c.done)
	}
	clear(c.done)
	c.w.uncork()
	return bad
}

// end fills in the call's outcome. An error means that the peer does not speak
// the protocol.
func (a *answer) end() error {
	call := a.call
	if a.frameType == frameResponse {
		call.Err = nil
		return wire.DecodeResponse(a.kind, a.body, call.Response)
	}
	switch a.code {
	case failureRemote:
		call.Err = &core.RemoteError{Text: string(a.body)}
		return nil
	case failureTooLarge:
		call.Err = fmt.Errorf("%v of %v: %s: %w", a.kind, call.To, a.body, core.ErrTooLarge)
		return nil
	}
	return fmt.Errorf("%w: failure code %d", errBadFrame, a.code)
}

// finish ends the calls that are left. The writer is dead: none follows.
func (c *conn) finish() {
	c.w.mu.Lock()
	c.stamp()
	calls := c.pending.takeAll(nil)
	cause := c.cause
	c.w.mu.Unlock()

	c.outcome(cause)
	switch {
	case errors.Is(cause, core.ErrUnavailable):
		c.t.counters.unavailable.Add(uint64(len(calls)))
	case errors.Is(cause, core.ErrBroken):
		c.t.counters.broken.Add(uint64(len(calls)))
	}
	for _, call := range calls {
		call.Err = cause
	}
	if len(calls) > 0 {
		c.t.handler.Complete(calls)
	}
}
