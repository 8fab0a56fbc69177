package node_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/batch"
	"github.com/raftbench/raftbench/core/client"
	"github.com/raftbench/raftbench/core/cluster"
	"github.com/raftbench/raftbench/core/memlog"
	"github.com/raftbench/raftbench/core/node"
	"github.com/raftbench/raftbench/transports/inproc"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// journal is a state machine that remembers every command.
type journal struct {
	mu   sync.Mutex
	text strings.Builder
}

func (j *journal) Apply(entries []core.Entry, results *core.Results) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for i := range entries {
		j.text.Write(entries[i].Data)
		results.Append(entries[i].Data)
	}
}

func (j *journal) Query(_ []byte, results *core.Results) { results.Append([]byte(j.String())) }

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

func (j *journal) WriteSnapshot(w io.Writer) error {
	_, err := io.WriteString(w, j.String())
	return err
}

func (j *journal) ReadSnapshot(r io.Reader) error {
	data, err := io.ReadAll(r)
	j.mu.Lock()
	defer j.mu.Unlock()
	j.text.Reset()
	j.text.Write(data)
	return err
}

// network is the in-process transport, with handlers wrapped.
func network(t testing.TB, wrap func(core.Handler) core.Handler) *core.Network {
	t.Helper()
	nt := inproc.Transport()
	options, err := nt.ParseOptions(nil)
	if err != nil {
		t.Fatal(err)
	}
	n, err := nt.New(options)
	if err != nil {
		t.Fatal(err)
	}
	open := n.Open
	return &core.Network{InProcess: true, Open: func(ep core.Endpoint) (core.Transport, error) {
		if ep.Listener != nil {
			ep.Handler = wrap(ep.Handler)
		}
		return open(ep)
	}}
}

func start(t *testing.T, config cluster.Config) (*cluster.Cluster, *client.Client) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	c, err := cluster.Start(ctx, config)
	if err != nil {
		t.Fatal(err)
	}
	cl, err := c.Client(client.Config{Done: func([]*client.Op) {}, Batch: config.Node.Batch, Timeout: 20 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(cl.Close(), c.Close()); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return c, cl
}

func do(t *testing.T, cl *client.Client, op *client.Op) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := cl.Do(ctx, op); err != nil {
		t.Errorf("%v: %v", op.Outcome, err)
	}
	return string(op.Result)
}

// shuffler delivers appends in another order than they arrived, as net/rpc does,
// which starts a goroutine for each.
type shuffler struct {
	core.Handler
	mu   sync.Mutex
	rng  *rand.Rand
	held []*core.Incoming
}

func (s *shuffler) Receive(requests []*core.Incoming) {
	s.mu.Lock()
	out := []*core.Incoming{}
	for _, r := range requests {
		if req, ok := r.Request.(*core.AppendEntriesRequest); ok && len(req.Entries) > 0 {
			s.held = append(s.held, r)
			continue
		}
		out = append(out, r)
	}
	// One append is always held back, for the next to overtake; a heartbeat, which
	// comes when nothing else does, lets everything go.
	keep := 1
	if len(out) > 0 {
		keep = 0
	}
	for len(s.held) > keep {
		i := s.rng.IntN(len(s.held))
		out = append(out, s.held[i])
		s.held = append(s.held[:i], s.held[i+1:]...)
	}
	s.mu.Unlock()
	if len(out) > 0 {
		s.Handler.Receive(out)
	}
}

