package unary

import (
	"errors"
	"sync/atomic"

	"github.com/raftbench/raftbench/core"
)

// Counters are what only the library's side of a transport can count. They may
// be added to concurrently, at any time.
type Counters struct {
	Writes       atomic.Uint64 // writes to connections, if the transport does them itself
	Dials        atomic.Uint64 // Dialer counts these two
	DialFailures atomic.Uint64
	BadFrames    atomic.Uint64 // connections ended, or answers refused, because they were not a message
}

// tally is what the lifter counts.
type tally struct {
	calls, requests, panics                   atomic.Uint64
	overflows, timeouts, unavailables, broken atomic.Uint64
}

// ended counts a call that ended with err.
func (t *tally) ended(err error) {
	switch {
	case err == nil:
	case errors.Is(err, core.ErrOverflow):
		t.overflows.Add(1)
	case errors.Is(err, core.ErrTimeout):
		t.timeouts.Add(1)
	case errors.Is(err, core.ErrUnavailable):
		t.unavailables.Add(1)
	case errors.Is(err, core.ErrBroken):
		t.broken.Add(1)
	}
}

// Stats implements core.Meter.
func (t *Transport) Stats() core.TransportStats {
	return core.TransportStats{
		Calls:         t.tally.calls.Load(),
		Requests:      t.tally.requests.Load(),
		Writes:        t.counters.Writes.Load(),
		Overflows:     t.tally.overflows.Load(),
		Timeouts:      t.tally.timeouts.Load(),
		Unavailable:   t.tally.unavailables.Load(),
		Broken:        t.tally.broken.Load(),
		Dials:         t.counters.Dials.Load(),
		DialFailures:  t.counters.DialFailures.Load(),
		HandlerPanics: t.tally.panics.Load(),
		BadFrames:     t.counters.BadFrames.Load(),
		Peers:         t.peers.Load().stats(),
	}
}
