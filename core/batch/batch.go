// Package batch decides when a batch closes. It is used in two places, for all
// transports alike: on each client link, where a batch is one Propose, and on
// the leader's proposals, where a batch is one log write and one AppendEntries
// per follower. No transport has a batching stage of its own (docs/decisions).
//
// SizeBytes and Linger mean what batch.size and linger.ms mean in Kafka's
// producer. A Queue is a pure function of its inputs and of the times it is
// told: it has no clock, no goroutine and no lock. Whoever owns it calls Next when
// something has happened and at Deadline (core/timer). It keeps count of what its
// batches were like (Stats), in histograms of fixed size that others may use, too.
package batch

import (
	"fmt"
	"slices"
	"strings"
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
	// Adaptive is Natural that learns how many batches to keep in flight, and
	// whether a short wait pays: what it does is whatever made the time from Push
	// to Done shortest lately (little.go).
	Adaptive Policy = "adaptive"
)

// Policies lists the policies.
func Policies() []Policy { return []Policy{None, Natural, Linger, Adaptive} }

// PolicyNames is how a message lists what is allowed.
func PolicyNames() string {
	var names []string
	for _, p := range Policies() {
		names = append(names, string(p))
	}
	return strings.Join(names, ", ")
}

// Config selects a policy and its parameters.
type Config struct {
	Policy Policy // default: Linger if Linger is set, else Natural

	// SizeBytes closes a batch that holds as much (Kafka: batch.size). An item
	// larger than that goes alone. Default 16 KiB, as in Kafka.
	SizeBytes int

	// Ops closes a batch that holds so many operations. Kafka has no such limit,
	// many others have (fasthttp, TiKV). Default 0: none.
	Ops int

	// Linger closes a batch this long after its first item (Kafka: linger.ms).
	// Under policy Adaptive it is the longest that an item may wait, if that is not
	// zero. The other policies do not use it. Default 0.
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
	if c.Policy != "" && !slices.Contains(Policies(), c.Policy) {
		return fmt.Errorf("batch policy %q: allowed are %s", c.Policy, PolicyNames())
	}
	if c.SizeBytes < 0 {
		return fmt.Errorf("batch size %d: must not be negative", c.SizeBytes)
	}
	if c.Ops < 0 {
		return fmt.Errorf("batch of %d operations: must not be negative", c.Ops)
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
