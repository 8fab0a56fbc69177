// Package cluster starts, stops, breaks and heals a cluster of nodes in one
// process, each with a listener of its own on loopback or a Unix-domain socket, and
// opens clients of it.
//
// It starts no goroutine of its own; the nodes' and the transports' end with Close.
package cluster

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/client"
	"github.com/raftbench/raftbench/core/memlog"
	"github.com/raftbench/raftbench/core/node"
)

// Config configures a cluster. Nodes, Network and NewStateMachine are required.
type Config struct {
	Nodes   int // members, 1 to MaxNodes
	Network *core.Network

	// NewStateMachine makes a node's state machine each time it starts. It may be called
	// concurrently.
	NewStateMachine func() core.StateMachine

	// OpenStorage opens a node's storage each time it starts. It may be called
	// concurrently for different nodes. Default: a log in memory that survives Kill, as
	// a disk would.
	OpenStorage func(core.NodeID) (core.Storage, error)

	// Node is the template of the nodes' configuration; the fields that differ
	// between nodes are filled in.
	Node node.Config

	Limits   core.Limits
	Timeouts core.Timeouts

	// BasePort is the port of node 1; the others follow. Zero: any free ports. Unix-
	// domain sockets have none.
	BasePort int
}

// MaxNodes is the largest cluster. Raft clusters have 3, 5 or 7 members; beyond
// that every entry pays for copies that nobody needs.
const MaxNodes = 15

func (c Config) validate() error {
	switch {
	case c.Nodes < 1 || c.Nodes > MaxNodes:
		return fmt.Errorf("cluster: %d nodes: want 1 to %d", c.Nodes, MaxNodes)
	case c.Network == nil || c.NewStateMachine == nil:
		return errors.New("cluster: Network and NewStateMachine are required")
	case c.BasePort < 0 || c.BasePort+c.Nodes > 1<<16:
		return fmt.Errorf("cluster: base port %d: want 1 to %d, or 0 for any", c.BasePort, 1<<16-c.Nodes)
	}
	return nil
}

// firstClient is the NodeID of the first client; nodes are numbered from 1.
const firstClient = 1000

// Cluster is a running cluster. Its methods may be called concurrently, but for
// Kill, Restart, Isolate and Heal, which are one caller's, and those that change the
// members, which are one caller's, too: one may kill and heal while the other waits for
// a change.
type Cluster struct {
	config  Config
	clock   core.Clock // of all nodes and clients
	sockets sockets
	wires   wires
	voters  client.Members // as the clients know them

	mu          sync.Mutex
	members     []*member     // node 1 first; it only grows
	changed     chan struct{} // closed and replaced whenever a node's status changes
	leaderships []Leadership
	clients     int
}

// Start starts all nodes and waits until one of them leads. Node 1 stands for
// election at once, so that nobody waits for a timeout.
func Start(ctx context.Context, config Config) (*Cluster, error) {
	if err := config.validate(); err != nil {
		return nil, err
	}
	sockets, err := newSockets(config.Network)
	if err != nil {
		return nil, fmt.Errorf("cluster: %w", err)
	}
	c := &Cluster{config: config, clock: newClock(), sockets: sockets, wires: wires{dark: config.Network.TakesSockets}, changed: make(chan struct{})}
	if config.OpenStorage == nil {
		c.config.OpenStorage = memoryStorage()
	}
	for range config.Nodes {
		c.addPlace()
	}
	if err := c.startAll(ctx); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// newClock is a clock that begins now, with an ID that no other process is likely
// to have.
func newClock() core.Clock {
	return core.Clock{ID: rand.Uint64() | 1, Origin: time.Now()}
}

func (c *Cluster) startAll(ctx context.Context) error {
	// All listen before anyone dials, so that no first attempt fails.
	for _, m := range c.places() {
		if err := c.listen(m); err != nil {
			return err
		}
	}
	for _, m := range c.places() {
		if err := c.startMember(m); err != nil {
			return err
		}
	}
	c.place(1).node.Campaign()
	if _, err := c.WaitLeader(ctx); err != nil {
		return err
	}
	return c.waitSettled(ctx)
}

// waitSettled waits until every node trusts its log, and the first leadership is noted. A
// cluster begins while one of its founders has yet to hear from the others. Until it has,
// nobody else may fail: it does not vote.
func (c *Cluster) waitSettled(ctx context.Context) error {
	return c.wait(ctx, func() error {
		if c.Elections() == 0 {
			return errors.New("the leader has not said so yet") // its status is there a moment before it tells
		}
		for _, n := range c.running() {
			if s := n.Status(); s.InDoubt {
				return fmt.Errorf("%v is in doubt about its log", s.ID)
			}
		}
		return nil
	})
}

// memoryStorage keeps one log in memory for each node.
func memoryStorage() func(core.NodeID) (core.Storage, error) {
	var mu sync.Mutex
	logs := map[core.NodeID]*memlog.Log{}
	return func(id core.NodeID) (core.Storage, error) {
		mu.Lock()
		defer mu.Unlock()
		if logs[id] == nil {
			logs[id] = memlog.New()
		}
		return logs[id].Reopen(), nil
	}
}

// IDs returns the nodes that are or will be members, those that are down as well.
func (c *Cluster) IDs() []core.NodeID {
	c.mu.Lock()
	defer c.mu.Unlock()
	var ids []core.NodeID
	for _, m := range c.members {
		if !m.removed {
			ids = append(ids, m.id)
		}
	}
	return ids
}

// Node returns a node, or nil while it is down or if there was never such a node.
func (c *Cluster) Node(id core.NodeID) *node.Node {
	m := c.place(id)
	if m == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return m.node
}

// running returns the nodes that are up.
func (c *Cluster) running() []*node.Node {
	c.mu.Lock()
	defer c.mu.Unlock()
	var nodes []*node.Node
	for _, m := range c.members {
		if m.node != nil {
			nodes = append(nodes, m.node)
		}
	}
	return nodes
}

// onChange is the nodes' OnChange.
func (c *Cluster) onChange(s node.Status) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s.Leads() {
		c.led(s)
	}
	close(c.changed)
	c.changed = make(chan struct{})
}

