package tables_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"flag"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/google/go-cmp/cmp"

	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/reports/reportstest"
	"github.com/raftbench/raftbench/reports/tables"
)

// updateGolden is set by go test -update: write the golden files anew.
var updateGolden = flag.Bool("update", false, "write the golden files")

func golden(t *testing.T, name string, write func(io.Writer) error) string {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	reportstest.Golden(t, name, b.String(), *updateGolden)
	return b.String()
}

func whole() *reports.Run { return reportstest.Run(reportstest.Shapes(), 3) }

// troubled is a run in which what can go wrong did.
func troubled() *reports.Run {
	run := reportstest.Run(reportstest.Shapes()[1:4], 2)
	run.Status = reports.StatusInterrupted
	a := run.Arms
	a[0].Label = "rawtcp|*x*"
	a[0].Replicates[1].Valid = false
	a[0].Replicates[1].Reasons = []string{"achieved 4,100/s of 5,000/s offered"}
	a[1].Replicates[0].Operations.Refused = 12
	a[1].Replicates[0].Errors = map[string]uint64{"timeout": 4, "broken": 1}
	a[1].Replicates[0].Operations.Unknown = 5
	a[1].Replicates[1].Elections = 2
	a[1].Replicates[0].Cost = reports.Cost{}
	a[1].Replicates[1].Cost = reports.Cost{}
	a[1].Replicates[0].Idle = nil
	a[1].Replicates[0].Warnings = []string{"the load average was 3.1"}
	a[1].Replicates[1].Breakdown.Response *= 1.3
	a[1].Replicates[1].Discarded.Ended = "limit"
	a[1].Replicates[1].Warmup = 1437 * time.Millisecond
	a[2].Workload.Loop, a[2].Workload.Rate, a[2].Workload.Arrivals = reports.LoopOpen, 5000, "poisson"
	a[2].Replicates = nil
	return run
}

// matrix has more loads than a terminal should be filled with.
func matrix() *reports.Run {
	return reportstest.Rates(reportstest.Shapes()[1:3], []float64{1e3, 1e4, 1e5, 2e5}, 2)
}

func steps() *reports.Run {
	return reportstest.Steps(reportstest.Shapes()[1:3], []float64{1e4, 1e5, 2e5}, 2)
}

func faulty() *reports.Run { return reportstest.Faulty(reportstest.Shapes()[1:3], 2) }

func TestGolden(t *testing.T) {
	run := whole()
	comparisons := reports.CompareArms(run, reports.Baseline(run))[1:3]
	for name, write := range map[string]func(io.Writer) error{
		"run.txt":        func(w io.Writer) error { return tables.Text(w, run, false) },
		"run.md":         func(w io.Writer) error { return tables.Markdown(w, run) },
		"full.txt":       func(w io.Writer) error { return tables.Full(w, run, false) },
		"steps.txt":      func(w io.Writer) error { return tables.Text(w, steps(), false) },
		"matrix.txt":     func(w io.Writer) error { return tables.Text(w, matrix(), false) },
		"events.csv":     func(w io.Writer) error { return tables.EventsCSV(w, troubled()) },
		"troubled.txt":   func(w io.Writer) error { return tables.Text(w, troubled(), false) },
		"troubled.md":    func(w io.Writer) error { return tables.Markdown(w, troubled()) },
		"faults.txt":     func(w io.Writer) error { return tables.Text(w, faulty(), false) },
		"faults.md":      func(w io.Writer) error { return tables.Markdown(w, faulty()) },
		"recovery.csv":   func(w io.Writer) error { return tables.RecoveryCSV(w, faulty()) },
		"breakers.csv":   func(w io.Writer) error { return tables.BreakersCSV(w, faulty()) },
		"summary.csv":    func(w io.Writer) error { return tables.SummaryCSV(w, run) },
		"troubled.csv":   func(w io.Writer) error { return tables.SummaryCSV(w, troubled()) },
		"latency.csv":    func(w io.Writer) error { return tables.LatencyCSV(w, reportstest.Run(reportstest.Shapes()[1:2], 1)) },
		"timeseries.csv": func(w io.Writer) error { return tables.TimeseriesCSV(w, reportstest.Run(reportstest.Shapes()[1:2], 1)) },
		"replicates.csv": func(w io.Writer) error { return tables.ReplicatesCSV(w, reportstest.Run(reportstest.Shapes()[:2], 2)) },
		"comparison.txt": func(w io.Writer) error { return tables.CompareText(w, comparisons, false) },
		"comparison.md":  func(w io.Writer) error { return tables.CompareMarkdown(w, comparisons) },
		"comparison.csv": func(w io.Writer) error { return tables.CompareCSV(w, comparisons) },
		"nothing.txt":    func(w io.Writer) error { return tables.Text(w, reportstest.Run(nil, 1), false) },
	} {
		t.Run(name, func(t *testing.T) {
			text := golden(t, name, write)
			if strings.HasSuffix(name, ".csv") {
				if _, err := csv.NewReader(strings.NewReader(text)).ReadAll(); err != nil {
					t.Fatalf("not CSV: %v", err)
				}
			}
		})
	}
}

