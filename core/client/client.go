package client

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/batch"
	"github.com/raftbench/raftbench/core/timer"
)

// Config configures a client. Nodes, Open and Done are required.
type Config struct {
	// Self names the client; clients share one name space with nodes.
	Self core.NodeID

	// Nodes are the members of the cluster, in the order in which they are tried
	// while the leader is unknown.
	Nodes []core.NodeID

	// Members, if it is not nil, goes before Nodes as soon as it says something.
	Members *Members

	// Open opens the client's endpoint of the transport.
	Open func(core.Handler) (core.Transport, error)

	// Batch is the policy by which operations are gathered into calls.
	Batch batch.Config

	// MaxQueuedOps and MaxQueuedBytes bound the operations that wait for their call, and
	// what they count in batches: what is submitted beyond ends with ErrOverloaded at once.
	// They say how long operations wait under overload: what is queued, divided by what
	// the cluster does. The last operation let in may exceed the bytes. Defaults
	// 65,536 and 64 MiB, as transports have (core.Limits); no bounds if Callers
	// is set, which is one.
	MaxQueuedOps   int
	MaxQueuedBytes int

	// Depth is the number of batches in flight at once, of reads and of writes
	// each. Default 8.
	Depth int

	// Timeout is the time an operation has, from Submit, with all redirects and
	// new attempts. Default 5 s.
	Timeout time.Duration

	// ReadTimeout and WriteTimeout are that of reads and of commands. Default: Timeout.
	ReadTimeout, WriteTimeout time.Duration

	// Sessions has every command executed at most once, however often it is sent: the
	// nodes' state machines must be wrapped with sessions (core/session).
	Sessions bool

	ReadFrom ReadFrom // which nodes are asked for reads. Default: the leader
	Retry    Retry    // after an attempt that failed
	Hedge    Hedge    // of reads that take long

	// ReadBytes is the size of a read's result, if that is known: batches of
	// reads are closed by what comes back rather than by what is asked.
	ReadBytes int

	// Callers is the number of submitters that wait for one operation before
	// they submit the next, if that is known: when all of them wait, a batch
	// does not linger. Zero: unknown, as in an open loop.
	Callers int

	// SampleEvery has every n-th read and every n-th write sampled: its batch asks the
	// leader where its time goes (Op.Stages). Zero: none is.
	SampleEvery int

	// Clock is what Op.Stages are read from. Clients and nodes of one process
	// should share it: only then the way to the leader can be told from the way
	// back. Default: one of the client's own.
	Clock core.Clock

	// Done receives operations that have ended. It is called from goroutines of
	// the transport, from the keeper, or from within Submit, concurrently; it
	// must not wait and must not keep the slice. It may submit.
	Done func([]*Op)
}

func (c Config) withDefaults() Config {
	if c.Depth == 0 {
		c.Depth = 8
	}
	c.MaxQueuedOps = c.queued(c.MaxQueuedOps, 1<<16)
	c.MaxQueuedBytes = c.queued(c.MaxQueuedBytes, 64<<20)
	if c.Timeout == 0 {
		c.Timeout = 5 * time.Second
	}
	if c.ReadTimeout == 0 {
		c.ReadTimeout = c.Timeout
	}
	if c.WriteTimeout == 0 {
		c.WriteTimeout = c.Timeout
	}
	if c.ReadFrom == "" {
		c.ReadFrom = ReadFromLeader
	}
	if c.Retry.Mode == "" {
		c.Retry.Mode = RetrySafe
	}
	if c.Clock.ID == 0 {
		c.Clock.Origin = time.Now()
	}
	return c
}

