package core

import (
	"errors"
	"sync/atomic"
)

// CallCounters count what every transport can count, whatever its library: the
// part of TransportStats about calls and requests. Use is concurrent.
type CallCounters struct {
	Calls         atomic.Uint64 // given to Send
	Requests      atomic.Uint64 // delivered to Receive
	HandlerPanics atomic.Uint64

	overflows, timeouts, unavailable, broken atomic.Uint64
}

// Ended counts a call that has ended with err, or well.
func (c *CallCounters) Ended(err error) {
	switch {
	case err == nil:
	case errors.Is(err, ErrOverflow):
		c.overflows.Add(1)
	case errors.Is(err, ErrTimeout):
		c.timeouts.Add(1)
	case errors.Is(err, ErrUnavailable):
		c.unavailable.Add(1)
	case errors.Is(err, ErrBroken):
		c.broken.Add(1)
	}
}

// Stats returns what was counted; the other fields are the transport's to fill.
func (c *CallCounters) Stats() TransportStats {
	return TransportStats{
		Calls:         c.Calls.Load(),
		Requests:      c.Requests.Load(),
		Overflows:     c.overflows.Load(),
		Timeouts:      c.timeouts.Load(),
		Unavailable:   c.unavailable.Load(),
		Broken:        c.broken.Load(),
		HandlerPanics: c.HandlerPanics.Load(),
	}
}
