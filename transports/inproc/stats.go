package inproc

import (
	"errors"
	"slices"
	"sync/atomic"

	"github.com/raftbench/raftbench/core"
)

// stats counts what an endpoint did.
type stats struct {
	calls, requests, panics                  atomic.Uint64
	overflows, timeouts, unavailable, broken atomic.Uint64
}

// ended counts a call that ended with err, or well.
func (s *stats) ended(err error) {
	switch {
	case err == nil:
	case errors.Is(err, core.ErrOverflow):
		s.overflows.Add(1)
	case errors.Is(err, core.ErrTimeout):
		s.timeouts.Add(1)
	case errors.Is(err, core.ErrUnavailable):
		s.unavailable.Add(1)
	case errors.Is(err, core.ErrBroken):
		s.broken.Add(1)
	}
}

// Stats implements core.Meter. There is no breaker: an endpoint that does not
// exist costs one look into a table.
func (e *endpoint) Stats() core.TransportStats {
	s := core.TransportStats{
		Calls:         e.stats.calls.Load(),
		Requests:      e.stats.requests.Load(),
		Overflows:     e.stats.overflows.Load(),
		Timeouts:      e.stats.timeouts.Load(),
		Unavailable:   e.stats.unavailable.Load(),
		Broken:        e.stats.broken.Load(),
		HandlerPanics: e.stats.panics.Load(),
	}
	for _, l := range e.allLinks() {
		s.Peers = append(s.Peers, core.PeerStats{Peer: l.to})
	}
	slices.SortFunc(s.Peers, func(a, b core.PeerStats) int { return int(a.Peer) - int(b.Peer) })
	return s
}
