package rafttest

import (
	"slices"

	"github.com/raftbench/raftbench/core"
)

// placed is a configuration that was committed, and where.
type placed struct {
	core.Configuration
	index core.Index
}

// configured checks that a node acts by the configuration that its log says is
// in force: the latest, whether committed or not (§4.1).
func (c *checker) configured(n *node) {
	if !n.membersChanged {
		return
	}
	n.membersChanged = false
	got, _ := n.raft.Configuration()
	want, _ := n.disk.log.configuration()
	if want == "" {
		want = c.configurationAt(n, n.disk.log.snapshot.Index)
	}
	if got.Encode() != want {
		decoded, _ := core.DecodeConfiguration([]byte(want))
		c.fail("the latest configuration is in force", "%v acts by %v, its log says %v", n.id, got, decoded)
	}
}

// configurationAt returns what is in force at a committed entry.
func (c *checker) configurationAt(n *node, i core.Index) string {
	for k := len(c.configs) - 1; k >= 0; k-- {
		if c.configs[k].index <= i {
			return c.configs[k].Encode()
		}
	}
	if !n.sim.isFounder(n.id) {
		return ""
	}
	founders := core.Configuration{Voters: n.sim.founders()}
	return founders.Encode()
}

// committedEntry checks a configuration when it is committed first: the voters
// change only by way of a joint configuration that holds both (§4.3).
func (c *checker) committedEntry(n *node, e *core.Entry) {
	if e.Kind != core.EntryConfiguration {
		return
	}
	next, err := core.DecodeConfiguration(e.Data)
	if err != nil {
		c.fail("configurations follow each other", "entry %d: %v", e.Index, err)
		return
	}
	before := core.Configuration{Voters: n.sim.founders()}
	if k := len(c.configs); k > 0 {
		before = c.configs[k-1].Configuration
	}
	follows := slices.Equal(next.Voters, before.Voters) && !next.IsJoint() ||
		!before.IsJoint() && slices.Equal(next.Outgoing, before.Voters)
	if !follows {
		c.fail("configurations follow each other", "entry %d: %v after %v", e.Index, next, before)
	}
	c.configs = append(c.configs, placed{next, e.Index})
}

// durable checks what a leader regards as committed: it is on the disks of a
// majority of the voters, in a joint configuration of both halves.
func (c *checker) durable(n *node, i core.Index, t core.Term) {
	if !n.sim.watchDisk() {
		return
	}
	now, _ := n.raft.Configuration()
	for _, half := range [][]core.NodeID{now.Voters, now.Outgoing} {
		have := 0
		for _, id := range half {
			// One that lost its disk may have had it: its acknowledgement was under way.
			if d := &n.sim.nodes[id-1].disk; d.newborn || d.durable.covers(i, t) {
				have++
			}
		}
		if len(half) > 0 && have <= len(half)/2 {
			c.fail("committed entries are durable on a quorum", "%v committed entry %d of term %d, which is on %d disks of %v", n.id, i, t, have, half)
		}
	}
}
