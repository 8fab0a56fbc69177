package inproc

import (
	"fmt"
	"sync"
	"time"

	"github.com/raftbench/raftbench/core"
)

// endpoint is one node's end of the transport.
type endpoint struct {
	hub      *hub
	self     core.NodeID
	cfg      core.Endpoint
	limits   core.Limits
	timeouts core.Timeouts
	mailbox  mailbox
	stats    core.CallCounters

	mu     sync.RWMutex
	closed bool
	links  map[core.NodeID]*link

	clock     alarm
	closeOnce sync.Once
	closeErr  error
	stop      chan struct{}
	running   sync.WaitGroup
}

func newEndpoint(h *hub, cfg core.Endpoint) *endpoint {
	e := &endpoint{
		hub:      h,
		self:     cfg.Self,
		cfg:      cfg,
		limits:   cfg.Limits.WithDefaults(),
		timeouts: cfg.Timeouts.WithDefaults(),
		links:    map[core.NodeID]*link{},
		stop:     make(chan struct{}),
	}
	e.mailbox.open(cfg.Handler, &e.stats, h.inline, core.NumClasses*e.limits.QueuedCalls)
	e.clock.open()
	e.running.Go(e.run)
	return e
}

// run ends calls whose time is over and delivers what is left to it.
func (e *endpoint) run() {
	for {
		select {
		case <-e.mailbox.wake:
			e.mailbox.round()
		case <-e.clock.timer.C:
			e.expire()
		case <-e.stop:
			return
		}
	}
}

// Send implements core.Transport.
func (e *endpoint) Send(calls []*core.Call) {
	e.stats.Calls.Add(uint64(len(calls)))
	now := e.clock.now()
	var touched mailboxes
	for _, c := range calls {
		c.Err = nil
		if err := e.start(c, now, &touched); err != nil {
			e.refuse(c, err, &touched)
		}
	}
	touched.kick()
}

// start puts the request of c into the mailbox of its peer. An error means that
// c has not been started.
func (e *endpoint) start(c *core.Call, now time.Duration, touched *mailboxes) error {
	class, size := c.Request.Class(), c.Request.SizeBytes()
	l, peer := e.link(c.To), e.hub.find(c.To)
	switch {
	case l == nil:
		return core.ErrClosed
	case peer == nil:
		return fmt.Errorf("%v: %w: no such endpoint", c.To, core.ErrUnavailable)
	}
	if limit := messageLimit(e, peer); size > limit {
		return fmt.Errorf("%v to %v: %w: %d B, limit %d B", c.Request.Kind(), c.To, core.ErrTooLarge, size, limit)
	}
	if err := l.reserve(class, size); err != nil {
		return err
	}

	timeout := c.Timeout
	if timeout == 0 {
		timeout = e.timeouts.Of(class)
	}
	f := flightOf(c)
	f.link, f.peer, f.class, f.size, f.deadline = l, peer, class, size, now+timeout
	f.load(c)
	if err := l.enter(f); err != nil {
		f.unload()
		return err
	}
	e.clock.arm(f.deadline)

	if err := peer.mailbox.putRequest(&f.in); err != nil {
		if l.take(f) {
			f.unload()
			e.end(c, fmt.Errorf("%v: %w", c.To, err), touched)
		}
		return nil
	}
	touched.add(&peer.mailbox)
	return nil
}

// messageLimit is the largest message that both ends allow. There is no
// encoding, so it is compared with SizeBytes.
func messageLimit(a, b *endpoint) int { return min(a.limits.MessageBytes, b.limits.MessageBytes) }

// end completes a call that was taken out of its link. It is delivered when
// touched is kicked.
func (e *endpoint) end(c *core.Call, err error, touched *mailboxes) {
	c.Err = err
	e.stats.Ended(err)
	e.mailbox.putDone(c)
	touched.add(&e.mailbox)
}

// refuse completes a call that was not started. After Close the sender, who
// still calls, delivers to itself.
func (e *endpoint) refuse(c *core.Call, err error, touched *mailboxes) {
	if e.mailbox.promise() {
		e.end(c, err, touched)
		return
	}
	c.Err = core.ErrClosed
	e.cfg.Handler.Complete([]*core.Call{c})
}