// What a transport delivers out of order is put in order, and counted.
func TestAppendsAreResequenced(t *testing.T) {
	config := node.Config{Tick: 5 * time.Millisecond, Pipeline: 8, Batch: batch.Config{Policy: batch.None}}
	wrap := func(h core.Handler) core.Handler { return &shuffler{Handler: h, rng: rand.New(rand.NewPCG(1, 2))} }
	var machines []*journal
	c, cl := start(t, cluster.Config{
		Nodes:   3,
		Network: network(t, wrap),
		NewStateMachine: func() core.StateMachine {
			machines = append(machines, new(journal))
			return machines[len(machines)-1]
		},
		Node: config,
	})
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			for j := range 10 {
				do(t, cl, &client.Op{Command: fmt.Appendf(nil, "%d.%d;", i, j)})
			}
		})
	}
	all.Wait()
	leader := c.Leader()
	reorders := uint64(0)
	for _, id := range c.IDs() {
		reorders += c.Node(id).Stats().Reorders
	}
	if reorders == 0 {
		t.Fatal("no reorder was counted under a transport that does little else")
	}
	want := machines[leader-1].String()
	if n := strings.Count(want, ";"); n != 200 {
		t.Fatalf("the leader applied %d commands, want 200", n)
	}
	deadline := time.Now().Add(20 * time.Second)
	for _, m := range machines {
		for m.String() != want {
			if time.Now().After(deadline) {
				t.Fatalf("a follower applied\n%s\nthe leader\n%s", m, want)
			}
			time.Sleep(time.Millisecond)
		}
	}
}

// brokenDisk fails every write once told to.
type brokenDisk struct {
	core.Storage
	broken *atomic.Bool
}

func (d brokenDisk) Write(w core.Write, done func(error)) {
	if d.broken.Load() {
		done(errors.New("input/output error"))
		return
	}
	d.Storage.Write(w, done)
}

// A node whose storage fails stops acknowledging and leading, and says why; the
// others go on without it.
func TestFailedWriteEndsService(t *testing.T) {
	broken := map[core.NodeID]*atomic.Bool{1: {}, 2: {}, 3: {}}
	c, cl := start(t, cluster.Config{
		Nodes:           3,
		Network:         network(t, func(h core.Handler) core.Handler { return h }),
		NewStateMachine: func() core.StateMachine { return new(journal) },
		OpenStorage: func(id core.NodeID) (core.Storage, error) {
			return brokenDisk{memlog.New(), broken[id]}, nil
		},
		Node: node.Config{Tick: 5 * time.Millisecond},
	})
	do(t, cl, &client.Op{Command: []byte("a")})
	old := c.Leader()
	broken[old].Store(true)

	// This one is in the broken leader's log, if anywhere: nobody may say it is done.
	lost := &client.Op{Command: []byte("b")}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := cl.Do(ctx, lost); err == nil || lost.Outcome != client.OutcomeUnknown {
		t.Fatalf("outcome %v, %v of a write that the leader's disk refused; want unknown", lost.Outcome, err)
	}
	// The status is written after the answers, when the turn of the loop ends.
	waitStatus(t, c.Node(old), func(s node.Status) bool { return s.Err != nil })
	if s := c.Node(old).Status(); !strings.Contains(s.Err.Error(), "input/output error") {
		t.Fatalf("status %+v does not say what is wrong", s)
	}
	if _, err := c.WaitLeaderOtherThan(ctx, old); err != nil {
		t.Fatal(err)
	}
	if got := do(t, cl, &client.Op{Read: true}); got != "a" && got != "ab" {
		t.Fatalf("the others read %q", got)
	}
}

// A node starts again from its log and its snapshot.
func TestRestartFromSnapshotAndLog(t *testing.T) {
	c, cl := start(t, cluster.Config{
		Nodes:           1,
		Network:         network(t, func(h core.Handler) core.Handler { return h }),
		NewStateMachine: func() core.StateMachine { return new(journal) },
		Node:            node.Config{Tick: 5 * time.Millisecond, Snapshot: node.SnapshotConfig{Entries: 7}},
	})
	want := ""
	for i := range 25 {
		command := fmt.Sprintf("%d;", i)
		want += command
		if got := do(t, cl, &client.Op{Command: []byte(command)}); got != command {
			t.Fatalf("command %q has the result %q", command, got)
		}
	}
	for deadline := time.Now().Add(20 * time.Second); c.Node(1).Stats().Snapshots == 0; {
		if time.Now().After(deadline) {
			t.Fatal("no snapshot was taken")
		}
		time.Sleep(time.Millisecond)
	}
	if err := errors.Join(c.Kill(1), c.Restart(1)); err != nil {
		t.Fatal(err)
	}
	if got := do(t, cl, &client.Op{Read: true}); got != want {
		t.Fatalf("after the restart the state is %q, want %q", got, want)
	}
}

