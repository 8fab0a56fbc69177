package unary

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/raftbench/raftbench/core"
)

// trip sends calls that fail, one after the other, until the breaker refuses.
func trip(t *testing.T, tr *Transport, h *inbox) (carried int) {
	t.Helper()
	for len(tr.Stats().Peers) == 0 || tr.Stats().Peers[0].BreakerTrips == 0 { // it may be open for less than we look away
		send(tr, newAppend(0))
		h.next(t)
		if carried++; carried > 100 {
			t.Fatal("the breaker does not open")
		}
	}
	return carried
}

func TestBreakerOpensRefusesAndHeals(t *testing.T) {
	outcome := core.ErrUnavailable
	h := newInbox()
	f := &fakeLibrary{do: func(context.Context, time.Time) error { return outcome }}
	tr := open(t, f, h, func(ep *core.Endpoint, _ *Config) { ep.Timeouts.ReconnectMax = 20 * time.Millisecond })
	if n := trip(t, tr, h); n != 5 {
		t.Fatalf("the breaker opened after %d failures, want 5", n)
	}
	f.do = nil // nothing is under way; the next call sees it
	send(tr, newVote())
	if c := h.next(t); c.Err != nil && !errors.Is(c.Err, core.ErrUnavailable) {
		t.Fatalf("open breaker: %v", c.Err)
	}
	for deadline := time.Now().Add(patience); ; {
		send(tr, newVote())
		if h.next(t).Err == nil && tr.Stats().Peers[0].Breaker == core.BreakerClosed {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the breaker did not close again: %+v", tr.Stats().Peers)
		}
	}
	if s := tr.Stats().Peers[0]; s.Peer != 2 || s.BreakerTrips != 1 {
		t.Fatalf("stats %+v, want one trip of node 2", s)
	}
}

func TestOneBrokenConnectionCountsAsOneFailure(t *testing.T) {
	h := newInbox()
	broken := make(chan struct{})
	f := &fakeLibrary{do: func(context.Context, time.Time) error { <-broken; return core.ErrBroken }}
	tr := open(t, f, h, nil)
	for range 50 {
		send(tr, newAppend(0))
	}
	close(broken)
	for range 50 {
		wantErr(t, h.next(t), core.ErrBroken)
	}
	if s := tr.Stats().Peers[0]; s.BreakerTrips != 0 {
		t.Fatalf("the breaker opened because of one event: %+v", s)
	}
}

func TestDeadlinesComeOutInOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var d deadlines
	var jobs []*job
	for range 500 {
		j := &job{due: time.Duration(r.IntN(100))}
		jobs = append(jobs, j)
		d.push(j)
	}
	for _, i := range r.Perm(500)[:200] {
		d.remove(jobs[i])
		jobs[i] = nil
	}
	jobs = slices.DeleteFunc(jobs, func(j *job) bool { return j == nil })
	slices.SortFunc(jobs, func(a, b *job) int { return int(a.due - b.due) })
	for i, want := range jobs {
		if got := d[0].due; got != want.due {
			t.Fatalf("job %d is due at %d, want %d", i, got, want.due)
		}
		d.remove(d[0])
	}
	if len(d) != 0 {
		t.Fatalf("%d jobs left over", len(d))
	}
}
