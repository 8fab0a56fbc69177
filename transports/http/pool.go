package http

import (
	"bufio"
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/raftbench/raftbench/core"
)

// maxDialing bounds the connections that a pool opens at the same time. Without
// it 512 callers that start together open 512 connections to a peer, which takes
// longer than Timeouts.Connect on a busy machine; with it most find one that has
// become free meanwhile.
const maxDialing = 16

// poolLink has a connection for each call under way. There are never more than
// config.conns, because there are no more workers.
type poolLink struct {
	client  *client
	key     linkKey
	dialing chan struct{} // a slot for each connection that is being opened

	mu     sync.Mutex
	closed bool
	idle   []*poolConn // last in, first out
	all    map[*poolConn]struct{}
}

// poolConn is a connection that carries one call at a time.
type poolConn struct {
	*conn
	r *bufio.Reader
	w *bufio.Writer
}

func newPoolConn(nc *conn, bufferBytes int) *poolConn {
	return &poolConn{conn: nc, r: bufio.NewReaderSize(nc, bufferBytes), w: bufio.NewWriterSize(nc, bufferBytes)}
}

// exchange sends the request and reads the response.
func (c *poolConn) exchange(by *client, a *attempt, deadline time.Time) error {
	err := a.req.Write(c.w)
	if err == nil {
		err = c.w.Flush()
	}
	if err == nil {
		err = c.SetReadDeadline(deadline)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", core.ErrBroken, err)
	}
	if err = a.resp.ReadLimitBody(c.r, by.config.messageBytes); err != nil {
		return by.readError(err)
	}
	return nil
}

func newPoolLink(c *client, key linkKey) *poolLink {
	return &poolLink{client: c, key: key, dialing: make(chan struct{}, maxDialing), all: map[*poolConn]struct{}{}}
}

func (l *poolLink) do(ctx context.Context, a *attempt, deadline time.Time) error {
	c, err := l.acquire(ctx, a.timer.C)
	if err != nil {
		return err
	}
	err = c.exchange(l.client, a, deadline)
	l.release(c, err, a.resp.ConnectionClose())
	return err
}

// acquire returns an idle connection or opens one.
func (l *poolLink) acquire(ctx context.Context, timeout <-chan time.Time) (*poolConn, error) {
	if c := l.takeIdle(); c != nil {
		return c, nil
	}
	select {
	case l.dialing <- struct{}{}:
	case <-timeout:
		return nil, core.ErrTimeout
	case <-ctx.Done():
		return nil, core.ErrClosed
	}
	defer func() { <-l.dialing }()
	if c := l.takeIdle(); c != nil {
		return c, nil
	}
	nc, err := l.client.dial(ctx, l.key)
	if err != nil {
		return nil, err
	}
	c := newPoolConn(nc, l.client.config.bufferBytes)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		_ = c.Close() // nobody has used it
		return nil, core.ErrClosed
	}
	l.all[c] = struct{}{}
	return c, nil
}

func (l *poolLink) takeIdle() *poolConn {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := len(l.idle)
	if n == 0 {
		return nil
	}
	c := l.idle[n-1]
	l.idle = l.idle[:n-1]
	return c
}

// release takes a connection back, or closes it. If the peer ended it, the idle
// ones have most likely ended, too: they go, so that one failed call is enough.
func (l *poolLink) release(c *poolConn, err error, peerCloses bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err == nil && !peerCloses && !l.closed {
		l.idle = append(l.idle, c)
		return
	}
	l.drop(c)
	if err != nil && !isTimeout(err) {
		for _, c := range l.idle {
			l.drop(c)
		}
		l.idle = nil
	}
}

// drop closes a connection, with mu held.
func (l *poolLink) drop(c *poolConn) {
	delete(l.all, c)
	_ = c.Close() // nothing on it is wanted any more
}

func (l *poolLink) close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	for c := range l.all {
		l.drop(c) // whoever uses it finds out
	}
	l.idle = nil
	return nil
}
