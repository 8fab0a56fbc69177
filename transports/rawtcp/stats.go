package rawtcp

import (
	"cmp"
	"slices"
	"sync/atomic"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/transports/dial"
)

// counters count since the endpoint was opened.
type counters struct {
	calls, requests, writes                  atomic.Uint64
	overflows, timeouts, unavailable, broken atomic.Uint64
	dials, dialFailures, exhausted           atomic.Uint64
	handlerPanics, badFrames                 atomic.Uint64
}

// dialFailed counts an attempt to connect that failed.
func (c *counters) dialFailed(err error) {
	c.dialFailures.Add(1)
	if dial.IsExhausted(err) {
		c.exhausted.Add(1)
	}
}

// Stats implements core.Meter.
func (t *transport) Stats() core.TransportStats {
	c := &t.counters
	s := core.TransportStats{
		Calls:         c.calls.Load(),
		Requests:      c.requests.Load(),
		Writes:        c.writes.Load(),
		Overflows:     c.overflows.Load(),
		Timeouts:      c.timeouts.Load(),
		Unavailable:   c.unavailable.Load(),
		Broken:        c.broken.Load(),
		Dials:         c.dials.Load(),
		DialFailures:  c.dialFailures.Load(),
		Exhausted:     c.exhausted.Load(),
		HandlerPanics: c.handlerPanics.Load(),
		BadFrames:     c.badFrames.Load(),
	}
	for _, p := range *t.peers.Load() {
		s.Peers = append(s.Peers, p.breaker.Stats())
	}
	slices.SortFunc(s.Peers, func(a, b core.PeerStats) int { return cmp.Compare(a.Peer, b.Peer) })
	return s
}
