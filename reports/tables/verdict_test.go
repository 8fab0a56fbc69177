package tables_test

import (
	"io"
	"strings"
	"testing"

	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/reports/reportstest"
	"github.com/raftbench/raftbench/reports/tables"
)

// judged has a comparison for each verdict but equivalent, from ten blocks.
func judged() *reports.Run {
	rawtcp := reportstest.Shapes()[1]
	alike, slow := rawtcp, rawtcp
	alike.Label, alike.Rate = "rawtcp:conns=4", rawtcp.Rate*1.01
	slow.Label, slow.Rate, slow.Median = "rawtcp:yield=off", rawtcp.Rate*0.93, rawtcp.Median*107/100
	run := reportstest.Run([]reportstest.Shape{rawtcp, alike, slow, reportstest.Shapes()[2]}, 10)
	run.Calibration = &reports.Calibration{
		Machine: run.Machine(), Pairs: 12, NoiseFloor: map[string]float64{"throughput_ops_per_s": 0.035, "latency_ns_p99": 0.05},
	}
	return run
}

func gates(t *testing.T) []reports.GateResult {
	t.Helper()
	run := judged()
	var relative, absolute []reports.Gate
	for _, text := range []string{"p99>+5%", "throughput<-50%", "p99<1ms", "p99.99<1s"} {
		g, err := reports.ParseGate(text)
		if err != nil {
			t.Fatal(err)
		}
		if g.Relative {
			relative = append(relative, g)
		} else {
			absolute = append(absolute, g)
		}
	}
	return append(reports.CheckRegressions(reports.CompareLoads(run), relative), reports.CheckThresholds(run, absolute)...)
}

func TestGoldenVerdicts(t *testing.T) {
	list := reports.CompareLoads(judged())
	results := gates(t)
	for name, write := range map[string]func(io.Writer) error{
		"verdict.txt": func(w io.Writer) error { return tables.CompareText(w, list, false) },
		"verdict.md":  func(w io.Writer) error { return tables.CompareMarkdown(w, list) },
		"verdict.csv": func(w io.Writer) error { return tables.CompareCSV(w, list) },
		"gates.txt":   func(w io.Writer) error { return tables.GatesText(w, results, false) },
		"gates.md":    func(w io.Writer) error { return tables.GatesMarkdown(w, results) },
	} {
		t.Run(name, func(t *testing.T) { golden(t, name, write) })
	}
}

// The verdict is the first that a reader sees, and colour says it as well.
func TestVerdictComesFirst(t *testing.T) {
	list := reports.CompareLoads(judged())[2:]
	for name, write := range map[string]func(io.Writer) error{
		"http is worse than rawtcp: ":           func(w io.Writer) error { return tables.CompareText(w, list, false) },
		"\x1b[1;31mhttp is worse than rawtcp: ": func(w io.Writer) error { return tables.CompareText(w, list, true) },
		"**http is worse than rawtcp: ":         func(w io.Writer) error { return tables.CompareMarkdown(w, list) },
	} {
		var b strings.Builder
		if err := write(&b); err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(b.String(), name) {
			t.Errorf("want %q first:\n%.200s", name, b.String())
		}
	}
	var b strings.Builder
	if err := tables.GatesText(&b, gates(t), true); err != nil {
		t.Fatal(err)
	}
	if s := b.String(); !strings.Contains(s, "  \x1b[1;31mFAIL\x1b[0m  ") || !strings.Contains(s, "  \x1b[1;32mPASS\x1b[0m  ") {
		t.Errorf("gates without colour: %q", s)
	}
}

func TestGatesDoNotCommandTheTerminal(t *testing.T) {
	results := gates(t)[:1]
	results[0].Label, results[0].Text = "a\x1b[2Jb", "c\nd"
	var b strings.Builder
	if err := tables.GatesText(&b, results, false); err != nil {
		t.Fatal(err)
	}
	if err := tables.GatesMarkdown(&b, results); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "\x1b") || strings.Count(b.String(), "\n") != 7 {
		t.Fatalf("%q", b.String())
	}
	for _, err := range []error{tables.GatesText(failing{}, results, false), tables.GatesMarkdown(failing{}, results)} {
		if err == nil {
			t.Error("a writer that fails is not reported")
		}
	}
}
