// Package batch decides when a batch closes. It is used in two places, for all
// transports alike: on each client link, where a batch is one Propose, and on
// the leader's proposals, where a batch is one log write and one AppendEntries
// per follower. No transport has a batching stage of its own (docs/decisions).
//
// SizeBytes and Linger mean what batch.size and linger.ms mean in Kafka's
// producer. A Queue is a pure function of its inputs and of the times it is
// told: it has no clock, no goroutine and no lock. It keeps count of what its
// batches were like (Stats), in histograms of fixed size that others may use, too.
package batch

import (
	"fmt"
	"time"
)

// Policy says what a batch waits for.
type Policy string

const (
	// None sends every item alone, at once.
	None Policy = "none"
	// Natural waits for nothing but the batch before: what gathers while that
	// one is in flight goes together (Thompson, "Smart Batching", 2011). It
	// has no parameter but the size, and adds no latency when idle.
	Natural Policy = "natural"
	// Linger holds a batch until it is full or Linger has passed since its first
	// item, as Kafka's producer does.
	Linger Policy = "linger"
)

// Policies lists the policies.
func Policies() []Policy { return []Policy{None, Natural, Linger} }

// Config selects a policy and its parameters.
type Config struct {
	Policy Policy // default: Linger if Linger is set, else Natural

	// SizeBytes closes a batch that holds as much (Kafka: batch.size). An item
	// larger than that goes alone. Default 16 KiB, as in Kafka.
	SizeBytes int

	// Linger closes a batch this long after its first item (Kafka: linger.ms).
	// Only policy Linger uses it. Default 0.
	Linger time.Duration
}

// DefaultSizeBytes is Kafka's default batch.size.
const DefaultSizeBytes = 16 << 10

// WithDefaults returns c with zero fields replaced.
func (c Config) WithDefaults() Config {
	if c.SizeBytes == 0 {
		c.SizeBytes = DefaultSizeBytes
	}
	if c.Policy == "" && c.Linger > 0 {
		c.Policy = Linger
	}
	if c.Policy == "" {
		c.Policy = Natural
	}
	return c
}

// Validate names the bad field.
func (c Config) Validate() error {
	switch c.Policy {
	case "", None, Natural, Linger:
	default:
		return fmt.Errorf("batch policy %q: allowed are none, natural, linger", c.Policy)
	}
	if c.SizeBytes < 0 {
		return fmt.Errorf("batch size %d: must not be negative", c.SizeBytes)
	}
	if c.Linger < 0 {
		return fmt.Errorf("linger %v: must not be negative", c.Linger)
	}
	if c.Linger > 0 && (c.Policy == None || c.Policy == Natural) {
		return fmt.Errorf("linger %v: policy %s does not linger; use policy linger", c.Linger, c.Policy)
	}
	if c.Linger == 0 && c.Policy == Linger {
		return fmt.Errorf("linger 0s: policy linger needs a linger above zero; policy natural is what linger 0 means")
	}
	return nil
}

// Reason says why a batch closed.
type Reason uint8

// The reasons.
const (
	Open     Reason = iota // the batch has not closed
	Full                   // it holds SizeBytes
	Idle                   // nothing was in flight
	Expired                // Linger has passed since its first item
	SoleItem               // nobody else can join: everyone who could is waiting already
	Single                 // policy None
)

// NumReasons is the number of reasons, for arrays indexed by Reason.
const NumReasons = int(Single) + 1

func (r Reason) String() string {
	return [NumReasons]string{"open", "full", "idle", "expired", "sole item", "single"}[r]
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
	bytes  int // the sum over the items still queued
	batch  []T // the memory of the batch handed out last
	stats  Stats
}

type item[T any] struct {
	value T
	bytes int
	since time.Time
}

// NewQueue makes an empty queue. The config must be valid.
func NewQueue[T any](c Config) *Queue[T] {
	c = c.WithDefaults()
	return &Queue[T]{config: c, stats: Stats{Linger: c.Linger}}
}

// Push adds an item of the given size, at the given time.
func (q *Queue[T]) Push(value T, bytes int, now time.Time) {
	q.items = append(q.items, item[T]{value, bytes, now})
	q.bytes += bytes
}

// Len is the number of items queued.
func (q *Queue[T]) Len() int { return len(q.items) - q.head }

// Bytes is the size of the items queued.
func (q *Queue[T]) Bytes() int { return q.bytes }

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
	return list, reason
}

// Stats tells what became of what Next handed out. It is the queue's own: copy
// it where others are to read it.
func (q *Queue[T]) Stats() *Stats { return &q.stats }

func (q *Queue[T]) decide(s Situation) Reason {
	switch {
	case q.Len() == 0:
		return Open
	case q.config.Policy == None:
		return Single
	case q.bytes >= q.config.SizeBytes:
		return Full
	case q.config.Policy == Natural && s.InFlight == 0:
		return Idle
	case q.config.Policy == Natural:
		return Open
	case s.Sole:
		return SoleItem
	case s.Now.Sub(q.items[q.head].since) >= q.config.Linger:
		return Expired
	}
	return Open
}

// take removes one batch: items up to SizeBytes, but at least one; one under None.
func (q *Queue[T]) take() []T {
	q.batch = q.batch[:0]
	size := 0
	for q.head < len(q.items) {
		it := &q.items[q.head]
		if len(q.batch) > 0 && (q.config.Policy == None || size+it.bytes > q.config.SizeBytes) {
			break
		}
		q.batch = append(q.batch, it.value)
		size += it.bytes
		*it = item[T]{} // drop the references
		q.head++
	}
	q.bytes -= size
	q.compact()
	return q.batch
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

// Deadline is when the batch that is gathering expires, if nothing closes it
// before: the time at which to call Next again.
func (q *Queue[T]) Deadline() (time.Time, bool) {
	if q.Len() == 0 || q.config.Policy != Linger {
		return time.Time{}, false
	}
	return q.items[q.head].since.Add(q.config.Linger), true
}

// Remove takes out the items for which gone reports true; the others keep their
// order and their times.
func (q *Queue[T]) Remove(gone func(T) bool) []T {
	var removed []T
	kept := q.items[:0]
	for _, it := range q.items[q.head:] {
		if gone(it.value) {
			removed = append(removed, it.value)
			q.bytes -= it.bytes
			continue
		}
		kept = append(kept, it)
	}
	clear(q.items[len(kept):])
	q.items, q.head = kept, 0
	return removed
}

// Drain removes and returns everything, regardless of policy.
func (q *Queue[T]) Drain() []T {
	return q.Remove(func(T) bool { return true })
}
