package rawtcp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/raftbench/raftbench/core"
)

// maxSessions bounds the connections accepted at one time.
const maxSessions = 4096

// acceptPause follows a failure to accept, for want of file descriptors say.
const acceptPause = 10 * time.Millisecond

// controlReadBytes is the size of a read buffer for control traffic.
const controlReadBytes = 4 << 10

// transport is one endpoint.
type transport struct {
	set      settings
	self     core.NodeID
	listener net.Listener // may be nil
	dial     func(context.Context, core.NodeID) (net.Conn, error)
	handler  core.Handler
	limits   core.Limits
	timeouts core.Timeouts
	epoch    time.Time // of its clock

	// life ends with Close. It is kept here because what it bounds, dialing and
	// sweeping, belongs to the transport and not to the call that started it.
	life    context.Context
	end     context.CancelFunc
	running sync.WaitGroup // every goroutine

	loops    *loops // nil: io=netpoll
	sweeper  *sweeper
	counters counters
	served   [core.KindRead + 1]sync.Pool // of *served, by kind
	blocks   blockPool
	control  blockPool

	peers atomic.Pointer[map[core.NodeID]*peer] // replaced under mu

	mu       sync.Mutex
	sessions map[*session]struct{}
	closed   bool
	ended    chan struct{} // closed when Close has finished
}

func open(set settings, e core.Endpoint) (*transport, error) {
	t := &transport{
		set:      set,
		self:     e.Self,
		listener: e.Listener,
		dial:     e.Dial,
		handler:  e.Handler,
		limits:   e.Limits.WithDefaults(),
		timeouts: e.Timeouts.WithDefaults(),
		epoch:    time.Now(),
		sessions: map[*session]struct{}{},
		ended:    make(chan struct{}),
	}
	t.blocks.usual, t.control.usual = set.readSize, min(set.readSize, controlReadBytes)
	t.blocks.largest, t.control.largest = headerBytes+t.limits.MessageBytes, headerBytes+t.limits.MessageBytes
	t.life, t.end = context.WithCancel(context.Background())
	t.peers.Store(&map[core.NodeID]*peer{})
	if set.gnet {
		var err error
		if t.loops, err = startLoops(set); err != nil {
			return nil, fmt.Errorf("rawtcp: event loops of %v: %w", e.Self, err)
		}
	}
	t.sweeper = newSweeper(t)
	t.running.Add(1)
	go t.sweeper.run()
	if t.listener != nil {
		t.running.Add(1)
		go t.accept()
	}
	return t, nil
}

// now reads the transport's clock, in nanoseconds.
func (t *transport) now() int64 { return int64(time.Since(t.epoch)) }

// blocksOf returns the pool of read buffers for connections of a class.
func (t *transport) blocksOf(c core.Class) *blockPool {
	if c == core.ClassControl {
		return &t.control
	}
	return &t.blocks
}

// touched remembers the writers that a Send or Reply appended to, to flush each
// once.
type touched struct {
	list [8]*writer
	n    int
}

func (o *touched) add(w *writer) {
	for _, old := range o.list[:o.n] {
		if old == w {
			return
		}
	}
	if o.n == len(o.list) {
		o.flush()
	}
	o.list[o.n] = w
	o.n++
}

func (o *touched) flush() {
	for _, w := range o.list[:o.n] {
		w.flush()
	}
	o.n = 0
}

// Send implements core.Transport.
func (t *transport) Send(calls []*core.Call) {
	t.counters.calls.Add(uint64(len(calls)))
	var writers touched
	var failed []*core.Call
	for _, call := range calls {
		w, err := t.start(call)
		if err != nil {
			call.Err = err
			failed = append(failed, call)
			continue
		}
		writers.add(w)
	}
	writers.flush()
	if len(failed) > 0 {
		t.countFailed(failed)
		t.handler.Complete(failed)
	}
}

