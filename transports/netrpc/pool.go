package netrpc

import (
	"context"
	"errors"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/transports/dial"
	"github.com/raftbench/raftbench/transports/unary"
)

// slot is the place of one connection.
type slot = unary.Slot[*clientConn]

// peer is the way to one node: a connection for votes and heartbeats, one for
// snapshots, and a pool of them for everything else.
type peer struct {
	control  *slot
	snapshot *slot
	bulk     *dial.Pool[*slot]
}

// peer returns the peer with the given name, new if need be.
func (c *client) peer(id core.NodeID) *peer {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p := c.peers[id]; p != nil {
		return p
	}
	bulk := make([]*slot, c.conns)
	for i := range bulk {
		bulk[i] = c.newSlot(id, core.ClassAppend)
	}
	p := &peer{control: c.newSlot(id, core.ClassControl), snapshot: c.newSlot(id, core.ClassSnapshot), bulk: dial.NewPool(bulk...)}
	if c.closed {
		_ = p.close() // empty, and to stay so
	}
	c.peers[id] = p
	return p
}

func (c *client) newSlot(to core.NodeID, class core.Class) *slot {
	return unary.NewSlot(func(ctx context.Context) (*clientConn, error) { return c.connect(ctx, to, class) })
}

// connect opens a connection for a class.
func (c *client) connect(ctx context.Context, to core.NodeID, class core.Class) (*clientConn, error) {
	conn, err := c.dialer.Dial(ctx, to)
	if err != nil {
		return nil, err
	}
	timeout := c.link.longestTimeout() // of a write
	if class == core.ClassControl {
		timeout = c.link.timeouts.Control
	}
	return newClientConn(conn, c.link, timeout), nil
}

// slot returns the place of the connection for the next request of a class.
func (p *peer) slot(class core.Class) *slot {
	switch class {
	case core.ClassControl:
		return p.control
	case core.ClassSnapshot:
		return p.snapshot
	}
	return p.bulk.Pick()
}

func (p *peer) close() error {
	err := errors.Join(p.control.Close(), p.snapshot.Close())
	for _, s := range p.bulk.Members() {
		err = errors.Join(err, s.Close())
	}
	return err
}
