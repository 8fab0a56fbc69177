package client

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/raftbench/raftbench/core"
)

// Whatever comes, no more is taken than was there at first, came with time and came
// with successes; and a budget that has something gives it.
func TestBucket(t *testing.T) {
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 2))
		budget := Budget{Ratio: rng.Float64(), PerSecond: 20 * rng.Float64(), Burst: float64(1 + rng.IntN(50))}
		start := time.Unix(1e9, 0)
		now, taken, deposits := start, 0, 0
		b := newBucket(budget, now)
		for range 500 {
			switch rng.IntN(3) {
			case 0:
				b.deposit()
				deposits++
			case 1:
				now = now.Add(time.Duration(rng.IntN(200)) * time.Millisecond)
			default:
				had := b.tokens
				if ok := b.withdraw(now); ok {
					taken++
				} else if had >= 1 {
					t.Fatalf("seed %d: refused with %.2f tokens", seed, had)
				}
			}
			limit := budget.Burst + budget.Ratio*float64(deposits) + budget.PerSecond*now.Sub(start).Seconds()
			if float64(taken) > limit+1e-9 || b.tokens > budget.Burst || b.tokens < 0 {
				t.Fatalf("seed %d: %d taken of %.2f, %.2f left of %v", seed, taken, limit, b.tokens, budget.Burst)
			}
		}
	}
}

func TestBucketByTheClock(t *testing.T) {
	now := time.Unix(1e9, 0)
	b := newBucket(Budget{Ratio: 0.25, PerSecond: 2, Burst: 3}, now)
	want := func(n int) {
		t.Helper()
		for i := range n {
			if !b.withdraw(now) {
				t.Fatalf("%d tokens, want %d", i, n)
			}
		}
		if b.withdraw(now) {
			t.Fatalf("more than %d tokens", n)
		}
	}
	want(3) // the burst
	now = now.Add(time.Second)
	want(2) // of a second
	for range 4 {
		b.deposit()
	}
	want(1) // of four successes
	now = now.Add(time.Hour)
	want(3) // no more than the burst
	now = now.Add(-time.Minute)
	if b.withdraw(now) {
		t.Fatal("a clock that goes back brings tokens")
	}

	var unbounded *bucket
	unbounded.deposit()
	if !unbounded.withdraw(now) || newBucket(Budget{}, now) != nil {
		t.Fatal("no budget is no bound")
	}
}

// Pauses double up to their cap, are anything from nothing to that, and begin anew
// after a success.
func TestPauses(t *testing.T) {
	now := time.Unix(1e9, 0)
	longest := [6]time.Duration{}
	low := maxPause
	for range 2000 {
		l := leader{nodes: []core.NodeID{1, 2, 3}}
		for i := range longest {
			l.advance(now)
			pause := l.pausedUntil.Sub(now)
			longest[i] = max(longest[i], pause)
			if i == len(longest)-1 {
				low = min(low, pause)
			}
		}
		l.confirm(1)
		if l.advance(now); l.pausedUntil.Sub(now) >= firstPause {
			t.Fatalf("a pause of %v after a success", l.pausedUntil.Sub(now))
		}
	}
	for i, limit := range []time.Duration{firstPause, 2 * firstPause, 4 * firstPause, maxPause, maxPause, maxPause} {
		if longest[i] >= limit || longest[i] < limit*9/10 {
			t.Errorf("pause %d: the longest of 2,000 is %v, want just below %v", i+1, longest[i], limit)
		}
	}
	if low > maxPause/10 {
		t.Errorf("the shortest of 2,000 last pauses is %v: the jitter is not full", low)
	}
}

// A quantile is that of a whole window, and follows the next.
func TestRecent(t *testing.T) {
	r := recent{quantile: 0.95}
	fill := func(unit time.Duration) {
		for i := range recentWindow {
			if i == recentWindow-1 && r.n != recentWindow-1 {
				t.Fatal("the window has another length")
			}
			r.add(time.Duration(i+1) * unit)
		}
	}
	if fill(0); r.value != 0 {
		t.Fatalf("p95 of nothing but zeros is %v", r.value)
	}
	for _, unit := range []time.Duration{time.Microsecond, time.Millisecond} {
		fill(unit)
		if p95 := recentWindow * 95 / 100 * unit; r.value > p95+unit || r.value < p95*93/100 {
			t.Errorf("p95 is %v, want about %v", r.value, p95)
		}
	}
}

// How fast a node says that it does not lead is not how long reads take.
func TestOnlyAnswersCountForTheQuantile(t *testing.T) {
	h := hedging{Hedge: Hedge{Quantile: 0.5}}
	now := time.Unix(1e9, 0)
	f := &flight{left: now}
	f.readResponse.Status = core.StatusNotLeader
	for range recentWindow {
		h.answered(f, now.Add(time.Microsecond))
	}
	if d, ok := h.delay(); ok {
		t.Errorf("hedges after %v, when nothing was answered", d)
	}
	f.readResponse.Status = core.StatusOK
	for range recentWindow {
		h.answered(f, now.Add(time.Millisecond))
	}
	if d, ok := h.delay(); !ok || d < time.Millisecond/2 {
		t.Errorf("hedges after %v, %t; reads take a millisecond", d, ok)
	}
}
