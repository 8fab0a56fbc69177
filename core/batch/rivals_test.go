package batch

import (
	"math"
	"time"
)

// ewma is the rule of tikv/client-go #1411 ("turbo batch"): wait for company up to
// turboWait, but only if the first items of batches have come at intervals of
// less than 0.8 of that in an exponentially weighted mean; and go as soon as there
// are as many as the last batches had. It does not look at what is in flight.
type ewma struct {
	queued   int
	head     time.Time // when the last first item came
	interval float64   // ns
	size     float64   // of the last batches
}

const turboWait = 100 * time.Microsecond

func newEWMA() estimator { return &ewma{interval: 5 * float64(turboWait)} }

func (e *ewma) arrived(now time.Time) {
	if e.queued++; e.queued > 1 {
		return
	}
	if !e.head.IsZero() {
		e.interval = 0.2*float64(min(now.Sub(e.head), 5*turboWait)) + 0.8*e.interval
	}
	e.head = now
}

func (e *ewma) left(items int, _ time.Time) {
	e.queued -= items
	e.size = 0.2*float64(items) + 0.8*e.size
}

func (e *ewma) removed(items int)   { e.queued -= items }
func (e *ewma) done(int, time.Time) {}

func (e *ewma) hold(first time.Time, _ Situation) time.Time {
	want := math.Floor(e.size)
	if e.size-want >= 0.8 {
		want++
	}
	if e.interval >= 0.8*float64(turboWait) || float64(e.queued) >= max(2, want) {
		return first
	}
	return first.Add(turboWait)
}

// company is the plainest use of Little's law: what comes in a round trip is the rate
// times its length. If that is more than one item, share it evenly among the
// batches that may be in flight, and let nothing smaller go unless the path is free.
type company struct {
	ewma
	depth float64
	came  time.Time
	gap   float64 // ns between items, exponentially weighted
	trip  float64 // ns, as well
	sent  []time.Time
}

func newCompany() estimator { return &company{depth: 4} }

func (c *company) arrived(now time.Time) {
	if !c.came.IsZero() {
		c.gap = 0.02*float64(now.Sub(c.came)) + 0.98*c.gap
	}
	c.came = now
	c.queued++
}

func (c *company) left(items int, now time.Time) {
	c.queued -= items
	c.sent = append(c.sent, now)
}

func (c *company) done(_ int, now time.Time) {
	c.trip = 0.2*float64(now.Sub(c.sent[0])) + 0.8*c.trip
	c.sent = c.sent[1:]
}

func (c *company) hold(first time.Time, s Situation) time.Time {
	if s.InFlight == 0 || float64(c.queued)*c.depth*c.gap >= c.trip {
		return first
	}
	return time.Time{}
}
