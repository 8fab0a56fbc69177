package cluster

import (
	"slices"
	"time"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/node"
)

// Leadership is a node that began to lead.
type Leadership struct {
	Node core.NodeID
	Term core.Term
	At   time.Time // when the cluster heard of it
}

// maxLeaderships bounds the leaderships that are kept; a cluster that changes its
// leader more often is not told apart from one that does nothing else.
const maxLeaderships = 1024

// led notes that a node leads, once for each term. The lock is held.
func (c *Cluster) led(s node.Status) {
	known := func(l Leadership) bool { return l.Node == s.ID && l.Term == s.Term }
	if len(c.leaderships) < maxLeaderships && !slices.ContainsFunc(c.leaderships, known) {
		c.leaderships = append(c.leaderships, Leadership{s.ID, s.Term, time.Now()})
	}
}

// Leaderships returns who led, in order, the first election included. There are
// at most 1,024; what came later is left out.
func (c *Cluster) Leaderships() []Leadership {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.leaderships)
}

// Elections is the number of times that a node became leader, at most 1,024.
func (c *Cluster) Elections() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.leaderships)
}
