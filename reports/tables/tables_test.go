package tables_test

import (
	"bytes"
	"encoding/csv"
	"flag"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

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
	path := filepath.Join("testdata", name)
	if *updateGolden {
		if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Fatalf("%s differs; if that is meant, run go test -update (-want +got):\n%s", path, diff)
	}
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
	a[2].Workload.Loop, a[2].Workload.Rate, a[2].Workload.Arrivals = reports.LoopOpen, 5000, "poisson"
	a[2].Replicates = nil
	return run
}

func TestGolden(t *testing.T) {
	run := whole()
	comparisons := reports.CompareArms(run, reports.Baseline(run))[1:3]
	for name, write := range map[string]func(io.Writer) error{
		"run.txt":        func(w io.Writer) error { return tables.Text(w, run, false) },
		"run.md":         func(w io.Writer) error { return tables.Markdown(w, run) },
		"troubled.txt":   func(w io.Writer) error { return tables.Text(w, troubled(), false) },
		"troubled.md":    func(w io.Writer) error { return tables.Markdown(w, troubled()) },
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

func TestColumnsLineUp(t *testing.T) {
	var b bytes.Buffer
	if err := tables.Text(&b, whole(), false); err != nil {
		t.Fatal(err)
	}
	width, rows := 0, 0
	for line := range strings.Lines(b.String()) {
		if !strings.Contains(line, " µs ") && !strings.HasPrefix(line, "transport") {
			continue
		}
		rows++
		n := utf8.RuneCountInString(strings.TrimRight(line, "\n*"))
		if width == 0 {
			width = n
		}
		if n != width && n != width-1 {
			t.Errorf("width %d, others %d: %s", n, width, line)
		}
	}
	if rows < 5 || width > 120 {
		t.Fatalf("%d rows of width %d, want the table within 120 columns:\n%s", rows, width, b.String())
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
		"summary":    tables.SummaryCSV(failing{}, run),
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
