package rafttest

import (
	"testing"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/raft"
)

// Of every set of broken links among three nodes, in either direction: where two
// nodes hear each other, one of them leads within ten election timeouts, commits,
// and is not disturbed afterwards (the outage of Cloudflare in November 2020 was
// such a graph).
func TestEveryGraphOfThreeNodes(t *testing.T) {
	for mask := range 64 {
		s := newSim(Options{Seed: uint64(mask), Nodes: 3, Ticks: 1})
		s.cfg = raft.Config{ElectionTicks: electionTicks, HeartbeatTicks: 1, Seed: uint64(mask)}
		s.net.loss, s.net.double, s.net.late, s.net.lateReq, s.net.delay = 0, 0, 0, 0, 20
		s.nodes, s.diskDelay = s.nodes[:3], 5
		s.cutLinks(mask)
		if !s.someTwoHearEachOther() {
			continue
		}
		for _, n := range s.nodes {
			n.diskDelay, n.disk.newborn = 5, false // the cluster has begun
			n.boot()
		}
		committed := func() bool { return s.highestCommit() > 0 }
		if !s.runUntil(10*2*electionTicks*tick, committed) {
			t.Errorf("links %06b: nothing was committed in ten election timeouts: %v", mask, s.err)
			continue
		}
		terms := s.highestTerm()
		s.runUntil(s.now+20*2*electionTicks*tick, func() bool { return false })
		if got := s.highestTerm(); got > terms+1 || s.err != nil {
			t.Errorf("links %06b: from term %d to %d in a stable network: %v", mask, terms, got, s.err)
		}
	}
}

// cutLinks cuts those of the six links whose bit is set.
func (s *Sim) cutLinks(mask int) {
	bit := 0
	for from := range s.nodes {
		for to := range s.nodes {
			if from != to {
				s.net.cut[from][to] = mask>>bit&1 == 1
				bit++
			}
		}
	}
}

func (s *Sim) someTwoHearEachOther() bool {
	for a := range s.nodes {
		for b := range a {
			if !s.net.cut[a][b] && !s.net.cut[b][a] {
				return true
			}
		}
	}
	return false
}

func (s *Sim) highestCommit() (highest core.Index) {
	for _, n := range s.nodes {
		highest = max(highest, n.raft.Commit())
	}
	return highest
}

func (s *Sim) highestTerm() (highest core.Term) {
	for _, n := range s.nodes {
		highest = max(highest, n.raft.Term())
	}
	return highest
}
