package http

import (
	"context"
	"sync"
	"time"

	"github.com/raftbench/raftbench/transports/unary"
)

// shortLink opens a connection for each call and closes it behind it. There are
// never more than dial.ShortCalls, because there are no more workers.
type shortLink struct {
	client *client
	key    linkKey
	conns  sync.Pool // of *poolConn, closed, for their buffers
}

func newShortLink(c *client, key linkKey) *shortLink {
	return &shortLink{client: c, key: key}
}

func (l *shortLink) do(ctx context.Context, a *attempt, deadline time.Time) error {
	// Not until the deadline: that the caller has no time says nothing of the peer.
	nc, err := l.client.dial(ctx, l.key)
	if err != nil {
		return err
	}
	c := l.conn(nc)
	defer unary.CloseWith(ctx, nc)()
	err = c.exchange(l.client, a, deadline)
	l.conns.Put(c)
	return err
}

// conn puts the buffers of an earlier call on a connection.
func (l *shortLink) conn(nc *conn) *poolConn {
	c, ok := l.conns.Get().(*poolConn)
	if !ok {
		return newPoolConn(nc, l.client.config.bufferBytes)
	}
	c.conn = nc
	c.r.Reset(nc)
	c.w.Reset(nc)
	return c
}

// close has nothing to close: the context of every call has ended before.
func (l *shortLink) close() error { return nil }
