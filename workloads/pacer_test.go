package workloads

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// starts returns the first n intended starts of all workers together, sorted.
func starts(t testing.TB, s Schedule, workers, n int) []time.Duration {
	t.Helper()
	var all []time.Duration
	for w := range workers {
		p, err := s.NewPacer(w, workers)
		if err != nil {
			t.Fatal(err)
		}
		last := time.Duration(-1)
		for range n {
			at, ok := p.Next()
			if !ok {
				break
			}
			if at < last {
				t.Fatalf("worker %d: %v after %v", w, at, last)
			}
			last = at
			all = append(all, at)
		}
	}
	slices.Sort(all)
	return all[:min(n, len(all))]
}

func TestConstantArrivals(t *testing.T) {
	const ms = time.Millisecond
	step := func(d time.Duration, rate float64) Stage { return Stage{d, rate, rate} }
	tests := []struct {
		name   string
		stages []Stage
		want   []time.Duration
	}{
		{"one rate", []Stage{step(0, 1000)}, []time.Duration{0, 1 * ms, 2 * ms, 3 * ms, 4 * ms, 5 * ms}},
		{"a step", []Stage{step(2*ms, 1000), step(0, 500)}, []time.Duration{0, 1 * ms, 2 * ms, 4 * ms, 6 * ms, 8 * ms}},
		{"a pause", []Stage{step(2*ms, 1000), step(8*ms, 0), step(0, 1000)}, []time.Duration{0, 1 * ms, 10 * ms, 11 * ms}},
		{"an end", []Stage{step(3*ms, 1000)}, []time.Duration{0, 1 * ms, 2 * ms}},
		// From 0 to 2000/s in 8 ms: n operations are due at t with n = 125,000/s^2 * t^2.
		{"a ramp up", []Stage{{8 * ms, 0, 2000}}, []time.Duration{0, 2828427, 4 * ms, 4898979, 5656854, 6324555, 6928203, 7483314}},
		{"a ramp down", []Stage{{8 * ms, 2000, 0}}, []time.Duration{0, 516685, 1071796, 1675444, 2343145, 3101020, 4 * ms, 5171572}},
	}
	for _, tt := range tests {
		for _, workers := range []int{1, 2, 3} {
			t.Run(fmt.Sprintf("%s, %d workers", tt.name, workers), func(t *testing.T) {
				got := starts(t, Schedule{Arrivals: Constant, Stages: tt.stages}, workers, len(tt.want))
				near := cmp.Comparer(func(a, b time.Duration) bool { return (a - b).Abs() <= 1 })
				if diff := cmp.Diff(tt.want, got, near); diff != "" {
					t.Fatalf("intended starts (-want +got):\n%s", diff)
				}
			})
		}
	}
}

func TestPoissonArrivalsAreExponential(t *testing.T) {
	const n, rate = 50_000, 20_000.0
	for _, workers := range []int{1, 3} {
		all := starts(t, Schedule{Seed: 5, Stages: Rate(rate).Stages}, workers, n)
		gaps := make([]float64, 0, n)
		sum := 0.0
		for i := 1; i < len(all); i++ {
			g := (all[i] - all[i-1]).Seconds() * rate
			gaps, sum = append(gaps, g), sum+g
		}
		if mean := sum / float64(len(gaps)); math.Abs(mean-1) > 0.03 {
			t.Fatalf("%d workers: mean gap %v of what was asked", workers, mean)
		}
		// Kolmogorov-Smirnov distance from the exponential distribution; 1.95/sqrt(n) has p = 0.001.
		slices.Sort(gaps)
		distance := 0.0
		for i, g := range gaps {
			distance = max(distance, math.Abs(1-math.Exp(-g)-float64(i)/float64(len(gaps))))
		}
		if limit := 1.95 / math.Sqrt(float64(len(gaps))); distance > limit {
			t.Fatalf("%d workers: gaps are not exponential: distance %.4f, limit %.4f", workers, distance, limit)
		}
	}
}

func TestAScheduleDependsOnItsSeedAlone(t *testing.T) {
	s := Schedule{Seed: 1, Stages: []Stage{{time.Second, 0, 1000}, {0, 1000, 1000}}}
	a := starts(t, s, 2, 1000)
	if diff := cmp.Diff(a, starts(t, s, 2, 1000)); diff != "" {
		t.Fatalf("the same seed gave another schedule:\n%s", diff)
	}
	s.Seed = 2
	if cmp.Equal(a, starts(t, s, 2, 1000)) {
		t.Fatalf("another seed gave the same schedule")
	}
}

func TestExpected(t *testing.T) {
	s := Schedule{Stages: []Stage{{10 * time.Second, 100, 100}, {10 * time.Second, 100, 300}, {0, 50, 50}}}
	for _, tt := range []struct {
		from, to time.Duration
		want     float64
	}{
		{0, 10 * time.Second, 1000},
		{10 * time.Second, 20 * time.Second, 2000},
		{5 * time.Second, 15 * time.Second, 500 + 750},
		{20 * time.Second, 22 * time.Second, 100},
	} {
		if got := s.Expected(tt.from, tt.to); math.Abs(got-tt.want) > 1e-6 {
			t.Fatalf("expected from %v to %v: %v, want %v", tt.from, tt.to, got, tt.want)
		}
	}
}

func TestABadScheduleIsNamed(t *testing.T) {
	for _, stages := range [][]Stage{
		nil,
		{{0, 0, 0}},
		{{0, 10, 20}},
		{{0, 10, 10}, {0, 10, 10}},
		{{-1, 10, 10}},
		{{time.Second, -1, 10}},
		{{time.Second, math.NaN(), 10}},
		{{time.Second, math.Inf(1), 10}},
		{{time.Second, 2e9, 10}},
	} {
		if _, err := (Schedule{Stages: stages}).NewPacer(0, 1); err == nil {
			t.Fatalf("%+v was accepted", stages)
		}
	}
}

func BenchmarkPacer(b *testing.B) {
	for _, arrivals := range []Arrivals{Constant, Poisson} {
		b.Run(arrivals.String(), func(b *testing.B) {
			p, err := Schedule{Arrivals: arrivals, Stages: Rate(1e6).Stages}.NewPacer(0, 1)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				p.Next()
			}
		})
	}
}
