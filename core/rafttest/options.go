package rafttest

import (
	"errors"
	"fmt"
	"io"
)

// Options say which world to run.
type Options struct {
	// Seed decides everything that is left to chance, including which kinds of
	// faults there are.
	Seed uint64

	// Nodes is the size of the cluster, from 1 to 9. Zero means 3 or 5, by seed.
	Nodes int

	// Ticks is how long the faults last, in ticks of a node's clock (an election
	// timeout is 10 to 20). Zero means 400.
	Ticks int

	// Leases leaves only worlds in which leaders hold leases, single messages
	// behave and clients are busy. Those are found among all seeds as well, but
	// not often.
	Leases bool

	// Sessions leaves only worlds in which clients have sessions and send
	// everything several times.
	Sessions bool

	// Turnover leaves only worlds in which leaders, or all voters, are replaced again
	// and again.
	Turnover bool

	// ExcessPercent, if it is not zero, makes the clocks of all other nodes faster than
	// the leader's by so much more than is declared, from some time on. Only worlds with
	// leases are left, and in them stale reads are counted (Result.StaleReads).
	ExcessPercent int

	// Faultless leaves out all that goes wrong beside.
	Faultless bool

	// Trace, if not nil, gets a line for each event.
	Trace io.Writer

	// Bug is seeded into the world to see whether the checks find it.
	Bug Bug
}

func (o Options) withDefaults() (Options, error) {
	if o.Nodes == 0 {
		o.Nodes = 3 + 2*int(o.Seed%2)
	}
	if o.Ticks == 0 {
		o.Ticks = 400
	}
	if o.Nodes < 1 || o.Nodes > 9 {
		return o, fmt.Errorf("rafttest: Nodes is %d: it must be from 1 to 9", o.Nodes)
	}
	if o.Ticks < 0 {
		return o, fmt.Errorf("rafttest: Ticks is %d: it must be positive", o.Ticks)
	}
	if o.ExcessPercent < 0 {
		return o, fmt.Errorf("rafttest: ExcessPercent is %d: it must be positive", o.ExcessPercent)
	}
	o.Leases = o.Leases || o.ExcessPercent > 0
	return o, nil
}

// Hunt runs worlds from the given seed on until one breaks a promise, and returns
// that promise and how many worlds it took. It is nil if none of count did.
func Hunt(o Options, count int) (*Violation, int, error) {
	for n := range count {
		_, err := Run(o)
		if v := new(Violation); errors.As(err, &v) {
			return v, n + 1, nil
		}
		if err != nil {
			return nil, n, err
		}
		o.Seed++
	}
	return nil, count, nil
}

// Result counts what happened, so that a test can see that a run was not idle.
type Result struct {
	Ticks         int // of virtual time, the healing included
	Events        int // of all kinds
	Elections     int // leaders that were elected
	Crashes       int
	Partitions    int
	Writes        int // proposed commands whose clients were told of success
	Reads         int // answered
	ReadsLost     int
	Snapshots     int // that were installed by a follower
	Taken         int // snapshots
	Resumed       int // streams of a snapshot that went on where another had stopped
	Transfers     int // asked for
	Changes       int // of members that began
	LeaseReads    int // answered at once, because of a lease
	FollowerReads int // answered by another node than the one that confirmed them
	StaleReads    int // where clocks break their bound: of those answered

	FastClocks     int // voters of whose clocks a leader found that they are too fast
	FastClockTicks int // that it took in all, from when clocks broke their bound or the leader was elected
	FastClockMost  int // that one of them took

	Pauses        int // of a node that was held up
	DiskErrors    int // writes that failed
	SessionWrites int // of clients with sessions, who were told of success
	Copies        int // answers that such clients got again
	Stale         int // copies that came when nobody would ask for their answer any more
	Expired       int // sessions whose clients were told that they had expired
	Wipes         int // disks that were lost
	Torn          int // writes of which a part survived a crash
	Lost          int // requests and responses that did not arrive
	Doubled       int // requests that arrived twice
	Truncated     int // entries that were replaced in a log
	HealedWithin  int // ticks from the end of the faults until all was well
}

// Violation says which promise was broken.
type Violation struct {
	Seed    uint64
	Nodes   int
	Event   int
	Promise string // such as "election safety"
	Detail  string
}

func (v *Violation) Error() string {
	return fmt.Sprintf("seed %d, %d nodes, event %d: %s: %s", v.Seed, v.Nodes, v.Event, v.Promise, v.Detail)
}
