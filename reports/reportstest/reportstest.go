// Package reportstest makes runs for tests of the reports: invented numbers of
// realistic size and shape, the same for the same arguments. They measure
// nothing and must not be quoted.
//
// It starts no goroutine.
package reportstest

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/raftbench/raftbench/reports"
)

// Shape is the invented behaviour of one arm.
type Shape struct {
	Label, Transport string
	Rate             float64       // operations/s
	Median           time.Duration // of the response time
	CPU, Wire        float64       // µs and bytes per operation
}

// Shapes are five transports with their options at rest, the zero line first.
func Shapes() []Shape {
	return []Shape{
		{"inproc", "inproc", 812e3, 72 * time.Microsecond, 2.3, 0},
		{"rawtcp", "rawtcp", 451e3, 138 * time.Microsecond, 4.1, 148},
		{"http", "http", 122e3, 505 * time.Microsecond, 15.8, 412},
		{"grpc:mode=stream", "grpc", 96e3, 640 * time.Microsecond, 20.1, 231},
		{"grpc:mode=unary", "grpc", 61e3, 1010 * time.Microsecond, 32.4, 298},
		{"netrpc", "netrpc", 38e3, 1620 * time.Microsecond, 51.7, 356},
	}
}

// Run invents a complete run of the shapes with so many replicates.
func Run(shapes []Shape, replicates int) *reports.Run {
	started := time.Date(2026, 11, 22, 20, 15, 4, 250e6, time.UTC)
	r := &reports.Run{
		Status:   reports.StatusComplete,
		Tool:     reports.Tool{Version: "v0.1.0", GoVersion: "go1.26.8", Revision: "0123abc"},
		Argv:     []string{"raftbench", "run", "--transport", "all", "-d", "3s"},
		Seed:     18446744073709551615, // does not fit a float64: the file must keep it
		Started:  started,
		Finished: started.Add(74 * time.Second),
		Settings: []reports.Setting{
			{Name: "duration", Value: "3s", Source: "flag"},
			{Name: "payload", Value: "128B", Source: "default"},
			{Name: "transport", Value: "all", Source: "flag"},
		},
		Environment: reports.Environment{
			OS: "Linux", Arch: "amd64", Kernel: "6.18.5", CPUModel: "AMD EPYC", NumCPU: 2, GOMAXPROCS: 2,
			MemoryBytes: 24 << 30, ClockSource: "tsc", CongestionControl: "cubic",
		},
		Plan: reports.Plan{
			Replicates: replicates, Interleaved: true, Warmup: time.Second, Window: 3 * time.Second, Estimated: 70 * time.Second,
		},
		Warnings: []string{"clients and nodes share 2 CPUs: throughput is that of both together"},
	}
	for i, s := range shapes {
		r.Arms = append(r.Arms, arm(s, uint64(i+1), replicates))
	}
	return r
}

func arm(s Shape, seed uint64, replicates int) reports.Arm {
	a := reports.Arm{
		Label:     s.Label,
		Transport: s.Transport,
		Options:   []reports.Option{{Name: "profile", Value: "tuned"}},
		InProcess: s.Transport == "inproc",
		Workload: reports.Workload{
			Load: reports.Load{
				Name: "kv", Loop: reports.LoopClosed, Nodes: 3, Clients: 64, PayloadBytes: 128,
				Keys: 10000, KeyChoice: "uniform", Storage: "mem", Network: "loopback",
			},
			Tuning: reports.Tuning{BatchPolicy: "natural", BatchSizeBytes: 16 << 10, Pipeline: 4},
		},
	}
	for i := range replicates {
		a.Replicates = append(a.Replicates, replicate(s, seed, i))
	}
	return a
}

const (
	window  = 3 * time.Second
	bucket  = 100 * time.Millisecond
	samples = 5000 // drawn for a replicate's histogram
	weight  = 8    // counted for each of them
)

func replicate(s Shape, seed uint64, index int) reports.Replicate {
	rng := rand.New(rand.NewPCG(seed, uint64(index)))
	luck := 1 + 0.03*rng.NormFloat64()
	r := reports.Replicate{
		Index: index + 1, Block: index + 1, Position: int(seed), Seed: seed,
		After: time.Duration(index) * 20 * time.Second, Warmup: time.Second, Window: window,
		Valid: true, Elections: 0, Reorders: uint64(rng.IntN(9)),
		Counters: map[string]uint64{"calls": 123456, "overflows": 0},
	}
	r.Series = series(s, luck, rng)
	for _, n := range r.Series.Completed {
		r.Operations.Succeeded += n
	}
	if s.Transport == "netrpc" && index == 0 {
		r.Operations.Unknown = 3
		r.Errors = map[string]uint64{"timeout": 3}
	}
	r.Operations.InFlight = 64
	r.Operations.Started = r.Operations.Succeeded + r.Operations.Unknown + r.Operations.InFlight
	response := latencies(s, luck, rng)
	r.Histograms = []reports.OpHistogram{
		{Op: "put", Kind: reports.KindResponse, Histogram: response},
		{Op: "put", Kind: reports.KindService, Histogram: response},
	}
	r.Cost, r.Idle = cost(s, luck, r.Operations.Succeeded)
	r.Breakdown = breakdown(response)
	r.Distributions = []reports.Distribution{
		{Name: "append_entries_per_batch", Unit: "entries", Histogram: batches(rng)},
		{Name: "inbox_depth", Unit: "requests", Histogram: batches(rng)},
	}
	r.Discarded = &reports.Discarded{
		Ended: "stationary", Operations: reports.Operations{Started: samples, Succeeded: samples},
		Histograms: []reports.OpHistogram{{Op: "put", Kind: reports.KindResponse, Histogram: response}},
	}
	if index == 1 && s.Transport == "http" {
		r.Events = []reports.Event{
			{At: 900 * time.Millisecond, Kind: "fault", Text: "node 1 was killed"},
			{At: 2100 * time.Millisecond, Kind: "election", Text: "node 2 leads in term 3"},
		}
	}
	return r
}

