package rawtcp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/transports/dial"
	"github.com/raftbench/raftbench/transports/unary"
	"github.com/raftbench/raftbench/transports/wire"
)

// short is an endpoint with conns=0: each call dials, sends its hello and its
// request in one write, reads the peer's hello and the answer, and closes. Package
// unary carries the calls, a goroutine each; the answering side is the usual one.
type short struct {
	*transport // answers
	calls      *unary.Transport
}

var (
	_ core.Transport = (*short)(nil)
	_ core.Meter     = (*short)(nil)
)

func openShort(set settings, e core.Endpoint) (*short, error) {
	n := new(unary.Counters)
	t, err := open(set, e)
	if err != nil {
		return nil, err
	}
	s := &short{transport: t}
	client := &shortClient{t: s.transport, dialer: unary.NewDialer(e, n), counters: n}
	s.calls = unary.New(e, unary.Config{Client: client, Counters: n, Workers: dial.ShortCalls})
	return s, nil
}

// Send implements core.Transport.
func (s *short) Send(calls []*core.Call) { s.calls.Send(calls) }

// Cancel implements core.Transport.
func (s *short) Cancel(calls []*core.Call) { s.calls.Cancel(calls) }

// Close implements core.Transport. First the calls, so that one to this very
// endpoint ends with ErrClosed and not with what becomes of its connection.
func (s *short) Close() error {
	return errors.Join(s.calls.Close(), s.transport.Close())
}

// Stats implements core.Meter: the calls are counted at one side, what is answered
// at the other.
func (s *short) Stats() core.TransportStats {
	stats, answers := s.calls.Stats(), s.transport.Stats()
	stats.Requests, stats.HandlerPanics = answers.Requests, answers.HandlerPanics
	stats.Writes += answers.Writes
	stats.BadFrames += answers.BadFrames
	return stats
}

// shortClient is the calling side. It implements unary.Client.
type shortClient struct {
	t        *transport // for its settings and its buffers
	dialer   *unary.Dialer
	counters *unary.Counters
	attempts sync.Pool // of *shortCall
}

// Prepare implements unary.Client.
func (c *shortClient) Prepare(to core.NodeID, req core.Request) (unary.Attempt, error) {
	if n, limit := wire.SizeRequest(req), c.t.limits.MessageBytes; n > limit {
		return nil, fmt.Errorf("%v to %v: %d bytes, limit %d: %w", req.Kind(), to, n, limit, core.ErrTooLarge)
	}
	a, ok := c.attempts.Get().(*shortCall)
	if !ok {
		a = &shortCall{client: c}
	}
	checksum := c.t.set.checksum
	a.call.To, a.class, a.kind = to, req.Class(), req.Kind()
	a.out = appendHello(a.out[:0], hello{from: c.t.self, class: a.class, checksum: checksum})
	a.out = appendRequest(a.out, 0, req, checksum)
	return a, nil
}

// Close implements unary.Client. The context of every Do has ended before, which
// closes its connection.
func (c *shortClient) Close() error { return nil }

// shortCall is one call. It implements unary.Attempt.
type shortCall struct {
	client *shortClient
	class  core.Class
	kind   core.Kind
	out    []byte // what is sent
	answer answer
	call   core.Call // whom it goes to, and how it ended
	block  *block    // the answer points into it
}

// Do implements unary.Attempt.
func (a *shortCall) Do(ctx context.Context, deadline time.Time) error {
	// Not until the deadline: that the caller has no time says nothing of the peer.
	conn, err := a.client.dialer.Dial(ctx, a.call.To)
	if err != nil {
		return err
	}
	defer unary.CloseWith(ctx, conn)()
	return a.exchange(conn, deadline)
}

func (a *shortCall) exchange(conn net.Conn, deadline time.Time) error {
	if err := conn.SetDeadline(deadline); err != nil {
		return err
	}
	a.client.counters.Writes.Add(1)
	if _, err := conn.Write(a.out); err != nil {
		return err
	}
	t := a.client.t
	r := newReader(conn, t.blocksOf(core.ClassControl), t.limits.MessageBytes, (*block).put)
	defer func() { a.block = r.b }() // Release gives it back
	err := a.read(r)
	if isBadFrame(err) {
		a.client.counters.BadFrames.Add(1)
		err = fmt.Errorf("%v: %w: %w", a.call.To, core.ErrBroken, err)
	}
	return err
}

// read waits for the hello and for the answer.
func (a *shortCall) read(r *reader) error {
	h, err := readHello(r)
	if err == nil && h.from != a.call.To {
		err = fmt.Errorf("%w: %v answered instead", errBadFrame, h.from)
	}
	if err != nil {
		return err
	}
	r.checksum = a.client.t.set.checksum
	for {
		ok, err := r.next(&a.answer.frame)
		if err != nil {
			return err
		}
		if ok {
			break
		}
		if err := r.fill(); err != nil {
			return err
		}
	}
	switch f := &a.answer.frame; {
	case f.frameType == frameResponse && f.kind == a.kind:
		return nil
	case f.frameType == frameFailure:
		a.answer.call = &a.call
		if err := a.answer.end(); err != nil {
			return err
		}
		return a.call.Err
	}
	return fmt.Errorf("%w: type %d, kind %d is not the answer", errBadFrame, a.answer.frameType, a.answer.kind)
}

// Decode implements unary.Attempt.
func (a *shortCall) Decode(resp core.Response) error {
	if err := wire.DecodeResponse(a.kind, a.answer.body, resp); err != nil {
		a.client.counters.BadFrames.Add(1)
		return fmt.Errorf("%v: %w: %w", a.call.To, core.ErrBroken, err)
	}
	return nil
}

// keepBytes is the largest request that a shortCall keeps memory for.
const keepBytes = 64 << 10

// Release implements unary.Attempt.
func (a *shortCall) Release() {
	if a.block != nil {
		a.block.put()
		a.block = nil
	}
	a.answer, a.call = answer{}, core.Call{}
	if cap(a.out) <= keepBytes {
		a.client.attempts.Put(a)
	}
}
