package rafttest

import "github.com/raftbench/raftbench/core"

// In some worlds nobody is in charge for long: either leaders take turns, each cut off
// soon after its election while the one before comes back, or all voters are replaced at
// once and the old ones are separated from the new ones. Both need a number of things
// to happen in order, which chance alone rarely brings about.

// drawTurnover makes such a world. Single messages behave and clients only write.
func (s *Sim) drawTurnover() {
	s.net.loss, s.net.double, s.net.late, s.net.lateReq = 0, 0, 0, 0
	s.net.delay, s.diskDelay = int64(s.oneOf(2, 20, 60)), 5
	s.clientEvery, s.readShare = int64(s.oneOf(40, 150)), 0
	if s.chance(0.5) {
		s.drawTurns()
		return
	}
	s.spares = s.opt.Nodes
	s.cfg.DisablePreVote, s.cfg.DisableCheckQuorum = false, false
	s.changeEvery, s.faultEvery = 5*tick, 60*tick
	s.active = []fault{{"heal", (*Sim).healNetwork}, {"crash", (*Sim).crashSome}}
}

// drawTurns lets leaders take turns. Entries that travel one at a time show what is
// committed between two of them.
func (s *Sim) drawTurns() {
	s.spares = 0
	s.cfg.MaxAppendBytes, s.cfg.MaxInflight = int(s.oneOf(1, 100)), 1
	s.faultEvery = 30 * tick
	s.active = []fault{{"leaders take turns", (*Sim).takeTurns}}
}

// takeTurns cuts off whoever comes to lead and lets the one before back, four times:
// each leads with entries that others do not have, of terms that are over (figure 3.7).
func (s *Sim) takeTurns() { s.cutOffNext(nil, 4) }

func (s *Sim) cutOffNext(before *node, turns int) {
	if s.healing || turns == 0 {
		return
	}
	next := s.newestLeader()
	if next == nil || next == before {
		s.after(tick/4, func() { s.cutOffNext(before, turns) })
		return
	}
	s.after(s.rng.Int64N(2*tick), func() {
		if s.healing {
			return
		}
		s.healNetwork()
		s.isolate(next)
		s.cutOffNext(next, turns-1)
	})
}

// newestLeader returns the leader of the highest term, or nil.
func (s *Sim) newestLeader() *node {
	var newest *node
	for _, n := range s.nodes {
		if n.isLeader() && (newest == nil || n.raft.Term() > newest.raft.Term()) {
			newest = n
		}
	}
	return newest
}

// replaceAll adds learners until there is one for each voter, and then lets them take
// the voters' place.
func (s *Sim) replaceAll(c core.Configuration) core.Configuration {
	if len(c.Learners) >= len(c.Voters) {
		return core.Configuration{Voters: c.Learners}
	}
	for _, n := range s.nodes {
		if !c.IsMember(n.id) {
			c.Learners = append(c.Learners, n.id)
		}
	}
	return c
}
