package reports_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/google/go-cmp/cmp"

	"github.com/raftbench/raftbench/reports"
)

func headline(run *reports.Run) reports.Headline {
	groups := reports.Summarize(run)
	return groups[0].Headline()
}

func TestHeadlineIsAVerdictWherePairsSuffice(t *testing.T) {
	third := func(factor float64, run *reports.Run) *reports.Run {
		var perSecond []uint64
		for _, r := range run.Arms[0].Replicates {
			perSecond = append(perSecond, uint64(factor*r.Throughput()))
		}
		run.Arms = append(run.Arms, armOf("netrpc", perSecond...))
		return run
	}
	for name, c := range map[string]struct {
		run  *reports.Run
		want reports.Headline
	}{
		"two": {paired(around(10, 1.10, 0.02)...), reports.Headline{
			Text: "http is better than grpc: throughput +10.0 % [+8.8 %, +11.2 %], p = 0.002.",
			Note: "A verdict from 10 interleaved pairs.",
		}},
		"three": {third(0.5, paired(around(10, 1.10, 0.02)...)), reports.Headline{
			Text: "http has the highest throughput, 120,699 operations per second; it is better than grpc, the next: throughput +10.0 % [+8.8 %, +11.2 %], p = 0.002.",
			Note: "A verdict from 10 interleaved pairs.",
		}},
		"equivalent": {paired(around(10, 1.002, 0.01)...), reports.Headline{
			Text: "http and grpc lead with 109,582 and 109,000 operations per second and are equivalent: throughput +0.2 % [-0.4 %, +0.8 %], p = 0.49.",
			Note: "A verdict from 10 interleaved pairs. Less than 3 % is no difference.",
		}},
		"noise": {paired(around(10, 1.05, 0.3)...), reports.Headline{
			Text: "http and grpc lead with 116,883 and 109,000 operations per second and cannot be told apart: throughput +3.5 % [-12.5 %, +21.7 %], p = 0.62.",
			Note: "A verdict from 10 interleaved pairs. Inconclusive: the interval reaches from -12.5 % to +21.7 %: this machine is too noisy to tell 3 % apart in 200 pairs; longer windows or a quieter machine may.",
		}},
		"few": {paired(around(5, 1.10, 0.02)...), reports.Headline{
			Text: "http and grpc lead with 119,900 and 109,000 operations per second and cannot be told apart: their replicates overlap.",
			Note: "An estimate from 5 replicates.",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, headline(c.run)); diff != "" {
				t.Fatal(diff)
			}
		})
	}
}

// In an open loop all achieve the rate that is offered: who leads is who answers
// sooner.
func TestHeadlineOfAnOpenLoopIsAboutLatency(t *testing.T) {
	slow := func(base time.Duration) []time.Duration {
		var list []time.Duration
		for i := range 10 {
			list = append(list, base+time.Duration(i)*10*time.Microsecond)
		}
		return list
	}
	run := &reports.Run{Status: reports.StatusComplete, Plan: reports.Plan{Replicates: 10, Interleaved: true}}
	for _, a := range []struct {
		label string
		p99   time.Duration
	}{{"grpc", 2 * time.Millisecond}, {"http", time.Millisecond}} {
		arm := reports.Arm{Label: a.label, Transport: a.label, Workload: reports.Workload{Load: reports.Load{Loop: reports.LoopOpen, Rate: 1000}}}
		for i, p99 := range slow(a.p99) {
			h := hdrhistogram.New(1, int64(time.Minute), 3)
			_ = h.RecordValues(int64(p99), 5000) // in range
			arm.Replicates = append(arm.Replicates, reports.Replicate{
				Block: i + 1, Window: 5 * time.Second, Valid: true, Operations: reports.Operations{Started: 5000, Succeeded: 5000},
				Histograms: []reports.OpHistogram{{Op: "put", Kind: reports.KindResponse, Histogram: reports.NewHistogram(h)}},
			})
		}
		run.Arms = append(run.Arms, arm)
	}
	if h := headline(run); !strings.HasPrefix(h.Text, "http is better than grpc: p99 -48.9 %") {
		t.Errorf("a verdict: %+v", h)
	}
	for i := range run.Arms {
		run.Arms[i].Replicates = run.Arms[i].Replicates[:2]
	}
	want := reports.Headline{Text: "http has the lowest p99: 1.01 ms, against 2.01 ms of grpc.", Note: "An estimate from 2 replicates."}
	if diff := cmp.Diff(want, headline(run)); diff != "" {
		t.Error(diff)
	}
	if order := reports.Summarize(run)[0].Order(); order[0].Arm.Label != "http" {
		t.Errorf("%s comes first", order[0].Arm.Label)
	}
}