func (e *endpoint) endAll(calls []*core.Call, err error) {
	var touched mailboxes
	for _, c := range calls {
		e.end(c, err, &touched)
	}
	touched.kick()
}

// Cancel implements core.Transport.
func (e *endpoint) Cancel(calls []*core.Call) {
	var touched mailboxes
	for _, c := range calls {
		if l := e.link(c.To); l != nil && l.takeCall(c) {
			e.end(c, core.ErrCanceled, &touched)
		}
	}
	touched.kick()
}

// Reply implements core.Transport.
func (e *endpoint) Reply(requests []*core.Incoming) {
	var touched mailboxes
	for _, r := range requests {
		if r.TakeAnswer() {
			r.State.(*flight).answer(r.Err, true, &touched)
		}
	}
	touched.kick()
}

// answerPanic answers those of requests that a handler left unanswered when it
// panicked.
func answerPanic(requests []*core.Incoming, err error) {
	var touched mailboxes
	for _, r := range requests {
		if r.TakeAnswer() {
			r.State.(*flight).answer(err, false, &touched)
		}
	}
	touched.kick()
}

// answer ends the call of f with what its handler answered, unless it has ended
// already. With reuse the handler has let go of f.
func (f *flight) answer(err error, reuse bool, touched *mailboxes) {
	c, from, mine := f.call, f.link.from, f.link.take(f)
	if mine {
		err = f.result(err)
	}
	if reuse {
		f.unload()
	}
	if mine {
		from.end(c, err, touched)
	}
}

// result turns the handler's answer into the caller's.
func (f *flight) result(err error) error {
	limit := messageLimit(f.link.from, f.peer)
	switch size := f.in.Response.SizeBytes(); {
	case err != nil:
		return &core.RemoteError{Text: err.Error()}
	case size > limit:
		return fmt.Errorf("response from %v: %w: %d B, limit %d B", f.link.to, core.ErrTooLarge, size, limit)
	}
	copyResponse(f.call.Response, f.in.Response)
	return nil
}

// expire ends the calls whose deadline has passed.
func (e *endpoint) expire() {
	now := e.clock.reset()
	next := never
	for _, l := range e.allLinks() {
		expired, first := l.takeExpired(now)
		e.endAll(expired, fmt.Errorf("%v: %w", l.to, core.ErrTimeout))
		next = min(next, first)
	}
	e.clock.arm(next)
}

// link returns the link to a peer, or nil after Close.
func (e *endpoint) link(to core.NodeID) *link {
	e.mu.RLock()
	l, closed := e.links[to], e.closed
	e.mu.RUnlock()
	if closed || l != nil {
		return l
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if l = e.links[to]; l == nil && !e.closed {
		l = &link{from: e, to: to, limits: e.limits, calls: map[*core.Call]*flight{}}
		e.links[to] = l
	}
	return l
}

func (e *endpoint) allLinks() []*link {
	e.mu.RLock()
	defer e.mu.RUnlock()
	all := make([]*link, 0, len(e.links))
	for _, l := range e.links {
		all = append(all, l)
	}
	return all
}

// Close implements core.Transport.
func (e *endpoint) Close() error {
	e.closeOnce.Do(e.close)
	return e.closeErr
}

func (e *endpoint) close() {
	others := e.hub.remove(e)
	e.mailbox.refuse()

	e.mu.Lock()
	e.closed = true
	e.mu.Unlock()
	for _, l := range e.allLinks() {
		e.endAll(l.takeAll(true), core.ErrClosed)
	}
	for _, other := range others {
		if l := other.link(e.self); l != nil {
			other.endAll(l.takeAll(false), fmt.Errorf("%v: %w: it was closed", e.self, core.ErrBroken))
		}
	}

	e.mailbox.close()
	close(e.stop)
	e.running.Wait()
	e.clock.timer.Stop()
	if e.cfg.Listener != nil {
		e.closeErr = e.cfg.Listener.Close()
	}
}
