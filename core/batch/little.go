package batch

import "time"

// little is policy Adaptive. It begins as Natural, and finds out by trying whether
// more batches in flight, or a short wait with none in flight, shorten the mean time
// from Push to Done. By Little's law (Operations Research 9(3), 1961) that time is
// the mean number of items on their way, over the rate at which they are done; both can
// be seen here, whatever the path is like. climb.go says when it tries what.
//
// The other estimators that were tried, and how they did: docs/batching.md.
type little struct {
	gait  int // in gaits
	climb climb

	now    time.Time // of the last event
	leftAt time.Time // when a batch left last
	doneAt time.Time // when one was done last
	queued int       // items
	flying int

	epoch  epoch
	settle int // items still on their way that began under another gait: they belong to no epoch
	seen   measured
}

// gait is a way to go.
type gait struct {
	// window is the number of batches in flight that has new ones wait. Where it is
	// not one, batches leave a round trip over window apart at least: in a burst they
	// would fill the window with single items, and whoever came then would wait
	// for a whole round trip.
	window int

	// wait is how long to wait for company with nothing in flight, as a part of a
	// round trip. Callers in a closed loop come back together.
	wait float64
}

// gaits are in the order of how long they wait, so that the neighbours of each are
// what to try next.
var gaits = [...]gait{{1, 0.5}, {1, 0}, {2, 0}, {4, 0}, {8, 0}}

// naturalGait is what policy Natural does.
const naturalGait = 1

// An epoch is long enough that the batch which happens to be under way at its edges
// does not decide what comes out, nor a collection of garbage or a slice of the
// kernel's scheduler.
const (
	epochItems   = 64
	epochBatches = 32
	epochTime    = 5 * time.Millisecond

	// hopeless is how many times longer things may take in a trial before it is broken off.
	hopeless = 1.3
)

// minCompany is the number of items expected to come in a wait below which nobody waits.
const minCompany = 0.5

// epoch is a stretch of time with one gait.
type epoch struct {
	began    time.Time
	inSystem float64 // the integral of items queued or in flight over time, in nanoseconds
	inFlight float64 // of those in flight
	items    int     // done
	batches  int     // done
}

// measured is what came out of an epoch.
type measured struct {
	time float64 // from Push to Done, mean, in nanoseconds
	trip float64 // from Next to Done
	rate float64 // items per nanosecond
}

func newLittle() *little {
	return &little{gait: naturalGait, climb: newClimb()}
}

// hold implements estimator.
func (l *little) hold(first time.Time, s Situation) time.Time {
	g := gaits[l.gait]
	switch {
	case s.InFlight >= g.window:
		return time.Time{}
	case g.window > 1:
		return later(first, l.leftAt.Add(time.Duration(l.seen.trip/float64(g.window))))
	case g.wait*l.seen.trip*l.seen.rate < minCompany:
		return first
	}
	return later(first, l.doneAt).Add(time.Duration(g.wait * l.seen.trip))
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// arrived implements estimator.
func (l *little) arrived(now time.Time) {
	l.advance(now)
	l.queued++
}

// left implements estimator.
func (l *little) left(items int, now time.Time) {
	l.advance(now)
	l.queued -= items
	l.flying += items
	l.leftAt = l.now
}

// removed implements estimator.
func (l *little) removed(items int) { l.queued -= items }

// done implements estimator.
func (l *little) done(items int, now time.Time) {
	l.advance(now)
	l.flying = max(0, l.flying-items)
	l.doneAt = l.now
	if l.settle > 0 {
		l.settle -= items
		l.epoch = epoch{began: l.now}
		return
	}
	e := &l.epoch
	e.items += items
	e.batches++
	if l.hopeless() || e.items >= epochItems && e.batches >= epochBatches && l.now.Sub(e.began) >= epochTime {
		l.judge()
	}
}

// hopeless reports whether a trial need not go on to be seen to fail.
func (l *little) hopeless() bool {
	e := &l.epoch
	return l.climb.away && e.batches >= epochBatches/4 && e.inSystem > hopeless*l.climb.home.time*float64(e.items)
}

// advance brings the integrals up to now. Callers read the clock before they take
// their lock, so now may lie a little before the last event.
func (l *little) advance(now time.Time) {
	if l.now.IsZero() {
		l.now, l.epoch.began = now, now
	}
	d := float64(now.Sub(l.now))
	if d <= 0 {
		return
	}
	l.epoch.inSystem += d * float64(l.queued+l.flying)
	l.epoch.inFlight += d * float64(l.flying)
	l.now = now
}

// judge ends the epoch and begins another.
func (l *little) judge() {
	e := &l.epoch
	n := float64(e.items)
	m := measured{
		time: max(1, e.inSystem/n),
		trip: max(1, e.inFlight/n),
		rate: n / max(1, float64(l.now.Sub(e.began))),
	}
	if !l.climb.away {
		l.seen = m
	}
	if step := l.climb.next(l.gait, m); step != 0 {
		l.gait += step
		l.settle = l.queued + l.flying
	}
	l.epoch = epoch{began: l.now}
}
