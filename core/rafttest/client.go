package rafttest

import (
	"encoding/binary"
	"errors"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/raft"
)

// Clients ask any node, most often one that says it leads. They learn of a
// success the moment it happens; that is the strictest client there is.

// maxWaiting is how many entries may wait to be committed before clients hold
// back. In a world where entries travel one at a time, more would only make it
// take longer until all have everything.
const maxWaiting = 300

// clientAct lets a client do something, and plans the next time.
func (s *Sim) clientAct() {
	s.after(1+s.rng.Int64N(s.clientEvery), func() {
		if !s.healing {
			s.clientAct()
		}
		if s.sessions != nil && s.chance(0.9) {
			s.sessionAct()
			return
		}
		n := s.nodes[s.rng.IntN(len(s.nodes))]
		if l := s.someLeader(); l != nil && !s.chance(0.1) {
			n = l
		}
		if !s.chance(s.readShare) {
			n.whenAwake(func() {
				if n.raft.LastIndex()-n.raft.Commit() < maxWaiting {
					n.propose(1 + s.rng.IntN(s.batch))
				}
				n.work()
			})
			return
		}
		floor := s.check.floor // as of now, however long the node takes to look
		n.whenAwake(func() { n.beginRead(floor) })
	})
}

// someLeader returns one of the nodes that say they lead, or nil.
func (s *Sim) someLeader() *node {
	start := s.rng.IntN(len(s.nodes))
	for i := range s.nodes {
		if n := s.nodes[(start+i)%len(s.nodes)]; n.isLeader() {
			return n
		}
	}
	return nil
}

// propose writes count commands of random size, each with a mark of its own.
func (n *node) propose(count int) (last core.Index, ok bool) {
	s := n.sim
	var commands [][]byte
	first := s.marks + 1
	for range count {
		s.marks++
		c := make([]byte, 8+s.rng.IntN(s.commandBytes))
		binary.BigEndian.PutUint64(c, s.marks) // with a zero in front, as no command of a session has
		commands = append(commands, c)
	}
	index, term, err := n.raft.Propose(commands)
	for _, c := range commands {
		for i := range c {
			c[i] = 0xEE // Propose borrows
		}
	}
	if err != nil {
		if n.isLeader() && !errors.Is(err, raft.ErrOverloaded) && !errors.Is(err, raft.ErrTransferring) {
			s.check.fail("leaders take proposals", "%v: %v", n.id, err)
		}
		return 0, false
	}
	s.trace.printf(s.now, "%v proposed %d to %d in term %d", n.id, index, index+core.Index(count)-1, term)
	for i := range count {
		n.pending[index+core.Index(i)] = write{term, first + uint64(i)}
	}
	return index + core.Index(count) - 1, true
}

// answerReads answers the reads whose index has been applied.
func (n *node) answerReads() {
	rest := n.readable[:0]
	for _, r := range n.readable {
		if r.index > n.applied {
			rest = append(rest, r)
			continue
		}
		// The state machine may be ahead; what the algorithm promises is index.
		n.sim.check.read(n, r.floor, r.index)
		n.sim.check.floor = max(n.sim.check.floor, n.applied)
		n.sim.result.Reads++
	}
	n.readable = rest
}
