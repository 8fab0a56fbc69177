// Package node runs one member of a Raft cluster: it owns a raft.Raft and joins
// it to a Storage, a Transport and a StateMachine. It knows no transport and no
// storage by name, and decides nothing about consensus: that is core/raft.
//
// A node has one goroutine, the loop. It takes everything that has arrived,
// steps it, writes once, sends one batch to each peer, answers, and applies;
// then it sleeps until something arrives or the next tick. Where proposals linger,
// a timer's goroutine wakes it (core/timer). Snapshots are written, sent, received and
// loaded by goroutines that do one piece of it each, and give back to the loop what
// they were lent. Close stops all of them and waits. The transport's goroutines only
// append to the inbox.
package node

import (
	"errors"
	"fmt"
	"hash/maphash"
	"sync"
	"time"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/batch"
	"github.com/raftbench/raftbench/core/raft"
	"github.com/raftbench/raftbench/core/timer"
)

// Config configures a node. ID, Peers, Open, Storage and StateMachine are
// required; the storage and the state machine are the node's until Close.
type Config struct {
	ID    core.NodeID
	Peers []core.NodeID // the members with which the cluster began, this one too; none for a node that joins one

	// Open opens the node's endpoint of the transport.
	Open func(core.Handler) (core.Transport, error)

	// Unordered says that requests to a node may overtake each other
	// (core.Network.Ordered is false). Appends are then put in order again.
	Unordered bool

	Storage      core.Storage
	StateMachine core.StateMachine

	// Batch is the policy by which proposals are gathered. A batch is one log
	// write and one AppendEntries to each follower.
	Batch batch.Config

	// Pipeline is the number of AppendEntries with entries under way to one
	// follower at once. Default 4.
	Pipeline int

	// Callers is the number of operations that all clients together have under way
	// at most, if that is known: when so many wait here, nobody else can join a
	// batch, and it does not linger. Zero: unknown.
	Callers int

	// Tick is the unit of time of the algorithm. Default 100 ms.
	Tick time.Duration

	// HeartbeatTicks and ElectionTicks are raft.Config's. Defaults 1 and 10:
	// heartbeats every 100 ms, elections after 1 to 2 s of silence, etcd's values.
	HeartbeatTicks int
	ElectionTicks  int

	// LeaseDriftPercent is raft.Config's: not zero, a leader answers reads
	// without a round of heartbeats while it holds a lease, on the promise that
	// no member's clock runs faster than another's by more than this, in percent.
	// All members must have the same. A leader that finds a clock for which it does not
	// hold goes on without leases, and says so: OnWarning, Status.FastClock.
	LeaseDriftPercent int

	// LeaseTicks is raft.Config's: the length of a lease. Default: the longest that
	// ElectionTicks and LeaseDriftPercent allow.
	LeaseTicks int

	// FollowerReads lets this node answer reads while it follows: from its own
	// state machine, with an index from its leader.
	FollowerReads bool

	// MaxClientOps and MaxClientBytes bound the operations of clients that the node holds,
	// and the bytes of their requests (core.Request.SizeBytes): more are answered with
	// core.StatusOverloaded. Of what a leader has given to its storage and is not durable,
	// MaxClientBytes is a bound, too. One request is always let in. Defaults 1,048,576
	// and 128 MiB.
	MaxClientOps   int
	MaxClientBytes int

	Snapshot SnapshotConfig

	// Cluster is the identity of the cluster. Snapshots of another are refused.
	Cluster uint64

	// Seed makes election timeouts reproducible; nodes may share it.
	Seed uint64

	// Clock is what traces are read from (core.ProposeRequest.Trace). Nodes and
	// clients of one process should share it. Default: one of the node's own,
	// whose instants nobody compares.
	Clock core.Clock

	// OnChange, if set, is called from the loop whenever term, leader, Status.InDoubt or
	// whether there is an error change. It must not wait.
	OnChange func(Status)

	// OnWarning, if set, is called with what a person should know, in a line: that a
	// snapshot was refused, for instance. It must not wait.
	OnWarning func(string)
}

const (
	defaultTick          = 100 * time.Millisecond
	defaultElectionTicks = 10

	// DefaultHeartbeat is the time between heartbeats of a Config that says nothing else.
	DefaultHeartbeat = defaultTick

	// DefaultElectionTimeout is the shortest election timeout of a Config that
	// says nothing else. What a transport does to reach a peer again should take
	// less.
	DefaultElectionTimeout = defaultElectionTicks * defaultTick
)

func (c Config) withDefaults() Config {
	c.Batch = c.Batch.WithDefaults()
	setDefault(&c.Pipeline, 4)
	setDefault(&c.Tick, defaultTick)
	setDefault(&c.HeartbeatTicks, 1)
	setDefault(&c.ElectionTicks, defaultElectionTicks)
	setDefault(&c.MaxClientOps, 1<<20)
	setDefault(&c.MaxClientBytes, 128<<20)
	c.Snapshot = c.Snapshot.withDefaults()
	if c.Clock.ID == 0 {
		c.Clock.Origin = time.Now()
	}
	return c
}

func setDefault[T ~int | ~int64](field *T, value T) {
	if *field == 0 {
		*field = value
	}
}

func (c Config) validate() error {
	switch {
	case c.ID == 0:
		return errors.New("node: ID is required")
	case c.Open == nil || c.Storage == nil || c.StateMachine == nil:
		return errors.New("node: Open, Storage and StateMachine are required")
	case c.Tick < 0:
		return fmt.Errorf("node: Tick %v: must not be negative", c.Tick)
	case c.MaxClientOps < 0 || c.MaxClientBytes < 0:
		return fmt.Errorf("node: MaxClientOps %d, MaxClientBytes %d: must not be negative", c.MaxClientOps, c.MaxClientBytes)
	}
	return errors.Join(c.Snapshot.validate(), c.Batch.Validate())
}

