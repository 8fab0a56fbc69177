package workloads

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// warm makes intervals of 100 ms that each have so many operations, with a median
// and a p90.
func warm(counts []int, p50, p90 []time.Duration) *warmup {
	w := &warmup{}
	for i, n := range counts {
		v := newInterval()
		v.length = 100 * ms
		for k := range n {
			d := p50[i%len(p50)]
			if k%5 == 0 { // a fifth is slower, so that p90 is among it
				d = p90[i%len(p90)]
			}
			v.add(d)
		}
		w.add(v)
	}
	return w
}

func TestAWarmupEndsWhenThroughputAndLatencyAreSteady(t *testing.T) {
	all := func(d ...time.Duration) []time.Duration { return d }
	level := []int{1000, 1030, 990, 1010, 970, 1000}
	for name, tt := range map[string]struct {
		w    *warmup
		want string // empty: stationary
	}{
		"nothing yet":                  {warm(nil, nil, nil), "there were 0 intervals"},
		"too few":                      {warm(level[:5], all(ms), all(2*ms)), "there were 5 intervals"},
		"steady":                       {warm(level, all(ms), all(2*ms)), ""},
		"steady after rising":          {warm(append([]int{10, 100, 500}, level...), all(ms), all(2*ms)), ""},
		"an old steady stretch":        {warm(append(level, 1000, 1200, 1500), all(ms), all(2*ms)), "throughput"},
		"throughput rises":             {warm([]int{800, 850, 900, 950, 1000, 1050}, all(ms), all(2*ms)), "throughput had a trend of +2"},
		"throughput falls":             {warm([]int{1300, 1200, 1150, 1100, 1050, 1000}, all(ms), all(2*ms)), "throughput had a trend of -2"},
		"throughput steps":             {warm([]int{500, 500, 500, 1000, 1000, 1000}, all(ms), all(2*ms)), "throughput changed by"},
		"a late step":                  {warm([]int{500, 500, 500, 500, 1000, 1000}, all(ms), all(2*ms)), "throughput changed by"},
		"a step in the last":           {warm([]int{500, 500, 500, 500, 500, 1000}, all(ms), all(2*ms)), "throughput changed by +100 % in the last"},
		"one interval is off":          {warm([]int{1000, 990, 300, 1000, 1010, 1000}, all(ms), all(2*ms)), ""},
		"nothing done":                 {warm([]int{0, 0, 0, 0, 0, 0}, all(ms), all(ms)), "no completion"},
		"one interval is empty":        {warm([]int{10, 10, 10, 0, 10, 10}, all(ms), all(ms)), "no completion"},
		"rare, as chance has it":       {warm([]int{10, 16, 8, 12, 7, 12}, all(ms), all(ms)), ""},
		"rare, more than chance":       {warm([]int{4, 5, 4, 30, 31, 29}, all(ms), all(ms)), "throughput"},
		"the median falls":             {warm(level, all(10*ms, 9*ms, 8*ms, 7*ms, 6*ms, 5*ms), all(20*ms)), "median response had a trend of -"},
		"the tail falls":               {warm(level, all(ms), all(90*ms, 80*ms, 70*ms, 60*ms, 50*ms, 40*ms)), "p90 response had a trend of -"},
		"the tail falls by most of it": {warm(level, all(ms), all(400*ms, 300*ms, 40*ms, 30*ms, 20*ms, 10*ms)), "p90 response had a trend of -96 %"},
		"a trend too small to matter":  {warm([]int{1000, 1010, 1020, 1030, 1040, 1050}, all(ms), all(2*ms)), ""},
		"the tail is off in one":       {warm(level, all(ms), all(2*ms, 2*ms, 50*ms, 2*ms, 2*ms, 2*ms)), ""},
		"the median jumps in the last": {warm(level, all(ms, ms, ms, ms, ms, 3*ms), all(9*ms)), "median response changed by"},
	} {
		ok, note := tt.w.stationary()
		if ok != (tt.want == "") || !strings.Contains(note, tt.want) || note == "" {
			t.Fatalf("%s: stationary: %v, because %q; want %q", name, ok, note, tt.want)
		}
	}
}

// Noise without a trend is no reason to call a run invalid, and hardly one to go
// on warming up.
func TestNoiseIsSteady(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, deviation := range []float64{0.02, 0.1, 0.3} {
		for _, tt := range []struct {
			n          int
			deviations float64
			most       int // in 1000
		}{{warmupIntervals, warmupDeviations, 120}, {stretchesMin, stretchDeviations, 50}, {stretchesMax, stretchDeviations, 50}} {
			found := 0
			for range 1000 {
				x := make([]float64, tt.n)
				for i := range x {
					x[i] = 1000 * max(0.01, 1+deviation*rng.NormFloat64())
				}
				if ok, _ := steady(x, nil, SteadyShare, tt.deviations); !ok {
					found++
				}
			}
			if found > tt.most {
				t.Fatalf("of 1000 steady series of %d with a noise of %v, %d are called unsteady, want at most %d", tt.n, deviation, found, tt.most)
			}
		}
	}
}

