package reports_test

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/raftbench/raftbench/reports"
)

// paired makes a run of two arms whose throughput differs by the factors, one a block.
// The machine drifts from block to block.
func paired(factors ...float64) *reports.Run {
	var base, other []uint64
	for i, f := range factors {
		b := 100_000 + 9_000*float64(i%4)
		base = append(base, uint64(b))
		other = append(other, uint64(math.Round(b*f)))
	}
	return runOf(armOf("grpc", base...), armOf("http", other...))
}

// around makes n factors near one, which differ by up to width.
func around(n int, factor, width float64) []float64 {
	list := make([]float64, n)
	for i := range list {
		list[i] = factor * (1 + width*(2*float64(i*7%n)/float64(n-1)-1))
	}
	return list
}

func onlyComparison(t *testing.T, run *reports.Run, c reports.Criteria) *reports.Comparison {
	t.Helper()
	list := reports.CompareArms(run, &run.Arms[0])
	if len(list) != 1 {
		t.Fatalf("%d comparisons", len(list))
	}
	reports.Judge(list, c)
	return &list[0]
}

func TestVerdicts(t *testing.T) {
	throughput := reports.Criteria{Gating: []reports.Metric{reports.Throughput()}}
	for name, c := range map[string]struct {
		factors  []float64
		criteria reports.Criteria
		want     reports.Verdict
		why      string
	}{
		"better":                       {around(10, 1.10, 0.02), throughput, reports.Better, ""},
		"worse":                        {around(10, 0.90, 0.02), throughput, reports.Worse, ""},
		"equal":                        {around(10, 1.00, 0.01), throughput, reports.Equivalent, ""},
		"certain and too small":        {around(10, 1.01, 0.005), throughput, reports.Equivalent, ""},
		"small, but asked for":         {around(10, 1.05, 0.01), reports.Criteria{MinEffect: 0.1, Gating: throughput.Gating}, reports.Equivalent, ""},
		"noise":                        {around(10, 1.00, 0.20), throughput, reports.Inconclusive, "--repeat"},
		"hopeless noise":               {around(10, 1.00, 0.80), throughput, reports.Inconclusive, "too noisy"},
		"a difference, how large?":     {around(10, 1.028, 0.03), throughput, reports.Inconclusive, "exceeds 3 % is open"},
		"six pairs, one question":      {around(6, 1.10, 0.02), throughput, reports.Better, ""},
		"six pairs, two questions":     {around(6, 1.10, 0.02), reports.Criteria{}, reports.Inconclusive, "p is 0.062 after the correction for 2 questions"},
		"seven pairs, two questions":   {around(7, 1.10, 0.02), reports.Criteria{}, reports.Better, ""},
		"five pairs":                   {around(5, 1.10, 0.02), throughput, reports.NoVerdict, ""},
		"one block the other way":      {append(around(9, 1.10, 0.02), 0.7), throughput, reports.Inconclusive, ""},
		"a wild block in the same way": {append(around(9, 1.10, 0.02), 7), throughput, reports.Better, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := onlyComparison(t, paired(c.factors...), c.criteria)
			d := difference(t, got, "throughput_ops_per_s")
			if d.Verdict != c.want || got.Verdict != c.want || !strings.Contains(d.Why, c.why) || d.Why != "" != (c.want == reports.Inconclusive) {
				t.Fatalf("%s, in all %s, why %q; want %s, %q\neffect %+v, adjusted p %v, margin %v", d.Verdict, got.Verdict, d.Why, c.want, c.why, d.Effect, d.AdjustedP, d.Margin)
			}
		})
	}
}

// What is better of a metric is worse of another: that is said, and not averaged away.
func TestTradeOff(t *testing.T) {
	run := paired(around(10, 1.2, 0.02)...)
	for i := range run.Arms[1].Replicates {
		slow := armOf("http", 50_000).Replicates[0]
		run.Arms[1].Replicates[i].Histograms = slow.Histograms
	}
	c := onlyComparison(t, run, reports.Criteria{})
	if d := difference(t, c, "latency_ns_p99"); d.Verdict != reports.Worse || c.Verdict != reports.Inconclusive {
		t.Fatalf("p99 is %s, in all %s", d.Verdict, c.Verdict)
	}
	if s := c.Conclusion(); !strings.HasPrefix(s, "http is a trade-off against grpc: p99 x2.") || !strings.Contains(s, "is worse; throughput +") {
		t.Fatal(s)
	}
}