// Colour adds colour and nothing else: the text without its sequences is the same
// but for the mark that colour makes unnecessary to explain.
func TestColourChangesNoText(t *testing.T) {
	var plain, coloured bytes.Buffer
	if err := tables.Text(&plain, whole(), false); err != nil {
		t.Fatal(err)
	}
	if err := tables.Text(&coloured, whole(), true); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(plain.String(), "\x1b") {
		t.Fatal("a sequence without colour")
	}
	if !strings.Contains(coloured.String(), "\x1b[1;32m447,346*\x1b[0m") {
		t.Fatalf("the best value is not painted:\n%s", coloured.String())
	}
	bare := regexp.MustCompile("\x1b\\[[0-9;]*m").ReplaceAllString(coloured.String(), "")
	want := strings.Replace(plain.String(), "* best of those ranked\n", "", 1)
	if diff := cmp.Diff(want, bare); diff != "" {
		t.Fatal(diff)
	}
}

// The columns of each table begin and end in the same places, and no table is wider
// than a line.
func TestColumnsLineUp(t *testing.T) {
	var b bytes.Buffer
	if err := tables.Full(&b, whole(), false); err != nil {
		t.Fatal(err)
	}
	found := 0
	for block := range strings.SplitSeq(b.String(), "\n\n") {
		_, table, ok := strings.Cut("\n"+block, "\ntransport ")
		if batches := strings.HasPrefix(block, "batches"); batches {
			_, table, ok = strings.Cut(block, "\np50")
		}
		if !ok || strings.HasPrefix(block, "setting") {
			continue
		}
		found++
		width := 0
		_, table, _ = strings.Cut(table, "\n")
		for line := range strings.SplitSeq(table, "\n") {
			if strings.HasPrefix(line, "*") || strings.HasPrefix(line, " ") || line == "" {
				continue // the legend of the mark, units
			}
			n := utf8.RuneCountInString(strings.TrimRight(line, "*"))
			width = max(width, n)
			if last := line[strings.LastIndex(line, " ")+1:]; n < width-len(last) || n > 120 {
				t.Errorf("%d wide, others %d: %s", n, width, line)
			}
		}
	}
	if found != 8 {
		t.Fatalf("%d tables, want the summary, two of percentiles, the kinds, the warm-up, costs, stages and batches:\n%s", found, b.String())
	}
}

// Full says in which bounds each percentile lies, and goes deeper; the plain text
// does not.
func TestIntervalsAreOnRequest(t *testing.T) {
	var text, full bytes.Buffer
	if err := errors.Join(tables.Text(&text, whole(), false), tables.Full(&full, whole(), false)); err != nil {
		t.Fatal(err)
	}
	p := whole().Arms[1].Response().Percentile(0.99)
	if !strings.Contains(full.String(), p.String()) || !strings.Contains(full.String(), "p99.99") || strings.Contains(text.String(), p.String()) {
		t.Fatalf("want %s in the full text alone:\n%s", p, full.String())
	}
}

// Stages that do not add up are not shown as if they did.
func TestDoubtfulBreakdownIsSaid(t *testing.T) {
	run := whole()
	for i := range run.Arms[2].Replicates {
		run.Arms[2].Replicates[i].Breakdown.Response *= 1.25
	}
	for name, write := range map[string]func(io.Writer) error{
		"text":     func(w io.Writer) error { return tables.Text(w, run, false) },
		"markdown": func(w io.Writer) error { return tables.Markdown(w, run) },
	} {
		var b bytes.Buffer
		if err := write(&b); err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(b.String(), "the breakdown is doubtful"); n != 1 || !strings.Contains(b.String(), "http: its stages miss the mean response time by -20 %") {
			t.Errorf("%s says it %d times, want once, of http:\n%s", name, n, b.String())
		}
	}
}

// The names in the long form are documented.
func TestMeasuresAreDocumented(t *testing.T) {
	doc, err := os.ReadFile("../../docs/results.md")
	if err != nil {
		t.Fatal(err)
	}
	run := reportstest.Run(reportstest.Shapes()[1:], 1)
	cost := &run.Arms[0].Replicates[0].Cost
	cost.CPUClients, cost.CPUNodes = new(int64(1)), new(int64(1))
	cost.VoluntarySwitches, cost.InvoluntarySwitches = new(int64(1)), new(int64(1))
	var b bytes.Buffer
	if err := tables.ReplicatesCSV(&b, run); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&b).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows[1:] {
		name := row[6]
		for _, prefix := range []string{"errors_", "counter_", "stage_", "append_entries_per_batch_", "inbox_depth_"} {
			if strings.HasPrefix(name, prefix) {
				name = map[string]string{
					"errors_": "errors_CLASS", "counter_": "counter_NAME", "stage_": "stage_NAME_ns_mean",
					"append_entries_per_batch_": "NAME_p50", "inbox_depth_": "NAME_p50",
				}[prefix]
			}
		}
		if row[6] == "stage_samples" {
			name = row[6]
		}
		if !strings.Contains(string(doc), "`"+name+"`") {
			t.Errorf("docs/results.md does not have `%s`", name)
		}
	}
}

