package experiment

import (
	"fmt"
	"time"

	"github.com/raftbench/raftbench/core/node"
	"github.com/raftbench/raftbench/core/raft"
)

// Times are what elections and leases rest on. If all are zero, DefaultTimes count.
//
// A heartbeat is a tick of the algorithm: the other times are whole numbers of it. They
// have to fit together (dissertation §6.4.1; core/raft/lease.go has the arithmetic):
//
//	Heartbeat < Lease <= (Election - Heartbeat) / (1 + drift)
type Times struct {
	Heartbeat time.Duration // from one heartbeat of a leader to the next
	Election  time.Duration // the shortest election timeout; each is drawn from it to twice as much

	// LeaseDriftPercent is the most by which the clock of a node may run faster than
	// that of another.
	LeaseDriftPercent int

	// LeaseLength is how long a lease lasts, rounded down to heartbeats. Zero: as long as
	// the others allow.
	LeaseLength time.Duration
}

// DefaultTimes are the times of settings that say nothing else. The drift is what a
// cluster of several machines would declare with a wide margin: the nodes of one have
// one clock.
func DefaultTimes() Times {
	return Times{Heartbeat: node.DefaultHeartbeat, Election: node.DefaultElectionTimeout, LeaseDriftPercent: 10}
}

func (t Times) withDefaults() Times {
	if t == (Times{}) {
		return DefaultTimes()
	}
	return t
}

const (
	minHeartbeat = time.Millisecond // timers are not good to less
	maxElection  = 10 * time.Minute
)

// validate says which times do not fit together. leases: the leader holds some.
func (t Times) validate(leases bool) error {
	switch {
	case t.Heartbeat < minHeartbeat:
		return fmt.Errorf("--heartbeat %v: want at least %v", t.Heartbeat, minHeartbeat)
	case t.Election < 2*t.Heartbeat || t.Election > maxElection || t.Election%t.Heartbeat != 0:
		return fmt.Errorf("--election %v: want a multiple of --heartbeat, which is %v, from twice as much to %v", t.Election, t.Heartbeat, maxElection)
	case t.LeaseDriftPercent < 1:
		return fmt.Errorf("--lease.drift %d%%: want at least 1%%", t.LeaseDriftPercent)
	case !leases && t.LeaseLength > 0:
		return fmt.Errorf("--lease.length %v: leases need --read-mode %s", t.LeaseLength, ReadLease)
	case !leases:
		return nil
	}
	longest := t.longestLease()
	switch {
	case longest <= t.Heartbeat:
		return fmt.Errorf("--election %v, --heartbeat %v, --lease.drift %d%%: a lease lasts at most (election - heartbeat) / (1 + drift), here %v, want more than --heartbeat",
			t.Election, t.Heartbeat, t.LeaseDriftPercent, longest)
	case t.LeaseLength > 0 && t.LeaseLength < 2*t.Heartbeat || t.LeaseLength > longest:
		return fmt.Errorf("--lease.length %v: with --election %v, --heartbeat %v and --lease.drift %d%% want from %v, two heartbeats, to %v, (election - heartbeat) / (1 + drift)",
			t.LeaseLength, t.Election, t.Heartbeat, t.LeaseDriftPercent, 2*t.Heartbeat, longest)
	}
	return nil
}

// longestLease is in whole heartbeats.
func (t Times) longestLease() time.Duration {
	ticks := raft.LongestLease(int(t.Election/t.Heartbeat), t.LeaseDriftPercent)
	return time.Duration(ticks) * t.Heartbeat
}

// configure sets the times of nodes.
func (t Times) configure(c *node.Config, leases bool) {
	c.Tick, c.HeartbeatTicks, c.ElectionTicks = t.Heartbeat, 1, int(t.Election/t.Heartbeat)
	if leases {
		c.LeaseDriftPercent, c.LeaseTicks = t.LeaseDriftPercent, int(t.LeaseLength/t.Heartbeat)
	}
}
