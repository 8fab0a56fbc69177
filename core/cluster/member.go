package cluster

import (
	"context"
	"fmt"
	"net"
	"slices"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/node"
)

// member is one place in the cluster, with or without a node running.
type member struct {
	id       core.NodeID
	listener net.Listener // of the next or the running node
	address  string       // set before anybody knows of the member, and then for good
	reserved reservation  // of the address, while the member is down
	learner  bool         // it has no voice yet; guarded by Cluster.mu
	removed  bool         // guarded by Cluster.mu
	node     *node.Node   // guarded by Cluster.mu; nil while the member is down
	isolated bool         // guarded by wires.mu
}

// listen binds the member's address: the one it had before, if it had one.
func (c *Cluster) listen(m *member) error {
	address := m.address
	if address == "" {
		port := 0
		if c.config.BasePort > 0 {
			port = c.config.BasePort + int(m.id) - 1
		}
		address = c.sockets.address(m.id, port)
	}
	l, err := c.sockets.listen(address)
	if err != nil {
		return fmt.Errorf("%v: %w", m.id, err)
	}
	m.listener = l
	if m.address == "" {
		m.address = l.Addr().String()
	}
	return nil
}

func (c *Cluster) startMember(m *member) error {
	storage, err := c.config.OpenStorage(m.id)
	if err != nil {
		_ = m.listener.Close() // so that the next attempt finds its address free
		return fmt.Errorf("%v: open storage: %w", m.id, err)
	}
	config := c.config.Node
	config.ID = m.id
	config.Peers, config.Clock = c.founders(m.id), c.clock
	config.Unordered = !c.config.Network.Ordered
	config.Storage = storage
	config.StateMachine = c.config.NewStateMachine()
	config.OnChange = c.onChange
	config.Open = func(h core.Handler) (core.Transport, error) {
		return c.config.Network.Open(core.Endpoint{
			Self:     m.id,
			Listener: &tap{m.listener, &c.wires, m.id},
			Dial:     c.dialer(m.id),
			Handler:  h,
			Limits:   c.config.Limits,
			Timeouts: c.config.Timeouts,
		})
	}
	n, err := node.Start(config)
	if err != nil {
		_ = m.listener.Close() // so that the next attempt finds its address free
		return err
	}
	c.mu.Lock()
	m.node = n
	c.mu.Unlock()
	return nil
}

func (c *Cluster) stopMember(m *member) error {
	c.mu.Lock()
	n := m.node
	m.node = nil
	c.mu.Unlock()
	if n == nil {
		return nil
	}
	return n.Close()
}

// Kill stops a node without a word to the others. Its storage stays, and its address
// is kept for it. A node that is down, or that never was, is left alone.
func (c *Cluster) Kill(id core.NodeID) error {
	m := c.place(id)
	if c.Node(id) == nil {
		return nil
	}
	err := c.stopMember(m)
	m.reserved = reserve(m.address)
	return err
}

// Restart starts a killed node again, on the same address and storage.
func (c *Cluster) Restart(id core.NodeID) error {
	m := c.place(id)
	if m == nil {
		return noSuchNode(id)
	}
	m.reserved.release()
	if err := c.listen(m); err != nil {
		return err
	}
	return c.startMember(m)
}

// Isolate cuts a node off: its connections are closed and new ones refused,
// until Heal. It needs a transport with connections that can be cut.
func (c *Cluster) Isolate(id core.NodeID) error {
	switch {
	case c.place(id) == nil:
		return noSuchNode(id)
	case c.config.Network.InProcess:
		return fmt.Errorf("isolate %v: the transport has no connections to cut", id)
	case c.config.Network.TakesSockets:
		return fmt.Errorf("isolate %v: the transport keeps its sockets to itself, so nobody can cut them", id)
	}
	c.setIsolated(id, true)
	c.wires.cut(id)
	return nil
}

// Heal ends Isolate. A node that was not isolated, or that never was, is left alone.
func (c *Cluster) Heal(id core.NodeID) { c.setIsolated(id, false) }

func noSuchNode(id core.NodeID) error { return fmt.Errorf("cluster: there is no %v", id) }

func (c *Cluster) setIsolated(id core.NodeID, isolated bool) {
	m := c.place(id)
	if m == nil {
		return
	}
	c.wires.mu.Lock()
	defer c.wires.mu.Unlock()
	m.isolated = isolated
}

// dialer connects from one endpoint to the members.
func (c *Cluster) dialer(from core.NodeID) func(context.Context, core.NodeID) (net.Conn, error) {
	return func(ctx context.Context, to core.NodeID) (net.Conn, error) {
		peer := c.place(to)
		if peer == nil {
			return nil, fmt.Errorf("%v is not a member", to)
		}
		if c.blocked(from, to) {
			return nil, fmt.Errorf("dial %v: isolated", to)
		}
		conn, err := c.sockets.dial(ctx, peer.address)
		if err != nil {
			return nil, err
		}
		c.wires.add(conn, from, to)
		if c.blocked(from, to) {
			_ = conn.Close() // the peer was isolated meanwhile
			return nil, fmt.Errorf("dial %v: isolated", to)
		}
		return conn, nil
	}
}

func (c *Cluster) blocked(from, to core.NodeID) bool {
	ends := []*member{c.place(from), c.place(to)} // a client has no place
	c.wires.mu.Lock()
	defer c.wires.mu.Unlock()
	return slices.ContainsFunc(ends, func(m *member) bool { return m != nil && m.isolated })
}
