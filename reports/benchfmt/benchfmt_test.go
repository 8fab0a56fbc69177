package benchfmt_test

import (
	"bytes"
	"errors"
	"flag"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	xperf "golang.org/x/perf/benchfmt"

	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/reports/benchfmt"
	"github.com/raftbench/raftbench/reports/reportstest"
)

// updateGolden is set by go test -update: write the golden file anew.
var updateGolden = flag.Bool("update", false, "write the golden file")

func written(t *testing.T, run *reports.Run) string {
	t.Helper()
	var b bytes.Buffer
	if err := benchfmt.Write(&b, run); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// result is a line as benchstat sees it.
type result struct {
	name, config string
	iterations   int
	values       map[string]float64 // by the unit after benchstat's tidying
}

// parsed reads a file with the parser of benchstat.
func parsed(t *testing.T, text string) ([]result, *xperf.Reader) {
	t.Helper()
	var list []result
	r := xperf.NewReader(strings.NewReader(text), "bench.txt")
	for r.Scan() {
		switch record := r.Result().(type) {
		case *xperf.Result:
			got := result{name: string(record.Name), iterations: record.Iters, values: map[string]float64{}}
			for _, c := range record.Config {
				got.config += c.Key + "=" + string(c.Value) + " "
			}
			for _, v := range record.Values {
				got.values[v.Unit] = v.Value
			}
			list = append(list, got)
		case *xperf.SyntaxError:
			t.Fatalf("the parser of benchstat says: %v", record)
		}
	}
	if err := r.Err(); err != nil {
		t.Fatal(err)
	}
	return list, r
}

func TestBenchstatReadsIt(t *testing.T) {
	run := reportstest.Run(reportstest.Shapes(), 3)
	results, reader := parsed(t, written(t, run))
	if len(results) != 18 {
		t.Fatalf("%d results, want one for each of 18 replicates", len(results))
	}
	first := results[3] // rawtcp's first; before it are inproc's
	if want := "Raft/transport=rawtcp/nodes=3/clients=64/payload=128-2"; first.name != want {
		t.Errorf("name %s, want %s", first.name, want)
	}
	for _, part := range []string{"goos=linux ", "goarch=amd64 ", "pkg=github.com/raftbench/raftbench ", "cpu=AMD EPYC ", "batch.policy=natural ", "linger=0s ", "loop=closed "} {
		if !strings.Contains(first.config, part) {
			t.Errorf("no %q in the configuration %s", part, first.config)
		}
	}
	r := &run.Arms[1].Replicates[0]
	if first.iterations != int(r.Operations.Succeeded) {
		t.Errorf("%d iterations, want the %d operations", first.iterations, r.Operations.Succeeded)
	}
	cpu, _ := reports.CPUPerOp().Value(r)
	for unit, want := range map[string]float64{
		"ops/s": r.Throughput(), "sec/op": 1 / r.Throughput(), "p99-sec": float64(r.Response().Percentile(0.99).Value) / 1e9,
		"p99.9-sec": float64(r.Response().Percentile(0.999).Value) / 1e9, "cpu-sec/op": cpu / 1e6, "wire-B/op": 148,
		"B/op": 256, "allocs/op": 1.64, "syscalls/op": 0.123,
	} {
		if got := first.values[unit]; math.Abs(got-want) > 1e-5*want {
			t.Errorf("%s is %g, want %g", unit, got, want)
		}
	}
	for unit, want := range map[string]int{"ops/s": 1, "p99-sec": -1, "sec/op": -1, "wire-B/op": -1} {
		if got := reader.Units().GetBetter(unit); got != want {
			t.Errorf("better %s is %d, want %d", unit, got, want)
		}
	}
	// benchstat -col /transport needs the transports to differ in nothing else.
	rest := map[string]bool{}
	for _, got := range results {
		before, after, _ := strings.Cut(got.name, "/transport=")
		_, after, _ = strings.Cut(after, "/")
		rest[before+after+got.config] = true
	}
	if len(rest) != 1 {
		t.Errorf("the transports fall into %d groups, want 1", len(rest))
	}
}

func TestArmsAreToldApart(t *testing.T) {
	run := reportstest.Rates(reportstest.Shapes()[3:5], []float64{1000, 2500.5}, 1)
	run.Arms[1].Label = "night shift " + run.Arms[1].Label
	run.Arms[2].Workload.Linger = 2e6
	run.Arms[3].Label = "a/b\tc"
	run.Arms[3].Workload.Reads, run.Arms[3].Workload.ReadMode = 0.5, "readindex"
	results, _ := parsed(t, written(t, run))
	var names []string
	for _, r := range results {
		names = append(names, r.name)
	}
	want := []string{
		"Raft/transport=grpc:mode=stream/nodes=3/rate=1000/payload=128-2",
		"Raft/arm=night_shift/transport=grpc:mode=stream/nodes=3/rate=2500.5/payload=128-2",
		"Raft/transport=grpc:mode=unary/nodes=3/rate=1000/payload=128-2",
		"Raft/arm=a_b_c/transport=grpc/nodes=3/rate=2500.5/payload=128/reads=0.5-2",
	}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	staged, _ := parsed(t, written(t, reportstest.Steps(reportstest.Shapes()[1:2], []float64{1e3, 2e3}, 1)))
	if want := "Raft/transport=rawtcp/nodes=3/stages=1s:1.00k,1s:2.00k/payload=128-2"; len(staged) != 1 || staged[0].name != want {
		t.Errorf("a schedule with stages: %+v, want %s", staged, want)
	}
	if !strings.Contains(results[2].config, "linger=2ms ") || !strings.Contains(results[3].config, "linger=0s ") || !strings.Contains(results[3].config, "read-mode=readindex") {
		t.Errorf("the tuning of one arm is that of the next: %s; %s", results[2].config, results[3].config)
	}
}

// Invalid replicates are shown and enter no average; what the sample does not
// carry is not stated.
func TestOnlyWhatMayBeRanked(t *testing.T) {
	run := reportstest.Run(reportstest.Shapes()[1:3], 2)
	run.Arms[0].Replicates[1].Valid = false
	run.Arms[0].Replicates[1].Reasons = []string{"the clock jumped\nBenchmarkRaft/transport=rawtcp 1 1 ns/op"}
	run.Arms[1].Replicates[0].Operations.Succeeded = 0
	run.Arms[1].Replicates[1].Histograms = nil
	run.Arms[1].Replicates[1].Cost = reports.Cost{}
	text := written(t, run)
	results, _ := parsed(t, text)
	if len(results) != 2 || !strings.Contains(text, "# INVALID: BenchmarkRaft/transport=rawtcp/nodes=3/clients=64/payload=128-2, replicate 2: the clock jumped") {
		t.Fatalf("%d results, want 2, and the invalid one as a comment:\n%s", len(results), text)
	}
	if v := results[1].values; len(v) != 2 || v["ops/s"] == 0 || v["sec/op"] == 0 {
		t.Fatalf("values %v, want the throughput alone", v)
	}
}

func TestGolden(t *testing.T) {
	run := reportstest.Run(reportstest.Shapes()[:2], 2)
	run.Status = reports.StatusInterrupted
	text := written(t, run)
	reportstest.Golden(t, "bench.txt", text, *updateGolden)
}

// Whatever a label holds, it stays on its line.
func FuzzLabel(f *testing.F) {
	f.Add("rawtcp", "grpc")
	f.Add("a b\nBenchmarkX 1 1 ns/op", "x:y=z/w")
	f.Add("\x00\u2028", "")
	whole := reportstest.Run(reportstest.Shapes()[1:2], 2) // which takes longer than all that follows
	f.Fuzz(func(t *testing.T, label, transport string) {
		arm := whole.Arms[0]
		arm.Label, arm.Transport = label, transport
		run := *whole
		run.Arms = []reports.Arm{arm}
		if results, _ := parsed(t, written(t, &run)); len(results) != 2 {
			t.Fatalf("%d results, want 2", len(results))
		}
	})
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestAWriterThatFailsIsReported(t *testing.T) {
	if benchfmt.Write(failing{}, reportstest.Run(reportstest.Shapes()[:1], 1)) == nil {
		t.Fatal("no error")
	}
}
