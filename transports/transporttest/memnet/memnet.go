// Package memnet is a network in memory, with switches for what goes wrong in
// real ones: nodes that refuse, stop reading, read slowly or reset their
// connections. Connections are buffered, full-duplex and keep deadlines, so a
// transport cannot tell them from TCP except by asking for their type.
//
// It measures nothing, drops nothing inside a stream, and has no goroutines; the
// timers of deadlines and of slow reads end with the connection.
package memnet

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/raftbench/raftbench/core"
)

// backlog is how many connections may wait to be accepted, as in listen(2).
const backlog = 128

// Network connects nodes by their NodeID. It may be used concurrently.
type Network struct {
	mu        sync.Mutex
	listeners map[core.NodeID]*listener
	nodes     map[core.NodeID]*behaviour
	conns     map[*conn]struct{} // ends that are open
	dials     map[core.NodeID]int
}

// behaviour is how a node treats the connections that it accepts.
type behaviour struct {
	refuse  bool
	frozen  bool
	perRead int // bytes; zero: no limit
	pause   time.Duration
}

// New returns a network without nodes.
func New() *Network {
	return &Network{
		listeners: map[core.NodeID]*listener{},
		nodes:     map[core.NodeID]*behaviour{},
		conns:     map[*conn]struct{}{},
		dials:     map[core.NodeID]int{},
	}
}

// Listen starts to accept connections to node. A closed listener can be replaced.
func (n *Network) Listen(node core.NodeID) (net.Listener, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if _, taken := n.listeners[node]; taken {
		return nil, &net.OpError{Op: "listen", Net: "mem", Addr: addr(node), Err: syscall.EADDRINUSE}
	}
	l := &listener{network: n, node: node, accept: make(chan *conn, backlog), closed: make(chan struct{})}
	n.listeners[node] = l
	return l, nil
}

// Dial connects to node. It fails at once if nobody listens there, and waits if
// the backlog is full.
func (n *Network) Dial(ctx context.Context, node core.NodeID) (net.Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	n.mu.Lock()
	n.dials[node]++
	l, b := n.listeners[node], n.node(node)
	if l == nil || b.refuse {
		n.mu.Unlock()
		return nil, &net.OpError{Op: "dial", Net: "mem", Addr: addr(node), Err: syscall.ECONNREFUSED}
	}
	client, server := n.pair(node, *b)
	n.mu.Unlock()

	select {
	case l.accept <- server:
		l.sweep()
		return client, nil
	case <-l.closed:
	case <-ctx.Done():
	}
	_ = client.Close()
	_ = server.Close()
	return nil, &net.OpError{Op: "dial", Net: "mem", Addr: addr(node), Err: errors.Join(ctx.Err(), syscall.ECONNREFUSED)}
}

// Refuse makes dials to node fail, or lets them through again.
func (n *Network) Refuse(node core.NodeID, on bool) {
	n.change(node, func(b *behaviour) { b.refuse = on })
}

// Freeze makes node stop reading from the connections that it accepted and will
// accept, or go on. Connections still open.
func (n *Network) Freeze(node core.NodeID, on bool) {
	n.change(node, func(b *behaviour) { b.frozen = on })
}

// Slow makes every read of node, on each connection that it accepted and will
// accept, return at most perRead bytes and take at least pause. Zero values end
// that.
func (n *Network) Slow(node core.NodeID, perRead int, pause time.Duration) {
	n.change(node, func(b *behaviour) { b.perRead, b.pause = perRead, pause })
}

// Cut resets all connections that node accepted.
func (n *Network) Cut(node core.NodeID) {
	for _, c := range n.accepted(node) {
		c.reset()
	}
}

// Dials returns how often a connection to node was attempted.
func (n *Network) Dials(node core.NodeID) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.dials[node]
}

// OpenConns returns how many ends of connections are open: two for a connection
// that neither side has closed.
func (n *Network) OpenConns() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.conns)
}

// change applies f to how node behaves and tells its connections.
func (n *Network) change(node core.NodeID, f func(*behaviour)) {
	n.mu.Lock()
	b := n.node(node)
	f(b)
	now := *b
	n.mu.Unlock()
	for _, c := range n.accepted(node) {
		c.in.behave(now)
	}
}

// accepted returns the open connections that node accepted.
func (n *Network) accepted(node core.NodeID) []*conn {
	n.mu.Lock()
	defer n.mu.Unlock()
	var list []*conn
	for c := range n.conns {
		if c.server && c.node == node {
			list = append(list, c)
		}
	}
	return list
}

// node returns the behaviour of node. n.mu is held.
func (n *Network) node(node core.NodeID) *behaviour {
	b := n.nodes[node]
	if b == nil {
		b = new(behaviour)
		n.nodes[node] = b
	}
	return b
}

// pair makes the two ends of a connection. n.mu is held.
func (n *Network) pair(node core.NodeID, b behaviour) (client, server *conn) {
	up, down := newStream(), newStream()
	up.behaviour = b
	client = &conn{network: n, node: node, in: down, out: up}
	server = &conn{network: n, node: node, in: up, out: down, server: true}
	n.conns[client] = struct{}{}
	n.conns[server] = struct{}{}
	return client, server
}

func (n *Network) forget(c *conn) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.conns, c)
}

type listener struct {
	network *Network
	node    core.NodeID
	accept  chan *conn
	once    sync.Once
	closed  chan struct{}
}

func (l *listener) Accept() (net.Conn, error) {
	select {
	case <-l.closed:
		return nil, &net.OpError{Op: "accept", Net: "mem", Addr: l.Addr(), Err: net.ErrClosed}
	default:
	}
	select {
	case c := <-l.accept:
		return c, nil
	case <-l.closed:
		return nil, &net.OpError{Op: "accept", Net: "mem", Addr: l.Addr(), Err: net.ErrClosed}
	}
}

// Close ends Accept and resets the connections that wait for it.
func (l *listener) Close() error {
	l.once.Do(func() {
		l.network.mu.Lock()
		delete(l.network.listeners, l.node)
		l.network.mu.Unlock()
		close(l.closed)
	})
	l.sweep()
	return nil
}

// sweep resets what waits in the backlog of a closed listener.
func (l *listener) sweep() {
	select {
	case <-l.closed:
	default:
		return
	}
	for {
		select {
		case c := <-l.accept:
			c.reset()
			_ = c.Close()
		default:
			return
		}
	}
}

func (l *listener) Addr() net.Addr { return addr(l.node) }

// addr is where a node listens.
type addr core.NodeID

func (addr) Network() string  { return "mem" }
func (a addr) String() string { return fmt.Sprintf("node-%d:1", uint64(a)) }
