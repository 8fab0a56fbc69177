package experiment

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/raftbench/raftbench/core/batch"
	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/transports"
	"github.com/raftbench/raftbench/workloads"
)

// settings are the smallest that are valid.
func settings(t testing.TB, list string) *Settings {
	t.Helper()
	specs, err := transports.ParseList(transports.All(), list)
	if err != nil {
		t.Fatal(err)
	}
	return &Settings{
		Transports:     specs,
		Nodes:          []int{3},
		Clients:        []int{4},
		Payloads:       []int{16},
		BatchSizes:     []int{16 << 10},
		Lingers:        []time.Duration{0},
		Pipelines:      []int{4},
		ReadMode:       ReadIndex,
		Duration:       100 * time.Millisecond,
		Repeat:         1,
		Timeout:        5 * time.Second,
		MaxOutstanding: 100,
	}
}

func armLabels(t *testing.T, s *Settings) []string {
	t.Helper()
	p, err := s.Plan()
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, a := range p.Arms {
		out = append(out, a.Label)
	}
	return out
}

// Lists multiply; a label names the transport and what differs.
func TestMatrix(t *testing.T) {
	for name, c := range map[string]struct {
		transports string
		change     func(*Settings)
		want       []string
	}{
		"one arm":  {"rawtcp", func(*Settings) {}, []string{"rawtcp"}},
		"variants": {"grpc,grpc:mode=unary", func(*Settings) {}, []string{"grpc", "grpc:mode=unary"}},
		"payloads": {"inproc,rawtcp", func(s *Settings) { s.Payloads = []int{16, 1024} },
			[]string{"inproc payload=16B", "inproc payload=1KiB", "rawtcp payload=16B", "rawtcp payload=1KiB"}},
		"a rate replaces the clients": {"inproc", func(s *Settings) { s.Rates = []float64{500, 2e4}; s.Clients = []int{1, 2} },
			[]string{"inproc r=500", "inproc r=20000"}},
		"stages replace rates and clients": {"inproc", func(s *Settings) {
			s.Stages = workloads.Stages{{Duration: time.Second, From: 1000, To: 3000}}
			s.Rates, s.Clients = []float64{1, 2}, []int{1, 2}
		}, []string{"inproc"}},
		"nodes and pipelines": {"inproc", func(s *Settings) { s.Nodes = []int{1, 3}; s.Pipelines = []int{1, 8} },
			[]string{"inproc nodes=1 pipeline=1", "inproc nodes=1 pipeline=8", "inproc nodes=3 pipeline=1", "inproc nodes=3 pipeline=8"}},
		"batches of so many operations": {"inproc", func(s *Settings) { s.BatchOps = []int{0, 16} },
			[]string{"inproc batch.ops=0", "inproc batch.ops=16"}},
		"a linger goes with its policy": {"inproc", func(s *Settings) {
			s.Lingers = []time.Duration{0, time.Millisecond}
			s.Policies = []batch.Policy{batch.None, batch.Natural, batch.Linger}
		}, []string{"inproc linger=0s batch.policy=none", "inproc linger=0s batch.policy=natural", "inproc linger=1ms batch.policy=linger"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := settings(t, c.transports)
			c.change(s)
			if diff := cmp.Diff(c.want, armLabels(t, s)); diff != "" {
				t.Fatalf("arms (-want +got):\n%s", diff)
			}
		})
	}
}

// Stages say how long the window is, and their mean is the arm's rate.
func TestStagesInThePlan(t *testing.T) {
	s := settings(t, "inproc")
	s.Warmup, s.Repeat, s.Idle = time.Second, 3, 300*time.Millisecond
	s.Stages = workloads.Stages{{Duration: 10 * time.Second, From: 1000, To: 1000}, {Duration: 20 * time.Second, From: 1000, To: 3000}}
	p, err := s.Plan()
	if err != nil {
		t.Fatal(err)
	}
	if rate := p.Arms[0].Rate; rate < 1666 || rate > 1667 {
		t.Errorf("mean rate %v", rate)
	}
	if want := 3 * (startEstimate + s.Idle + s.Warmup + 30*time.Second); p.Estimate != want {
		t.Errorf("estimate %v, want %v", p.Estimate, want)
	}
	run := newRun(s, p, Header{})
	if load := run.Arms[0].Workload.Load; load.Loop != reports.LoopOpen || load.Stages != "10s:1k,20s:1k..3k" || run.Plan.Window != 30*time.Second {
		t.Errorf("load %+v, window %v", load, run.Plan.Window)
	}
}