// The schedule makes the throughput of an open loop, so none is the best.
func TestNoBestThroughputInAnOpenLoop(t *testing.T) {
	for name, c := range map[string]struct {
		run  *reports.Run
		want bool
	}{"closed": {whole(), true}, "open": {steps(), false}} {
		best := false
		for _, row := range tables.SummaryTable(&reports.Summarize(c.run)[0]).Rows {
			best = best || row[1].Best
		}
		if best != c.want {
			t.Errorf("%s loop: a throughput is marked %v, want %v", name, best, c.want)
		}
	}
}

// What the sample does not carry is not printed anywhere.
func TestSmallSampleStatesNoDeepPercentile(t *testing.T) {
	run := reportstest.Run(reportstest.Shapes()[1:3], 1)
	for i := range run.Arms {
		r := &run.Arms[i].Replicates[0]
		r.Histograms = nil
	}
	for name, write := range map[string]func(io.Writer) error{
		"text": func(w io.Writer) error { return tables.Text(w, run, false) },
		"csv":  func(w io.Writer) error { return tables.SummaryCSV(w, run) },
	} {
		var b bytes.Buffer
		if err := write(&b); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(b.String(), "0 ns") || strings.Contains(b.String(), ",0,0,0,0,0,0,0,0") {
			t.Errorf("%s: a percentile of nothing:\n%s", name, b.String())
		}
	}
}

// A result from elsewhere must not command the terminal.
func TestControlCharactersDoNotReachTheTerminal(t *testing.T) {
	const evil = "\x1b]0;gotcha\x07\r\n"
	run := troubled()
	run.Warnings = []string{evil}
	run.Environment.CPUModel = evil
	run.Arms[0].Replicates[1].Reasons = []string{evil}
	run.Arms[1].Replicates[0].Errors = map[string]uint64{evil: 1}
	run.Arms[1].Workload.Storage = evil
	var b bytes.Buffer
	if err := tables.Text(&b, run, false); err != nil {
		t.Fatal(err)
	}
	base := &run.Arms[0]
	if err := tables.CompareText(&b, reports.CompareArms(run, base), false); err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(b.String(), "\x1b\x07\r") || strings.Count(b.String(), "gotcha") < 5 {
		t.Fatalf("%q", b.String())
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, os.ErrClosed }

func TestAWriterThatFailsIsReported(t *testing.T) {
	run := whole()
	list := reports.CompareArms(run, reports.Baseline(run))
	for name, err := range map[string]error{
		"text":       tables.Text(failing{}, run, false),
		"markdown":   tables.Markdown(failing{}, run),
		"full":       tables.Full(failing{}, run, false),
		"summary":    tables.SummaryCSV(failing{}, run),
		"events":     tables.EventsCSV(failing{}, run),
		"replicates": tables.ReplicatesCSV(failing{}, run),
		"recovery":   tables.RecoveryCSV(failing{}, run),
		"breakers":   tables.BreakersCSV(failing{}, run),
		"latency":    tables.LatencyCSV(failing{}, run),
		"compare":    tables.CompareText(failing{}, list, false),
		"comparemd":  tables.CompareMarkdown(failing{}, list),
		"comparecsv": tables.CompareCSV(failing{}, list),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// What is one number for all arms is said once and takes no row.
func TestConstantsAreNotATable(t *testing.T) {
	run := reportstest.Run(reportstest.Shapes()[1:3], 2)
	h := hdrhistogram.New(1, 1e6, 3)
	if err := h.RecordValues(64, 500); err != nil {
		t.Fatal(err)
	}
	for i := range run.Arms {
		for j := range run.Arms[i].Replicates {
			r := &run.Arms[i].Replicates[j]
			r.Distributions = append(r.Distributions, reports.Distribution{Name: "client_batch_ops", Unit: "ops", Histogram: reports.NewHistogram(h)})
		}
	}
	var b bytes.Buffer
	if err := tables.Text(&b, run, false); err != nil {
		t.Fatal(err)
	}
	if text := b.String(); !strings.Contains(text, "always, for all: client batch ops 64\n") || strings.Contains(text, "\nclient batch") || !strings.Contains(text, "\ninbox depth") {
		t.Errorf("want the constant in a note and the rest in rows:\n%s", text)
	}
	for i := range run.Arms {
		for j := range run.Arms[i].Replicates {
			r := &run.Arms[i].Replicates[j]
			r.Distributions = r.Distributions[2:]
		}
	}
	b.Reset()
	if err := tables.Text(&b, run, false); err != nil {
		t.Fatal(err)
	}
	if text := b.String(); strings.Contains(text, "p50 / p99") || !strings.Contains(text, "batches and queues\nalways, for all") {
		t.Errorf("want a note and no table:\n%s", text)
	}
}
