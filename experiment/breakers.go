package experiment

import (
	"sync"
	"time"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/reports"
)

// breakerInterval is how often the circuit breakers are looked at: well below the
// tenth of a second for which they stay open by default.
const breakerInterval = 20 * time.Millisecond

// maxBreakerChanges bounds what is kept of one replicate.
const maxBreakerChanges = 10_000

// breakerWatch notes when circuit breakers change. Its methods may be called
// concurrently.
type breakerWatch struct {
	system *raftSystem

	mu      sync.Mutex
	states  map[breakerLink]core.BreakerState
	changes []breakerChange
}

// breakerLink is who calls whom.
type breakerLink struct {
	from string
	peer core.NodeID
}

type breakerChange struct {
	breakerLink
	at    time.Time
	state core.BreakerState
}

// look notes what has changed since the last look.
func (w *breakerWatch) look(now time.Time) { w.note(w.system.breakers(), now) }

// note takes the states of all breakers. Those of a node that is down are gone, which
// counts as closed. It keeps the map.
func (w *breakerWatch) note(states map[breakerLink]core.BreakerState, now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for link := range w.states {
		if _, ok := states[link]; !ok {
			states[link] = core.BreakerClosed
		}
	}
	for link, state := range states {
		if w.states[link] != state && len(w.changes) < maxBreakerChanges {
			w.changes = append(w.changes, breakerChange{link, now, state})
		}
	}
	w.states = states
}

// within returns the changes within a window, in order.
func (w *breakerWatch) within(opened time.Time, window time.Duration) []reports.BreakerChange {
	w.mu.Lock()
	defer w.mu.Unlock()
	var list []reports.BreakerChange
	for _, c := range w.changes {
		if at := max(0, c.at.Sub(opened)); at < window {
			list = append(list, reports.BreakerChange{At: at, From: c.from, Peer: int(c.peer), State: c.state.String()})
		}
	}
	return list
}
