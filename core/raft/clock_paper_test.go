package raft

import (
	"testing"

	"github.com/raftbench/raftbench/core"
)

// tellTime answers a round as a follower whose clock reads so much.
func (n *testNode) tellTime(from core.NodeID, context, clock uint64) {
	n.t.Helper()
	p := n.peer(from)
	n.respond(&core.AppendEntriesResponse{
		From: from, Term: n.Term(), Success: true, PrevIndex: p.match, Match: p.match, Session: p.session, ReadContext: context, Clock: clock,
	})
}

// caughtAfter has 2 tell its clock's reading in each of a thousand ticks of a leader that
// began at tick 1. It returns the tick in which it was found to be fast; 0 if it was not.
func (n *testNode) caughtAfter(reading func(tick uint64) uint64) int {
	n.t.Helper()
	for tick := 1; tick <= 1000; tick++ {
		n.tellTime(2, n.beat(), reading(uint64(tick)))
		if len(n.fast) > 0 {
			return tick
		}
	}
	return 0
}

// The declared drift is 10%: a clock that keeps to it is never found to be fast, however
// long it is watched and whatever its phase, and one that does not always is, the sooner
// the more it is.
func TestClockBeyondTheDriftIsFound_6_4_1(t *testing.T) {
	for _, c := range []struct{ percent, soonest, latest int }{
		{50, 0, 0}, {100, 0, 0}, {110, 0, 0}, {111, 110, 220}, {115, 22, 45}, {120, 11, 25}, {150, 3, 8}, {200, 2, 6}, {400, 2, 3},
	} {
		for _, phase := range []uint64{1000, 1033, 1099} {
			n := newLeaser(t)
			got := n.caughtAfter(func(tick uint64) uint64 { return (phase + tick*uint64(c.percent)) / 100 })
			if got < c.soonest || got > c.latest {
				t.Errorf("a clock of %d%% is found after %d ticks, want %d to %d", c.percent, got, c.soonest, c.latest)
			}
		}
	}
}

// What begins after a long time of good behaviour is found as soon.
func TestClockThatBecomesFastIsFound_6_4_1(t *testing.T) {
	n := newLeaser(t)
	got := n.caughtAfter(func(tick uint64) uint64 { return 50 + tick + max(tick, 800) - 800 })
	if got < 803 || got > 806 {
		t.Fatalf("found after %d ticks, want a few after 800", got)
	}
}

// The proof ends the lease and not the work: reads ask for rounds from now on, also in a
// later term, until the voter has left.
func TestFastClockEndsTheLease_6_4_1(t *testing.T) {
	n := newLeaser(t)
	if n.caughtAfter(func(tick uint64) uint64 { return 2 * tick }) == 0 || n.FastClock() != 2 || n.Status().FastClock != 2 {
		t.Fatalf("a clock of twice the speed is not found: %v", n.FastClock())
	}
	if n.fast[0].Voter != 2 || 10*n.fast[0].Theirs < 11*n.fast[0].Ours {
		t.Fatalf("no proof: %+v", n.fast[0])
	}
	byRound := func() {
		t.Helper()
		context := n.beat()
		n.tellTime(2, context, 1)
		n.tellTime(3, context, 1)
		if n.answered() || n.Status().HoldsLease {
			t.Fatal("a lease rests on a clock that was found to be fast")
		}
		before := len(n.reads)
		n.confirm(3, n.Raft.reads.round)
		if len(n.reads) != before+1 {
			t.Fatal("the round does not answer the read")
		}
	}
	byRound()
	n.append(core.AppendEntriesRequest{From: 3, Term: n.Term() + 1})
	n.ticks(25)
	n.lead()
	n.ack(3, n.LastIndex())
	byRound()
	if len(n.fast) != 1 {
		t.Fatalf("found %d times: %+v", len(n.fast), n.fast)
	}
	n.change(config(voters(1, 3)))
	n.ackAll(2, 3)
	n.ackAll(2, 3)
	n.confirm(3, n.beat())
	if n.FastClock() != 0 || !n.answered() {
		t.Fatalf("no lease after it has left: %v", n.FastClock())
	}
}

// An answer that was long under way says little, and blames nobody.
func TestLateReadingsBlameNobody_6_4_1(t *testing.T) {
	for _, delay := range []int{0, 1, 3, 7, 12} {
		n := newLeaser(t)
		var under []uint64
		for tick := 1; tick <= 300; tick++ {
			under = append(under, n.beat())
			// Every fifth answer comes at once, the others after the delay.
			if tick%5 == 0 {
				n.tellTime(2, under[len(under)-1], uint64(100+tick))
			} else if at := len(under) - 1 - delay; at >= 0 {
				n.tellTime(2, under[at], uint64(101+at))
			}
			n.confirm(3, under[len(under)-1])
		}
		if len(n.fast) > 0 {
			t.Errorf("delays of %d ticks: %+v", delay, n.fast)
		}
	}
}

