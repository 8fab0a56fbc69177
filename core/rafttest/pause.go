package rafttest

import "slices"

// A pause is what a stopped process, a page fault or a collector does to a node:
// for a while it does nothing, and then everything that has come meanwhile is
// there at once.

// pauseSome pauses a node, most often one that leads.
func (s *Sim) pauseSome() {
	n := s.someNode()
	if l := s.someLeader(); l != nil && s.chance(0.5) {
		n = l
	}
	n.pause()
}

func (n *node) pause() {
	s := n.sim
	if n.raft == nil || n.paused || s.healing {
		return
	}
	n.paused = true
	s.result.Pauses++
	life := n.life
	length := s.rng.Int64N(4 * electionTicks * tick)
	s.trace.printf(s.now, "%v is held up for %d", n.id, length)
	s.after(length, func() {
		if n.life == life {
			n.goOn()
		}
	})
}

// goOn ends a pause.
func (n *node) goOn() {
	if n.raft == nil || !n.paused {
		return
	}
	n.paused = false
	n.sim.trace.printf(n.sim.now, "%v goes on", n.id)
	deferred := n.deferred
	n.deferred = nil
	if n.sim.chance(0.5) {
		slices.Reverse(deferred) // what came last may be looked at first
	}
	for _, do := range deferred {
		n.whenAwake(do)
	}
	n.whenAwake(n.work)
}

// catchUp tells Raft of the ticks that passed during a pause, as far as they
// matter: almost an election timeout ends every lease. A driver looks at the clock
// after it took in what had come and before it asks for a Ready.
func (n *node) catchUp() {
	missed := min(electionTicks-1, n.missed)
	skipped := n.missed - missed
	n.missed = 0
	if n.sim.opt.Bug == LoseTicks {
		return
	}
	if n.sim.opt.Bug != ForgetSkippedTicks {
		n.raft.Skip(uint64(skipped))
	}
	for range missed {
		n.raft.Tick()
	}
}

// whenAwake does something that has come to a node: now, or when its pause ends,
// or never if it is down.
func (n *node) whenAwake(do func()) {
	switch {
	case n.raft == nil:
	case n.paused:
		n.deferred = append(n.deferred, do)
	default:
		do()
	}
}
