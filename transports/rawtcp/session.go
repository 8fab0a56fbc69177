package rawtcp

import (
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/transports/wire"
)

// session is the answering side of one connection. Its goroutine, run, reads
// requests and delivers them, and stops reading while too many are unanswered or
// the peer does not take its answers: then TCP holds the peer back.
type session struct {
	t        *transport
	conn     net.Conn
	w        *writer
	checksum bool // as the hello said; set before the first request
	greeted  atomic.Bool
	debt     debt // guarded by w.mu

	unanswered atomic.Int64  // requests delivered and not answered
	held       atomic.Int64  // bytes of blocks that the reader has left and requests still point into
	stalled    atomic.Bool   // nothing is read until carryOn is called
	wake       chan struct{} // run waits for it
	carryOn    func()        // wakeUp, or what has the same effect on an event loop

	// Of run.
	batch    []*served // beyond its length: unused ones, or nil
	incoming []*core.Incoming
}

func newSession(t *transport, conn net.Conn) *session {
	s := &session{t: t, conn: conn, wake: make(chan struct{}, 1)}
	s.carryOn = s.wakeUp
	s.w = newWriter(t.set, &t.counters, &t.running, s.fail, nil, s.roomMade)
	if t.loops == nil {
		s.w.attach(conn)
	}
	return s
}

// fail ends the session; requests under way may still be answered, to no effect.
func (s *session) fail(error) {
	s.w.kill()
	s.wakeUp()
}

func (s *session) run() {
	defer s.t.running.Done()
	var err error
	if s.t.loops != nil {
		err = s.serveOnLoop()
	} else {
		err = s.read()
	}
	if isBadFrame(err) {
		s.t.counters.badFrames.Add(1)
	}
	s.fail(err)
	s.t.forget(s)
}

// read serves requests until the connection ends.
func (s *session) read() error {
	if err := s.conn.SetReadDeadline(time.Now().Add(helloPatience * s.t.timeouts.Connect)); err != nil {
		return err
	}
	r := newReader(s.conn, s.t.blocksOf(core.ClassControl), s.t.limits.MessageBytes, s.leave)
	defer func() { s.leave(r.b) }()
	h, err := readHello(r)
	if err != nil {
		return err
	}
	s.welcome(r, h)
	if err := s.conn.SetReadDeadline(time.Time{}); err != nil {
		return err
	}
	// The hello leaves with the first answers, if the requests are there already.
	if err := s.requests(r); err != nil {
		return err
	}
	if len(s.batch) > 0 {
		s.deliver(r.b)
	} else {
		s.w.flush()
	}
	return s.serve(r)
}

// welcome acts upon the peer's hello, and answers it up to the flush.
func (s *session) welcome(r *reader, h hello) {
	s.checksum, r.checksum = h.checksum, h.checksum
	r.pool = s.t.blocksOf(h.class)
	r.size = r.pool.usual
	s.w.mu.Lock()
	if h.credit > 0 {
		s.debt.limit = fullCredit
	}
	s.w.out = appendHello(s.w.out, hello{from: s.t.self, class: h.class, checksum: h.checksum, credit: uint32(s.debt.limit)})
	s.w.mu.Unlock()
	s.greeted.Store(true)
}

func (s *session) serve(r *reader) error {
	for {
		if err := s.requests(r); err != nil {
			return err
		}
		if len(s.batch) > 0 {
			s.deliver(r.b)
		}
		if err := s.waitForRoom(); err != nil {
			return err
		}
		if len(s.batch) == 0 {
			if err := r.fill(); err != nil {
				return err
			}
		}
	}
}

// requests collects what the last read brought, within the bound on requests
// that are not answered.
func (s *session) requests(r *reader) error {
	s.batch = s.batch[:0]
	room := int64(s.t.limits.QueuedCalls) - s.unanswered.Load()
	var f frame
	for int64(len(s.batch)) < room {
		ok, err := r.next(&f)
		if err != nil || !ok {
			return err
		}
		if f.frameType != frameRequest {
			return fmt.Errorf("%w: type %d is not a request", errBadFrame, f.frameType)
		}
		sv := s.unused(f.kind)
		if sv == nil {
			return fmt.Errorf("%w: no such request: %v", errBadFrame, f.kind)
		}
		if err := wire.DecodeRequest(f.kind, f.body, sv.in.Request); err != nil {
			return err
		}
		sv.session, sv.block, sv.id, sv.bytes = s, r.b, f.id, headerBytes+len(f.body)
		s.batch = append(s.batch, sv)
	}
	return nil
}

// deliver hands the batch over. Answers that the handler gives at once leave in
// one write when it returns.
func (s *session) deliver(b *block) {
	n := len(s.batch)
	b.refs.Add(int32(n))
	s.unanswered.Add(int64(n))
	s.t.counters.requests.Add(uint64(n))
	s.incoming = s.incoming[:0]
	for _, sv := range s.batch {
		s.incoming = append(s.incoming, &sv.in)
	}

	s.w.cork()
	if err := core.Deliver(s.t.handler, s.incoming); err != nil {
		s.panicked(err, b)
		clear(s.batch)
	} else {
		s.settle()
	}
	s.w.uncork()
}