func (c Config) validate() error {
	switch {
	case len(c.Nodes) == 0:
		return errors.New("client: Nodes is empty")
	case c.Open == nil || c.Done == nil:
		return errors.New("client: Open and Done are required")
	case c.Depth < 0:
		return fmt.Errorf("client: Depth %d: must not be negative", c.Depth)
	case c.MaxQueuedOps < 0 || c.MaxQueuedBytes < 0:
		return fmt.Errorf("client: MaxQueuedOps %d, MaxQueuedBytes %d: must not be negative", c.MaxQueuedOps, c.MaxQueuedBytes)
	case c.Timeout < 0 || c.ReadTimeout < 0 || c.WriteTimeout < 0:
		return fmt.Errorf("client: Timeout %v, ReadTimeout %v, WriteTimeout %v: must not be negative", c.Timeout, c.ReadTimeout, c.WriteTimeout)
	case c.SampleEvery < 0:
		return fmt.Errorf("client: SampleEvery %d: must not be negative", c.SampleEvery)
	}
	return errors.Join(c.Batch.Validate(), c.ReadFrom.validate(), c.Retry.validate(), c.Hedge.validate())
}

func (c *Config) timeout(read bool) time.Duration {
	if read {
		return c.ReadTimeout
	}
	return c.WriteTimeout
}

// Client submits operations to a cluster. It may be used concurrently.
type Client struct {
	config    Config
	transport core.Transport
	finished  sync.Pool    // of *[]*Op: the memory of slices given to Done
	keeper    *timer.Timer // of deadlines and pauses
	linger    *timer.Timer // of batches; nil if the policy lingers for no time

	mu      sync.Mutex
	writes  lane
	reads   lane
	leader  leader
	readers readers
	met     *[]core.NodeID // what Members said last
	budget  *bucket        // of retries and hedges
	spare   []*flight      // flights that can be used again
	closed  bool

	sessions sessions
	hedging  hedging
	attempts Attempts
}

// New opens a client.
func New(c Config) (*Client, error) {
	c = c.withDefaults()
	if err := c.validate(); err != nil {
		return nil, err
	}
	cl := &Client{config: c, leader: leader{nodes: c.Nodes}, readers: newReaders(&c), budget: newBucket(c.Retry.Budget, time.Now())}
	cl.writes = newLane(c.Batch, c.WriteTimeout)
	cl.reads = newLane(c.Batch, c.ReadTimeout)
	cl.reads.read, cl.reads.resultBytes = true, c.ReadBytes
	cl.sessions = newSessions(&c)
	t, err := c.Open((*handler)(cl))
	if err != nil {
		return nil, fmt.Errorf("client %d: %w", c.Self, err)
	}
	cl.transport = t
	if err := cl.hedging.open(cl); err != nil {
		return nil, errors.Join(err, t.Close())
	}
	cl.keeper = timer.NewCoarse(cl.keep)
	if c.Batch.Lingers() {
		cl.linger = timer.New(cl.keep)
	}
	return cl, nil
}

// lanes are all queues, that of commands without a session first.
func (c *Client) lanes() [3]*lane {
	return [...]*lane{&c.sessions.unnumbered, &c.writes, &c.reads}
}

// laneOf is where an operation goes; a command enters a session on its way, if there is
// to be one and it is its turn. The lock is held.
func (c *Client) laneOf(op *Op) *lane {
	s := &c.sessions
	switch {
	case op.Read:
		return &c.reads
	case s.on && op.session == nil && (s.unnumbered.queue.Len() > 0 || !s.enter(op)):
		return &s.unnumbered
	}
	return &c.writes
}

func (c *Client) send(calls []*core.Call) {
	if len(calls) == 0 {
		return
	}
	c.transport.Send(calls)
	if c.hedging.On() {
		c.launched(calls)
	}
}

