package reports_test

import (
	"math"
	"strings"
	"testing"

	"github.com/raftbench/raftbench/reports"
)

func difference(t *testing.T, c *reports.Comparison, name string) reports.Difference {
	t.Helper()
	for _, d := range c.Differences {
		if d.Metric.Name == name {
			return d
		}
	}
	t.Fatalf("no difference in %s", name)
	return reports.Difference{}
}

func near(s reports.Spread, n int, median, low, high float64) bool {
	same := func(a, b float64) bool { return math.Abs(a-b) < 1e-9*math.Max(1, math.Abs(b)) }
	return s.N == n && same(s.Median, median) && same(s.Min, low) && same(s.Max, high)
}

// The machine gets three times as fast from block to block. Compared within the
// blocks, the difference is 10 % in each.
func TestPairedComparisonCancelsDrift(t *testing.T) {
	run := runOf(armOf("grpc", 1000, 2000, 3000), armOf("http", 1100, 2200, 3300))
	c, err := reports.Compare(reports.Side{Label: "a", Run: run, Arm: &run.Arms[0]}, reports.Side{Label: "b", Run: run, Arm: &run.Arms[1]})
	if err != nil {
		t.Fatal(err)
	}
	d := difference(t, c, "throughput_ops_per_s")
	if !c.Paired || c.Pairs != 3 || !near(d.Ratio, 3, 1.1, 1.1, 1.1) || !near(d.Absolute, 3, 200, 100, 300) {
		t.Fatalf("paired %v in %d pairs: ratio %+v, absolute %+v", c.Paired, c.Pairs, d.Ratio, d.Absolute)
	}
	if d.Verdict != reports.NoVerdict || !strings.Contains(strings.Join(c.Warnings, "\n"), "3 pairs: an estimate; a verdict needs 6 or more") {
		t.Fatalf("verdict %q, warnings %q", d.Verdict, c.Warnings)
	}

	run.Plan.Interleaved = false
	c, err = reports.Compare(reports.Side{Label: "a", Run: run, Arm: &run.Arms[0]}, reports.Side{Label: "b", Run: run, Arm: &run.Arms[1]})
	if err != nil {
		t.Fatal(err)
	}
	d = difference(t, c, "throughput_ops_per_s")
	if c.Paired || !near(d.Ratio, 3, 1.1, 1100.0/3000, 3.3) || !near(d.Absolute, 3, 200, -1900, 2300) {
		t.Fatalf("not interleaved: ratio %+v, absolute %+v", d.Ratio, d.Absolute)
	}
	if !strings.Contains(strings.Join(c.Warnings, "\n"), "were not interleaved") {
		t.Fatalf("warnings %q", c.Warnings)
	}
}

// In one metric there is one difference, and one question to answer.
func TestCompareInOneMetric(t *testing.T) {
	run := runOf(armOf("grpc", 1000, 1010, 1020, 1030, 1040, 1050), armOf("http", 2000, 2020, 2040, 2060, 2080, 2100))
	a, b := reports.Side{Label: "a", Run: run, Arm: &run.Arms[0]}, reports.Side{Label: "b", Run: run, Arm: &run.Arms[1]}
	c, err := reports.CompareIn(a, b, reports.Throughput())
	if err != nil {
		t.Fatal(err)
	}
	if d := difference(t, c, "throughput_ops_per_s"); len(c.Differences) != 1 || c.Questions != 1 || d.Verdict != reports.Better || math.Abs(d.Effect.Ratio-2) > 1e-9 {
		t.Errorf("%d differences, %d questions, %+v", len(c.Differences), c.Questions, d)
	}
	run.Arms[1].Workload.Loop = reports.LoopOpen
	if _, err := reports.CompareIn(a, b, reports.Throughput()); err == nil {
		t.Error("a closed loop was compared with an open one")
	}
}

func TestPairsAreMatchedByBlock(t *testing.T) {
	a, b := armOf("grpc", 100, 200, 300), armOf("http", 330, 110, 0x7fff)
	b.Replicates[0].Block, b.Replicates[1].Block, b.Replicates[2].Block = 3, 1, 9
	run := runOf(a, b)
	c, err := reports.Compare(reports.Side{Label: "a", Run: run, Arm: &run.Arms[0]}, reports.Side{Label: "b", Run: run, Arm: &run.Arms[1]})
	if err != nil {
		t.Fatal(err)
	}
	if d := difference(t, c, "throughput_ops_per_s"); c.Pairs != 2 || !near(d.Ratio, 2, 1.1, 1.1, 1.1) {
		t.Fatalf("%d pairs, ratio %+v", c.Pairs, d.Ratio)
	}
}

func TestClosedIsNeverComparedWithOpen(t *testing.T) {
	run := runOf(armOf("grpc", 100), armOf("http", 100))
	run.Arms[1].Workload.Loop = reports.LoopOpen
	_, err := reports.Compare(reports.Side{Label: "a", Run: run, Arm: &run.Arms[0]}, reports.Side{Label: "b", Run: run, Arm: &run.Arms[1]})
	if err == nil || !strings.Contains(err.Error(), "closed") {
		t.Fatalf("error %v", err)
	}
	if list := reports.CompareArms(run, &run.Arms[0]); len(list) != 0 {
		t.Fatalf("%d comparisons", len(list))
	}
}

func TestComparisonWarns(t *testing.T) {
	a, b := runOf(armOf("grpc", 100)), runOf(armOf("grpc", 100))
	b.Environment.CPUModel = "other"
	b.Status = reports.StatusInterrupted
	b.Arms[0].Workload.PayloadBytes = 1024
	b.Arms[0].Replicates[0].Valid = false
	list, err := reports.CompareRuns([]*reports.Run{a, b}, []string{"A", "B"})
	if err != nil {
		t.Fatal(err)
	}
	all := strings.Join(list[0].Warnings, "\n")
	for _, want := range []string{"different runs", "machines or the Go versions differ", "loads differ", "B grpc is INVALID", "B grpc is of a run that is interrupted"} {
		if !strings.Contains(all, want) {
			t.Errorf("no warning with %q in:\n%s", want, all)
		}
	}
}

func TestCompareRuns(t *testing.T) {
	a, b := runOf(armOf("grpc", 100), armOf("http", 100)), runOf(armOf("http", 100), armOf("netrpc", 100))
	list, err := reports.CompareRuns([]*reports.Run{a, b}, []string{"A", "B"})
	if err != nil || len(list) != 1 || list[0].Base.Label != "A http" || list[0].Other.Label != "B http" {
		t.Fatalf("%d comparisons, %v", len(list), err)
	}
	// Single arms are compared whatever they are called.
	c, d := runOf(armOf("grpc", 100)), runOf(armOf("http", 100))
	if list, err = reports.CompareRuns([]*reports.Run{c, d, d}, []string{"C", "D", "E"}); err != nil || len(list) != 2 || list[1].Other.Label != "E http" {
		t.Fatalf("%d comparisons, %v", len(list), err)
	}
	if _, err = reports.CompareRuns([]*reports.Run{c, b}, []string{"C", "B"}); err == nil || !strings.Contains(err.Error(), "nothing to compare") {
		t.Fatalf("error %v", err)
	}
}
