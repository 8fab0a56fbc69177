package workloads

import (
	"testing"
	"time"

	"github.com/raftbench/raftbench/core/client"
)

func TestAHistoryIsBounded(t *testing.T) {
	h := NewHistory(10)
	run(t, Config{Connect: NullTarget, Clients: 3, Operations: 25, History: h})
	if events, dropped := h.Events(); len(events) != 10 || dropped != 15 {
		t.Fatalf("%d events kept and %d dropped, want 10 and 15", len(events), dropped)
	}
}

func TestAHistoryHasWhatWasInFlight(t *testing.T) {
	h := NewHistory(100)
	run(t, Config{
		Clients: 3, Duration: 20 * time.Millisecond, Grace: time.Millisecond, History: h,
		Connect: func(int, func([]*client.Op)) (Target, error) { return targetFunc(func([]*client.Op) {}), nil },
	})
	events, _ := h.Events()
	if len(events) != 3 {
		t.Fatalf("%d events, want the 3 in flight", len(events))
	}
	for i, e := range events {
		if e.Outcome != client.OutcomeUnknown || len(e.Command) == 0 || e.Client != i || e.Returned <= e.Invoked {
			t.Fatalf("event %d: %+v", i, e)
		}
	}
}
