package rawtcp

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/transports/transporttest/memnet"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for what must happen.
const patience = 20 * time.Second

// endpoint is a transport under test; the peer is played by the test.
type endpoint struct {
	*transport
	t       *testing.T
	connect func() (net.Conn, error) // to this endpoint
	receive func([]*core.Incoming)
	ended   chan *core.Call

	mu       sync.Mutex
	incoming []*core.Incoming // kept by hold
}

// Receive implements core.Handler.
func (e *endpoint) Receive(requests []*core.Incoming) { e.receive(requests) }

// Complete implements core.Handler.
func (e *endpoint) Complete(calls []*core.Call) {
	for _, c := range calls {
		e.ended <- c
	}
}

// hold keeps requests for the test to answer.
func (e *endpoint) hold(requests []*core.Incoming) {
	e.mu.Lock()
	e.incoming = append(e.incoming, requests...)
	e.mu.Unlock()
}

// held waits until n requests are held and takes them.
func (e *endpoint) held(n int) []*core.Incoming {
	e.t.Helper()
	e.eventually("requests", func() bool {
		e.mu.Lock()
		defer e.mu.Unlock()
		return len(e.incoming) >= n
	})
	e.mu.Lock()
	defer e.mu.Unlock()
	taken := e.incoming
	e.incoming = nil
	if len(taken) != n {
		e.t.Fatalf("%d requests arrived, want %d", len(taken), n)
	}
	return taken
}

func (e *endpoint) eventually(what string, condition func() bool) {
	e.t.Helper()
	for end := time.Now().Add(patience); !condition(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			e.t.Fatalf("%s: not within %v", what, patience)
		}
	}
}

func (e *endpoint) call(r core.Request, timeout time.Duration) *core.Call {
	c := &core.Call{To: 2, Request: r, Response: r.Kind().NewResponse(), Timeout: timeout}
	e.Send([]*core.Call{c})
	return c
}

func (e *endpoint) wait() *core.Call {
	e.t.Helper()
	select {
	case c := <-e.ended:
		return c
	case <-time.After(patience):
		e.t.Fatal("no call ended")
		return nil
	}
}

// openEndpoint opens node 1, which finds node 2 at the address of peer.
func openEndpoint(t *testing.T, peer net.Listener, limits core.Limits, timeouts core.Timeouts) *endpoint {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	e := openEndpointOn(t, l, peer, limits, timeouts)
	e.connect = func() (net.Conn, error) { return net.Dial("tcp", l.Addr().String()) }
	return e
}

// openInMemory is openEndpoint without ports, for tests that connect more often
// than a machine has ports.
func openInMemory(t *testing.T, limits core.Limits) *endpoint {
	t.Helper()
	network := memnet.New()
	l, err := network.Listen(1)
	if err != nil {
		t.Fatal(err)
	}
	e := openEndpointOn(t, l, nil, limits, core.Timeouts{})
	e.connect = func() (net.Conn, error) { return network.Dial(context.Background(), 1) }
	return e
}

func opened(t *testing.T, set settings, e core.Endpoint) *transport {
	t.Helper()
	tr, err := open(set, e)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func openEndpointOn(t *testing.T, l, peer net.Listener, limits core.Limits, timeouts core.Timeouts) *endpoint {
	t.Helper()
	e := &endpoint{t: t, ended: make(chan *core.Call, 1000)}
	e.receive = e.hold
	e.transport = opened(t, settings{conns: 1, inline: true, yield: true, readSize: 64 << 10, checksum: true}, core.Endpoint{
		Self: 1, Listener: l, Handler: e, Limits: limits, Timeouts: timeouts,
		Dial: func(ctx context.Context, _ core.NodeID) (net.Conn, error) {
			if peer == nil {
				return nil, errors.New("no peer")
			}
			return new(net.Dialer).DialContext(ctx, "tcp", peer.Addr().String())
		},
	})
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

// player is one end of a connection whose frames the test makes.
type player struct {
	net.Conn
	t *testing.T
	r *reader
}

func newPlayer(t *testing.T, c net.Conn) *player {
	t.Helper()
	t.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	pool := &blockPool{usual: 64 << 10, largest: 1 << 20}
	return &player{Conn: c, t: t, r: newReader(c, pool, 1<<20, (*block).put)}
}

func (p *player) write(b []byte) {
	p.t.Helper()
	if _, err := p.Write(b); err != nil {
		p.t.Fatal(err)
	}
}

func (p *player) next() frame {
	p.t.Helper()
	return nextFrame(p.t, p.r)
}

// end waits until the other side has closed the connection.
func (p *player) end() {
	p.t.Helper()
	for {
		if ok, _ := p.r.next(new(frame)); ok {
			continue
		}
		if err := p.r.fill(); err != nil {
			var timeout net.Error
			if errors.As(err, &timeout) && timeout.Timeout() {
				p.t.Fatalf("the connection was not closed: %v", err)
			}
			return
		}
	}
}

func listenLocal(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func heartbeat() core.Request { return &core.AppendEntriesRequest{From: 1, Term: 1} }
