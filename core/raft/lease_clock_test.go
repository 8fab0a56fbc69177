package raft

import (
	"testing"

	"github.com/raftbench/raftbench/core"
)

// simulatedClock ticks once every length units of real time, at phase first.
type simulatedClock struct{ length, next int }

func (c *simulatedClock) ticks(now int, tick func()) {
	for c.next <= now {
		c.next += c.length
		tick()
	}
}

// leaseOverlap has a leader of three hear from a voter once, at the same instant of
// real time, and never again. Their clocks tick at different rates, the leader's at
// phase and the voter's at once. It returns the instants at which the leader would
// answer a read by its lease and the voter would give another candidate its vote.
func leaseOverlap(t *testing.T, drift, length, leaderTick, voterTick, phase int) (overlap, served int) {
	change := func(c *Config) { c.LeaseDriftPercent, c.LeaseTicks = drift, length }
	leader, voter := newNode(t, 0, nil, change), newNode(t, 0, nil, change, func(c *Config) { c.ID = 2 })
	leader.lead()
	leader.ack(2, 1)
	leader.ticks(1)
	take[*core.AppendEntriesRequest](leader, 2)
	leader.heartbeatElapsed = 0
	leader.broadcastHeartbeat()
	leader.drain()
	heartbeats := take[*core.AppendEntriesRequest](leader, 2)
	a := voter.append(*heartbeats[len(heartbeats)-1])
	a.Session, a.ReadContext = leader.peer(2).session, heartbeats[len(heartbeats)-1].ReadContext
	leader.respond(a)
	lc, vc := simulatedClock{leaderTick, phase}, simulatedClock{voterTick, 1}
	for now := range 40 * leaderTick {
		lc.ticks(now, leader.Tick)
		vc.ticks(now, voter.Tick)
		holds := leader.Role() == Leader && leader.holdsLease()
		if holds {
			served++
		}
		if holds && !voter.sticksToLeader() {
			overlap++
		}
	}
	return overlap, served
}

// Within the drift that was declared, a lease ends before the promise that it rests on,
// whatever the phases of the clocks; a leader beyond it refuses. That the bound is not
// slack shows where clocks differ by more: then the two overlap.
func TestLeaseEndsBeforeThePromise_6_4_1(t *testing.T) {
	const voterTick = 1000
	for _, drift := range []int{1, 5, 10, 30, 100, 300} {
		leaderTick := voterTick * (100 + drift) / 100 // the slowest clock that is allowed
		for _, phase := range []int{1, leaderTick / 2, leaderTick} {
			overlap, served := leaseOverlap(t, drift, 0, leaderTick, voterTick, phase)
			if overlap > 0 || served == 0 {
				t.Errorf("drift %d%%, phase %d: a lease and a vote at %d instants, lease held at %d", drift, phase, overlap, served)
			}
		}
		if overlap, _ := leaseOverlap(t, drift, 0, 2*leaderTick, voterTick, 2*leaderTick); overlap == 0 {
			t.Errorf("drift %d%%: clocks that differ by much more do no harm: the test cannot fail", drift)
		}
	}
}

// A lease that is set shorter ends sooner, and one that is longer than the drift allows
// is refused, like one in which heartbeats would leave gaps.
func TestShorterLease_6_4_1(t *testing.T) {
	_, long := leaseOverlap(t, 10, 0, 1000, 1000, 1)
	_, short := leaseOverlap(t, 10, 3, 1000, 1000, 1)
	if short == 0 || 2*short > long {
		t.Errorf("a lease of 3 ticks is held at %d instants, the longest at %d", short, long)
	}
	for _, c := range []struct {
		drift, length int
		ok            bool
	}{{10, 8, true}, {10, 9, false}, {10, 2, true}, {10, 1, false}, {0, 5, false}, {10, -1, false}} {
		_, err := New(Config{ID: 1, Voters: []core.NodeID{1}, Log: &testLog{}, LeaseDriftPercent: c.drift, LeaseTicks: c.length})
		if (err == nil) != c.ok {
			t.Errorf("drift %d%%, lease of %d ticks: %v", c.drift, c.length, err)
		}
	}
}
