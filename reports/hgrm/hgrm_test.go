package hgrm_test

import (
	"bufio"
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/google/go-cmp/cmp"

	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/reports/hgrm"
	"github.com/raftbench/raftbench/reports/reportstest"
)

func written(t *testing.T, run *reports.Run, arm int) string {
	t.Helper()
	var b bytes.Buffer
	if err := hgrm.Write(&b, run, &run.Arms[arm]); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// line is a line of the distribution as HdrHistogram's plotter takes it: four
// columns, of which it reads the first and the last.
type line struct {
	value, percentile, inverse float64
	count                      int64
}

// parse reads what is not a comment. The last line has no inverse: it is infinite.
func parse(t *testing.T, text string) []line {
	t.Helper()
	var list []line
	for s := bufio.NewScanner(strings.NewReader(text)); s.Scan(); {
		fields := strings.Fields(s.Text())
		if len(fields) < 3 || fields[0] == "Value" || strings.HasPrefix(fields[0], "#") {
			continue
		}
		l := line{inverse: math.Inf(1)}
		var errs [4]error
		l.value, errs[0] = strconv.ParseFloat(fields[0], 64)
		l.percentile, errs[1] = strconv.ParseFloat(fields[1], 64)
		l.count, errs[2] = strconv.ParseInt(fields[2], 10, 64)
		if len(fields) == 4 {
			l.inverse, errs[3] = strconv.ParseFloat(fields[3], 64)
		}
		if err := errors.Join(errs[:]...); err != nil {
			t.Fatalf("%q: %v", s.Text(), err)
		}
		list = append(list, l)
	}
	return list
}

// The HdrHistogram library says the same of the same data.
func TestLibraryAgrees(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	draws := map[string]func() int64{
		"exponential": func() int64 { return int64(200e3 * rng.ExpFloat64()) },
		"two humps":   func() int64 { return []int64{70e3, 4e6}[rng.IntN(2)] },
		"constant":    func() int64 { return 123456 },
	}
	for name, draw := range draws {
		for _, n := range []int{1, 7, 1000, 40000} {
			h := hdrhistogram.New(1, int64(600e9), 3)
			for range n {
				if err := h.RecordValue(draw()); err != nil {
					t.Fatal(err)
				}
			}
			run := reportstest.Run(reportstest.Shapes()[1:2], 1)
			run.Arms[0].Replicates[0].Histograms = []reports.OpHistogram{{Op: "put", Kind: reports.KindResponse, Histogram: reports.NewHistogram(h)}}
			lines := parse(t, written(t, run, 0))
			want := h.CumulativeDistributionWithTicks(5)
			if len(lines) != len(want) {
				t.Fatalf("%s of %d: %d lines, the library has %d", name, n, len(lines), len(want))
			}
			for i, w := range want {
				l := lines[i]
				if l.count != w.Count || math.Abs(100*l.percentile-w.Quantile) > 1e-9 || math.Abs(1e3*l.value-float64(w.ValueAt)) > 1 {
					t.Fatalf("%s of %d, line %d: %+v, the library has %+v", name, n, i, l, w)
				}
			}
		}
	}
}

func TestForm(t *testing.T) {
	run := reportstest.Run(reportstest.Shapes()[:2], 3)
	run.Arms[1].Label = "raw\ntcp"
	text := strings.Split(written(t, run, 1), "\n")
	want := []string{
		"#[Written by raftbench v0.1.0]",
		"#[Arm: raw tcp]",
		"#[Load: 3 nodes, 64 clients in a closed loop, payload 128 B, storage mem, loopback]",
		"#[Response times of committed operations in microseconds; the sample carries percentiles up to p99.99]",
		"       Value     Percentile TotalCount 1/(1-Percentile)",
		"",
	}
	if diff := cmp.Diff(want, text[:6]); diff != "" {
		t.Fatalf("head (-want +got):\n%s", diff)
	}
	lines := parse(t, strings.Join(text, "\n"))
	last := lines[len(lines)-1]
	merged := run.Arms[1].Response()
	if last.count != merged.Count() || last.percentile != 1 || math.Abs(1e3*last.value-float64(merged.Max())) > 1 {
		t.Fatalf("the last line is %+v, want all %d values up to %d ns", last, merged.Count(), merged.Max())
	}
	for i := 1; i < len(lines); i++ {
		if lines[i].value < lines[i-1].value || lines[i].percentile <= lines[i-1].percentile || lines[i].inverse <= lines[i-1].inverse {
			t.Fatalf("line %d turns back: %+v after %+v", i, lines[i], lines[i-1])
		}
	}
	if foot := text[len(text)-4]; !strings.HasPrefix(foot, "#[Mean    = ") || !strings.Contains(text[len(text)-2], "SubBuckets     =         2048]") {
		t.Fatalf("foot %q", text[len(text)-4:])
	}
}

func TestNothingMeasured(t *testing.T) {
	run := reportstest.Run(reportstest.Shapes()[:1], 0)
	if text := written(t, run, 0); len(parse(t, text)) != 0 || !strings.Contains(text, "carries no percentile") {
		t.Fatal(text)
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestAWriterThatFailsIsReported(t *testing.T) {
	run := reportstest.Run(reportstest.Shapes()[:1], 1)
	if hgrm.Write(failing{}, run, &run.Arms[0]) == nil {
		t.Fatal("no error")
	}
}
