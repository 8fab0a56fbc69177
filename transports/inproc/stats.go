package inproc

import (
	"slices"

	"github.com/raftbench/raftbench/core"
)

// Stats implements core.Meter. There is no breaker: an endpoint that does not
// exist costs one look into a table.
func (e *endpoint) Stats() core.TransportStats {
	s := e.stats.Stats()
	for _, l := range e.allLinks() {
		s.Peers = append(s.Peers, core.PeerStats{Peer: l.to})
	}
	slices.SortFunc(s.Peers, func(a, b core.PeerStats) int { return int(a.Peer) - int(b.Peer) })
	return s
}