// A voter that starts again counts from zero; answers of its former life may come when
// those of the new one are known.
func TestRestartedClockBlamesNobody_6_4_1(t *testing.T) {
	n := newLeaser(t)
	late, old := n.beat(), n.beat() // late is delivered to the next life
	n.tellTime(2, late, 3)
	n.tellTime(2, old, 1000) // from before the crash
	for tick := range 20 {
		n.tellTime(2, n.beat(), uint64(4+tick))
	}
	if len(n.fast) > 0 {
		t.Fatalf("blamed: %+v", n.fast)
	}
	if n.caughtAfter(func(tick uint64) uint64 { return 24 + 2*tick }) == 0 {
		t.Fatal("the next life is not watched")
	}
}

// A leader that is held up for longer than its driver tells in ticks has lost no time.
func TestSkippedTicksAreTime_6_4_1(t *testing.T) {
	for _, skipped := range []uint64{0, 40} {
		n := newLeaser(t)
		n.tellTime(2, n.beat(), 100)
		n.Skip(skipped)
		n.ticks(8)
		n.tellTime(2, n.beat(), 149)
		if (len(n.fast) > 0) != (skipped == 0) {
			t.Errorf("%d ticks skipped: %+v", skipped, n.fast)
		}
	}
	voter := newNode(t, 0, nil, leases)
	voter.ticks(3)
	voter.Skip(40)
	if a := voter.append(core.AppendEntriesRequest{From: 2, Term: 1, ReadContext: 5}); a.Clock != 43 {
		t.Errorf("a voter tells %d, want 43", a.Clock)
	}
}

// A driver takes in what has come before it looks at its clock: what it tells afterwards
// counts, for who compares and for who is read.
func TestReadingsWaitForTheDriversTime_6_4_1(t *testing.T) {
	n := newLeaser(t)
	n.tellTime(2, n.beat(), 100)
	context, p := n.beat(), n.peer(2)
	n.StepResponse(&core.AppendEntriesResponse{From: 2, Term: n.Term(), Success: true, Match: p.match, Session: p.session, ReadContext: context, Clock: 109})
	for range 7 {
		n.Tick()
	}
	if n.drain(); len(n.fast) > 0 {
		t.Errorf("compared before the time was told: %+v", n.fast)
	}
	voter := newNode(t, 0, nil, leases)
	voter.token++
	if err := voter.Step(voter.token, &core.AppendEntriesRequest{From: 2, Term: 1, ReadContext: 5}); err != nil {
		t.Fatal(err)
	}
	voter.Tick()
	voter.Skip(30)
	voter.drain()
	if a := voter.answers[voter.token].(*core.AppendEntriesResponse); a.Clock != 31 {
		t.Errorf("a voter that was held up for 31 ticks tells %d", a.Clock)
	}
}

// Nothing is told where there are no leases, nor without a round, nor by a node that may
// have forgotten what it did.
func TestClockIsToldWhereLeasesRestOnIt_6_4_1(t *testing.T) {
	newborn := func(c *Config) { c.Newborn = 1 }
	for name, c := range map[string]struct {
		change  []func(*Config)
		context uint64
		want    uint64
	}{
		"with leases": {[]func(*Config){leases}, 5, 7}, "without": {nil, 5, 0},
		"without a round": {[]func(*Config){leases}, 0, 0}, "newborn": {[]func(*Config){leases, newborn}, 5, 0},
	} {
		n := newNode(t, 0, nil, c.change...)
		n.ticks(7)
		if a := n.append(core.AppendEntriesRequest{From: 2, Term: 1, ReadContext: c.context}); a.Clock != c.want {
			t.Errorf("%s: clock %d, want %d", name, a.Clock, c.want)
		}
	}
}

// No lease rests on the promise of a learner, and none on what is told out of turn.
func TestReadingsThatDoNotMatter_6_4_1(t *testing.T) {
	n := newLeaser(t)
	n.ack(3, 1)
	n.addLearner(4)
	n.fast = nil
	for tick := range uint64(50) {
		context := n.beat()
		n.tellTime(4, context, 10*tick)
		n.tellTime(3, context+7, 10*tick) // of nobody's asking
		n.confirm(2, context)
	}
	if len(n.fast) > 0 || !n.answered() {
		t.Fatalf("%+v", n.fast)
	}
}

// Readings that make no sense overflow nothing.
func TestAbsurdReadings_6_4_1(t *testing.T) {
	const top = 1<<64 - 1
	for _, c := range []struct {
		readings []uint64
		want     int
	}{{[]uint64{top, 1, 2}, 0}, {[]uint64{1, top, top}, 1}, {[]uint64{top - 1, top, top}, 0}, {[]uint64{top, top, 3}, 0}} {
		n := newLeaser(t)
		for _, reading := range c.readings {
			n.tellTime(2, n.beat(), reading)
		}
		if len(n.fast) != c.want {
			t.Errorf("%v: %+v", c.readings, n.fast)
		}
	}
}

// A lease is refused only for as long as the voter votes.
func TestFastClockOfALearnerDoesNotMatter_6_4_1(t *testing.T) {
	n := newLeaser(t)
	if n.caughtAfter(func(tick uint64) uint64 { return 3 * tick }) == 0 {
		t.Fatal("not found")
	}
	n.ack(3, n.LastIndex())
	n.change(config(voters(1, 3), 2))
	n.ackAll(2, 3)
	n.ackAll(2, 3)
	n.confirm(3, n.beat())
	if n.FastClock() != 0 || !n.answered() {
		t.Fatalf("no lease after %v was demoted", n.FastClock())
	}
}
