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

	Snapshot  core.Index  // of the newest snapshot; zero: there is none
	InDoubt   bool        // it neither votes nor leads until it has caught up (core.Doubt)
	FastClock core.NodeID // a voter with a clock faster than declared: this node holds no leases; zero: none
	Refused   string      // why a snapshot was refused last; empty: none was
	Err       error       // not nil: the storage failed and the node has stopped serving
}

// Leads tells whether the node believes that it leads.
func (s Status) Leads() bool { return s.Leader == s.ID }

// statusBox is the loop's last word on the state, for others to read.
type statusBox struct {
	led  bool      // the loop's: whether it led at the last look
	term core.Term // the loop's: the term at the last look

	mu      sync.Mutex // guards what follows and what meters says
	is      Status
	members core.Configuration
}

// publish makes the state readable and records the turn, which took up so many
// requests and responses; it tells OnChange.
func (n *Node) publish(requests, responses int) {
	now := Status{
		ID:      n.config.ID,
		Term:    n.raft.Term(),
		Leader:  n.raft.Leader(),
		Commit:  n.raft.Commit(),
		Applied: n.apply.applied,
		Last:    n.raft.LastIndex(),

		Snapshot: n.apply.snapshot.Index,

		InDoubt:   n.quarantine.storage != nil, // until its end is durable
		FastClock: n.raft.FastClock(),
		Refused:   n.refused.text,
		Err:       n.failed,
	}
	if n.failed != nil {
		now.Leader = 0 // it may have been itself
	}
	n.status.mu.Lock()
	was := n.status.is
	n.status.is = now
	n.status.members, _ = n.raft.Configuration()
	n.meters.turn(requests, responses)
	n.status.mu.Unlock()
	if n.config.OnChange != nil && (was.Term != now.Term || was.Leader != now.Leader || was.InDoubt != now.InDoubt || (was.Err == nil) != (now.Err == nil)) {
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
	Expired        uint64 // clients' requests refused because they had too little time left
	Elections      uint64 // terms in which this node led
	FastClocks     uint64 // voters whose clocks it found to be faster than declared
	Snapshots      uint64 // snapshots saved
	Installs       uint64 // snapshots received from a leader and installed
	Chunks         uint64 // of arriving snapshots, written
	Resumed        uint64 // of those arriving: went on where they had stopped
	Refused        uint64 // arriving snapshots, or their headers, that were not accepted
	Applied        uint64 // index of the last entry applied
	Reads          uint64 // queries answered
	FollowerReads  uint64 // of those, while another node led
	Overloaded     uint64 // operations refused because Config.MaxClientOps or MaxClientBytes were reached on arrival

	// What was held at most; see Config.MaxClientBytes.
	ClientOpsMost, ClientBytesMost, UndurableBytesMost int64

	// What is held now.
	ClientOps, ClientBytes int64
}

// counters are what happens too rarely to be gathered (meters).
type counters struct {
	failedCalls, reorders, expired, elections, applied atomic.Uint64
	snapshots, installs, resumed, refused, chunks      atomic.Uint64
	reads, followerReads, fastClocks                   atomic.Uint64
}

func (c *counters) read(queries int, followed bool) {
	c.reads.Add(uint64(queries))
	if followed {
		c.followerReads.Add(uint64(queries))
	}
}

// Stats returns the counters. It may be called at any time.
func (n *Node) Stats() Stats {
	n.status.mu.Lock()
	defer n.status.mu.Unlock()
	c, m, a := &n.counters, &n.meters, &n.inbox.admission
	return Stats{
		Proposed:       m.proposed,
		ProposeBatches: n.proposed.queue.Stats().Batches(),
		Appends:        m.entries.Count(),
		AppendEntries:  m.entries.Sum(),
		AppendBytes:    m.bytes.Sum(),
		FailedCalls:    c.failedCalls.Load(),
		Reorders:       c.reorders.Load(),
		Expired:        c.expired.Load(),
		Elections:      c.elections.Load(),
		FastClocks:     c.fastClocks.Load(),
		Snapshots:      c.snapshots.Load(),
		Installs:       c.installs.Load(),
		Chunks:         c.chunks.Load(),
		Resumed:        c.resumed.Load(),
		Refused:        c.refused.Load(),
		Applied:        c.applied.Load(),
		Reads:          c.reads.Load(),
		FollowerReads:  c.followerReads.Load(),
		Overloaded:     a.refused.Load(),

		ClientOpsMost: a.opsMost.Load(), ClientBytesMost: a.bytesMost.Load(), UndurableBytesMost: n.writes.bytesMost.Load(),
		ClientOps: a.ops.Load(), ClientBytes: a.bytes.Load(),
	}
}
