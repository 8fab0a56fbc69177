package rafttest

import (
	"encoding/binary"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/raft"
	"github.com/raftbench/raftbench/core/session"
)

// node is one simulated machine: a Raft, its disk and its state machine.
type node struct {
	sim   *Sim
	id    core.NodeID
	raft  *raft.Raft // nil while it is down
	life  int        // how often it was started
	wipes int        // how often it lost its disk
	wiped int64      // and when it did last
	disk  disk

	tickEvery int64
	leads     int64         // since when
	blamed    []core.NodeID // whose clocks it found to be too fast, in this life
	diskDelay int64         // the longest write
	stalled   bool          // the disk does nothing
	failing   bool          // the disk's next write fails
	paused    bool          // the node does nothing
	missed    int           // ticks of the pause
	deferred  []func()      // what happens when it goes on

	applied core.Index
	state   uint64
	machine *session.Machine // nil: clients have no sessions
	commit  core.Index       // the last seen, of this life

	tokens   uint64
	owed     map[uint64]*incoming // requests without an answer, by token
	pending  map[core.Index]write // proposals without an outcome
	asked    map[core.Index]asked // of clients with sessions, as well
	reads    map[uint64]readCall
	readable []readable
	assembly assembly
	taking   bool   // a snapshot is being written
	loading  bool   // the state machine takes a snapshot
	loads    int    // begun
	context  uint64 // the newest of ReadIndex
	scratch  scratch

	membersChanged bool // since the configuration was last checked

	// For bugs: the newest round that Raft sent, and what the leader said is committed.
	round  uint64
	follow core.Index
}

// write is a proposed command and its client's mark.
type write struct {
	term core.Term
	mark uint64
}

// readable is a confirmed read that waits for the state machine.
type readable struct{ floor, index core.Index }

func (n *node) isLeader() bool { return n.raft != nil && n.raft.Role() == raft.Leader }

// boot starts the node from what is on its disk.
func (n *node) boot() {
	n.life++
	r, err := raft.New(n.sim.raftConfig(n))
	if err != nil {
		n.sim.check.fail("restart from disk", "%v: %v", n.id, err)
		return
	}
	n.raft = r
	n.owed, n.pending, n.reads = map[uint64]*incoming{}, map[core.Index]write{}, map[uint64]readCall{}
	n.asked = map[core.Index]asked{}
	n.deferred, n.paused, n.missed, n.failing, n.membersChanged = nil, false, 0, false, true
	n.readable, n.assembly, n.context, n.round, n.follow = nil, assembly{}, 0, 0, 0
	n.taking, n.loading, n.blamed = false, false, nil
	n.restoreState(n.disk.durable.snapshot.Index, n.disk.data)
	n.commit = r.Commit()
	n.hurryOnPurpose()
	n.tick(n.life)
	n.work()
}

// crash stops the node and loses what was not durable, or some of it.
func (n *node) crash() {
	s := n.sim
	survivors := 0
	if len(n.disk.writes) > 0 {
		survivors = s.rng.IntN(len(n.disk.writes) + 1)
	}
	torn := 0
	if s.tornWrites && survivors < len(n.disk.writes) {
		torn = s.rng.IntN(1 + len(n.disk.writes[survivors].entries))
		s.result.Torn += min(torn, 1)
	}
	s.trace.printf(s.now, "%v crashes; %d of %d writes survive, and %d entries of the next", n.id, survivors, len(n.disk.writes), torn)
	n.raft = nil
	n.disk.crash(survivors, torn)
	s.result.Crashes++
	n.forgetOnPurpose()
}

// tick drives the node's clock for as long as it lives.
func (n *node) tick(life int) {
	if n.raft == nil || n.life != life {
		return
	}
	n.sim.after(n.tickEvery, func() {
		if n.raft != nil && n.life == life {
			n.tickOnce()
			n.tick(life)
		}
	})
}

func (n *node) tickOnce() {
	if n.paused {
		n.missed++ // told when it goes on
		return
	}
	n.raft.Tick()
	n.work()
}

