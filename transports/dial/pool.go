package dial

import "sync/atomic"

// ShortCalls is how many calls to one peer in one class may be under way at a time
// with conns=0, where each has a socket of its own; further ones wait in the queue.
// A call's two ends, four classes and a few peers in one process then stay below
// the 4,096 connections that a listener keeps for its owner (net.core.somaxconn),
// and far below the descriptors that Go lets a process have.
const ShortCalls = 256

// Pool is a fixed number of places for connections that one class of requests to
// one peer is spread over. It may be used concurrently.
type Pool[C Member] struct {
	members []C
	turn    atomic.Uint32
}

// Member is the place of one connection.
type Member interface {
	// Ready reports whether there is a connection that works. If there is none,
	// it sees to it that one is being dialed, without waiting, unless it is too
	// early for that.
	Ready() bool
}

// NewPool makes a pool of these members, at least one.
func NewPool[C Member](members ...C) *Pool[C] { return &Pool[C]{members: members} }

// Members returns the members, in the order in which they were given.
func (p *Pool[C]) Members() []C { return p.members }

// Pick returns the member whose turn it is, passing over those whose connection is
// broken, and being dialed again. If none works it is the one whose turn it was: it
// knows what is to become of the call. A pool of one is never asked for its health.
func (p *Pool[C]) Pick() C {
	if len(p.members) == 1 {
		return p.members[0]
	}
	return p.next()
}

func (p *Pool[C]) next() C {
	n, first := uint32(len(p.members)), p.turn.Add(1)
	for i := range n {
		if m := p.members[(first+i)%n]; m.Ready() {
			return m
		}
	}
	return p.members[first%n]
}

// Share is what member i of n may use of a bound that they have together: the
// shares add up to it, and none is zero.
func Share(bound, i, n int) int {
	return max(1, bound*(i+1)/n-bound*i/n)
}
