package node

import (
	"sync"
	"sync/atomic"

	"github.com/raftbench/raftbench/core"
)

// Status is what a node believes about itself and its cluster.
type Status struct {
	ID      core.NodeID
	Term    core.Term
	Leader  core.NodeID // zero: unknown
	Commit  core.Index
	Applied core.Index
	Last    core.Index // the end of the log
	Err     error      // not nil: the storage failed and the node has stopped serving
}

// Leads tells whether the node believes that it leads.
func (s Status) Leads() bool { return s.Leader == s.ID }

// statusBox is the loop's last word on the state, for others to read.
type statusBox struct {
	led  bool      // the loop's: whether it led at the last look
	term core.Term // the loop's: the term at the last look

	mu sync.Mutex
	is Status
}

// publish makes the state readable, and tells OnChange.
func (n *Node) publish() {
	now := Status{
		ID:      n.config.ID,
		Term:    n.raft.Term(),
		Leader:  n.raft.Leader(),
		Commit:  n.raft.Commit(),
		Applied: n.apply.applied,
		Last:    n.raft.LastIndex(),
		Err:     n.failed,
	}
	if n.failed != nil {
		now.Leader = 0 // it may have been itself
	}
	n.status.mu.Lock()
	was := n.status.is
	n.status.is = now
	n.status.mu.Unlock()
	if n.config.OnChange != nil && (was.Term != now.Term || was.Leader != now.Leader || (was.Err == nil) != (now.Err == nil)) {
		n.config.OnChange(now)
	}
}

// Status returns the state at the end of the loop's last turn.
func (n *Node) Status() Status {
	n.status.mu.Lock()
	defer n.status.mu.Unlock()
	return n.status.is
}

// Stats counts since the node was started.
type Stats struct {
	Proposed       uint64 // commands put into the log as leader
	ProposeBatches uint64 // batches that they came in
	Appends        uint64 // AppendEntries with entries sent
	AppendEntries  uint64 // entries in them
	AppendBytes    uint64 // their size (core.EntriesSizeBytes)
	FailedCalls    uint64 // calls to peers that ended without a response
	Reorders       uint64 // appends that overtook the ones before them
	Elections      uint64 // terms in which this node led
	Snapshots      uint64 // snapshots saved
	Installs       uint64 // snapshots received from a leader and installed
	Applied        uint64 // index of the last entry applied
}

type counters struct {
	proposed, proposeBatches                  atomic.Uint64
	appends, appendEntries, appendBytes       atomic.Uint64
	failedCalls, reorders, elections, applied atomic.Uint64
	snapshots, installs                       atomic.Uint64
}

// sent counts a request to a peer.
func (c *counters) sent(req core.Request) {
	if r, ok := req.(*core.AppendEntriesRequest); ok && len(r.Entries) > 0 {
		c.appends.Add(1)
		c.appendEntries.Add(uint64(len(r.Entries)))
		c.appendBytes.Add(uint64(core.EntriesSizeBytes(r.Entries)))
	}
}

// Stats returns the counters.
func (n *Node) Stats() Stats {
	c := &n.counters
	return Stats{
		Proposed:       c.proposed.Load(),
		ProposeBatches: c.proposeBatches.Load(),
		Appends:        c.appends.Load(),
		AppendEntries:  c.appendEntries.Load(),
		AppendBytes:    c.appendBytes.Load(),
		FailedCalls:    c.failedCalls.Load(),
		Reorders:       c.reorders.Load(),
		Elections:      c.elections.Load(),
		Snapshots:      c.snapshots.Load(),
		Installs:       c.installs.Load(),
		Applied:        c.applied.Load(),
	}
}