// What moves by a third is found behind a noise of a twentieth.
func TestDriftIsFoundBehindNoise(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for name, drift := range map[string]func(share float64) float64{
		"trend": func(share float64) float64 { return 1 + share/3 },
		"step":  func(share float64) float64 { return 1 + float64(int(2*share))/3 },
	} {
		found := 0
		for range 1000 {
			x := make([]float64, stretchesMax)
			for i := range x {
				x[i] = 1000 * drift(float64(i)/stretchesMax) * (1 + 0.05*rng.NormFloat64())
			}
			if ok, _ := steady(x, nil, SteadyShare, stretchDeviations); !ok {
				found++
			}
		}
		if found < 900 {
			t.Fatalf("of 1000 series with a %s of a third, %d were found", name, found)
		}
	}
}

// filled is a window of n buckets of 100 ms with so many operations, each of a
// response time.
func filled(n int, count func(i int) int, response func(i int) time.Duration) *Measurement {
	m := &Measurement{Series: newSeries(100*ms, 0)}
	m.Window.From, m.Window.To = 300*ms, 300*ms+time.Duration(n)*100*ms
	for i := range n {
		b := m.Series.at(m.Window.From + time.Duration(i)*100*ms)
		for range count(i) {
			b.Completed[Put]++
			b.record(Put, response(i))
		}
	}
	return m
}

func TestAWindowIsStationaryOrNot(t *testing.T) {
	const long = 40
	flat := func(n int) func(int) int { return func(int) int { return n } }
	ms1 := func(int) time.Duration { return ms }
	for name, tt := range map[string]struct {
		m    *Measurement
		want string // part of what is said; "!" before it: not stationary
	}{
		"flat":                  {filled(long, flat(100), ms1), ""},
		"short":                 {filled(5, flat(100), ms1), "too short"},
		"rare":                  {filled(long, flat(1), ms1), "too few"},
		"throughput rises":      {filled(long, func(i int) int { return 100 + i }, ms1), "!throughput had a trend"},
		"throughput steps down": {filled(long, func(i int) int { return 200 - i/20*100 }, ms1), "!throughput"},
		"a queue grows":         {filled(long, flat(100), func(i int) time.Duration { return time.Duration(1+i) * ms }), "!median response had a trend"},
		"a stall in the middle": {filled(long, func(i int) int { return max(1, 100*(1-i/20%2*(20/(i+1)))) }, ms1), ""},
		"one bad bucket":        {filled(long, flat(100), func(i int) time.Duration { return ms + time.Duration(i/39)*time.Second }), ""},
	} {
		ok, why := tt.m.Stationary(SteadyShare)
		if want, bad := strings.CutPrefix(tt.want, "!"); ok == bad || !strings.Contains(why, want) || want == "" != (why == "") {
			t.Fatalf("%s: stationary: %v, %q; want %q", name, ok, why, tt.want)
		}
	}
	if ok, why := (&Measurement{}).Stationary(SteadyShare); !ok || why == "" {
		t.Fatalf("nothing is stationary: %v, %q", ok, why)
	}
}

// Stages differ on purpose: each is looked at by itself.
func TestStagesAreLookedAtOneByOne(t *testing.T) {
	steps := Stages{{2 * time.Second, 1000, 1000}, {2 * time.Second, 100, 900}, {2 * time.Second, 3000, 3000}}
	c := Config{Schedule: &Schedule{Arrivals: Constant, Stages: steps}}
	if ok, why := runVirtual(t, c, answerIn(ms)).Stationary(SteadyShare); !ok {
		t.Fatalf("steps are called unstationary: %s", why)
	}
	overloaded := func(sent time.Duration) time.Duration { return ms + max(0, sent-4*time.Second) }
	ok, why := runVirtual(t, c, overloaded).Stationary(SteadyShare)
	if ok || !strings.HasPrefix(why, "stage 3 (2s:3k): median response had a trend of +") {
		t.Fatalf("a queue grows in the third stage: %v, %q", ok, why)
	}
}

func TestAnOverloadedOpenLoopIsNotStationary(t *testing.T) {
	m := runVirtual(t, Config{Schedule: open(1000, Poisson), Duration: 2 * time.Second}, queue(1100*time.Microsecond))
	if ok, why := m.Stationary(SteadyShare); ok {
		t.Fatalf("the queue grows all the time: %q", why)
	}
	m = runVirtual(t, Config{Schedule: open(1000, Poisson), Duration: 2 * time.Second}, queue(300*time.Microsecond))
	if ok, why := m.Stationary(SteadyShare); !ok {
		t.Fatalf("the target keeps up, but %q", why)
	}
}