func TestTransferLeadership(t *testing.T) {
	c, cl := start(t, cluster.Config{
		Nodes:           3,
		Network:         network(t, func(h core.Handler) core.Handler { return h }),
		NewStateMachine: func() core.StateMachine { return new(journal) },
		Node:            node.Config{Tick: 5 * time.Millisecond},
	})
	do(t, cl, &client.Op{Command: []byte("a")})
	old := c.Leader()
	to := old%3 + 1
	c.Node(old).TransferLeadership(to)
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if got, err := c.WaitLeaderOtherThan(ctx, old); err != nil || got != to {
		t.Fatalf("leader %v, %v; want %v", got, err, to)
	}
	if got := do(t, cl, &client.Op{Read: true}); got != "a" {
		t.Fatalf("read %q", got)
	}
}

func TestConfigIsChecked(t *testing.T) {
	ok := node.Config{
		ID: 1, Peers: []core.NodeID{1}, Storage: memlog.New(), StateMachine: new(journal),
		Open: func(core.Handler) (core.Transport, error) { return nil, errors.New("opened") },
	}
	for want, change := range map[string]func(*node.Config){
		"ID":               func(c *node.Config) { c.ID = 0 },
		"StateMachine":     func(c *node.Config) { c.StateMachine = nil },
		"Tick":             func(c *node.Config) { c.Tick = -1 },
		"Snapshot.Entries": func(c *node.Config) { c.Snapshot.Entries = -1 },
		"linger":           func(c *node.Config) { c.Batch.Linger = -1 },
		"Voters":           func(c *node.Config) { c.Peers = []core.NodeID{2} },
		"opened":           func(*node.Config) {},
	} {
		c := ok
		change(&c)
		if _, err := node.Start(c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one about %s", err, want)
		}
	}
}

// deaf loses everything that the silenced node sends to others.
type deaf struct {
	core.Handler
	silenced *atomic.Uint64
}

func (d deaf) Receive(requests []*core.Incoming) {
	var heard []*core.Incoming
	for _, r := range requests {
		from := core.NodeID(0)
		switch req := r.Request.(type) {
		case *core.AppendEntriesRequest:
			from = req.From
		case *core.RequestVoteRequest:
			from = req.From
		}
		if from == 0 || uint64(from) != d.silenced.Load() {
			heard = append(heard, r)
		}
	}
	if len(heard) > 0 {
		d.Handler.Receive(heard)
	}
}

// A leader that is cut off gives up what its clients wait for: they hear that it
// is unknown, and never the result of what took its place in the log.
func TestDeposedLeaderGivesUpItsProposals(t *testing.T) {
	silenced := new(atomic.Uint64)
	var machines []*journal
	c, cl := start(t, cluster.Config{
		Nodes:   3,
		Network: network(t, func(h core.Handler) core.Handler { return deaf{h, silenced} }),
		NewStateMachine: func() core.StateMachine {
			machines = append(machines, new(journal))
			return machines[len(machines)-1]
		},
		Node:     node.Config{Tick: 10 * time.Millisecond},
		Timeouts: core.Timeouts{Control: 50 * time.Millisecond, Append: 50 * time.Millisecond},
	})
	do(t, cl, &client.Op{Command: []byte("a;")})
	old := c.Leader()
	if c.Node(old).Stats().Elections != 1 {
		t.Fatalf("the leader counts %d elections won, want 1", c.Node(old).Stats().Elections)
	}
	silenced.Store(uint64(old))

	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	var lost [5]client.Op
	var waiting sync.WaitGroup
	for i := range lost {
		lost[i] = client.Op{Command: []byte("lost;")}
		waiting.Go(func() { _ = cl.Do(ctx, &lost[i]) }) // its outcome is looked at below
	}
	if _, err := c.WaitLeaderOtherThan(ctx, old); err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		do(t, cl, &client.Op{Command: fmt.Appendf(nil, "b%d;", i)})
	}
	silenced.Store(0)
	waiting.Wait()
	want := do(t, cl, &client.Op{Read: true})
	for i := range lost {
		if op := &lost[i]; op.Outcome == client.OutcomeOK && !strings.Contains(want, "lost;") || op.Outcome == client.OutcomeOK && string(op.Result) != "lost;" {
			t.Fatalf("an operation that is not in the state %q ended with %v, result %q", want, op.Outcome, op.Result)
		}
	}
	deadline := time.Now().Add(20 * time.Second)
	for machines[old-1].String() != want {
		if time.Now().After(deadline) {
			t.Fatalf("the deposed leader applied %q, the others %q", machines[old-1], want)
		}
		time.Sleep(time.Millisecond)
	}
}

