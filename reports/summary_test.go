package reports_test

import (
	"strings"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/google/go-cmp/cmp"

	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/reports/reportstest"
)

// armOf makes an arm with a replicate for each throughput, all else fine.
func armOf(label string, perSecond ...uint64) reports.Arm {
	a := reports.Arm{
		Label: label, Transport: strings.SplitN(label, ":", 2)[0],
		Workload: reports.Workload{Load: reports.Load{Loop: reports.LoopClosed, Nodes: 3, Clients: 1}},
	}
	for i, n := range perSecond {
		h := hdrhistogram.New(1, 1e9, 3)
		if err := h.RecordValues(int64(1e9/n), 400); err != nil {
			panic(err)
		}
		a.Replicates = append(a.Replicates, reports.Replicate{
			Index: i + 1, Block: i + 1, Window: 2 * time.Second, Valid: true,
			Operations: reports.Operations{Started: 2 * n, Succeeded: 2 * n},
			Histograms: []reports.OpHistogram{{Op: "put", Kind: reports.KindResponse, Histogram: reports.NewHistogram(h)}},
			Cost:       reports.Cost{CPUUser: new(int64(3000 * n)), CPUSystem: new(int64(1000 * n)), WireBytes: new(int64(200 * n))},
		})
	}
	return a
}

func runOf(arms ...reports.Arm) *reports.Run {
	return &reports.Run{Status: reports.StatusComplete, Plan: reports.Plan{Replicates: len(arms[0].Replicates), Interleaved: true}, Arms: arms}
}