// Every block has every arm once; the order changes from block to block, and is
// the same for the same seed.
func TestBlocksAreShuffled(t *testing.T) {
	s := settings(t, "all")
	s.Repeat, s.Seed = 20, 5
	first, err := s.Plan()
	if err != nil {
		t.Fatal(err)
	}
	orders := map[string]bool{}
	for i, block := range first.Blocks {
		seen := map[int]bool{}
		for _, arm := range block {
			seen[arm] = true
		}
		if len(seen) != len(first.Arms) || len(block) != len(first.Arms) {
			t.Fatalf("block %d is %v, want each of %d arms once", i+1, block, len(first.Arms))
		}
		orders[cmp.Diff(nil, block)] = true
	}
	if len(orders) < 10 {
		t.Fatalf("20 blocks have %d orders", len(orders))
	}
	again, err := s.Plan()
	if err != nil || !cmp.Equal(first.Blocks, again.Blocks) {
		t.Fatalf("the same seed gave another order: %v", err)
	}
	if s.Seed = 6; true {
		other, err := s.Plan()
		if err != nil || cmp.Equal(first.Blocks, other.Blocks) {
			t.Fatalf("another seed gave the same order: %v", err)
		}
	}
}

func TestPlanNamesWhatIsWrong(t *testing.T) {
	for want, change := range map[string]func(*Settings){
		"--transport":       func(s *Settings) { s.Transports = nil },
		"--nodes 16":        func(s *Settings) { s.Nodes = []int{16} },
		"-c 0":              func(s *Settings) { s.Clients = []int{0} },
		"-c: name":          func(s *Settings) { s.Clients = nil },
		"-r -1":             func(s *Settings) { s.Rates = []float64{-1} },
		"--payload 5000000": func(s *Settings) { s.Payloads = []int{5000000} },
		"--batch.size 0":    func(s *Settings) { s.BatchSizes = []int{0} },
		"--linger -1ns":     func(s *Settings) { s.Lingers = []time.Duration{-1} },
		"--linger":          func(s *Settings) { s.Policies = []batch.Policy{batch.Linger} },
		"--batch.policy":    func(s *Settings) { s.Policies = []batch.Policy{"eager"} },
		"--pipeline 0":      func(s *Settings) { s.Pipelines = []int{0} },
		"--repeat 0":        func(s *Settings) { s.Repeat = 0 },
		"at most 10000":     func(s *Settings) { s.Repeat = 1000; s.Payloads = make([]int, 11) },
		"twice":             func(s *Settings) { s.Payloads = []int{16, 16} },
		"-d 0s":             func(s *Settings) { s.Duration = 0 },
		"--warmup -2ns":     func(s *Settings) { s.Warmup = -2 },
		"--reads 1.5":       func(s *Settings) { s.Reads = 1.5 },
		"--read-mode":       func(s *Settings) { s.ReadMode = "psychic" },
		"--timeout":         func(s *Settings) { s.Timeout = 0 },
		"--port":            func(s *Settings) { s.BasePort = -1 },
		"--max-outstanding": func(s *Settings) { s.MaxOutstanding = 0 },
		"standing.bytes -1": func(s *Settings) { s.MaxOutstandingBytes = -1 },
		"--idle -1ns":       func(s *Settings) { s.Idle = -1 },
		"has no end":        func(s *Settings) { s.Stages = workloads.Rate(5).Stages },
		"they take 25h":     func(s *Settings) { s.Stages = workloads.Stages{{Duration: 25 * time.Hour, From: 1, To: 1}} },
		"zipf":              func(s *Settings) { s.Zipf = -1 },
	} {
		s := settings(t, "inproc")
		change(s)
		if _, err := s.Plan(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}
