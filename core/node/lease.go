package node

import (
	"time"

	"github.com/raftbench/raftbench/core/raft"
)

// With leases the ticks that raft counts must be the time that has passed: a
// ticker drops ticks when the process is held up, and a leader that was stopped
// for a second would go on with a lease that has ended. So they are counted from
// the monotonic clock. When nobody holds leases, dropped ticks are welcome: a
// node that was held up is not hurried into an election.

// tickSource says how many ticks are due. The zero value is not ready for use.
type tickSource struct {
	every time.Duration
	began time.Time
	told  int64 // ticks that raft was told of, or that do not matter any more
}

// due returns the ticks to tell raft of now. At most limit matter to elections and
// leases: those before change nothing that has not changed by then. They are skipped.
func (s *tickSource) due(now time.Time, limit int) (ticks, skipped int) {
	passed := int64(now.Sub(s.began) / s.every)
	n := passed - s.told
	s.told = passed
	ticks = int(min(n, int64(limit)))
	return ticks, int(n) - ticks
}

// leases reports whether leaders hold leases.
func (n *Node) leases() bool { return n.config.LeaseDriftPercent > 0 }

// catchUp tells raft of the time that has passed. It comes after the index of a
// read was taken and before raft decides whether the lease still holds: a node
// that is held up after it looked at the clock answers with what was committed
// before. One tick less than an election timeout ends every lease, and deposes
// nobody who was held up for longer.
func (n *Node) catchUp() {
	if !n.leases() || n.failed != nil {
		return
	}
	ticks, skipped := n.ticks.due(time.Now(), n.config.ElectionTicks-1)
	n.raft.Skip(uint64(skipped))
	for range ticks {
		n.tickOnce()
	}
}

// caught reports clocks that are faster than was declared: an operator has to know, since
// this node holds no leases any more, and others may still.
func (n *Node) caught(clocks []raft.FastClock) {
	for _, c := range clocks {
		n.counters.fastClocks.Add(1)
		n.warn("no leases any more: the clock of %v is faster than this one by more than the %d%% that were declared: it passed %v or more in less than %v of this one",
			c.Voter, n.config.LeaseDriftPercent, time.Duration(c.Theirs)*n.config.Tick, time.Duration(c.Ours)*n.config.Tick)
	}
}
