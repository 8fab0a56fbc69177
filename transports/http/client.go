package http

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/transports/unary"
	"github.com/raftbench/raftbench/transports/wire"
)

// client is the calling side. It implements unary.Client.
type client struct {
	config *config
	dialer *unary.Dialer

	mu     sync.Mutex
	closed bool
	links  map[linkKey]link

	attempts [core.KindRead + 1]sync.Pool
}

type linkKey struct {
	to    core.NodeID
	class core.Class
}

// link is the connections that carry one class to one peer.
type link interface {
	// do sends a.req and fills a.resp. It returns soon after a's timer has
	// fired and soon after ctx has ended.
	do(ctx context.Context, a *attempt, deadline time.Time) error

	// close closes the connections and waits for their goroutines.
	close() error
}

func newClient(ep core.Endpoint, c *config) *client {
	return &client{config: c, dialer: unary.NewDialer(ep, c.counters), links: map[linkKey]link{}}
}

// Prepare implements unary.Client.
func (c *client) Prepare(to core.NodeID, req core.Request) (unary.Attempt, error) {
	if n := wire.SizeRequest(req); n > c.config.messageBytes {
		return nil, fmt.Errorf("%v to %v: %w: %d B, limit %d B", req.Kind(), to, core.ErrTooLarge, n, c.config.messageBytes)
	}
	a, ok := c.attempts[req.Kind()].Get().(*attempt)
	if !ok {
		a = c.newAttempt(req.Kind())
	}
	a.body = wire.AppendRequest(a.body[:0], req)
	a.req.SetBodyRaw(a.body)
	a.decided.Store(false)
	a.link = c.link(to, req.Class())
	return a, nil
}

func (c *client) newAttempt(kind core.Kind) *attempt {
	a := &attempt{client: c, kind: kind, done: make(chan error, 1), timer: time.NewTimer(time.Hour)}
	a.timer.Stop()
	a.req.Header.SetMethod(fasthttp.MethodPost)
	a.req.Header.SetHost("raft") // HTTP/1.1 demands one; nobody looks at it
	a.req.SetRequestURI(pathOf(kind))
	if c.config.conns == 0 {
		a.req.SetConnectionClose()
	}
	if c.config.bare {
		a.req.Header.SetNoDefaultContentType(true)
		a.resp.Header.DisableNormalizing()
	} else {
		a.req.Header.SetUserAgent("fasthttp") // what its clients add by default
	}
	return a
}

func (c *client) link(to core.NodeID, class core.Class) link {
	key := linkKey{to, class}
	c.mu.Lock()
	defer c.mu.Unlock()
	l := c.links[key]
	if l == nil {
		l = c.newLink(key)
		if c.closed {
			_ = l.close() // empty, and to stay so
		}
		c.links[key] = l
	}
	return l
}

func (c *client) newLink(key linkKey) link {
	switch {
	case c.config.conns == 0:
		return newShortLink(c, key)
	case c.config.pipeline:
		return newPipeLink(c, key)
	}
	return newPoolLink(c, key)
}

// Close implements unary.Client. The context of every Do has ended before.
func (c *client) Close() error {
	c.mu.Lock()
	c.closed = true
	links := maps.Clone(c.links)
	c.mu.Unlock()
	var err error
	for _, l := range links {
		err = errors.Join(err, l.close())
	}
	return err
}

// dial opens a connection for a class.
func (c *client) dial(ctx context.Context, key linkKey) (*conn, error) {
	nc, err := c.dialer.Dial(ctx, key.to)
	if err != nil {
		return nil, err
	}
	return &conn{Conn: nc, counters: c.config.counters, writeTimeout: c.config.timeouts.Of(key.class)}, nil
}

// readError maps an error of reading a response.
func (c *client) readError(err error) error {
	switch {
	case isTimeout(err):
		return fmt.Errorf("%w: %w", core.ErrTimeout, err)
	case errors.Is(err, fasthttp.ErrBodyTooLarge):
		return fmt.Errorf("response: %w: limit %d B", core.ErrTooLarge, c.config.messageBytes)
	case !isConnError(err):
		c.config.counters.BadFrames.Add(1)
	}
	return fmt.Errorf("%w: %w", core.ErrBroken, err)
}

// attempt is one call on its way through HTTP. It implements unary.Attempt.
type attempt struct {
	client *client
	link   link
	kind   core.Kind
	body   []byte // of the request
	req    fasthttp.Request
	resp   fasthttp.Response
	timer  *time.Timer // fires at the deadline

	// Of a pipelined call.
	done    chan error  // the response is there, or will not be
	decided atomic.Bool // whether done or giving up came first
	orphan  bool        // given up: a connection's reader may still fill resp
}

// Do implements unary.Attempt.
func (a *attempt) Do(ctx context.Context, deadline time.Time) error {
	a.timer.Reset(time.Until(deadline))
	defer a.timer.Stop()
	if err := a.link.do(ctx, a, deadline); err != nil {
		return err
	}
	return statusError(a.resp.StatusCode(), a.resp.Body())
}

// Decode implements unary.Attempt.
func (a *attempt) Decode(resp core.Response) error {
	if err := wire.DecodeResponse(a.kind, a.resp.Body(), resp); err != nil {
		a.client.config.counters.BadFrames.Add(1)
		return fmt.Errorf("%w: response: %w", core.ErrBroken, err)
	}
	return nil
}

// keepBytes is the largest body that an attempt keeps memory for.
const keepBytes = 64 << 10

// Release implements unary.Attempt.
func (a *attempt) Release() {
	if a.orphan || cap(a.body) > keepBytes {
		return
	}
	a.resp.ReleaseBody(keepBytes)
	a.client.attempts[a.kind].Put(a)
}
