package client

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/raftbench/raftbench/core"
)

const (
	// Before another node is asked, when the last one knew no leader or could not
	// be reached, the client pauses: random between nothing and a cap that doubles
	// with every attempt in a row ("full jitter": Brooker, Exponential Backoff And
	// Jitter, AWS 2015). The highest cap is less than a tenth of an election, so
	// that finding the new leader adds little to the election itself.
	firstPause = 10 * time.Millisecond
	maxPause   = 80 * time.Millisecond

	// freeRedirects are followed without a pause; more in a row mean that nodes
	// point at each other.
	freeRedirects = 3
)

// leader is what a client believes about who leads. The client's lock guards it.
type leader struct {
	nodes       []core.NodeID
	known       core.NodeID // zero: unknown
	next        int         // the node to try when it is unknown
	redirects   int         // in a row, without success
	pauses      int         // as well
	pausedUntil time.Time
}

// target is the node to ask now.
func (l *leader) target() core.NodeID {
	if l.known != 0 {
		return l.known
	}
	return l.nodes[l.next%len(l.nodes)]
}

// confirm notes that node answered as leader.
func (l *leader) confirm(node core.NodeID) {
	l.known, l.redirects, l.pauses = node, 0, 0
}

// heard notes who leads according to a node that answers a read, if nobody is known.
func (l *leader) heard(leader core.NodeID) {
	if l.known == 0 && slices.Contains(l.nodes, leader) {
		l.known = leader
	}
}

// redirect notes that node said it does not lead, and whom it named instead.
func (l *leader) redirect(node, hint core.NodeID, now time.Time) {
	if node != l.target() {
		return // an answer from before the last change of mind
	}
	l.redirects++
	if hint != 0 && hint != node && slices.Contains(l.nodes, hint) {
		l.known = hint
		if l.redirects > freeRedirects {
			l.pause(now)
		}
		return
	}
	l.advance(now)
}

// suspect notes that node could not be reached or did not answer.
func (l *leader) suspect(node core.NodeID, now time.Time) {
	if node == l.target() {
		l.advance(now)
	}
}

// advance moves on to another node than the one just tried.
func (l *leader) advance(now time.Time) {
	tried := l.target()
	l.known = 0
	for range l.nodes {
		l.next = (l.next + 1) % len(l.nodes)
		if l.nodes[l.next] != tried {
			break
		}
	}
	l.pause(now)
}

func (l *leader) pause(now time.Time) {
	limit := min(maxPause, firstPause<<min(l.pauses, 16))
	l.pauses++
	l.pausedUntil = now.Add(rand.N(limit))
}
