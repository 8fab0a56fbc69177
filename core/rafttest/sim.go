package rafttest

import (
	"fmt"
	"math/rand/v2"
	"runtime/debug"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/raft"
)

// tick is the length of a tick of a node's clock in units of virtual time.
const tick = 100

// electionTicks is what every node is configured with.
const electionTicks = 10

// Sim is one world. Run makes it, runs it and throws it away.
type Sim struct {
	clock
	opt    Options
	rng    *rand.Rand
	nodes  []*node
	net    network
	check  *checker
	trace  tracer
	result Result
	err    error // the first violation
	marks  uint64

	healing bool // the faults are over

	// What the seed says about the world.
	active        []fault
	faultEvery    int64
	clientEvery   int64
	readShare     float64
	batch         int
	commandBytes  int
	snapshotEvery core.Index
	diskDelay     int64
	cfg           raft.Config // of all nodes
}

// Run runs a world to its end. The error is a *Violation if a promise was
// broken, and otherwise says what is wrong with the options.
func Run(o Options) (Result, error) {
	o, err := o.withDefaults()
	if err != nil {
		return Result{}, err
	}
	s := newSim(o)
	s.run()
	return s.result, s.err
}

func newSim(o Options) *Sim {
	s := &Sim{opt: o, rng: rand.New(rand.NewPCG(o.Seed, uint64(o.Nodes))), trace: tracer{o.Trace}}
	s.check = newChecker(s.fail)
	s.draw()
	for i := range o.Nodes {
		s.nodes = append(s.nodes, &node{
			sim: s, id: core.NodeID(i + 1), diskDelay: s.diskDelay, tickEvery: tick*9/10 + s.rng.Int64N(tick/5),
		})
		s.net.cut = append(s.net.cut, make([]bool, o.Nodes))
	}
	return s
}

// draw decides what kind of world this is. Worlds in which everything goes
// wrong at once hide faults that need quiet, so each seed leaves something out.
func (s *Sim) draw() {
	s.net = network{
		loss: s.oneOf(0, 0, 0.01, 0.05, 0.2), double: s.oneOf(0, 0.02, 0.2),
		late: s.oneOf(0, 0.01, 0.1, 0.3), lateBy: int64(s.oneOf(2, 10, 40) * tick),
		delay: int64(s.oneOf(2, 20, 60, 150)), timeout: int64(s.oneOf(2, 5, 12) * tick),
	}
	// Late requests keep followers waiting for a leader that is gone; late
	// responses alone meet it when another has taken over.
	s.net.lateReq = s.net.late * s.oneOf(0, 1)
	s.diskDelay = int64(s.oneOf(0, 5, 50, 200))
	s.faultEvery = int64(s.oneOf(5, 15, 30, 60) * tick)
	s.clientEvery = int64(s.oneOf(10, 40, 150))
	s.readShare = s.oneOf(0, 0.2, 0.5)
	s.batch = int(s.oneOf(1, 3, 20))
	s.commandBytes = int(s.oneOf(1, 30, 300))
	s.snapshotEvery = core.Index(s.oneOf(0, 15, 60, 200))
	s.cfg = raft.Config{
		ElectionTicks: electionTicks, HeartbeatTicks: 1 + s.rng.IntN(2),
		MaxAppendBytes: int(s.oneOf(1, 100, 400, 16<<10)), MaxInflight: 1 + s.rng.IntN(4),
		MaxInflightBytes: int(s.oneOf(1, 300, 1<<20)), MaxUncommittedBytes: int(s.oneOf(500, 5000, 50000)),
		DisablePreVote: s.chance(0.2), DisableCheckQuorum: s.chance(0.2), Seed: s.rng.Uint64(),
	}
	for _, f := range faults {
		if s.chance(0.6) {
			s.active = append(s.active, f)
		}
	}
	if len(s.active) == 0 {
		s.active = faults
	}
}

func (s *Sim) oneOf(values ...float64) float64 { return values[s.rng.IntN(len(values))] }

func (s *Sim) chance(p float64) bool { return p > 0 && s.rng.Float64() < p }

func (s *Sim) raftConfig(n *node) raft.Config {
	c := s.cfg
	c.ID, c.Log = n.id, &n.disk.log
	c.HardState, c.Snapshot = n.disk.state, n.disk.durable.snapshot
	c.Seed += uint64(n.life)
	for _, v := range s.nodes {
		c.Voters = append(c.Voters, v.id)
	}
	return c
}

// fail notes the first broken promise.
func (s *Sim) fail(promise, detail string, args ...any) {
	if s.err != nil {
		return
	}
	s.err = &Violation{s.opt.Seed, s.opt.Nodes, s.result.Events, promise, fmt.Sprintf(detail, args...)}
	s.trace.printf(s.now, "VIOLATION %v", s.err)
}

// run is the life of a world: faults, and then healing.
func (s *Sim) run() {
	defer func() {
		if p := recover(); p != nil {
			s.fail("no panic", "%v\n%s", p, debug.Stack())
		}
	}()
	for _, n := range s.nodes {
		n.boot()
	}
	s.clientAct()
	s.faultAct()
	s.runUntil(int64(s.opt.Ticks)*tick, func() bool { return false })
	if s.err == nil {
		s.heal()
	}
}

// runUntil runs until a time, a condition or a violation. It reports whether
// the condition came true.
func (s *Sim) runUntil(at int64, done func() bool) bool {
	for s.err == nil && s.now < at {
		if done() {
			return true
		}
		s.result.Events++
		s.next()
	}
	return s.err == nil && done()
}
