package workloads

import (
	"bytes"
	"sync"
	"time"

	"github.com/raftbench/raftbench/core/client"
)

// Event is one operation of a History: what was asked, when, and what came back.
type Event struct {
	Client  int // unique among the clients of a run; has one operation under way at a time
	Type    OpType
	Command []byte
	Result  []byte // if Outcome is OK
	Outcome client.Outcome

	// Invoked lies before the target was given the operation, and Returned after it
	// had handed it back, so that the true interval lies within. An operation that
	// was in flight when the run ended is OutcomeUnknown.
	Invoked, Returned time.Duration
}

// History keeps every operation of a run, for a linearizability check. It copies
// commands and results under one lock and is no part of a timed run. It may be
// used concurrently.
type History struct {
	mu      sync.Mutex
	limit   int
	events  []Event
	dropped int
}

// NewHistory returns an empty history that keeps at most limit operations.
func NewHistory(limit int) *History { return &History{limit: limit} }

// Events returns what was kept, and how many operations beyond the limit were
// not: a history with some missing cannot be checked.
func (h *History) Events() (events []Event, dropped int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]Event(nil), h.events...), h.dropped
}

// add keeps a copy of what an operation was and became.
func (h *History) add(s *slot, outcome client.Outcome, returned time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.events) >= h.limit {
		h.dropped++
		return
	}
	e := Event{
		Client:   s.client,
		Type:     s.kind,
		Command:  bytes.Clone(s.op.Command),
		Outcome:  outcome,
		Invoked:  s.sent,
		Returned: returned,
	}
	if outcome == client.OutcomeOK {
		e.Result = bytes.Clone(s.op.Result)
	}
	h.events = append(h.events, e)
}
