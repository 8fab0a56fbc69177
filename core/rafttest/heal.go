package rafttest

import (
	"math"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/raft"
)

// healTicks bounds what may pass from the end of the faults until all nodes
// have everything. Nine seeds of ten need 5 election timeouts; the rest is for
// logs that travel one entry at a time. Where there are many, and one that lacks them comes
// closer, it goes on.
const healTicks = 600

// heal ends the faults and sees that work goes on: a leader, new commands
// committed and applied on all nodes, and nothing left hanging.
func (s *Sim) heal() {
	s.trace.printf(s.now, "the faults are over")
	start := s.now
	s.healing = true
	s.net.loss, s.net.double, s.net.late, s.net.lateReq = 0, 0, 0, 0
	s.net.delay = min(s.net.delay, tick/2)
	s.diskDelay = min(s.diskDelay, tick/2)
	s.snapshotDelay = min(s.snapshotDelay, tick)
	s.healNetwork()
	for _, n := range s.nodes {
		n.stalled, n.failing, n.diskDelay = false, false, s.diskDelay
		n.goOn()
		s.restart(n)
	}

	var last core.Index
	proposed := func() bool {
		l := s.someLeader()
		if l == nil {
			return false
		}
		index, ok := l.propose(3)
		l.work()
		if ok {
			last = index
		}
		return ok
	}
	deadline, behind := s.now+healTicks*tick, core.Index(math.MaxUint64)
	for s.err == nil {
		if !s.runUntil(deadline, proposed) {
			s.notHealed("no leader takes proposals")
			return
		}
		// The leader may have been an old one: then try again.
		if s.runUntil(min(deadline, s.now+20*electionTicks*tick), func() bool { return s.allApplied(last) }) {
			break
		}
		if s.now < deadline {
			continue
		}
		now := s.behind()
		if now >= behind {
			s.notHealed("not all nodes have applied everything")
			return
		}
		deadline, behind = s.now+healTicks*tick, now
	}
	s.result.HealedWithin = int((s.now - start) / tick)
	s.finishSessions(deadline)
	s.calmDown()
	s.sameSessions()
}

// calmDown sees that nothing is left hanging, when a member that was added last has caught
// up.
func (s *Sim) calmDown() {
	for behind := core.Index(math.MaxUint64); s.err == nil; {
		if s.runUntil(s.now+4*electionTicks*tick+s.net.timeout+s.net.lateBy, s.quiet) {
			return
		}
		now := s.behind()
		if now >= behind {
			s.notQuiet()
			return
		}
		behind = now
	}
}

// behind is how many entries the member lacks that lacks most.
func (s *Sim) behind() core.Index {
	var first, last core.Index
	for i, n := range s.members() {
		if n.raft == nil {
			continue
		}
		if i == 0 || n.applied < first {
			first = n.applied
		}
		last = max(last, n.raft.LastIndex())
	}
	return last - first
}

func (s *Sim) notHealed(what string) {
	detail := ""
	for _, n := range s.nodes {
		st := n.raft.Status()
		detail += "\n\t" + describeStatus(&st)
	}
	s.check.fail("liveness after the faults", "%s after %d ticks%s", what, int(s.now/tick)-s.opt.Ticks, detail)
}

// allApplied reports whether every member has applied through last and is in the
// same state.
func (s *Sim) allApplied(last core.Index) bool {
	members := s.members()
	for _, n := range members {
		if n.raft == nil || n.applied < last {
			return false
		}
	}
	return len(members) > 0
}

// quiet reports whether nothing is under way: the accounting is at zero.
func (s *Sim) quiet() bool {
	members := s.members()
	for _, n := range members {
		st := n.raft.Status()
		if len(n.owed) > 0 || len(n.reads) > 0 || st.PendingReads > 0 || st.UncommittedBytes > 0 {
			return false
		}
		if st.Durable != st.LastIndex || st.Applied != st.LastIndex {
			return false
		}
		for _, p := range st.Progress {
			if p.Inflight != 0 || p.InflightBytes != 0 || p.Match != st.LastIndex || p.State != raft.StateReplicate {
				return false
			}
		}
		if st.Configuration.IsJoint() {
			return false
		}
	}
	return len(members) > 0
}

func (s *Sim) notQuiet() {
	detail := ""
	for _, n := range s.nodes {
		st := n.raft.Status()
		detail += "\n\t" + describeStatus(&st)
		if len(n.owed) > 0 {
			s.check.fail("one answer for each request", "%v owes %d answers", n.id, len(n.owed))
		}
	}
	s.check.fail("nothing is left hanging", "%s", detail)
}
