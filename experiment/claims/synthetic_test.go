package claims

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/raftbench/raftbench/reports"
)

// shape is the invented behaviour of an arm.
type shape struct {
	rate     float64       // operations per second
	p50, p99 time.Duration // of the response time
	cpu      float64       // µs per operation
	reorders uint64
}

// invented makes the complete results of a claim's arms. Noise is the standard deviation of
// every number's logarithm, the same for the same arguments.
func invented(c Claim, blocks int, noise float64, of func(Arm) shape) *reports.Run {
	started := time.Date(2026, 11, 28, 9, 0, 0, 0, time.UTC)
	r := &reports.Run{
		Status: reports.StatusComplete, Started: started, Finished: started.Add(2 * time.Minute),
		Tool:        reports.Tool{Version: "v0.1.0", GoVersion: "go1.26.8", Revision: "0123abc"},
		Environment: reports.Environment{OS: "Linux", Kernel: "6.18.5", CPUModel: "AMD EPYC", NumCPU: 2, GOMAXPROCS: 2},
		Plan:        reports.Plan{Replicates: blocks, Interleaved: true, Window: time.Second},
	}
	for i, a := range c.Arms {
		load := reports.Load{Name: string(c.Layer), Loop: reports.LoopClosed, Clients: a.Clients, PayloadBytes: a.payload(), Network: "loopback"}
		if a.Rate > 0 {
			load.Loop, load.Rate = reports.LoopOpen, float64(a.Rate)
		}
		arm := reports.Arm{Label: a.Label(), Transport: a.Transport, Workload: reports.Workload{Load: load}}
		rng := rand.New(rand.NewPCG(uint64(i), 7))
		for b := range blocks {
			arm.Replicates = append(arm.Replicates, replicateOf(of(a), b, i, func() float64 { return math.Exp(noise * rng.NormFloat64()) }))
		}
		r.Arms = append(r.Arms, arm)
	}
	return r
}

func replicateOf(s shape, block, position int, luck func() float64) reports.Replicate {
	ops := uint64(s.rate * luck())
	slow := luck()
	h := hdrhistogram.New(1, int64(time.Minute), 3)
	_ = h.RecordValues(int64(float64(s.p50)*slow), 980) // what is recorded is far below a minute
	_ = h.RecordValues(int64(float64(s.p99)*slow), 20)
	return reports.Replicate{
		Index: block + 1, Block: block + 1, Position: position + 1, Valid: true,
		After: time.Duration(block)*time.Minute + time.Duration(position)*time.Second, Window: time.Second,
		Operations: reports.Operations{Started: ops, Succeeded: ops},
		Histograms: []reports.OpHistogram{{Op: "append", Kind: reports.KindResponse, Histogram: reports.NewHistogram(h)}},
		Cost: reports.Cost{
			CPUUser: new(int64(s.cpu * 1e3 * luck() * float64(ops))), CPUSystem: new(int64(0)),
			Allocs: new(int64(ops)), AllocBytes: new(int64(64 * ops)), WireBytes: new(int64(150 * ops)),
		},
		Reorders: s.reorders,
	}
}

// level is an arm that does n thousand operations a second, and has the latencies and the
// cost of one that does.
func level(n float64) shape {
	return shape{
		rate: 1000 * n, cpu: 100 / n, p50: time.Duration(float64(10*time.Millisecond) / n), p99: time.Duration(float64(30*time.Millisecond) / n),
	}
}

// byLabel gives arms a level each, and the others a common one.
func byLabel(others float64, levels map[string]float64) func(Arm) shape {
	return func(a Arm) shape {
		if n, ok := levels[a.Label()]; ok {
			return level(n)
		}
		return level(others)
	}
}