// start appends one call to the writer of a connection. If that one is full it
// tries the others of its lane: they share the lane's bounds.
func (t *transport) start(call *core.Call) (*writer, error) {
	lane := t.peer(call.To).lanes[call.Request.Class()]
	link := lane.Pick()
	w, err := link.start(call)
	if err != link.overflow { //nolint:errorlint // the very same: it says which link is full
		return w, err
	}
	for _, other := range lane.Members() {
		if w, otherErr := other.start(call); otherErr == nil {
			return w, nil
		}
	}
	return nil, err
}

func (t *transport) countFailed(calls []*core.Call) {
	for _, call := range calls {
		switch {
		case errors.Is(call.Err, core.ErrOverflow):
			t.counters.overflows.Add(1)
		case errors.Is(call.Err, core.ErrUnavailable):
			t.counters.unavailable.Add(1)
		}
	}
}

// Cancel implements core.Transport. The calls end from another goroutine, within
// a few milliseconds.
//
// It looks for them among all calls under way to their peers. Call.State would
// lead there at once, but Send may be writing it at this moment.
func (t *transport) Cancel(calls []*core.Call) {
	wanted := make(map[*core.Call]bool, len(calls))
	peers := map[core.NodeID]bool{}
	for _, call := range calls {
		wanted[call] = true
		peers[call.To] = true
	}
	for id, p := range *t.peers.Load() {
		if !peers[id] {
			continue
		}
		p.eachLink(func(l *link) {
			if c := l.current.Load(); c != nil {
				c.cancel(wanted)
			}
		})
	}
	t.sweeper.before(0)
}

// Reply implements core.Transport.
func (t *transport) Reply(requests []*core.Incoming) {
	var writers touched
	for _, in := range requests {
		if !in.TakeAnswer() {
			continue
		}
		sv := in.State.(*served)
		s, b := sv.session, sv.block
		s.w.mu.Lock()
		s.answer(sv)
		if s.debt.limit > 0 {
			s.repay(sv)
		}
		s.w.mu.Unlock()
		if sv.settle() {
			t.keepServed(sv, sv.forget())
		}
		s.answered(b)
		writers.add(s.w)
	}
	writers.flush()
}

// accept takes connections until the listener is closed.
func (t *transport) accept() {
	defer t.running.Done()
	for {
		conn, err := t.listener.Accept()
		if err == nil {
			t.welcome(conn)
			continue
		}
		if errors.Is(err, net.ErrClosed) {
			return
		}
		select {
		case <-t.life.Done():
			return
		case <-time.After(acceptPause):
		}
	}
}

// welcome starts a session, or closes the connection if there are too many.
func (t *transport) welcome(conn net.Conn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed || len(t.sessions) >= maxSessions {
		_ = conn.Close() // nothing was said on it yet
		return
	}
	s := newSession(t, conn)
	t.sessions[s] = struct{}{}
	t.running.Add(1)
	go s.run()
}

func (t *transport) forget(s *session) {
	t.mu.Lock()
	delete(t.sessions, s)
	t.mu.Unlock()
}

// Close implements core.Transport. A Send that runs at the same time may still
// hand its own calls back, with ErrClosed, before it returns.
func (t *transport) Close() error {
	t.mu.Lock()
	if t.closed {
		t.mu.Unlock()
		<-t.ended
		return nil
	}
	t.closed = true
	peers := *t.peers.Load()
	sessions := make([]*session, 0, len(t.sessions))
	for s := range t.sessions {
		sessions = append(sessions, s)
	}
	t.mu.Unlock()

	var err error
	if t.listener != nil {
		err = t.listener.Close()
	}
	for _, p := range peers {
		p.eachLink((*link).close)
	}
	for _, s := range sessions {
		s.fail(core.ErrClosed)
	}
	t.end()
	t.running.Wait()
	if t.loops != nil {
		err = errors.Join(err, t.loops.stop())
	}
	close(t.ended)
	if err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("close %v: %w", t.self, err)
	}
	return nil
}