// panicked answers what the handler has not. What it may still hold is left to
// the garbage collector.
func (s *session) panicked(err error, b *block) {
	s.t.counters.handlerPanics.Add(1)
	b.taint.Store(true)
	for _, sv := range s.batch {
		if !sv.in.TakeAnswer() {
			continue
		}
		s.w.mu.Lock()
		if !s.w.dead {
			s.refuse(sv, failureRemote, err.Error())
			s.repay(sv)
		}
		s.w.mu.Unlock()
		s.answered(b)
	}
}

// answer appends the answer to sv. Call it with the writer locked.
func (s *session) answer(sv *served) {
	if s.w.dead {
		return
	}
	if sv.in.Err != nil {
		s.refuse(sv, failureRemote, sv.in.Err.Error())
		return
	}
	if s.w.backlog() > s.maxBacklog() {
		s.refuse(sv, failureRemote, "the answers before this one are not taken")
		return
	}
	resp, limit := sv.in.Response, s.t.limits.MessageBytes
	size := resp.SizeBytes() + responseExtraBytes
	if size > limit && wire.SizeResponse(resp) > limit {
		s.refuse(sv, failureTooLarge, fmt.Sprintf("response of %d bytes, limit %d", wire.SizeResponse(resp), limit))
		return
	}
	s.w.reserve(headerBytes + size)
	s.w.out = appendResponse(s.w.out, sv.id, resp, s.checksum)
}

// responseExtraBytes is by how much a response may encode to more than its
// SizeBytes (wire.SizeResponse).
const responseExtraBytes = 64

// repay gives back the credit for a request that was answered, when enough of it
// is owed. Call it with the writer locked.
func (s *session) repay(sv *served) {
	if pay := s.debt.answered(sv.bytes); pay > 0 && !s.w.dead {
		s.w.reserve(headerBytes + creditBytes)
		s.w.out = appendCredit(s.w.out, pay, s.checksum)
	}
}

// refuse appends a failure. Call it with the writer locked.
func (s *session) refuse(sv *served, code uint8, text string) {
	text = text[:min(len(text), s.t.limits.MessageBytes)]
	s.w.reserve(headerBytes + failureTextBytes)
	s.w.out = appendFailure(s.w.out, sv.id, sv.kind, code, text, s.checksum)
}

// maxBacklog bounds the bytes of answers that the peer has not taken. Reading
// stops long before, so only what is asked for in one piece comes to it.
func (s *session) maxBacklog() int {
	return 2 * (s.t.limits.QueuedBytes + s.t.limits.MessageBytes)
}

// answered gives up one request's share of b and of the bound.
func (s *session) answered(b *block) {
	s.release(b)
	s.unanswered.Add(-1)
	s.roomMade()
}

// leave gives up the reader's share of b.
func (s *session) leave(b *block) {
	s.held.Add(int64(len(b.buf)))
	s.release(b)
}

// release gives up one share. The reader's is never the last to be missing from
// held: leave adds before it releases.
func (s *session) release(b *block) {
	if b.refs.Add(-1) == 0 {
		s.held.Add(-int64(len(b.buf)))
		b.put()
	}
}

// waitForRoom waits while the session holds as much as it may.
func (s *session) waitForRoom() error {
	for {
		full, dead := s.full()
		if dead {
			return net.ErrClosed
		}
		if !full {
			return nil
		}
		s.stalled.Store(true)
		if full, dead := s.full(); full && !dead { // again: an answer may have come before stalled was set
			<-s.wake
		}
		s.stalled.Store(false)
	}
}

// full reports whether to stop reading. One request is always let through.
func (s *session) full() (full, dead bool) {
	s.w.mu.Lock()
	dead, backlog := s.w.dead, s.w.backlog()
	s.w.mu.Unlock()
	l := s.t.limits
	unanswered := s.unanswered.Load()
	return backlog > l.QueuedBytes ||
		unanswered >= int64(l.QueuedCalls) ||
		unanswered > 0 && s.held.Load() > heldPerQueued*int64(l.QueuedBytes)+minHeldBytes, dead
}

// A session may hold heldPerQueued bytes of blocks for each byte that its peer
// may queue, and minHeldBytes: blocks are not filled to the last byte, and what
// the peer's bound lets through must arrive.
const (
	heldPerQueued = 4
	minHeldBytes  = 64 << 10
)

// roomMade is called when a request was answered or answers were written.
func (s *session) roomMade() {
	if s.stalled.Load() {
		s.carryOn()
	}
}

// wakeUp lets run look again.
func (s *session) wakeUp() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}