// work does what is ready, in the order that the raft package asks for, and
// checks the node afterwards.
func (n *node) work() {
	n.catchUp()
	for n.raft.HasReady() {
		n.remembers()
		rd := n.raft.Ready()
		if rd.Snapshot.Index != 0 {
			n.install(rd.Snapshot)
		}
		n.write(&rd)
		n.send(rd.Messages)
		n.apply(rd.Committed)
		n.blame(rd.FastClocks)
		n.finishReads(&rd)
		if n.sim.err != nil {
			return
		}
	}
	n.applyUnverified()
	if n.isLeader() {
		n.sim.check.became(n)
	}
	n.sim.check.commits(n)
	n.sim.check.configured(n)
	n.maybeSnapshot()
}

// write hands a Ready's write to the disk, which tells when it is durable.
func (n *node) write(rd *raft.Ready) {
	if rd.Seq == 0 {
		return
	}
	s := n.sim
	before := n.disk.log.LastIndex()
	s.check.wrote(n, before, rd.Entries)
	n.membersChanged = n.membersChanged || len(rd.Entries) > 0 && (rd.Entries[0].Index <= before || hasConfiguration(rd.Entries))
	if len(rd.Entries) > 0 {
		s.result.Truncated += int(before + 1 - rd.Entries[0].Index)
	}
	n.disk.write(rd.Seq, rd.HardState, rd.Entries)
	messages := rd.AfterPersist
	if s.opt.Bug == AckBeforeDurable {
		n.send(messages)
		messages = nil
	}
	if s.opt.Bug == PersistBeforeDurable {
		n.raft.Persisted(rd.Seq)
		n.send(messages)
		n.later(func() { n.disk.settle(rd.Seq) })
		return
	}
	n.later(func() { n.persisted(rd.Seq, messages) })
}

// later runs do when the disk has come to it: writes end in their order.
func (n *node) later(do func()) {
	s, d, life := n.sim, &n.disk, n.life
	d.doneAt = max(d.doneAt, s.now+s.rng.Int64N(n.diskDelay+1))
	d.done = append(d.done, do)
	s.after(d.doneAt-s.now, func() { n.endWrite(life) })
}

// endWrite ends the oldest write, unless the disk is stalled.
func (n *node) endWrite(life int) {
	if n.raft == nil || n.life != life {
		return
	}
	if n.stalled {
		n.sim.after(n.tickEvery, func() { n.endWrite(life) })
		return
	}
	if n.paused {
		n.deferred = append(n.deferred, func() { n.endWrite(life) })
		return
	}
	if n.failing && n.failWrite() {
		return
	}
	do := n.disk.done[0]
	n.disk.done = n.disk.done[1:]
	do()
}

func (n *node) persisted(seq uint64, messages []raft.Message) {
	n.disk.settle(seq)
	n.raft.Persisted(seq)
	n.send(messages)
	n.work()
}

// apply runs committed entries through the state machine.
func (n *node) apply(entries []core.Entry) {
	var commands []core.Entry
	for i := range entries {
		e := &entries[i]
		if e.Index <= n.applied {
			continue // only the bug CommitUnverified gets here
		}
		if e.Index != n.applied+1 {
			n.sim.check.fail("entries are applied in order", "%v: %d after %d", n.id, e.Index, n.applied)
			return
		}
		n.applied, n.state = e.Index, sum(n.state, e)
		n.sim.check.applied(n, n.applied, n.state)
		n.acknowledge(e)
		if e.Kind == core.EntryCommand {
			commands = append(commands, *e)
		}
	}
	n.applyCommands(commands)
	if len(entries) > 0 {
		n.raft.Applied(entries[len(entries)-1].Index)
		n.answerReads()
	}
}

// acknowledge tells the client of a committed command.
func (n *node) acknowledge(e *core.Entry) {
	w, ok := n.pending[e.Index]
	if !ok {
		return
	}
	delete(n.pending, e.Index)
	if w.term != e.Term {
		return // another leader's entry took the place: the client's command is lost
	}
	if mark := binary.BigEndian.Uint64(e.Data); mark != w.mark {
		n.sim.check.fail("proposals are not mixed up", "%v: entry %d of term %d is %d, proposed was %d", n.id, e.Index, e.Term, mark, w.mark)
	}
	n.sim.result.Writes++
	n.sim.check.floor = max(n.sim.check.floor, e.Index)
}
