package hlog_test

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/google/go-cmp/cmp"

	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/reports/hlog"
	"github.com/raftbench/raftbench/reports/reportstest"
)

func written(t *testing.T, run *reports.Run, arm int) string {
	t.Helper()
	var b bytes.Buffer
	if err := hlog.Write(&b, run, &run.Arms[arm]); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestLibraryReadsItBack(t *testing.T) {
	run := reportstest.Run(reportstest.Shapes(), 3)
	reader := hdrhistogram.NewHistogramLogReader(strings.NewReader(written(t, run, 1)))
	var n int
	total := hdrhistogram.New(1, int64(600e9), 3)
	for {
		h, err := reader.NextIntervalHistogram()
		if err != nil {
			t.Fatal(err)
		}
		if h == nil {
			break
		}
		if want := []string{"put", "put-service"}[n%2]; h.Tag() != want {
			t.Errorf("interval %d has the tag %q, want %q", n, h.Tag(), want)
		}
		// Replicates start 0, 20 and 40 s after the run's start, at 20:15:04.250.
		start := run.Started.UnixMilli() + int64(n/2)*20000
		if math.Abs(float64(h.StartTimeMs()-start)) > 1 || math.Abs(float64(h.EndTimeMs()-start-3000)) > 1 {
			t.Errorf("interval %d is from %d to %d, want %d and 3 s", n, h.StartTimeMs(), h.EndTimeMs(), start)
		}
		if h.Tag() == "put" {
			total.Merge(h)
		}
		n++
	}
	if n != 6 {
		t.Fatalf("%d intervals, want a response and a service one of 3 replicates", n)
	}
	want := run.Arms[1].Response()
	if total.TotalCount() != want.Count() || total.ValueAtPercentile(99) != want.Percentile(0.99).Value {
		t.Fatalf("%d values with p99 %d, want %d with %d", total.TotalCount(), total.ValueAtPercentile(99), want.Count(), want.Percentile(0.99).Value)
	}
}

// One log holds all arms, as a reader of the format finds out that knows nothing of us: by
// tag, in the order of time, each value where it was.
func TestLibraryReadsAllArmsBack(t *testing.T) {
	run := reportstest.Run(reportstest.Shapes()[:3], 4)
	run.Arms[2].Label = "grpc:mode=unary, tuned"
	var b bytes.Buffer
	if err := hlog.WriteAll(&b, run); err != nil {
		t.Fatal(err)
	}
	reader := hdrhistogram.NewHistogramLogReader(&b)
	counts, last := map[string]int64{}, int64(0)
	for {
		h, err := reader.NextIntervalHistogram()
		if err != nil {
			t.Fatal(err)
		}
		if h == nil {
			break
		}
		if h.StartTimeMs() < last {
			t.Errorf("an interval of %s begins at %d, after one at %d", h.Tag(), h.StartTimeMs(), last)
		}
		counts[h.Tag()], last = counts[h.Tag()]+h.TotalCount(), h.StartTimeMs()
	}
	want := map[string]int64{}
	for i, name := range []string{run.Arms[0].Label, run.Arms[1].Label, "grpc-mode-unary--tuned"} {
		for _, r := range run.Arms[i].Replicates {
			for _, h := range r.Histograms {
				tag := name + "/" + h.Op
				if h.Kind != reports.KindResponse {
					tag += "-" + string(h.Kind)
				}
				want[tag] += h.Histogram.Count()
			}
		}
	}
	if diff := cmp.Diff(want, counts); diff != "" || len(want) < 6 {
		t.Fatalf("counts by tag (-want +got):\n%s", diff)
	}
}

// A log of the only arm is that arm's file.
func TestOneArmNeedsNoName(t *testing.T) {
	run := reportstest.Run(reportstest.Shapes()[:1], 2)
	var b bytes.Buffer
	if err := hlog.WriteAll(&b, run); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(written(t, run, 0), b.String()); diff != "" {
		t.Fatalf("(-of the arm +of the run):\n%s", diff)
	}
}

func TestFormat(t *testing.T) {
	run := reportstest.Run(reportstest.Shapes()[:2], 1)
	run.Arms[1].Label = "raw\ntcp"
	lines := strings.Split(written(t, run, 1), "\n")
	want := []string{
		"#[Logged with raftbench v0.1.0]",
		"#[Histogram log format version 1.3]",
		"#[StartTime: 1795378504 (seconds since epoch), 2026-11-22T20:15:04Z]",
		"#[BaseTime: 1795378504 (seconds since epoch)]",
		"#[Arm: raw tcp]",
		"#[Load: 3 nodes, 64 clients in a closed loop, payload 128 B, storage mem, loopback]",
		`"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"`,
	}
	if diff := cmp.Diff(want, lines[:len(want)]); diff != "" {
		t.Fatalf("head (-want +got):\n%s", diff)
	}
	fields := strings.Split(lines[len(want)], ",")
	if len(fields) != 5 || fields[0] != "Tag=put" || fields[1] != "0.250000" || fields[2] != "3.000000" || !strings.HasPrefix(fields[4], "HISTFAAA") {
		t.Fatalf("first interval %.80q", lines[len(want)])
	}
}

func TestOperationsThatTheFormatCannotCarry(t *testing.T) {
	run := reportstest.Run(reportstest.Shapes()[:1], 1)
	run.Arms[0].Replicates[0].Histograms[0].Op = "put, or\nget"
	if text := written(t, run, 0); !strings.Contains(text, "\nTag=put__or_get,0.25") {
		t.Fatalf("no cleaned tag in %.600s", text)
	}
}

func TestFileNames(t *testing.T) {
	run := &reports.Run{}
	for _, label := range []string{"rawtcp", "grpc:mode=unary", "grpc mode=unary", "RAWTCP", "../../etc/passwd", "///", "größe", strings.Repeat("x", 300)} {
		run.Arms = append(run.Arms, reports.Arm{Label: label})
	}
	want := []string{
		"rawtcp.hlog", "grpc-mode-unary.hlog", "grpc-mode-unary-2.hlog", "RAWTCP-2.hlog", "etc-passwd.hlog", "arm.hlog", "gr--e.hlog",
		strings.Repeat("x", 100) + ".hlog",
	}
	if diff := cmp.Diff(want, hlog.FileNames(run)); diff != "" {
		t.Fatalf("(-want +got):\n%s", diff)
	}
}