// slowDisk reports writes durable later, in order, from a goroutine of its own,
// as a log on disk does; once broken, it reports them failed.
type slowDisk struct {
	core.Storage
	broken *atomic.Bool
	writes chan func(error)
	ended  sync.WaitGroup
}

func newSlowDisk(broken *atomic.Bool) *slowDisk {
	d := &slowDisk{Storage: memlog.New(), broken: broken, writes: make(chan func(error), 1024)}
	d.ended.Go(func() {
		for done := range d.writes {
			runtime.Gosched()
			if d.broken.Load() {
				done(errors.New("input/output error"))
				continue
			}
			done(nil)
		}
	})
	return d
}

func (d *slowDisk) Write(w core.Write, done func(error)) {
	d.Storage.Write(w, func(error) {})
	d.writes <- done
}

func (d *slowDisk) Close() error {
	close(d.writes)
	d.ended.Wait()
	return d.Storage.Close()
}

// With a storage that is durable later, everything works as before; and a write
// that fails later still ends the node's service, in the middle of whatever else
// has arrived.
func TestAsynchronousStorage(t *testing.T) {
	for round := range 10 {
		broken := map[core.NodeID]*atomic.Bool{1: {}, 2: {}, 3: {}}
		c, cl := start(t, cluster.Config{
			Nodes:           3,
			Network:         network(t, func(h core.Handler) core.Handler { return h }),
			NewStateMachine: func() core.StateMachine { return new(journal) },
			OpenStorage: func(id core.NodeID) (core.Storage, error) {
				return newSlowDisk(broken[id]), nil
			},
			Node: node.Config{Tick: 5 * time.Millisecond, Batch: batch.Config{Policy: batch.None}, Pipeline: 8},
		})
		var all sync.WaitGroup
		var acknowledged atomic.Int64
		for range 8 {
			all.Go(func() {
				for range 20 {
					op := &client.Op{Command: []byte("x")}
					if cl.Do(context.Background(), op) == nil {
						acknowledged.Add(1)
					}
				}
			})
		}
		for acknowledged.Load() < 20 {
			runtime.Gosched()
		}
		bad := c.Leader()
		if round%2 == 1 {
			bad = bad%3 + 1 // a follower
		}
		broken[bad].Store(true)
		all.Wait()
		// The broken node refuses what still comes to it, so that not every attempt
		// succeeds.
		read := &client.Op{Read: true}
		deadline := time.Now().Add(20 * time.Second)
		for cl.Do(context.Background(), read) != nil || c.Node(bad).Status().Err == nil {
			if time.Now().After(deadline) {
				t.Fatalf("last read: %v; the node whose disk fails: %+v", read.Err, c.Node(bad).Status())
			}
			_ = cl.Do(context.Background(), &client.Op{Command: []byte("y")}) // something to write
		}
		if n := acknowledged.Load(); int64(len(read.Result)) < n {
			t.Fatalf("%d writes were acknowledged, %d are there", n, len(read.Result))
		}
	}
}