func TestSummarySumsUpReplicates(t *testing.T) {
	a := armOf("grpc", 100, 300, 200)
	a.Replicates[1].Operations.Unknown = 2
	a.Replicates[1].Errors = map[string]uint64{"timeout": 2}
	a.Replicates[2].Errors = map[string]uint64{"timeout": 1, "broken": 4}
	s := reports.Summarize(runOf(a))[0].Summaries[0]
	if diff := cmp.Diff(reports.Spread{N: 3, Median: 200, Min: 100, Max: 300}, s.Throughput); diff != "" {
		t.Errorf("throughput (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]uint64{"timeout": 3, "broken": 4}, s.Errors); diff != "" {
		t.Errorf("errors (-want +got):\n%s", diff)
	}
	if s.Samples != 1200 || s.Operations.Succeeded != 1200 || s.Failures() != 2 {
		t.Errorf("%d samples, %d succeeded, %d failures", s.Samples, s.Operations.Succeeded, s.Failures())
	}
	if s.CPUPerOp.Median != 2 || s.WireBytesPerOp.Median != 100 || s.AllocsPerOp.N != 0 {
		t.Errorf("per operation: CPU %v, wire %v, allocs %v", s.CPUPerOp, s.WireBytesPerOp, s.AllocsPerOp)
	}
	// Of 1,200 values in three equal heaps the merged p50 is in the middle one; the
	// mean of the replicates' medians would not be.
	if p := s.Latency[0]; p.Value < 5e6 || p.Value > 5.01e6 {
		t.Errorf("p50 is %d, want that of the merged histogram, 5 ms", p.Value)
	}
	if !s.Latency[2].Carried || s.Latency[3].Carried {
		t.Errorf("1,200 values carry p99 and not p99.9: %+v", s.Latency)
	}
}

func TestOneInvalidReplicateKeepsTheArmFromBeingRanked(t *testing.T) {
	fast, slow, third := armOf("rawtcp", 300, 300), armOf("grpc", 100, 100), armOf("http", 50, 50)
	fast.Replicates[1].Valid = false
	fast.Replicates[1].Reasons = []string{"the clock source changed"}
	g := reports.Summarize(runOf(fast, slow, third))[0]
	throughput := func(s *reports.Summary) (float64, bool) { return s.Throughput.Median, true }
	if best := g.Best(true, throughput); best != 1 {
		t.Errorf("best is %d, want 1: the fastest is invalid", best)
	}
	if diff := cmp.Diff([]string{"replicate 2: the clock source changed"}, g.Summaries[0].Reasons); diff != "" {
		t.Error(diff)
	}
	if h := g.Headline(); !strings.HasPrefix(h.Text, "grpc has the highest throughput") || !strings.Contains(h.Note, "INVALID: rawtcp") {
		t.Errorf("headline %+v", h)
	}
}

func TestBestNeedsARival(t *testing.T) {
	throughput := func(s *reports.Summary) (float64, bool) { return s.Throughput.Median, true }
	zero := armOf("inproc", 900)
	zero.InProcess = true
	for name, c := range map[string]struct {
		arms []reports.Arm
		want int
	}{
		"alone":              {[]reports.Arm{armOf("grpc", 10)}, -1},
		"with the zero line": {[]reports.Arm{zero, armOf("grpc", 10)}, -1},
		"tie":                {[]reports.Arm{armOf("grpc", 10), armOf("http", 10)}, -1},
		"tie of the losers":  {[]reports.Arm{armOf("grpc", 10), armOf("http", 10), armOf("rawtcp", 11)}, 2},
		"nothing measured":   {[]reports.Arm{armOf("grpc"), armOf("http", 10), armOf("rawtcp", 11)}, 2},
	} {
		g := reports.Summarize(runOf(c.arms...))[0]
		if got := g.Best(true, throughput); got != c.want {
			t.Errorf("%s: best is %d, want %d", name, got, c.want)
		}
	}
}

func TestArmsOfDifferentLoadsAreNotRankedTogether(t *testing.T) {
	small, large, tuned := armOf("grpc", 100), armOf("grpc:b", 50), armOf("grpc:c", 70)
	large.Workload.PayloadBytes = 1024
	tuned.Workload.Linger = time.Millisecond
	groups := reports.Summarize(runOf(small, large, tuned))
	var got [][]string
	for _, g := range groups {
		var labels []string
		for _, s := range g.Summaries {
			labels = append(labels, s.Arm.Label)
		}
		got = append(got, labels)
	}
	if diff := cmp.Diff([][]string{{"grpc", "grpc:c"}, {"grpc:b"}}, got); diff != "" {
		t.Fatalf("groups (-want +got):\n%s", diff)
	}
}

func TestHeadline(t *testing.T) {
	zero := armOf("inproc", 900, 900)
	zero.InProcess = true
	for _, c := range []struct {
		name string
		arms []reports.Arm
		want reports.Headline
	}{
		{"clear", []reports.Arm{zero, armOf("grpc", 100, 110), armOf("rawtcp", 400, 440), armOf("netrpc", 40, 44)}, reports.Headline{
			Text: "rawtcp has the highest throughput: 420 operations per second, 4.00 times grpc and 10.00 times netrpc.",
			Note: "An estimate from 2 replicates. Not ranked, as nothing crosses a wire: inproc.",
		}},
		{"overlap", []reports.Arm{armOf("grpc", 100, 120), armOf("http", 115, 130)}, reports.Headline{
			Text: "http and grpc lead with 123 and 110 operations per second and cannot be told apart: their replicates overlap.",
			Note: "An estimate from 2 replicates.",
		}},
		{"once", []reports.Arm{armOf("grpc", 100), armOf("http", 300)}, reports.Headline{
			Text: "http has the highest throughput: 300 operations per second, 3.00 times grpc.",
			Note: "An estimate from 1 replicate: how much it varies is not known.",
		}},
		{"alone", []reports.Arm{armOf("grpc", 1234)}, reports.Headline{Text: "grpc: 1,234 operations per second."}},
		{"nothing", []reports.Arm{armOf("grpc")}, reports.Headline{
			Text: "No arm can be ranked.", Note: "Not ranked, as the measurement is INVALID: grpc.",
		}},
	} {
		g := reports.Summarize(runOf(c.arms...))[0]
		if diff := cmp.Diff(c.want, g.Headline()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestBandLeavesOutThePartialBucketAndJoinsReplicates(t *testing.T) {
	a := armOf("grpc", 10, 10)
	for i := range a.Replicates {
		r := &a.Replicates[i]
		r.Window = 2500 * time.Millisecond
		r.Series = reports.Series{
			Bucket: time.Second, Completed: []uint64{10, uint64(20 + 10*i), 3}, P99: []int64{100, int64(200 * i), 5},
		}
	}
	want := []reports.BandPoint{
		{At: 500 * time.Millisecond, Median: 10, Min: 10, Max: 10},
		{At: 1500 * time.Millisecond, Median: 25, Min: 20, Max: 30},
	}
	if diff := cmp.Diff(want, a.ThroughputBand()); diff != "" {
		t.Errorf("throughput (-want +got):\n%s", diff)
	}
	want = []reports.BandPoint{
		{At: 500 * time.Millisecond, Median: 100, Min: 100, Max: 100},
		{At: 1500 * time.Millisecond, Median: 200, Min: 200, Max: 200}, // the other has no operation there
	}
	if diff := cmp.Diff(want, a.P99Band()); diff != "" {
		t.Errorf("p99 (-want +got):\n%s", diff)
	}
}

func TestWarningsAreJoined(t *testing.T) {
	run := reportstest.Run(reportstest.Shapes()[1:2], 3)
	for i, list := range [][]string{{"swap is in use", "the CPU was shared"}, {"swap is in use", "late"}, {"swap is in use", "the CPU was shared"}} {
		run.Arms[0].Replicates[i].Warnings = list
	}
	s := reports.Summarize(run)[0].Summaries[0]
	want := []string{"all replicates: swap is in use", "replicates 1, 3: the CPU was shared", "replicate 2: late"}
	if diff := cmp.Diff(want, s.Warnings); diff != "" || !s.Valid {
		t.Fatalf("valid %v, warnings (-want +got):\n%s", s.Valid, diff)
	}
}
