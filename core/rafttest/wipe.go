package rafttest

import (
	"slices"

	"github.com/raftbench/raftbench/core"
)

// A node whose disk is wiped comes back under its name and remembers nothing:
// neither the votes that it gave nor what it acknowledged. Of a disk that is damaged it may
// have the beginning of its log.

// wipeSome wipes the disk of a node, if enough others remember: Raft loses nothing as
// long as fewer than a majority have lost their memory.
func (s *Sim) wipeSome() { s.wipe(s.someNode()) }

// wipeBetween cuts a leader off until there is another, and then wipes the disk of one
// that may have elected it and lets the old one alone reach it.
func (s *Sim) wipeBetween() {
	old := s.someLeader()
	if old == nil {
		return
	}
	s.isolate(old)
	s.awaitSuccessor(old, old.life, 4*electionTicks)
}

func (s *Sim) awaitSuccessor(old *node, life, ticks int) {
	if s.healing || ticks == 0 || !old.isLeader() || old.life != life {
		return
	}
	for _, n := range s.nodes {
		if n.isLeader() && n.raft.Term() > old.raft.Term() {
			s.wipeVoter(old, n)
			return
		}
	}
	s.after(tick/2, func() { s.awaitSuccessor(old, life, ticks-1) })
}

func (s *Sim) wipeVoter(old, successor *node) {
	n := s.someNode()
	if n == old || n == successor {
		return
	}
	s.isolate(n)
	s.net.cut[n.id-1][old.id-1], s.net.cut[old.id-1][n.id-1] = false, false
	s.wipe(n)
}

func (s *Sim) wipe(n *node) {
	if n.raft == nil || !s.maySpare(n) {
		return
	}
	s.crashNode(n)
	was := n.disk
	n.disk = disk{newborn: s.opt.Bug != ForgetNewborn}
	if s.chance(0.5) {
		first, last := max(was.durable.snapshot.Index, was.durable.compact), was.durable.LastIndex()
		n.disk.keep(&was, first+core.Index(s.rng.IntN(int(last-first)+1)))
	}
	s.trace.printf(s.now, "%v loses its disk, but for what there was through %d", n.id, n.disk.log.LastIndex())
	n.wipes++
	n.wiped = s.now
	s.result.Wipes++
}

// maySpare reports whether more than half of the voters still remember without n, in
// whatever configuration somebody may act by.
func (s *Sim) maySpare(n *node) bool {
	for _, c := range s.configurations() {
		if !s.remember(c.Voters, n) || !s.remember(c.Outgoing, n) {
			return false
		}
	}
	return true
}

// wipedUnheard reports whether one of some voters lost its disk so lately that a leader
// may still go by what it heard before. Of the others the leader knows that they abstain,
// and has to refuse a change that needs them.
func (s *Sim) wipedUnheard(voters []core.NodeID) bool {
	window := 8*electionTicks*tick + s.net.lateBy + s.net.timeout // with a pause in it
	return slices.ContainsFunc(voters, func(id core.NodeID) bool {
		n := s.nodes[id-1]
		return n.wipes > 0 && s.now-n.wiped < window
	})
}

// remember reports whether more than half of some voters do, without n.
func (s *Sim) remember(voters []core.NodeID, n *node) bool {
	lost := 0
	for _, id := range voters {
		if v := s.nodes[id-1]; v == n || v.disk.newborn {
			lost++
		}
	}
	return 2*lost < len(voters) || len(voters) == 0
}

// configurations are the founders, what was committed last, and what is on a disk.
func (s *Sim) configurations() []core.Configuration {
	list := []core.Configuration{{Voters: s.founders()}}
	if k := len(s.check.configs); k > 0 {
		list = append(list, s.check.configs[k-1].Configuration)
	}
	for _, n := range s.nodes {
		if encoded, _ := n.disk.log.configuration(); encoded != "" {
			if c, err := core.DecodeConfiguration([]byte(encoded)); err == nil {
				list = append(list, c)
			}
		}
	}
	return list
}

// lifeNumber is a number that no other life of the node has.
func (n *node) lifeNumber() uint64 { return 1<<63 | uint64(n.id)<<32 | uint64(n.life) }

// remembers makes durable that the node is no newborn any more, before anything that
// it does as one of the others leaves.
func (n *node) remembers() {
	tooSoon := n.sim.opt.Bug == SettleTooSoon && n.disk.log.LastIndex() > 0
	if n.disk.newborn && (tooSoon || !n.raft.Newborn()) {
		n.disk.newborn = false
	}
}
