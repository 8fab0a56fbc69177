package rafttest

import (
	"slices"

	"github.com/raftbench/raftbench/core"
)

// memberAct lets somebody change the members now and then, in worlds where they
// change at all.
func (s *Sim) memberAct() {
	if s.spares == 0 {
		return
	}
	s.after(1+s.rng.Int64N(s.changeEvery), func() {
		if !s.healing {
			s.changeMembers()
			s.memberAct()
		}
	})
}

// changeMembers asks a leader for some change of members. Most are refused,
// because one is under way or somebody has not caught up.
func (s *Sim) changeMembers() {
	l := s.someLeader()
	if l == nil || l.paused {
		return
	}
	now, _ := l.raft.Configuration()
	to := s.someChange(core.Configuration{Voters: slices.Clone(now.Voters), Learners: slices.Clone(now.Learners)})
	if len(to.Voters) == 0 || s.wipedUnheard(to.Voters) {
		return
	}
	if index, term, err := l.raft.ChangeMembership(to); err == nil {
		s.trace.printf(s.now, "%v changes %v to %v by entry %d of term %d", l.id, now, to, index, term)
		s.result.Changes++
		if s.chance(0.2) || s.opt.Turnover && len(to.Learners) == 0 {
			s.splitHalves(l)
		}
	}
	l.work()
}

// splitHalves separates the voters to come, and the leader, from those that go.
func (s *Sim) splitHalves(l *node) {
	c, _ := l.raft.Configuration()
	comes := func(n *node) bool { return n == l || slices.Contains(c.Voters, n.id) }
	for from, a := range s.nodes {
		for to, b := range s.nodes {
			s.net.cut[from][to] = comes(a) != comes(b)
		}
	}
	s.result.Partitions++
}

// someChange adds a learner, promotes, demotes, removes or replaces.
func (s *Sim) someChange(c core.Configuration) core.Configuration {
	if s.opt.Turnover {
		return s.replaceAll(c)
	}
	outsider := s.someNode().id
	switch s.rng.IntN(6) {
	case 0, 1:
		if !c.IsMember(outsider) {
			c.Learners = append(c.Learners, outsider)
		}
	case 2:
		c.Voters, c.Learners = append(c.Voters, c.Learners...), nil
	case 3: // one for each that comes, or everyone
		leave := min(len(c.Learners), len(c.Voters))
		if leave > 1 && s.chance(0.5) {
			leave = len(c.Voters)
		}
		c.Voters, c.Learners = append(c.Voters[leave:], c.Learners...), nil
	case 4:
		if k := s.rng.IntN(len(c.Voters)); len(c.Voters) > 2 {
			c.Learners = append(c.Learners, c.Voters[k])
			c.Voters = slices.Delete(c.Voters, k, k+1)
		}
	case 5:
		if k := s.rng.IntN(len(c.Voters)); len(c.Voters) > 2 {
			c.Voters = slices.Delete(c.Voters, k, k+1)
		}
	}
	return c
}

// members returns the nodes that the leader's configuration names.
func (s *Sim) members() []*node {
	l := s.someLeader()
	if l == nil {
		return nil
	}
	c, _ := l.raft.Configuration()
	var list []*node
	for _, id := range c.Members() {
		list = append(list, s.nodes[id-1])
	}
	return list
}

func hasConfiguration(entries []core.Entry) bool {
	return slices.ContainsFunc(entries, func(e core.Entry) bool { return e.Kind == core.EntryConfiguration })
}