// Blocks that only one arm has lift its median, and say nothing about the other.
func TestHeadlineFollowsThePairs(t *testing.T) {
	run := paired(around(10, 1.10, 0.02)...)
	alone := armOf("grpc", 400_000, 400_000, 400_000, 400_000, 400_000, 400_000, 400_000, 400_000, 400_000)
	for i := range alone.Replicates {
		alone.Replicates[i].Block = 100 + i
	}
	run.Arms[0].Replicates = append(run.Arms[0].Replicates, alone.Replicates...)
	if h := headline(run); !strings.HasPrefix(h.Text, "http is better than grpc: throughput +10.0 %") {
		t.Fatalf("%+v", h)
	}
}

// An arm that is INVALID does not lead, and leaves the verdict to the others.
func TestHeadlineLeavesOutTheInvalid(t *testing.T) {
	run := paired(around(10, 1.10, 0.02)...)
	run.Arms = append(run.Arms, armOf("rawtcp", 900_000))
	run.Arms[2].Replicates[0].Valid = false
	h := headline(run)
	if !strings.HasPrefix(h.Text, "http is better than grpc") || !strings.HasSuffix(h.Note, "INVALID: rawtcp.") {
		t.Fatalf("%+v", h)
	}
}

// The two that lead were chosen because they do. Among equal arms one is named best no
// more often than the test says all the same: whether all are equal or two lead, and
// whether they scatter alike or not.
func TestHeadlineAmongEqualArms(t *testing.T) {
	even, odd := []float64{0.1, 0.1, 0.1, 0.1, 0.1}, []float64{0.4, 0.2, 0.1, 0.1, 0.05}
	for name, arms := range map[string]struct{ means, scatter []float64 }{
		"all equal":                     {[]float64{1, 1, 1, 1, 1}, even},
		"two lead":                      {[]float64{1, 1, 0.2, 0.1, 0.1}, even},
		"all equal, of unequal scatter": {[]float64{1, 1, 1, 1, 1}, odd},
		"two lead, of unequal scatter":  {[]float64{1, 1, 0.2, 0.1, 0.1}, odd},
	} {
		rng := rand.New(rand.NewPCG(1, 2))
		const trials = 600
		named := 0
		for range trials {
			if strings.Contains(headline(noisy(rng, arms.means, arms.scatter)).Text, "is better than") {
				named++
			}
		}
		t.Logf("%s: one of five arms was named best in %d of %d runs", name, named, trials)
		if allowed := trials*0.05 + 3*math.Sqrt(trials*0.05*0.95); float64(named) > allowed {
			t.Errorf("%s: one of five arms was named best in %d of %d runs", name, named, trials)
		}
	}
}

// noisy makes a run of ten blocks; scatter is of the logarithm.
func noisy(rng *rand.Rand, means, scatter []float64) *reports.Run {
	const pairs = 10
	run := &reports.Run{Status: reports.StatusComplete, Plan: reports.Plan{Replicates: pairs, Interleaved: true}}
	for arm, mean := range means {
		a := reports.Arm{Label: string(rune('A' + arm)), Transport: "x", Workload: reports.Workload{Load: reports.Load{Loop: reports.LoopClosed}}}
		for block := range pairs {
			n := uint64(1e6 * mean * math.Exp(scatter[arm]*rng.NormFloat64()))
			a.Replicates = append(a.Replicates, reports.Replicate{
				Block: block + 1, Window: time.Second, Valid: true, Operations: reports.Operations{Started: n, Succeeded: n},
			})
		}
		run.Arms = append(run.Arms, a)
	}
	return run
}
