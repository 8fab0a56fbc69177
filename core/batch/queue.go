package batch

import "time"

// Reason says why a batch closed.
type Reason uint8

// The reasons.
const (
	Open     Reason = iota // the batch has not closed
	Full                   // it holds SizeBytes, or Ops
	Idle                   // nothing was in flight
	Expired                // Linger has passed since its first item
	SoleItem               // nobody else can join: everyone who could is waiting already
	Single                 // policy None
	Ripe                   // policy Adaptive: to wait for more does not pay
)

// NumReasons is the number of reasons, for arrays indexed by Reason.
const NumReasons = int(Ripe) + 1

func (r Reason) String() string {
	return [NumReasons]string{"open", "full", "idle", "expired", "sole item", "single", "ripe"}[r]
}

// Situation is what a decision depends on besides the queue.
type Situation struct {
	Now      time.Time
	InFlight int // batches on their way

	// Sole: no further item can arrive before this one is done, because its one
	// caller waits for it. Lingering for it would be waiting for nobody (the
	// lesson of franz-go 1.20 and rueidis).
	Sole bool
}

// Queue gathers items of type T into batches, first in, first out. One user at a time.
type Queue[T any] struct {
	config Config
	items  []item[T]
	head   int // items before it have been taken
	ops    int // the sum over the items still queued
	bytes  int // as well
	batch  []T // the memory of the batch handed out last
	stats  Stats

	adapt estimator // of policy Adaptive
	ripe  time.Time // when adapt would let the batch go; zero: when something happens
}

type item[T any] struct {
	value T
	ops   int
	bytes int
	since time.Time
}

// estimator is what policy Adaptive knows and decides: a pure function of the
// times that it is told.
type estimator interface {
	arrived(now time.Time)         // an item
	left(items int, now time.Time) // in one batch
	done(items int, now time.Time) // of one batch
	removed(items int)             // from the queue, without having left

	// hold says until when a batch had better wait whose first item came at first:
	// zero for until something happens.
	hold(first time.Time, s Situation) time.Time
}

// NewQueue makes an empty queue. The config must be valid.
func NewQueue[T any](c Config) *Queue[T] {
	c = c.WithDefaults()
	q := &Queue[T]{config: c, stats: Stats{Linger: c.Linger}}
	if c.Policy == Adaptive {
		q.adapt = newLittle()
	}
	return q
}

// Push adds an item of so many operations and bytes, at the given time.
func (q *Queue[T]) Push(value T, ops, bytes int, now time.Time) {
	q.items = append(q.items, item[T]{value, ops, bytes, now})
	q.ops += ops
	q.bytes += bytes
	if q.adapt != nil {
		q.adapt.arrived(now)
	}
}

// Len is the number of items queued.
func (q *Queue[T]) Len() int { return len(q.items) - q.head }

// Bytes is the size of the items queued.
func (q *Queue[T]) Bytes() int { return q.bytes }

// First is the item that has waited longest, if there is one.
func (q *Queue[T]) First() (first T, ok bool) {
	if q.Len() > 0 {
		return q.items[q.head].value, true
	}
	return first, false
}

// Next closes a batch if the policy says so and returns it with the reason, or
// nil and Open. The slice is valid until the next call.
func (q *Queue[T]) Next(s Situation) ([]T, Reason) {
	reason := q.decide(s)
	if reason == Open {
		return nil, Open
	}
	since, bytes := q.items[q.head].since, q.bytes
	list := q.take()
	q.stats.add(reason, len(list), bytes-q.bytes, s.Now.Sub(since))
	if q.adapt != nil {
		q.adapt.left(len(list), s.Now)
	}
	return list, reason
}

// Done tells that items of a batch have come to their end. Policy Adaptive learns from
// it; the others need not be told.
func (q *Queue[T]) Done(items int, now time.Time) {
	if q.adapt != nil {
		q.adapt.done(items, now)
	}
}

// Learns reports whether the policy wants to be told what is Done.
func (q *Queue[T]) Learns() bool { return q.adapt != nil }

