package netrpc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/rpc"
	"strings"
	"sync"
	"time"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/transports/unary"
)

// client is the calling side. It implements unary.Client.
type client struct {
	link   *linkConfig
	dialer *unary.Dialer
	conns  int // to each peer for bulk; zero: one for each call

	mu     sync.Mutex
	closed bool
	peers  map[core.NodeID]*peer

	attempts [core.KindRead + 1]sync.Pool
}

func newClient(ep core.Endpoint, link *linkConfig, conns int) *client {
	return &client{
		link:   link,
		dialer: unary.NewDialer(ep, link.counters),
		conns:  conns,
		peers:  map[core.NodeID]*peer{},
	}
}

// Prepare implements unary.Client. Gob encodes for a connection and so only
// when the call is sent; until then the attempt holds a copy of the request.
func (c *client) Prepare(to core.NodeID, req core.Request) (unary.Attempt, error) {
	if n := requestBytes(req); n > c.link.messageBytes {
		return nil, fmt.Errorf("%v to %v: %w: %d B, limit %d B", req.Kind(), to, core.ErrTooLarge, n, c.link.messageBytes)
	}
	a, ok := c.attempts[req.Kind()].Get().(*attempt)
	if !ok {
		m := methodOf(req.Kind())
		a = &attempt{client: c, kind: req.Kind(), method: m.name, args: m.newArgs(), reply: m.newReply()}
		a.done = make(chan *rpc.Call, 1)
		a.timer = time.NewTimer(time.Hour)
		a.timer.Stop()
	}
	a.arena = a.args.load(req, a.arena[:0])
	a.reply.reset()
	a.to, a.class = to, req.Class()
	return a, nil
}

// Close implements unary.Client. The context of every Do has ended before.
func (c *client) Close() error {
	c.mu.Lock()
	c.closed = true
	peers := maps.Clone(c.peers)
	c.mu.Unlock()
	var err error
	for _, p := range peers {
		err = errors.Join(err, p.close())
	}
	return err
}

// attempt is one call on its way through net/rpc. It implements unary.Attempt.
type attempt struct {
	client *client
	to     core.NodeID
	class  core.Class
	kind   core.Kind
	method string
	args   args
	arena  []byte // what args points into
	reply  reply
	done   chan *rpc.Call
	timer  *time.Timer
	orphan bool // the library's call is still under way: args and reply are not ours
}

// Do implements unary.Attempt.
func (a *attempt) Do(ctx context.Context, deadline time.Time) error {
	a.timer.Reset(time.Until(deadline))
	defer a.timer.Stop()
	if a.client.conns == 0 {
		return a.doShort(ctx)
	}
	conn, err := a.client.peer(a.to).slot(a.class).Get(ctx, a.timer.C)
	if err != nil {
		return err
	}
	return a.call(ctx, conn)
}

// doShort is a call on a connection of its own.
func (a *attempt) doShort(ctx context.Context) error {
	// Not until the deadline: that the caller has no time says nothing of the peer.
	conn, err := a.client.connect(ctx, a.to, a.class)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }() // with the call everything on it has ended
	return a.call(ctx, conn)
}

// call asks and waits for the answer.
func (a *attempt) call(ctx context.Context, conn *clientConn) (err error) {
	conn.codec.promise()
	conn.client.Go(a.method, a.args, a.reply, a.done)
	select {
	case call := <-a.done:
		return callError(call.Error)
	case <-a.timer.C:
		err = core.ErrTimeout
	case <-ctx.Done():
		err = core.ErrClosed
	}
	a.orphan = true
	conn.orphaned()
	return err
}

// Decode implements unary.Attempt.
func (a *attempt) Decode(resp core.Response) error {
	a.reply.store(resp)
	return nil
}

// keepBytes is the largest arena that an attempt keeps for the next call.
const keepBytes = 64 << 10

// Release implements unary.Attempt.
func (a *attempt) Release() {
	if !a.orphan && cap(a.arena) <= keepBytes {
		a.client.attempts[a.kind].Put(a)
	}
}

// callError maps an error of net/rpc.
func callError(err error) error {
	var server rpc.ServerError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &server):
		return parseServerError(string(server))
	case errors.Is(err, rpc.ErrShutdown): // only ever from before the request is written: the client is never told to close
		return fmt.Errorf("%w: the connection had just ended", core.ErrUnavailable)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%w: the peer closed it", core.ErrBroken)
	case strings.Contains(err.Error(), core.ErrTooLarge.Error()): // net/rpc keeps only the text
		return fmt.Errorf("response: %w", core.ErrTooLarge)
	}
	return fmt.Errorf("%w: %w", core.ErrBroken, err)
}

// serverError is an error as the server's methods return it: one digit for the
// code, then the text.
func serverError(err error) error {
	code, text := unary.CodeOf(err)
	return fmt.Errorf("%d%s", code, text)
}

func parseServerError(s string) error {
	if s == "" || s[0] <= '0' || s[0] > '9' {
		return &core.RemoteError{Text: s} // not from our method: net/rpc's own, say an unknown service
	}
	return unary.Code(s[0] - '0').Err(s[1:])
}
