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
	snapshotDelay int64 // the longest step of taking, receiving or loading a snapshot
	diskDelay     int64
	restartSoon   float64       // how often a crashed node is back within moments
	spares        int           // nodes that are no members at first; zero: members do not change
	changeEvery   int64         // how often somebody asks for a change of members
	parted        int64         // when clocks break their bound
	tornWrites    bool          // a crash may leave a part of a write
	pauses        bool          // nodes are held up at awkward moments
	cfg           raft.Config   // of all nodes
	sessions      *sessionWorld // nil: clients have no sessions
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
	for i := range o.Nodes + s.spares {
		s.nodes = append(s.nodes, &node{
			sim: s, id: core.NodeID(i + 1), diskDelay: s.diskDelay, tickEvery: s.drawClock(), disk: disk{newborn: true},
		})
		s.net.cut = append(s.net.cut, make([]bool, o.Nodes+s.spares))
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
	s.restartSoon = 0.3
	s.tornWrites, s.pauses = s.chance(0.5), s.chance(0.5) && !s.opt.Faultless
	s.drawLeases()
	s.drawMembership()
	if s.opt.Sessions {
		s.drawSessions()
	}
	if s.opt.Turnover {
		s.drawTurnover()
	}
	s.snapshotDelay = int64(s.oneOf(0, 20, 200, 1000, 4000))
}

// drawLeases lets leaders hold leases in some worlds.
func (s *Sim) drawLeases() {
	if s.chance(0.5) && !s.opt.Leases {
		return
	}
	s.cfg.LeaseDriftPercent = int(s.oneOf(5, 10, 30, 60))
	s.cfg.DisableCheckQuorum = false
	s.readShare = max(s.readShare, 0.2)
	if s.chance(0.3) || s.opt.Leases {
		s.drawCalm()
	}
}

// drawCalm makes a world in which single messages behave and clients are busy, so
// that what a leader answers while it is cut off is what matters.
func (s *Sim) drawCalm() {
	s.net.loss, s.net.double, s.net.late = 0, 0, 0
	s.net.delay, s.diskDelay = int64(s.oneOf(2, 20, 60)), 5
	s.faultEvery, s.clientEvery = int64(s.oneOf(8, 40)*tick), 10
	s.readShare = s.oneOf(0.5, 0.995) // where little is written, others can be elected sooner
	s.batch, s.cfg.HeartbeatTicks, s.restartSoon = 1, 1, 0.8
	s.cfg.MaxAppendBytes, s.cfg.MaxInflight = 16<<10, 4
	s.active = nil
	for _, f := range faults {
		switch f.name {
		case "crash", "isolate the leader", "cut a pair", "cut off in steps", "heal", "transfer leadership", "pause":
			s.active = append(s.active, f)
		}
	}
}

// drawMembership lets members change in some worlds. Servers that were removed
// go on, as they do where nobody stops them; only pre-votes and check-quorum
// keep them from disturbing the others (§4.2.3).
func (s *Sim) drawMembership() {
	if s.chance(0.5) {
		return
	}
	s.spares = 1 + s.rng.IntN(3)
	s.cfg.DisablePreVote, s.cfg.DisableCheckQuorum = false, false
	s.changeEvery = int64(s.oneOf(5, 15, 40) * tick)
}

func (s *Sim) oneOf(values ...float64) float64 { return values[s.rng.IntN(len(values))] }

func (s *Sim) chance(p float64) bool { return p > 0 && s.rng.Float64() < p }

func (s *Sim) raftConfig(n *node) raft.Config {
	c := s.cfg
	c.ID, c.Log = n.id, &n.disk.log
	c.HardState, c.Snapshot = n.disk.state, n.disk.durable.snapshot
	c.Seed += uint64(n.life)
	if n.disk.newborn {
		c.Newborn = n.lifeNumber()
	}
	if s.isFounder(n.id) {
		c.Voters = s.founders()
	}
	return c
}

// founders are the members with which the cluster begins.
func (s *Sim) founders() []core.NodeID {
	var ids []core.NodeID
	for _, n := range s.nodes[:s.opt.Nodes] {
		ids = append(ids, n.id)
	}
	return ids
}

func (s *Sim) isFounder(id core.NodeID) bool { return int(id) <= s.opt.Nodes }

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
	if !s.opt.Faultless {
		s.faultAct()
		s.memberAct()
	}
	s.planExcess()
	s.runUntil(int64(s.opt.Ticks)*tick, func() bool { return false })
	if s.err == nil {
		s.heal()
	}
	s.result.Ticks = int(s.now / tick)
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