// breakdown cuts a response time into stages.
func breakdown(response *reports.Histogram) *reports.Breakdown {
	b := &reports.Breakdown{Samples: uint64(response.Count()), Response: response.Mean()}
	for _, part := range []struct {
		name  string
		share float64
	}{
		{"dispatch", 0}, {"queue", 0.08}, {"linger", 0}, {"request", 0.22}, {"inbox", 0.1}, {"log", 0.05},
		{"quorum", 0.33}, {"apply", 0.04}, {"reply", 0.18},
	} {
		mean := part.share * response.Mean()
		h := hdrhistogram.New(1, int64(time.Minute), 3)
		_ = h.RecordValues(int64(mean), response.Count())
		b.Stages = append(b.Stages, reports.Stage{Name: part.name, Mean: mean, Histogram: reports.NewHistogram(h)})
	}
	return b
}

func batches(rng *rand.Rand) *reports.Histogram {
	h := hdrhistogram.New(1, 1<<30, 3)
	for range samples {
		_ = h.RecordValue(1 + int64(30*rng.ExpFloat64()))
	}
	return reports.NewHistogram(h)
}

func series(s Shape, luck float64, rng *rand.Rand) reports.Series {
	out := reports.Series{Bucket: bucket}
	for range int(window / bucket) {
		rate := s.Rate * luck * (1 + 0.02*rng.NormFloat64())
		p50 := float64(s.Median) / luck * (1 + 0.02*rng.NormFloat64())
		out.Completed = append(out.Completed, uint64(rate*bucket.Seconds()))
		out.Errors = append(out.Errors, 0)
		out.P50 = append(out.P50, int64(p50))
		out.P99 = append(out.P99, int64(2.6*p50*(1+0.1*rng.Float64())))
		out.Max = append(out.Max, int64(5*p50*(1+rng.Float64())))
	}
	return out
}

// latencies draws from a log-normal body with a tail of pauses: one operation in
// 500 meets one.
func latencies(s Shape, luck float64, rng *rand.Rand) *reports.Histogram {
	h := hdrhistogram.New(1, int64(60*time.Second), 3)
	for range samples {
		v := float64(s.Median) / luck * math.Exp(0.33*rng.NormFloat64())
		if rng.IntN(500) == 0 {
			v += float64(700*time.Microsecond) * rng.ExpFloat64()
		}
		if err := h.RecordValues(int64(v), weight); err != nil {
			panic(err) // the shapes lie far below a minute
		}
	}
	return reports.NewHistogram(h)
}

// cost is what the operations and the idle cluster took together, and what the
// idle cluster alone.
func cost(s Shape, luck float64, ops uint64) (reports.Cost, *reports.Cost) {
	n := float64(ops)
	cpu := s.CPU / luck * 1e3 * n
	idle := &reports.Cost{
		CPUUser: new(int64(9e6)), CPUSystem: new(int64(6e6)), WireBytes: new(int64(14400)), WireSegments: new(int64(240)),
		Allocs: new(int64(600)), AllocBytes: new(int64(48000)), GCCycles: new(int64(0)), GCPause: new(int64(0)),
		ReadSyscalls: new(int64(500)), WriteSyscalls: new(int64(250)),
	}
	if s.Wire == 0 {
		idle.WireBytes, idle.WireSegments = new(int64(0)), new(int64(0))
	}
	return reports.Cost{
		CPUUser: new(int64(0.6*cpu) + *idle.CPUUser), CPUSystem: new(int64(0.4*cpu) + *idle.CPUSystem),
		WireBytes: new(int64(s.Wire*n) + *idle.WireBytes), WireSegments: new(int64(0.0006*s.Wire*n) + *idle.WireSegments),
		Allocs: new(int64(0.4*s.CPU*n) + *idle.Allocs), AllocBytes: new(int64(256*n) + *idle.AllocBytes),
		GCCycles: new(int64(12)), GCPause: new(int64(900e3)), GoroutinesMax: new(int64(160)),
		ReadSyscalls: new(int64(0.02*s.CPU*n) + *idle.ReadSyscalls), WriteSyscalls: new(int64(0.01*s.CPU*n) + *idle.WriteSyscalls),
	}, idle
}
