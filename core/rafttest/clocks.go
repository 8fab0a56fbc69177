package rafttest

import (
	"slices"

	"github.com/raftbench/raftbench/core/raft"
)

// justBlame is what is promised about clocks that are found to be too fast.
const justBlame = "clocks within the drift are not blamed"

// drawClock returns the length of a tick of one node's clock. With leases it
// stays within the drift that is declared.
func (s *Sim) drawClock() int64 {
	if s.cfg.LeaseDriftPercent == 0 {
		return tick*9/10 + s.rng.Int64N(tick/5)
	}
	if s.opt.Bug == LeaseBeyondDrift && s.opt.ExcessPercent == 0 {
		return tick * (1 + 3*s.rng.Int64N(2))
	}
	return tick + s.rng.Int64N(int64(s.cfg.LeaseDriftPercent)*tick/100+1)
}

// planExcess has clocks break their bound at some time, if that is asked for.
func (s *Sim) planExcess() {
	if s.opt.ExcessPercent == 0 {
		return
	}
	s.after(s.rng.Int64N(int64(s.opt.Ticks)*tick/4), s.partClocks)
}

// partClocks makes the clock of the leader slow and those of all others fast, by as much
// as is declared and the excess: nothing comes of it if others are slow. Some time later
// that leader is cut off for a while, which is when it matters.
func (s *Sim) partClocks() {
	l := s.someLeader()
	if l == nil {
		s.after(electionTicks*tick, s.partClocks)
		return
	}
	s.parted = s.now
	for _, n := range s.nodes {
		n.tickEvery = tick
	}
	l.tickEvery = tick + int64(s.cfg.LeaseDriftPercent+s.opt.ExcessPercent)*tick/100
	s.trace.printf(s.now, "%v ticks every %d, others every %d", l.id, l.tickEvery, tick)
	if s.opt.Faultless {
		return
	}
	s.after(s.rng.Int64N(6*electionTicks*tick), func() {
		if !s.healing {
			s.isolate(l)
			s.after(6*electionTicks*tick, s.healNetwork)
		}
	})
}

// blame takes up what a leader found out about other clocks. Nobody is blamed who keeps
// to the bound, whatever happened to messages and nodes.
func (n *node) blame(clocks []raft.FastClock) {
	s := n.sim
	for _, c := range clocks {
		voter := s.nodes[c.Voter-1]
		s.trace.printf(s.now, "%v finds the clock of %v too fast: %d ticks in less than %d", n.id, voter.id, c.Theirs, c.Ours)
		if s.clocksKeepTime() && n.tickEvery*100 <= voter.tickEvery*int64(100+s.cfg.LeaseDriftPercent) {
			s.check.fail(justBlame, "%v, a tick every %d, blames %v, every %d, with %+v", n.id, n.tickEvery, voter.id, voter.tickEvery, c)
		}
		n.blamed = append(n.blamed, c.Voter)
		s.result.FastClocks++
		took := int((s.now - max(s.parted, n.leads)) / tick)
		s.result.FastClockTicks += took
		s.result.FastClockMost = max(s.result.FastClockMost, took)
	}
}

// clocksKeepTime reports whether no bug makes nodes count other ticks than their clocks'.
func (s *Sim) clocksKeepTime() bool {
	return !slices.Contains([]Bug{LoseTicks, ForgetPromise, LeaseBeyondDrift}, s.opt.Bug)
}

// readByLease looks at a read that a leader answered without asking. Where members
// change, one that was blamed may have left and come back.
func (n *node) readByLease() {
	n.sim.result.LeaseReads++
	if len(n.blamed) > 0 && n.sim.spares == 0 {
		n.sim.check.fail("no lease beside a clock that was blamed", "%v answers by a lease and has blamed %v", n.id, n.blamed)
	}
}
