package node

import (
	"slices"
	"time"

	"github.com/raftbench/raftbench/core"
)

// A client's request says how much time it has left (core.ProposeRequest.Remaining).
// It counts from when the transport hands it over, so that what it waits for in the
// inbox is part of it, however long the loop is held up. What has no time left is
// refused before it gets into the log: nobody waits for it any more, and a node that
// is late would be later still for executing it. Once it is in the log, nothing takes it out.

// expiry is when a request that is handed over now, and has so much time left, has
// none: zero for never.
func expiry(now, remaining time.Duration) time.Duration {
	at := now + remaining
	if remaining == 0 || remaining > 0 && at < now { // which is centuries from now
		return 0
	}
	return max(at, 1)
}

// remainingOf returns the time that a client's request has left, if it is one.
func remainingOf(req core.Request) (time.Duration, bool) {
	switch req := req.(type) {
	case *core.ProposeRequest:
		return req.Remaining, true
	case *core.ReadRequest:
		return req.Remaining, true
	}
	return 0, false
}

// expired reports whether the time of r is over.
func expired(r *core.Incoming, now time.Duration) bool {
	return r.Expires != 0 && now >= r.Expires
}

// unexpired refuses the requests whose time is over and returns the others, in
// the same memory.
func (n *Node) unexpired(requests []*core.Incoming, now time.Duration) []*core.Incoming {
	return slices.DeleteFunc(requests, func(r *core.Incoming) bool {
		if !expired(r, now) {
			return false
		}
		n.answerClient(r, core.StatusExpired)
		return true
	})
}

// expireReads refuses the reads whose time is over while they wait: for a quorum that
// does not answer, or for a log that is not applied.
func (n *Node) expireReads() {
	rs := &n.reads
	if len(rs.waiting)+len(rs.forward.requests)+len(rs.rounds)+len(rs.confirmed) == 0 {
		return
	}
	now := n.inbox.clock.Now()
	rs.waiting = n.unexpired(rs.waiting, now)
	rs.forward.requests = n.unexpired(rs.forward.requests, now)
	for _, rounds := range [][]readRound{rs.rounds, rs.confirmed} {
		for i := range rounds {
			rounds[i].requests = n.unexpired(rounds[i].requests, now)
		}
	}
}

// longest is the time that is left to the one of the requests that has the most,
// as a request of this node's own says it.
func longest(requests []*core.Incoming, now time.Duration) time.Duration {
	var most time.Duration
	for _, r := range requests {
		if r.Expires == 0 {
			return 0
		}
		most = max(most, r.Expires-now)
	}
	return most
}
