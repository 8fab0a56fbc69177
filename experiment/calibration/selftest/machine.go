package selftest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/raftbench/raftbench/reports"
)

// machine makes runs up.
type machine struct {
	noise Noise
	rng   *rand.Rand
	dense *hdrhistogram.Histogram // what a recorder fills; used again
}

func newMachine(n Noise, seed uint64) *machine {
	// Coarser and shorter than a recorder's, for speed: it still tells 0.05 % apart.
	return &machine{noise: n, rng: rand.New(rand.NewPCG(seed, 0)), dense: hdrhistogram.New(256, int64(time.Second), 3)}
}

// What an undisturbed replicate of either arm would measure.
const (
	baseOpsPerS = 100_000
	baseP99     = 500 * time.Microsecond
	window      = 3 * time.Second
	samples     = 400 // that carry a p99
)

// run makes a run of two interleaved arms, of which the second takes so much longer
// for everything; zero makes them equal.
func (m *machine) run(pairs int, slowdown float64) *reports.Run {
	run := &reports.Run{
		Status: reports.StatusComplete,
		Tool:   reports.Tool{GoVersion: "none"},
		Environment: reports.Environment{
			CPUModel: m.noise.Name,
		},
		Plan: reports.Plan{Replicates: pairs, Interleaved: true, Window: window},
	}
	for _, label := range []string{"A", "B"} {
		run.Arms = append(run.Arms, reports.Arm{
			Label: label, Transport: "made up", Workload: reports.Workload{Load: reports.Load{Loop: reports.LoopClosed, Nodes: 3, Clients: 64}},
		})
	}
	for block := 1; block <= pairs; block++ {
		drift := m.noise.Block * m.rng.NormFloat64()
		for position, arm := range m.rng.Perm(len(run.Arms)) {
			slower := math.Log1p(slowdown) * float64(arm)
			r := m.replicate(drift, slower)
			r.Index, r.Block, r.Position = block, block, position+1
			run.Arms[arm].Replicates = append(run.Arms[arm].Replicates, r)
		}
	}
	return run
}

// replicate makes one replicate up; slower is the logarithm of how much longer
// everything takes.
func (m *machine) replicate(drift, slower float64) reports.Replicate {
	own := m.noise.Replicate * m.rng.NormFloat64()
	if m.rng.Float64() < m.noise.Outliers {
		own -= math.Log1p(m.noise.Outlier * m.rng.ExpFloat64())
	}
	speed := drift + own
	tail := -tailSlope*speed + tailOwn*m.noise.Replicate*m.rng.NormFloat64()
	operations := uint64(baseOpsPerS * window.Seconds() * math.Exp(speed-slower))
	h := m.dense
	h.Reset()
	// The only error is a latency out of range, eight widths away in the widest noise.
	if err := h.RecordValues(int64(float64(baseP99)*math.Exp(tail+slower)), samples); err != nil {
		panic(fmt.Sprintf("noise %q made a latency of more than a second: %v", m.noise.Name, err))
	}
	return reports.Replicate{
		Window: window, Valid: true,
		Operations: reports.Operations{Started: operations, Succeeded: operations},
		Histograms: []reports.OpHistogram{{Op: "put", Kind: reports.KindResponse, Histogram: reports.NewHistogram(h)}},
	}
}
