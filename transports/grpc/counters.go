package grpc

import (
	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/transports/unary"
)

// counters are what an endpoint in mode=stream counts; see core.TransportStats.
type counters struct {
	core.CallCounters
	unary.Counters // what both modes count
}

func (n *counters) stats() core.TransportStats {
	s := n.CallCounters.Stats()
	s.Dials, s.DialFailures = n.Dials.Load(), n.DialFailures.Load()
	s.Exhausted = n.Exhausted.Load()
	s.BadFrames = n.BadFrames.Load()
	return s
}