func TestOnlyGatingMetricsGetAVerdict(t *testing.T) {
	c := onlyComparison(t, paired(around(10, 1.10, 0.02)...), reports.Criteria{})
	for _, d := range c.Differences {
		gating := d.Metric.Name == "throughput_ops_per_s" || d.Metric.Name == "latency_ns_p99"
		if d.Gating != gating || (d.Verdict == reports.NoVerdict) == gating {
			t.Errorf("%s: gating %v, %s", d.Metric.Name, d.Gating, d.Verdict)
		}
	}
	c = onlyComparison(t, paired(around(10, 1.10, 0.02)...), reports.Criteria{Gating: []reports.Metric{reports.Latency(0.95)}})
	if d := difference(t, c, "latency_ns_p95"); d.Verdict != reports.Better {
		t.Errorf("p95 is %s", d.Verdict)
	}
}

// Every comparison that is judged with others makes them less certain.
func TestComparisonsAreOneFamily(t *testing.T) {
	run := paired(around(8, 1.10, 0.02)...)
	for len(run.Arms) < 8 {
		again := run.Arms[1]
		again.Label += "x"
		run.Arms = append(run.Arms, again)
	}
	list := reports.CompareArms(run, &run.Arms[0])
	for i := range list {
		if d := difference(t, &list[i], "throughput_ops_per_s"); list[i].Questions != 14 || d.AdjustedP != 14*2.0/256 || d.Verdict != reports.Inconclusive {
			t.Errorf("%d questions: p %v became %v: %s", list[i].Questions, d.Effect.P, d.AdjustedP, d.Verdict)
		}
	}
	if all := strings.Join(list[0].Warnings, "\n"); !strings.Contains(all, "8 pairs cannot make anything better or worse while 14 questions are asked at once: want 10") {
		t.Errorf("warnings:\n%s", all)
	}
}

func calibrated(run *reports.Run, floor float64) *reports.Run {
	run.Calibration = &reports.Calibration{Machine: run.Machine(), Pairs: 12, NoiseFloor: map[string]float64{"throughput_ops_per_s": floor}}
	return run
}

// No effect below the machine's noise floor is called one, whatever is asked for.
func TestNoiseFloor(t *testing.T) {
	slower := around(10, 0.90, 0.01)
	criteria := reports.Criteria{MinEffect: 0.01, Gating: []reports.Metric{reports.Throughput()}}
	c := onlyComparison(t, calibrated(paired(slower...), 0.02), criteria)
	if d := difference(t, c, "throughput_ops_per_s"); d.Verdict != reports.Worse || d.Margin != 0.02 || d.NoiseFloor != 0.02 {
		t.Fatalf("%s, margin %v, floor %v", d.Verdict, d.Margin, d.NoiseFloor)
	}
	if len(c.Warnings) > 0 {
		t.Fatalf("warnings %q", c.Warnings)
	}
	c = onlyComparison(t, calibrated(paired(slower...), 0.15), criteria)
	if d := difference(t, c, "throughput_ops_per_s"); d.Verdict != reports.Equivalent || d.Margin != 0.15 {
		t.Fatalf("with a floor of 15 %%: %s, margin %v", d.Verdict, d.Margin)
	}
	c = onlyComparison(t, paired(slower...), criteria)
	if d := difference(t, c, "throughput_ops_per_s"); d.Margin != reports.DefaultNoiseFloor || !strings.Contains(strings.Join(c.Warnings, "\n"), "not known, and taken to be 3 %") {
		t.Fatalf("without a calibration: margin %v, warnings %q", d.Margin, c.Warnings)
	}
	run := calibrated(paired(slower...), 0.15)
	run.Calibration.Machine = "another one"
	c = onlyComparison(t, run, criteria)
	if d := difference(t, c, "throughput_ops_per_s"); d.Margin != reports.DefaultNoiseFloor || !strings.Contains(strings.Join(c.Warnings, "\n"), "of another machine") {
		t.Fatalf("another machine's: margin %v, warnings %q", d.Margin, c.Warnings)
	}
}