// Leader returns the node that leads in the highest term, or zero.
func (c *Cluster) Leader() core.NodeID {
	var best node.Status
	for _, n := range c.running() {
		if s := n.Status(); s.Leads() && s.Term > best.Term {
			best = s
		}
	}
	return best.ID
}

// WaitLeader waits until a node leads.
func (c *Cluster) WaitLeader(ctx context.Context) (core.NodeID, error) {
	return c.WaitLeaderOtherThan(ctx, 0)
}

// WaitLeaderOtherThan waits until a node other than old leads.
func (c *Cluster) WaitLeaderOtherThan(ctx context.Context, old core.NodeID) (core.NodeID, error) {
	var leader core.NodeID
	err := c.wait(ctx, func() error {
		if leader = c.Leader(); leader == 0 || leader == old {
			return errors.New("no leader" + c.failed() + c.inDoubt())
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return leader, nil
}

// wait waits until missing finds nothing that is missing. It looks whenever a node
// has changed.
func (c *Cluster) wait(ctx context.Context, missing func() error) error {
	for {
		c.mu.Lock()
		changed := c.changed
		c.mu.Unlock()
		err := missing()
		if err == nil {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("cluster: %w: %w", err, ctx.Err())
		}
	}
}

// failed says which nodes serve nobody any more, and why.
func (c *Cluster) failed() string {
	text := ""
	for _, n := range c.running() {
		if s := n.Status(); s.Err != nil {
			text += fmt.Sprintf(": %v: %v", s.ID, s.Err)
		}
	}
	return text
}

// inDoubt names the nodes that take no part in elections because they may have lost
// what they did.
func (c *Cluster) inDoubt() string {
	var ids []core.NodeID
	for _, n := range c.running() {
		if s := n.Status(); s.InDoubt {
			ids = append(ids, s.ID)
		}
	}
	if len(ids) == 0 {
		return ""
	}
	return fmt.Sprintf(": the logs of %v are new or damaged: they wait for a leader that the others elect, or for all nodes to have new logs", ids)
}

// Client opens a client. Self, Nodes, Members, Open, Hedge.Open and Clock of config are
// filled in; close the client before the cluster.
func (c *Cluster) Client(config client.Config) (*client.Client, error) {
	config.Self = c.nextClient()
	config.Nodes, config.Members, config.Clock = c.IDs(), &c.voters, c.clock
	// Whoever leads is asked first.
	if i := slices.Index(config.Nodes, c.Leader()); i > 0 {
		config.Nodes = append(config.Nodes[i:len(config.Nodes):len(config.Nodes)], config.Nodes[:i]...)
	}
	config.Open = c.opener(config.Self)
	if config.Hedge.On() {
		config.Hedge.Open = c.opener(c.nextClient())
	}
	return client.New(config)
}

// nextClient returns a name that no endpoint of a client has.
func (c *Cluster) nextClient() core.NodeID {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.clients++
	return core.NodeID(firstClient + c.clients - 1)
}

// opener opens an endpoint of a client.
func (c *Cluster) opener(self core.NodeID) func(core.Handler) (core.Transport, error) {
	return func(h core.Handler) (core.Transport, error) {
		return c.config.Network.Open(core.Endpoint{
			Self:     self,
			Dial:     c.dialer(self),
			Handler:  h,
			Limits:   c.config.Limits,
			Timeouts: c.config.Timeouts,
		})
	}
}

// Close stops all nodes.
func (c *Cluster) Close() error {
	var errs []error
	for _, m := range c.places() {
		errs = append(errs, c.stopMember(m))
		if m.listener != nil {
			_ = m.listener.Close() // a second close, unless the node never started
		}
		m.reserved.release()
	}
	return errors.Join(append(errs, c.sockets.close())...)
}
