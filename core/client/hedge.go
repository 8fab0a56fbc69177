package client

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/batch"
	"github.com/raftbench/raftbench/core/timer"
)

// Hedge sends reads a second time if the first answer takes long: to the leader, or to
// the next node that reads may go to (Config.ReadFrom), over connections of its own ("The Tail at Scale",
// Dean and Barroso, 2013). The first answer counts and the other call is cancelled.
// Commands are never hedged. The zero value does nothing, at no cost.
type Hedge struct {
	// After is how long to wait before the second call.
	After time.Duration

	// Quantile waits as long as that share of recent reads took, such as 0.95,
	// instead. Until there are enough of them nothing is hedged.
	Quantile float64

	// Open opens the endpoint of the second calls; as Config.Open, under a name of
	// its own.
	Open func(core.Handler) (core.Transport, error)
}

// On reports whether reads are hedged.
func (h Hedge) On() bool { return h.After > 0 || h.Quantile > 0 }

// String is when reads are hedged, as on a command line: "5ms", "p95" or "off".
func (h Hedge) String() string {
	switch {
	case h.Quantile > 0:
		return fmt.Sprintf("p%.4g", 100*h.Quantile)
	case h.After > 0:
		return h.After.String()
	}
	return "off"
}

func (h Hedge) validate() error {
	switch {
	case h.After < 0:
		return fmt.Errorf("client: Hedge.After %v: must not be negative", h.After)
	case !(h.Quantile >= 0 && h.Quantile < 1):
		return fmt.Errorf("client: Hedge.Quantile %v: want 0 to below 1", h.Quantile)
	case h.After > 0 && h.Quantile > 0:
		return errors.New("client: Hedge has both a time and a quantile: want one of them")
	case h.On() && h.Open == nil:
		return errors.New("client: Hedge.Open is required")
	}
	return nil
}

// hedging is the client's part of Hedge. The client's lock guards waiting and
// recent.
type hedging struct {
	Hedge
	transport core.Transport
	timer     *timer.Timer // exact: a hedge is worth its while within a round trip or two
	waiting   []*flight    // first calls that are not answered and not hedged; at most Depth
	recent    recent       // how long reads took
}

// open opens the second endpoint, if there are to be hedges.
func (h *hedging) open(c *Client) error {
	if h.Hedge = c.config.Hedge; !h.On() {
		return nil
	}
	h.recent.quantile = h.Quantile
	t, err := h.Open((*secondHandler)(c))
	if err != nil {
		return fmt.Errorf("client %d: hedges: %w", c.config.Self, err)
	}
	h.transport = t
	h.timer = timer.New(c.keep)
	return nil
}

// delay is how long a read has before it is hedged.
func (h *hedging) delay() (time.Duration, bool) {
	if h.After > 0 {
		return h.After, true
	}
	return h.recent.value, h.recent.value > 0
}

// watch has a call that leaves now hedged in time.
func (h *hedging) watch(f *flight, now time.Time) {
	f.left = now
	if delay, ok := h.delay(); ok {
		f.hedgeAt = now.Add(delay)
		h.waiting = append(h.waiting, f)
		h.timer.WakeAt(f.hedgeAt)
	}
}

// answered notes that reads have come back, and after how long if they were
// answered: a node that cannot says so at once.
func (h *hedging) answered(f *flight, now time.Time) {
	h.forget(f)
	if h.Quantile > 0 && f.answered() {
		h.recent.add(now.Sub(f.left))
	}
}

func (h *hedging) forget(f *flight) {
	if i := slices.Index(h.waiting, f); i >= 0 {
		h.waiting = slices.Delete(h.waiting, i, i+1)
	}
}

// hedge makes the second calls that are due. The lock is held.
func (c *Client) hedge(now time.Time) []*core.Call {
	var calls []*core.Call
	h := &c.hedging
	if c.closed {
		return nil
	}
	for _, f := range slices.Clone(h.waiting) {
		if now.Before(f.hedgeAt) {
			h.timer.WakeAt(f.hedgeAt)
			continue
		}
		h.forget(f)
		if !f.alive(now) {
			continue
		}
		if !c.budget.withdraw(now) {
			c.attempts.Refused++
			continue
		}
		c.attempts.Hedges++
		calls = append(calls, c.secondOf(f, now))
	}
	return calls
}

// secondOf makes a second call of the same reads. It has memory of its own: it may
// outlive the first.
func (c *Client) secondOf(first *flight, now time.Time) *core.Call {
	f := c.takeFlight(first.lane)
	f.address(first.lane, first.ops, c.target(first.lane, len(first.ops), now), now)
	f.second, f.left = true, first.left
	c.readRequest(f)
	f.twin, first.twin = first, f
	return &f.call
}

// decided settles which of two calls for the same reads counts, once one of them
// has ended: the first that was answered, or else the last. It reports whether f
// does; a call that lost is added to losers, to be cancelled. The lock is held.
func (c *Client) decided(f *flight, losers []*core.Call) (bool, []*core.Call) {
	other := f.twin
	if other == nil {
		return true, losers
	}
	f.twin, other.twin = nil, nil
	if !f.answered() {
		return false, losers // the other one may be answered yet
	}
	if f.second {
		c.attempts.HedgeWins++
	}
	other.lost = true
	if other.aloft {
		losers = append(losers, &other.call)
	}
	return true, losers
}

// answered reports whether the reads were answered.
func (f *flight) answered() bool {
	return f.call.Err == nil && f.readResponse.Status == core.StatusOK
}

// launched notes that reads have been given to a transport, so that they can be
// cancelled: a call that lost before it was sent is cancelled here.
func (c *Client) launched(calls []*core.Call) {
	var losers []*core.Call
	c.mu.Lock()
	for _, call := range calls {
		if call.Request.Kind() != core.KindRead {
			continue
		}
		f := call.Tag.(*flight)
		f.aloft = true
		if f.lost {
			losers = append(losers, call)
		}
	}
	c.mu.Unlock()
	c.cancel(losers)
}

// cancel ends calls that lost. Flights of reads that may be hedged are not used
// again: a call that ended meanwhile would be hit in its next life.
func (c *Client) cancel(losers []*core.Call) {
	for _, call := range losers {
		t := c.transport
		if call.Tag.(*flight).second {
			t = c.hedging.transport
		}
		t.Cancel([]*core.Call{call})
	}
}

// recentWindow is how many reads a quantile is taken of: enough for p95, and few
// enough to follow a cluster that changes.
const recentWindow = 256

// recent is a quantile of the latest whole window of times.
type recent struct {
	quantile float64
	value    time.Duration // zero: none yet
	times    batch.Histogram
	n        int
}

func (r *recent) add(d time.Duration) {
	r.times.Record(int64(d))
	if r.n++; r.n < recentWindow {
		return
	}
	rank := uint64(r.quantile * recentWindow)
	for value, n := range r.times.Buckets() {
		if r.value = time.Duration(value); rank < n {
			break
		}
		rank -= n
	}
	r.times, r.n = batch.Histogram{}, 0
}