// Stats tells what became of what Next handed out. It is the queue's own: copy
// it where others are to read it.
func (q *Queue[T]) Stats() *Stats { return &q.stats }

func (q *Queue[T]) decide(s Situation) Reason {
	switch {
	case q.Len() == 0:
		return Open
	case q.config.Policy == None:
		return Single
	case q.full():
		return Full
	case q.config.Policy == Natural && s.InFlight == 0:
		return Idle
	case q.config.Policy == Natural:
		return Open
	case s.Sole:
		return SoleItem
	case q.config.Linger > 0 && s.Now.Sub(q.items[q.head].since) >= q.config.Linger:
		return Expired
	case q.config.Policy == Adaptive:
		return q.weigh(s)
	}
	return Open
}

func (q *Queue[T]) full() bool {
	return q.bytes >= q.config.SizeBytes || (q.config.Ops > 0 && q.ops >= q.config.Ops)
}

// weigh decides for policy Adaptive.
func (q *Queue[T]) weigh(s Situation) Reason {
	first := q.items[q.head].since
	q.ripe = q.adapt.hold(first, s)
	switch {
	case q.ripe.IsZero() || q.ripe.After(s.Now):
		return Open
	case s.InFlight == 0 && !q.ripe.After(first):
		return Idle
	}
	return Ripe
}

// take removes one batch: items up to SizeBytes and Ops, but at least one; one
// under None.
func (q *Queue[T]) take() []T {
	q.batch = q.batch[:0]
	ops, size := 0, 0
	for q.head < len(q.items) {
		it := &q.items[q.head]
		if len(q.batch) > 0 && !q.fits(ops+it.ops, size+it.bytes) {
			break
		}
		q.batch = append(q.batch, it.value)
		ops += it.ops
		size += it.bytes
		*it = item[T]{} // drop the references
		q.head++
	}
	q.ops -= ops
	q.bytes -= size
	q.compact()
	return q.batch
}

// fits reports whether a batch may be as large, if it is not one item.
func (q *Queue[T]) fits(ops, bytes int) bool {
	return q.config.Policy != None && bytes <= q.config.SizeBytes && (q.config.Ops == 0 || ops <= q.config.Ops)
}

// compact moves the rest to the front once more than half has been taken.
func (q *Queue[T]) compact() {
	if 2*q.head < len(q.items) {
		return
	}
	n := copy(q.items, q.items[q.head:])
	clear(q.items[n:])
	q.items, q.head = q.items[:n], 0
}

// Deadline is the time at which to call Next again if nothing has happened before:
// when the batch that is gathering has lingered. It is up to date after a Next
// that returned Open.
func (q *Queue[T]) Deadline() (time.Time, bool) {
	if q.Len() == 0 {
		return time.Time{}, false
	}
	var at time.Time
	if q.config.Linger > 0 {
		at = q.items[q.head].since.Add(q.config.Linger)
	}
	if q.adapt != nil && !q.ripe.IsZero() && (at.IsZero() || q.ripe.Before(at)) {
		at = q.ripe
	}
	return at, !at.IsZero()
}

// Lingers reports whether batches may wait for a time to come, so that somebody has to
// look at Deadline.
func (c Config) Lingers() bool {
	p := c.WithDefaults().Policy
	return p == Linger || p == Adaptive
}

// Remove takes out the items for which gone reports true; the others keep their
// order and their times.
func (q *Queue[T]) Remove(gone func(T) bool) []T {
	var removed []T
	kept := q.items[:0]
	for _, it := range q.items[q.head:] {
		if gone(it.value) {
			removed = append(removed, it.value)
			q.ops -= it.ops
			q.bytes -= it.bytes
			continue
		}
		kept = append(kept, it)
	}
	clear(q.items[len(kept):])
	q.items, q.head = kept, 0
	if q.adapt != nil {
		q.adapt.removed(len(removed))
	}
	return removed
}

// Drain removes and returns everything, regardless of policy.
func (q *Queue[T]) Drain() []T {
	return q.Remove(func(T) bool { return true })
}
