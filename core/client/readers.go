package client

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/raftbench/raftbench/core"
)

// ReadFrom says which nodes are asked for reads. Those of followers are as linearizable
// as the leader's: a follower asks the leader up to where its state has to be
// (dissertation §6.4). They need node.Config.FollowerReads.
type ReadFrom string

// The choices of ReadFrom.
const (
	// ReadFromLeader asks the leader. The default.
	ReadFromLeader ReadFrom = "leader"
	// ReadFromFollowers asks the other nodes, equally often, and the leader only if none of
	// them can answer.
	ReadFromFollowers ReadFrom = "followers"
	// ReadFromAny asks all nodes equally often.
	ReadFromAny ReadFrom = "any"
)

// ReadFroms lists the choices.
func ReadFroms() []ReadFrom { return []ReadFrom{ReadFromLeader, ReadFromFollowers, ReadFromAny} }

func (r ReadFrom) validate() error {
	if slices.Contains(ReadFroms(), r) {
		return nil
	}
	var names []string
	for _, known := range ReadFroms() {
		names = append(names, string(known))
	}
	return fmt.Errorf("client: ReadFrom %q: allowed are %s", r, strings.Join(names, ", "))
}

// readers chooses whom to ask for reads. The client's lock guards it.
type readers struct {
	from  ReadFrom
	nodes []reader
}

// reader is a node that reads can be sent to.
type reader struct {
	id           core.NodeID
	asked        uint64 // operations that were sent to it
	failures     int    // in a row
	avoidedUntil time.Time
}

func newReaders(c *Config) readers {
	r := readers{from: c.ReadFrom}
	r.meet(c.Nodes)
	return r
}

// meet has these nodes asked from now on. To one that is new goes what goes to the others,
// and not what they were sent before it came.
func (r *readers) meet(ids []core.NodeID) {
	most := r.most()
	nodes := make([]reader, 0, len(ids))
	for _, id := range ids {
		if known := r.find(id); known != nil {
			nodes = append(nodes, *known)
		} else {
			nodes = append(nodes, reader{id: id, asked: most})
		}
	}
	r.nodes = nodes
}

// choose returns the node that so many operations go to: of those that may be asked,
// the one that was sent the fewest so far. To take turns is not enough: batches are
// large and small in turn, too. Zero: only the leader is left.
func (r *readers) choose(ops int, leader core.NodeID, now time.Time) core.NodeID {
	if r.from == ReadFromLeader {
		return 0
	}
	var best *reader
	for i := range r.nodes {
		n := &r.nodes[i]
		if now.Before(n.avoidedUntil) || r.from == ReadFromFollowers && n.id == leader {
			continue
		}
		if best == nil || n.asked < best.asked {
			best = n
		}
	}
	if best == nil {
		return 0
	}
	best.asked += uint64(ops)
	return best.id
}

// failed has a node left out for a while, longer each time in a row: it could not be
// reached, or does not know a leader.
func (r *readers) failed(id core.NodeID, now time.Time) {
	if n := r.find(id); n != nil {
		limit := min(maxPause, firstPause<<min(n.failures, 16))
		n.failures++
		n.asked = r.most() // or all would go there when it is back
		n.avoidedUntil = now.Add(limit/2 + rand.N(limit/2))
	}
}

// most is how much was sent to the node that was sent most.
func (r *readers) most() (most uint64) {
	for i := range r.nodes {
		most = max(most, r.nodes[i].asked)
	}
	return most
}

func (r *readers) succeeded(id core.NodeID) {
	if n := r.find(id); n != nil {
		n.failures = 0
	}
}

func (r *readers) find(id core.NodeID) *reader {
	if i := slices.IndexFunc(r.nodes, func(n reader) bool { return n.id == id }); i >= 0 {
		return &r.nodes[i]
	}
	return nil
}

// target is the node that the next call of a lane goes to, with so many operations. The
// lock is held.
func (c *Client) target(l *lane, ops int, now time.Time) core.NodeID {
	leader := c.knownLeader()
	if !l.read {
		return leader
	}
	if id := c.readers.choose(ops, leader, now); id != 0 {
		return id
	}
	return leader
}

// learnOfRead notes what the end of a call of reads says about the node, and about who
// leads, unless it is the leader that was asked: then learn does. It reports whether
// that is all. The lock is held.
func (c *Client) learnOfRead(f *flight, now time.Time) bool {
	to, leader := f.call.To, c.leader.target()
	if !f.lane.read || c.readers.from == ReadFromLeader {
		return false
	}
	if f.answered() {
		c.readers.succeeded(to)
		hint := f.readResponse.Leader
		c.leader.heard(hint)
		return to != leader || to != hint
	}
	c.readers.failed(to, now)
	return to != leader
}
