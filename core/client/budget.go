package client

import (
	"fmt"
	"time"
)

// Budget bounds retries and hedges by what succeeds, so that they add little load
// to a cluster that has trouble already: a token bucket, as in gRPC's retry
// throttling (gRFC A6) and Finagle's RetryBudget. Each retry and each hedge takes a
// token. It counts calls, which carry a batch of operations each.
type Budget struct {
	Ratio     float64 // tokens that a call brings which succeeded: 0.1 lets one in ten be sent again
	PerSecond float64 // tokens that time brings: what a link with little traffic may send again
	Burst     float64 // tokens that are kept at most, and at the start
}

// DefaultBudget is one retry for ten calls that succeeded, ten a second besides,
// and a hundred at once: what it takes to outlast an election.
func DefaultBudget() Budget { return Budget{Ratio: 0.1, PerSecond: 10, Burst: 100} }

func (b Budget) validate() error {
	if !(b.Ratio >= 0 && b.PerSecond >= 0 && b.Burst >= 0) { // as NaN is not
		return fmt.Errorf("client: Retry.Budget %+v: must not be negative", b)
	}
	return nil
}

// bucket holds the tokens of a budget. A nil bucket has no end. The client's lock
// guards it.
type bucket struct {
	Budget
	tokens float64
	filled time.Time // until when PerSecond has been added
}

func newBucket(b Budget, now time.Time) *bucket {
	if b == (Budget{}) {
		return nil
	}
	return &bucket{Budget: b, tokens: b.Burst, filled: now}
}

// deposit notes a call that succeeded.
func (b *bucket) deposit() {
	if b != nil {
		b.tokens = min(b.tokens+b.Ratio, b.Burst)
	}
}

// withdraw takes a token, if there is one.
func (b *bucket) withdraw(now time.Time) bool {
	if b == nil {
		return true
	}
	if passed := now.Sub(b.filled); passed > 0 {
		b.tokens = min(b.tokens+passed.Seconds()*b.PerSecond, b.Burst)
		b.filled = now
	}
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}