// Whatever a verdict must not be built on takes it away, and is said.
func TestObstacles(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*reports.Run)
		want  string
	}{
		"not interleaved": {func(r *reports.Run) { r.Plan.Interleaved = false }, "were not interleaved"},
		"few pairs":       {func(r *reports.Run) { r.Arms[1].Replicates = r.Arms[1].Replicates[:5] }, "5 pairs: an estimate; a verdict needs 6 or more, better --repeat 10"},
		"other load":      {func(r *reports.Run) { r.Arms[1].Workload.Clients = 7 }, "the loads differ"},
		"invalid": {func(r *reports.Run) {
			r.Arms[1].Replicates[3].Valid, r.Arms[1].Replicates[3].Reasons = false, []string{"drifting"}
		}, "http is INVALID: replicate 4: drifting"},
		"interrupted": {func(r *reports.Run) { r.Status = reports.StatusInterrupted }, "of a run that is interrupted"},
		"zero line":   {func(r *reports.Run) { r.Arms[1].InProcess = true }, "http is the zero line"},
	} {
		t.Run(name, func(t *testing.T) {
			run := paired(around(10, 2, 0.01)...)
			c.spoil(run)
			got := onlyComparison(t, run, reports.Criteria{})
			if got.Verdict != reports.NoVerdict || got.Basis() != "" || !strings.Contains(strings.Join(got.Obstacles, "\n"), c.want) {
				t.Fatalf("%s, obstacles %q, basis %q", got.Verdict, got.Obstacles, got.Basis())
			}
			for _, d := range got.Differences {
				if d.Verdict != reports.NoVerdict || d.AdjustedP != 1 {
					t.Errorf("%s is %s, adjusted p %v", d.Metric.Name, d.Verdict, d.AdjustedP)
				}
			}
			if s := got.Conclusion(); !strings.HasPrefix(s, "No verdict on http against grpc; an estimate: throughput ") {
				t.Error(s)
			}
		})
	}
}

// A percentile that only some of the replicates carry would compare those that went well.
func TestNoVerdictOnAMetricThatPairsLack(t *testing.T) {
	run := paired(around(10, 1.5, 0.01)...)
	run.Arms[1].Replicates[2].Histograms = nil
	c := onlyComparison(t, run, reports.Criteria{})
	if d := difference(t, c, "latency_ns_p99"); d.Verdict != reports.NoVerdict || d.Why != "only 9 of 10 pairs have it" {
		t.Fatalf("%s: %s", d.Verdict, d.Why)
	}
	if d := difference(t, c, "throughput_ops_per_s"); d.Verdict != reports.Better || d.AdjustedP != d.Effect.P {
		t.Fatalf("throughput is %s", d.Verdict)
	}
}

func TestConclusion(t *testing.T) {
	c := onlyComparison(t, calibrated(paired(around(10, 0.90, 0.02)...), 0.05), reports.Criteria{})
	want := "http is worse than grpc: throughput -10.0 % [-11.0 %, -9.0 %] and p99 +11.1 % [+9.9 %, +12.3 %]."
	if diff := cmp.Diff(want, c.Conclusion()); diff != "" {
		t.Error(diff)
	}
	want = "10 interleaved pairs, 95 % intervals, exact sign-flip test, Holm's correction for 2 questions; " +
		"less than 5 % in throughput and 3 % in p99 is no difference."
	if diff := cmp.Diff(want, c.Basis()); diff != "" {
		t.Error(diff)
	}
}

// Base against other is exactly the inverse of other against base.
func TestComparisonIsSymmetric(t *testing.T) {
	run := paired(around(10, 0.90, 0.05)...)
	there := onlyComparison(t, run, reports.Criteria{})
	back := &reports.CompareArms(run, &run.Arms[1])[0]
	a, b := difference(t, there, "throughput_ops_per_s"), difference(t, back, "throughput_ops_per_s")
	same := func(x, y float64) bool { return math.Abs(x-y) < 1e-12 }
	if !same(a.Effect.Ratio*b.Effect.Ratio, 1) || !same(a.Effect.Low*b.Effect.High, 1) || a.Effect.P != b.Effect.P || a.Verdict != reports.Worse || b.Verdict != reports.Better {
		t.Fatalf("%+v %s and %+v %s", a.Effect, a.Verdict, b.Effect, b.Verdict)
	}
}

func TestCompareLoadsKeepsLoadsApart(t *testing.T) {
	run := paired(around(10, 1.10, 0.02)...)
	more := paired(around(10, 0.80, 0.02)...)
	for i := range more.Arms {
		more.Arms[i].Label += " c=7"
		more.Arms[i].Workload.Clients = 7
	}
	run.Arms = append(run.Arms, more.Arms...)
	list := reports.CompareLoads(run)
	if len(list) != 2 || list[0].Verdict != reports.Better || list[1].Verdict != reports.Worse || list[1].Base.Label != "grpc c=7" || list[0].Questions != 4 {
		t.Fatalf("%d comparisons: %+v", len(list), list)
	}
}
