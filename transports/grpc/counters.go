package grpc

import (
	"errors"
	"sync/atomic"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/transports/unary"
)

// counters are what an endpoint in mode=stream counts; see core.TransportStats.
type counters struct {
	unary.Counters // what both modes count

	calls, requests, handlerPanics           atomic.Uint64
	overflows, timeouts, unavailable, broken atomic.Uint64
}

// ended counts how a call ended.
func (n *counters) ended(err error) {
	switch {
	case err == nil:
	case errors.Is(err, core.ErrOverflow):
		n.overflows.Add(1)
	case errors.Is(err, core.ErrTimeout):
		n.timeouts.Add(1)
	case errors.Is(err, core.ErrUnavailable):
		n.unavailable.Add(1)
	case errors.Is(err, core.ErrBroken):
		n.broken.Add(1)
	}
}

func (n *counters) stats() core.TransportStats {
	return core.TransportStats{
		Calls:         n.calls.Load(),
		Requests:      n.requests.Load(),
		Overflows:     n.overflows.Load(),
		Timeouts:      n.timeouts.Load(),
		Unavailable:   n.unavailable.Load(),
		Broken:        n.broken.Load(),
		Dials:         n.Dials.Load(),
		DialFailures:  n.DialFailures.Load(),
		HandlerPanics: n.handlerPanics.Load(),
		BadFrames:     n.BadFrames.Load(),
	}
}
