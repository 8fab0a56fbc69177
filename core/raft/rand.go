package raft

import (
	"math/rand/v2"

	"github.com/raftbench/raftbench/core"
)

// rng draws election timeouts. It is a Raft's own, so that a run can be
// repeated, and it mixes in the node's ID, so that one seed serves a cluster.
type rng struct{ source *rand.Rand }

func newRNG(seed uint64, id core.NodeID) rng {
	return rng{rand.New(rand.NewPCG(seed, uint64(id)))}
}

// intN returns a number from 0 up to but not including n.
func (g rng) intN(n int) int { return g.source.IntN(n) }
