package rafttest

import "github.com/raftbench/raftbench/core"

// fault is something that goes wrong, at random times.
type fault struct {
	name string
	do   func(s *Sim)
}

// faults is what can go wrong beside single messages. A seed picks some.
var faults = []fault{
	{"crash", (*Sim).crashSome},
	{"crash the leader", (*Sim).crashLeader},
	{"split", (*Sim).split},
	{"isolate the leader", (*Sim).isolateLeader},
	{"cut one way", (*Sim).cutOneWay},
	{"cut a pair", (*Sim).cutPair},
	{"cut off in steps", (*Sim).cutOffInSteps},
	{"heal", (*Sim).healNetwork},
	{"stall a disk", (*Sim).stallDisk},
	{"slow a disk", (*Sim).slowDisk},
	{"transfer leadership", (*Sim).transferLeadership},
	{"campaign", (*Sim).campaignSome},
	{"pause", (*Sim).pauseSome},
	{"disk error", (*Sim).failDisk},
	{"crash all", (*Sim).crashAll},
	{"wipe a disk", (*Sim).wipeSome},
	{"wipe a disk between leaders", (*Sim).wipeBetween},
}

// faultAct lets one fault happen and plans the next.
func (s *Sim) faultAct() {
	s.after(1+s.rng.Int64N(s.faultEvery), func() {
		if s.healing {
			return
		}
		s.faultAct()
		f := s.active[s.rng.IntN(len(s.active))]
		s.trace.printf(s.now, "fault: %s", f.name)
		f.do(s)
	})
}

func (s *Sim) someNode() *node { return s.nodes[s.rng.IntN(len(s.nodes))] }

func (s *Sim) crashSome() { s.crashNode(s.someNode()) }

func (s *Sim) crashLeader() {
	if l := s.someLeader(); l != nil {
		s.crashNode(l)
	}
}

func (s *Sim) crashAll() {
	for _, n := range s.nodes {
		s.crashNode(n)
	}
}

func (s *Sim) crashNode(n *node) {
	if n.raft == nil {
		return
	}
	n.crash()
	down := int64(30 * tick)
	if s.chance(s.restartSoon) {
		down = 3 * tick // so soon that others may rely on what it knew
	}
	s.after(1+s.rng.Int64N(down), func() { s.restart(n) })
}

func (s *Sim) restart(n *node) {
	if n.raft == nil && s.err == nil {
		s.trace.printf(s.now, "%v starts", n.id)
		n.boot()
	}
}

// split separates the nodes into two parts.
func (s *Sim) split() {
	side := make([]bool, len(s.nodes))
	for i := range side {
		side[i] = s.chance(0.5)
	}
	for from := range side {
		for to := range side {
			s.net.cut[from][to] = side[from] != side[to]
		}
	}
	s.result.Partitions++
}

func (s *Sim) isolateLeader() {
	if l := s.someLeader(); l != nil {
		s.isolate(l)
	}
}

func (s *Sim) isolate(l *node) {
	for i := range s.nodes {
		s.net.cut[l.id-1][i], s.net.cut[i][l.id-1] = true, true
	}
	s.result.Partitions++
}

func (s *Sim) cutOneWay() {
	s.net.cut[s.rng.IntN(len(s.nodes))][s.rng.IntN(len(s.nodes))] = true
	s.result.Partitions++
}

// cutPair separates a leader from one other: a third still hears both.
func (s *Sim) cutPair() {
	a, b := s.someNode(), s.someNode()
	if l := s.someLeader(); l != nil {
		a = l
	}
	s.net.cut[a.id-1][b.id-1], s.net.cut[b.id-1][a.id-1] = true, true
	s.result.Partitions++
}

// cutOffInSteps takes a leader's voters away one after the other: one that has
// given up on it, and then those that have just been with it, who restart and are
// asked for their votes.
func (s *Sim) cutOffInSteps() {
	l, first := s.someLeader(), s.someNode()
	if l == nil || first == l {
		return
	}
	s.healNetwork()
	s.net.cut[l.id-1][first.id-1], s.net.cut[first.id-1][l.id-1] = true, true
	s.after(electionTicks*tick+s.rng.Int64N(electionTicks*tick), func() {
		if s.healing || !l.isLeader() {
			return
		}
		s.isolate(l)
		for _, n := range s.nodes {
			if n != l && n != first && n.raft != nil {
				n.crash()
				s.after(tick, func() { s.restart(n) })
			}
		}
		s.after(2*tick, func() { first.whenAwake(func() { first.raft.Campaign(); first.work() }) })
	})
}

func (s *Sim) healNetwork() {
	for from := range s.net.cut {
		clear(s.net.cut[from])
	}
}

func (s *Sim) stallDisk() {
	n := s.someNode()
	n.stalled = true
	s.after(s.rng.Int64N(30*tick), func() { n.stalled = false })
}

func (s *Sim) slowDisk() {
	n := s.someNode()
	n.diskDelay = s.rng.Int64N(8 * tick)
	s.after(s.rng.Int64N(60*tick), func() { n.diskDelay = s.diskDelay })
}

// failDisk makes the next write of a disk fail. A node whose disk failed stops
// at once: nobody knows what it holds.
func (s *Sim) failDisk() { s.someNode().failing = true }

// failWrite ends a write with an error, and reports false if there is a bug that
// goes on as if it had not.
func (n *node) failWrite() bool {
	s := n.sim
	n.failing = false
	s.result.DiskErrors++
	s.trace.printf(s.now, "%v: a write fails", n.id)
	if s.opt.Bug == IgnoreWriteError {
		n.disk.lost = true
		return false
	}
	s.crashNode(n)
	return true
}

// transferLeadership has a leader hand over, and now and then cuts it off while
// it does.
func (s *Sim) transferLeadership() {
	l := s.someLeader()
	if l == nil || l.paused {
		return
	}
	if s.chance(0.3) {
		s.after(s.rng.Int64N(2*tick), func() {
			if !s.healing {
				s.isolate(l)
			}
		})
	}
	if s.opt.Bug == TransferUnnoticed {
		l.call(s.someNode().id, &core.TimeoutNowRequest{From: l.id, Term: l.raft.Term()})
		return
	}
	if l.raft.TransferLeadership(s.someNode().id) == nil {
		s.result.Transfers++
	}
	l.work()
}

func (s *Sim) campaignSome() {
	if n := s.someNode(); n.raft != nil && !n.paused {
		n.raft.Campaign()
		n.work()
	}
}