// dispatch appends to ended the operations whose time has passed in the queue,
// turns the others into calls as far as the policy and Depth allow, and tells
// the keeper when to look again. The lock is held.
func (c *Client) dispatch(now time.Time, ended []*Op) (calls []*core.Call, _ []*Op) {
	if c.closed {
		return nil, ended
	}
	pause := c.leader.pausedUntil
	paused := now.Before(pause)
	for _, l := range c.lanes() {
		ended = l.expire(now, ended)
	}
	c.admit(now)
	if paused {
		c.keeper.WakeAt(pause)
	} else {
		calls = c.fly(now)
	}
	depth := c.depth()
	for _, l := range []*lane{&c.writes, &c.reads} {
		if shut := paused || l.inFlight >= depth; shut != l.gate.shut {
			l.gate.turn(c.at(now))
		}
	}
	for _, l := range c.lanes() {
		if l.queue.Len() > 0 {
			c.keeper.WakeAt(l.lookAt())
		}
	}
	return calls, ended
}

// fly makes calls of the batches that have closed. The lock is held.
func (c *Client) fly(now time.Time) []*core.Call {
	calls := c.register(nil)
	sole, depth := c.sole(), c.depth()
	for _, l := range []*lane{&c.writes, &c.reads} {
		for l.inFlight < depth {
			ops, reason := l.queue.Next(batch.Situation{Now: now, InFlight: l.inFlight, Sole: sole})
			if reason == batch.Open {
				break
			}
			l.inFlight++
			l.depths.Record(int64(l.inFlight))
			calls = append(calls, c.newFlight(l, ops, now))
		}
		if at, ok := l.queue.Deadline(); ok && l.inFlight < depth {
			c.linger.WakeAt(at)
		}
	}
	return calls
}

// depth is how many batches of a lane may be under way now: after an attempt that
// failed only one, which finds out whether another would. The lock is held.
func (c *Client) depth() int {
	if c.leader.pauses > 0 {
		return 1
	}
	return c.config.Depth
}

// sole reports whether nobody else can join what is queued before it is done: all
// callers wait already, or, if nobody has said how many there are, it is one Do with
// nothing else under way (what franz-go's ProduceSync needed). The lock is held.
func (c *Client) sole() bool {
	queued := c.writes.queue.Len() + c.reads.queue.Len()
	if c.config.Callers > 0 {
		return queued >= c.config.Callers
	}
	if queued != 1 || c.writes.inFlight+c.reads.inFlight > 0 {
		return false
	}
	op, ok := c.writes.queue.First()
	if !ok {
		op, _ = c.reads.queue.First()
	}
	return op.wait != nil
}

// keep runs when the keeper wakes, or a batch has lingered.
func (c *Client) keep(now time.Time) {
	c.mu.Lock()
	calls, ended := c.dispatch(now, nil)
	second := c.hedge(now)
	c.mu.Unlock()
	c.send(calls)
	if len(second) > 0 {
		c.hedging.transport.Send(second)
		c.launched(second)
	}
	c.deliver(ended)
}

// deliver gives ended operations to those who wait for them.
func (c *Client) deliver(ops []*Op) {
	rest := ops[:0]
	for _, op := range ops {
		if op.wait != nil {
			op.wait <- struct{}{}
			continue
		}
		rest = append(rest, op)
	}
	if len(rest) > 0 {
		c.config.Done(rest)
	}
}

// Close ends every operation under way, closes the transport, and returns when
// the last Done has returned. It must not be called from Done.
func (c *Client) Close() error {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return nil
	}
	c.closed = true
	var ops []*Op
	for _, l := range c.lanes() {
		ops = append(ops, l.queue.Drain()...)
	}
	refuse(ops)
	c.mu.Unlock()
	c.keeper.Close()
	if c.linger != nil {
		c.linger.Close()
	}
	if c.hedging.timer != nil {
		c.hedging.timer.Close()
	}
	c.deliver(ops)
	err := c.transport.Close()
	if c.hedging.transport != nil {
		err = errors.Join(err, c.hedging.transport.Close())
	}
	return err
}

// Transports returns the client's endpoints, for their statistics: that of the
// first calls, and that of the hedges if there are any.
func (c *Client) Transports() []core.Transport {
	if c.hedging.transport == nil {
		return []core.Transport{c.transport}
	}
	return []core.Transport{c.transport, c.hedging.transport}
}
