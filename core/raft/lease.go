package raft

import "fmt"

// A leader lease (dissertation §6.4.1) lets a leader answer reads without
// asking: voters that hear from a leader promise not to take part in an election
// for ElectionTicks, so that for a little less than that nobody else can lead.
//
// The arithmetic. A round of heartbeats begins at the leader's tick s. A voter
// counts its promise from when it hears of the round, which is later; its next
// tick may come at once, so that ElectionTicks ticks are at least
// (ElectionTicks-1) whole ones of its clock. At the leader's tick s+k, less than
// k+1 ticks of its clock have passed. If that clock is slower than the voter's by
// at most the declared drift d, then (k+1)(1+d) <= ElectionTicks-1 is enough,
// which is k < lease.ticks below. The network's delay is on the safe side.
//
// Whether the drift is what was declared is looked at all the time (clockWatch). It rests
// on four things beside: the length counts from when a round
// began, not from when it was answered; a promise is not forgotten by a change of
// term or by a restart (Raft.promise); a leader that asked another to take over
// has no lease for the rest of its term, because that election may come at any
// time; and ticks are not lost: a driver that was held up tells of the time that
// passed before Ready decides on a read.
type lease struct {
	ticks        uint64            // its length; zero: there are no leases
	driftPercent uint64            // that was declared
	rounds       queue[leaseRound] // those begun within ticks, oldest first
	handedOver   bool              // TimeoutNow was sent in this term
	told         bool              // a clock's reading came that no Ready has looked at
}

// leaseRound says when the heartbeats with a read context, and later ones, left:
// at which tick, and at which reading of this node's clock (see clockWatch).
type leaseRound struct {
	context     uint64
	tick, clock uint64
}

// LongestLease is the longest that a lease may last, in ticks, if no clock is faster
// than another by more than driftPercent.
func LongestLease(electionTicks, driftPercent int) int {
	return (electionTicks - 1) * 100 / (100 + driftPercent)
}

// leaseTicks is the length of a lease; zero: there are none.
func (c *Config) leaseTicks() int {
	switch {
	case c.LeaseDriftPercent == 0:
		return 0
	case c.LeaseTicks > 0:
		return c.LeaseTicks
	}
	return LongestLease(c.ElectionTicks, c.LeaseDriftPercent)
}

func (c *Config) validateLease() error {
	length, longest := c.leaseTicks(), LongestLease(c.ElectionTicks, c.LeaseDriftPercent)
	switch {
	case c.LeaseDriftPercent == 0 && c.LeaseTicks > 0:
		return fmt.Errorf("raft: LeaseTicks is %d: leases need LeaseDriftPercent", c.LeaseTicks)
	case c.LeaseDriftPercent == 0:
		return nil
	case length > longest:
		return fmt.Errorf("raft: LeaseTicks is %d: with ElectionTicks %d and LeaseDriftPercent %d it must be at most %d",
			c.LeaseTicks, c.ElectionTicks, c.LeaseDriftPercent, longest)
	case c.DisableCheckQuorum:
		return fmt.Errorf("raft: LeaseDriftPercent is %d: leases need DisableCheckQuorum to be off", c.LeaseDriftPercent)
	case length <= c.HeartbeatTicks:
		return fmt.Errorf("raft: LeaseDriftPercent is %d, which makes the lease %d ticks with ElectionTicks %d: it must be longer than HeartbeatTicks, which is %d",
			c.LeaseDriftPercent, length, c.ElectionTicks, c.HeartbeatTicks)
	}
	return nil
}

// beginRound notes that a round of heartbeats leaves now. With leases each has a
// context of its own, so that its answers tell when it left.
func (r *Raft) beginRound() {
	l := &r.lease
	if l.ticks == 0 {
		return
	}
	r.pruneLease()
	r.reads.context++
	r.reads.round = r.reads.context
	if n := l.rounds.len(); n > 0 && l.rounds.at(n-1).tick == r.ticks {
		return // the first of this tick asks for less and is as good
	}
	l.rounds.push(leaseRound{r.reads.round, r.ticks, r.clock()})
}

func (r *Raft) pruneLease() {
	for l := &r.lease; l.rounds.len() > 0 && r.ticks-l.rounds.at(0).tick >= l.ticks; {
		l.rounds.pop()
	}
}

// holdsLease reports whether nobody else can lead now: a quorum has heard of a
// round that began within the lease, and no voter's clock is known to be too fast.
func (r *Raft) holdsLease() bool {
	if r.lease.ticks == 0 || r.lease.handedOver || r.transferee != 0 || r.FastClock() != 0 {
		return false
	}
	r.pruneLease()
	if r.lease.rounds.len() == 0 {
		return false
	}
	oldest := r.lease.rounds.at(0).context
	return r.isQuorum(func(p *progress) bool { return p.readContext >= oldest })
}

// end forgets the rounds of a term of leadership.
func (l *lease) end() {
	l.rounds.clear()
	l.handedOver = false
}

// promiseQuiet makes this node stay out of elections for an election timeout.
func (r *Raft) promiseQuiet() {
	if r.lease.ticks > 0 {
		r.promise = r.ticks + uint64(r.cfg.ElectionTicks)
	}
}

// hasPromised reports whether a leader may still rely on this node's silence.
func (r *Raft) hasPromised() bool { return r.ticks < r.promise }
