package search

import (
	"context"
	"math"
	"math/rand/v2"
	"time"

	"github.com/raftbench/raftbench/reports"
)

// surface is an invented cluster: throughput and p99 as functions of the setting.
type surface struct {
	name string
	goal string
	// at returns operations per second and nanoseconds.
	at func(Setting) (throughput, p99 float64)
}

// octaves is how far v lies from centre, in factors of two. Lingers count from 50 us, so that
// zero has a place, too.
func octaves(v, centre float64) float64 { return math.Log2(v / centre) }

func lingerOf(s Setting) float64 { return float64(s.Linger)/1e3 + 50 }

// surfaces are the shapes that throughput has over batch.size and linger, exaggerated.
func surfaces() []surface {
	bell := func(x, width float64) float64 { return math.Exp(-x * x / (2 * width * width)) }
	return []surface{
		{"ridge", "throughput", func(s Setting) (float64, float64) {
			// Along the ridge size and linger grow together.
			across := octaves(float64(s.BatchSize), 16<<10) - octaves(lingerOf(s), 800)
			along := octaves(float64(s.BatchSize), 32<<10)
			return 1e5 * bell(across, 2.5) * bell(along, 6), 2e6
		}},
		{"plateau", "throughput", func(s Setting) (float64, float64) {
			return 1e5 * (1 - 0.5*bell(octaves(float64(s.BatchSize), 512), 2)) * (1 - 0.3*bell(octaves(lingerOf(s), 8000), 1.5)), 2e6
		}},
		{"cliff", "throughput where p99<5ms", func(s Setting) (float64, float64) {
			// Throughput rises with linger, and p99 jumps over the limit.
			p99 := 1.5e6 + 2*float64(s.Linger)
			if octaves(float64(s.BatchSize), 16<<10)+octaves(lingerOf(s), 500) > 2 {
				p99 *= 6
			}
			return 5e4 * math.Pow(lingerOf(s), 0.15) * bell(octaves(float64(s.BatchSize), 32<<10), 5), p99
		}},
		{"interaction", "p99 at 20k/s", func(s Setting) (float64, float64) {
			// What is best for one axis depends on the other, with a second, worse valley.
			x, y := octaves(float64(s.BatchSize), 4<<10), octaves(lingerOf(s), 150)
			deep, shallow := bell(x-y, 1.5)*bell(x+y, 4), bell(x-5, 1.5)*bell(y-5, 1.5)
			return 2e4, 8e6 / (1 + 3*deep + 2*shallow)
		}},
	}
}

// noisy measures a surface with the noise of a start, and that of a window, which shrinks
// with the square root of its length.
func (f surface) noisy(seed uint64, start, window float64) MeasureFunc {
	rng := rand.New(rand.NewPCG(seed, 99))
	return func(_ context.Context, t Trial) (Outcome, error) {
		throughput, p99 := f.at(t.Setting)
		noise := func() float64 {
			return math.Exp(start*rng.NormFloat64() + window*rng.NormFloat64()/math.Sqrt(t.Window.Seconds()/3))
		}
		return Outcome{Valid: true, Took: t.Window + 600*time.Millisecond, Values: map[string]float64{
			reports.Throughput().Name:  throughput * noise(),
			reports.Latency(0.99).Name: p99 * noise(),
		}}, nil
	}
}

// space is the default one of the command.
func space() Space {
	s := Space{Pipelines: []int{4}, Default: Setting{16 << 10, 0, 4, 0, ""}}
	for size := 1 << 10; size <= 256<<10; size *= 4 {
		s.BatchSizes = append(s.BatchSizes, size)
	}
	for _, us := range []int{0, 100, 200, 500, 1000, 2000, 5000} {
		s.Lingers = append(s.Lingers, time.Duration(us)*time.Microsecond)
	}
	return s
}

func config(goal Goal, seed uint64) Config {
	return Config{Goal: goal, Space: space(), Window: 3 * time.Second, Repeat: 3, Overhead: 600 * time.Millisecond, Seed: seed, MinEffect: 0.03}
}

// worth is what a setting gains on the surface itself, as a share of the best of the grid;
// zero if it misses the limits.
func (f surface) worth(g *Goal, s Setting) float64 {
	best := math.Inf(-1)
	all := space()
	for _, other := range all.Grid() {
		best = max(best, f.gain(g, other))
	}
	return math.Exp(f.gain(g, s) - best)
}

func (f surface) gain(g *Goal, s Setting) float64 {
	throughput, p99 := f.at(s)
	for _, w := range g.Where {
		if p99 >= w.Limit {
			return math.Inf(-1)
		}
	}
	if g.Metric.HigherIsBetter {
		return math.Log(throughput)
	}
	return -math.Log(p99)
}
