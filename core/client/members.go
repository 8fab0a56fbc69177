package client

import (
	"slices"
	"sync/atomic"

	"github.com/raftbench/raftbench/core"
)

// Members are the nodes of a cluster as its clients know them, for clusters whose
// members change. All clients of a cluster may share one. The zero value says nothing.
type Members struct {
	list atomic.Pointer[[]core.NodeID] // what it points to is never written to
}

// Set tells the clients of all members, at least one. It may be called concurrently,
// and while clients run; they learn of it with their next call. The slice remains the
// caller's.
func (m *Members) Set(nodes []core.NodeID) {
	nodes = slices.Clone(nodes)
	m.list.Store(&nodes)
}

// knownLeader is the node that is asked next as the leader. The lock is held.
func (c *Client) knownLeader() core.NodeID {
	c.meet()
	return c.leader.target()
}

// meet takes note of members that have come or gone. A leader that has gone is asked
// once more: it knows of the others, or cannot be reached. The lock is held.
func (c *Client) meet() {
	if c.config.Members == nil {
		return
	}
	now := c.config.Members.list.Load()
	if now == nil || now == c.met || len(*now) == 0 {
		return
	}
	c.met = now
	c.leader.nodes = *now
	c.readers.meet(*now)
}