// Node is one running member of a cluster. Its methods may be called
// concurrently.
type Node struct {
	config    Config
	transport core.Transport
	inbox     inbox
	counters  counters
	meters    meters

	quit       chan struct{}
	opened     chan struct{} // closed when transport is set
	loop       sync.WaitGroup
	pace       pace           // of all snapshots
	background sync.WaitGroup // what the loop has had begun

	linger *timer.Timer // wakes the loop; nil if the policy lingers for no time
	closed sync.Once

	status statusBox

	// What follows belongs to the loop.

	raft     *raft.Raft
	failed   error // the storage failed: nothing is acknowledged any more
	serving  serving
	outgoing outgoing
	answers  []*core.Incoming // to be given to Reply at the end of the turn
	writes   writes
	apply    applier
	proposed proposals
	reads    reads
	traces   traces
	reorder  reorder
	taking   *taking                         // nil: no snapshot is being taken
	sending  map[core.NodeID]*snapshotStream // by follower
	arriving *arrivingSnapshot               // nil: none is
	refused  refusals
	warned   string // the last warning
	changes  []memberChange
	ticks    tickSource

	quarantine quarantine
}

// Start opens the storage's state, the transport and the loop. If it fails with a
// valid config, it closes the storage.
func Start(c Config) (*Node, error) {
	c = c.withDefaults()
	if err := c.validate(); err != nil {
		return nil, err
	}
	n := &Node{
		config:   c,
		quit:     make(chan struct{}),
		opened:   make(chan struct{}),
		sending:  map[core.NodeID]*snapshotStream{},
		refused:  refusals{seed: maphash.MakeSeed()},
		pace:     pace{bytesPerSecond: c.Snapshot.BytesPerSecond},
		proposed: proposals{queue: batch.NewQueue[*core.Incoming](c.Batch)},
	}
	n.inbox.wake, n.inbox.clock, n.inbox.refuse = make(chan struct{}, 1), c.Clock, n.turnAway
	n.inbox.admission.maxOps, n.inbox.admission.maxBytes = int64(c.MaxClientOps), int64(c.MaxClientBytes)
	n.traces.clock = c.Clock
	n.ticks = tickSource{every: c.Tick, began: time.Now()}
	n.apply.node = n
	if err := n.recover(); err != nil {
		return nil, errors.Join(fmt.Errorf("%v: %w", c.ID, err), c.Storage.Close())
	}
	t, err := c.Open(&n.inbox)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%v: %w", c.ID, err), c.Storage.Close())
	}
	n.transport = t
	close(n.opened)
	n.publish(0, 0)
	if c.Batch.Lingers() {
		n.linger = timer.New(func(time.Time) { n.inbox.ring() })
	}
	n.inbox.ring() // a newborn has something to ask
	n.loop.Go(n.run)
	return n, nil
}

// recover makes the raft state and the state machine what the storage says.
func (n *Node) recover() error {
	hard, snapshot, err := n.config.Storage.State()
	if err != nil {
		return fmt.Errorf("read state: %w", err)
	}
	if snapshot.Index > 0 {
		if err := n.restore(); err != nil {
			return err
		}
	}
	n.apply.applied, n.apply.snapshot = snapshot.Index, snapshot
	n.quarantine.recover(n.config.Storage)
	n.raft, err = raft.New(raft.Config{
		ID:             n.config.ID,
		Voters:         n.founders(),
		Log:            n.config.Storage,
		HardState:      hard,
		Snapshot:       snapshot,
		ElectionTicks:  n.config.ElectionTicks,
		HeartbeatTicks: n.config.HeartbeatTicks,
		MaxAppendBytes: n.appendBytes(),
		MaxInflight:    n.config.Pipeline,
		Seed:           n.config.Seed,
		Newborn:        n.quarantine.newLife(),

		LeaseDriftPercent: n.config.LeaseDriftPercent,
		LeaseTicks:        n.config.LeaseTicks,
	})
	return err
}

// appendBytes is the limit of one AppendEntries: a batch. Without batching,
// every entry travels alone.
func (n *Node) appendBytes() int {
	if n.config.Batch.Policy == batch.None {
		return 1
	}
	return n.config.Batch.SizeBytes
}

// Campaign starts an election now rather than after a timeout: for a new
// cluster, which would otherwise wait for one.
func (n *Node) Campaign() {
	n.inbox.do(func() {
		if !n.quarantine.active() {
			n.raft.Campaign()
		}
	})
}

// TransferLeadership hands the leadership to another node (dissertation §3.10).
// It does nothing unless this node leads.
func (n *Node) TransferLeadership(to core.NodeID) {
	n.inbox.do(func() {
		// Only "not leader" and "already under way" can come back, and either
		// way the caller watches the leader to see what happened.
		_ = n.raft.TransferLeadership(to)
	})
}

// Transport returns the node's endpoint, for its statistics.
func (n *Node) Transport() core.Transport { return n.transport }

// Close stops the node, without a word to its peers, as a crash would; the
// storage is closed, the state machine left as it is. It waits for what the state machine
// is doing; a snapshot that it writes or reads ends with an error.
func (n *Node) Close() error {
	var err error
	n.closed.Do(func() {
		close(n.quit)
		n.loop.Wait()
		if n.linger != nil {
			n.linger.Close()
		}
		n.background.Wait()
		n.endSnapshots()
		err = errors.Join(n.transport.Close(), n.config.Storage.Close())
	})
	return err
}
