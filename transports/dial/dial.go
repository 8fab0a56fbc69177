// Package dial holds what every transport needs to reach a peer that may be
// gone: the pause before the next attempt (Backoff), the decision to stop asking
// for a while (Breaker), the choice among several connections (Pool), and the words
// for a machine that cannot open another one (ExhaustedError). It opens no
// connection and starts no goroutine.
package dial

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/sony/gobreaker/v2"

	"github.com/raftbench/raftbench/core"
)

// backoffBase is the cap of the first pause.
const backoffBase = 5 * time.Millisecond

// Backoff gives the pauses between attempts to reach one peer: random between
// nothing and a cap that doubles with every attempt ("full jitter": Brooker,
// Exponential Backoff And Jitter, AWS 2015). The zero value with Max set is
// ready. One user at a time.
type Backoff struct {
	Max      time.Duration // the highest cap; core.Timeouts.ReconnectMax
	attempts int
}

// Next returns the pause before the next attempt.
func (b *Backoff) Next() time.Duration {
	limit := min(b.Max, backoffBase<<min(b.attempts, 16))
	b.attempts++
	return rand.N(limit + 1)
}

// Reset is called when an attempt succeeded.
func (b *Backoff) Reset() { b.attempts = 0 }

// tripAfter consecutive failures open a breaker.
const tripAfter = 5

// Breaker is the circuit breaker of one peer. After five failures in a row it
// refuses everything for the time it was made with (open), then lets one
// attempt through (half-open) and closes when that succeeds. It may be used
// concurrently.
type Breaker struct {
	peer  core.NodeID
	two   *gobreaker.TwoStepCircuitBreaker[struct{}]
	trips atomic.Uint64
}

// NewBreaker makes a closed breaker for peer. openFor is how long it stays open;
// keep it below the election timeout.
func NewBreaker(peer core.NodeID, openFor time.Duration) *Breaker {
	b := &Breaker{peer: peer}
	b.two = gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
		Timeout:     openFor,
		ReadyToTrip: func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= tripAfter },
		OnStateChange: func(_ string, from, to gobreaker.State) {
			if from == gobreaker.StateClosed && to == gobreaker.StateOpen {
				b.trips.Add(1)
			}
		},
		IsExcluded: func(err error) bool { return !isFailure(err) },
	})
	return b
}

// isFailure tells errors that speak against the peer from those that do not: a
// canceled call, a full queue, an answer that happens to be an error, a machine
// without ports.
func isFailure(err error) bool {
	if IsExhausted(err) {
		return false
	}
	return err == nil || // a success, and so not excluded
		errors.Is(err, core.ErrUnavailable) || errors.Is(err, core.ErrBroken) || errors.Is(err, core.ErrTimeout)
}

// Allow asks whether to try the peer now. If so, done must be called with the
// outcome; otherwise err matches core.ErrUnavailable.
func (b *Breaker) Allow() (done func(error), err error) {
	done, err = b.two.Allow()
	if err != nil {
		return nil, fmt.Errorf("%v: %w: circuit breaker %s", b.peer, core.ErrUnavailable, b.State())
	}
	return done, nil
}

// State returns the state now.
func (b *Breaker) State() core.BreakerState {
	switch b.two.State() {
	case gobreaker.StateOpen:
		return core.BreakerOpen
	case gobreaker.StateHalfOpen:
		return core.BreakerHalfOpen
	default:
		return core.BreakerClosed
	}
}

// Stats returns the breaker's part of the transport's statistics.
func (b *Breaker) Stats() core.PeerStats {
	return core.PeerStats{Peer: b.peer, Breaker: b.State(), BreakerTrips: b.trips.Load()}
}
