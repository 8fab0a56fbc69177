package render_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/reports/render"
	"github.com/raftbench/raftbench/reports/reportstest"
)

func TestDirWritesEveryForm(t *testing.T) {
	dir := t.TempDir()
	run := reportstest.Run(reportstest.Shapes()[:3], 2)
	if err := render.Dir(dir, run); err != nil {
		t.Fatal(err)
	}
	var got []string
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			name, _ := filepath.Rel(dir, path)
			got = append(got, filepath.ToSlash(name))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(got)
	want := []string{
		"bench.txt", "events.csv", "http.hgrm", "http.hlog", "inproc.hgrm", "inproc.hlog", "junit.xml", "latency.csv", "latency.png",
		"plots/compare.png", "plots/compare.svg", "plots/cost.png", "plots/cost.svg", "plots/ecdf.png", "plots/ecdf.svg",
		"plots/latency-over-time.png", "plots/latency-over-time.svg", "plots/latency.svg", "plots/stages.png", "plots/stages.svg",
		"plots/throughput.svg", "rawtcp.hgrm", "rawtcp.hlog", "replicates.csv", "report.html", "result.json", "summary.csv",
		"throughput.png", "timeseries.csv",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("files (-want +got):\n%s", diff)
	}
	names := render.FileNames(run)
	if names[len(names)-1] != reports.FileName {
		t.Fatalf("the last file is %s, want %s", names[len(names)-1], reports.FileName)
	}
	if slices.Sort(names); !slices.Equal(names, want) {
		t.Fatalf("FileNames says %v", names)
	}
}

// A run with a fault script has what came of it, in files of its own.
func TestFilesOfFaults(t *testing.T) {
	names := render.FileNames(reportstest.Faulty(reportstest.Shapes()[1:3], 1))
	for _, want := range []string{"events.csv", "recovery.csv", "breakers.csv", "plots/breakers.png", "plots/breakers.svg"} {
		if !slices.Contains(names, want) {
			t.Errorf("there is no %s: %v", want, names)
		}
	}
}

// A stored result gives the same files again.
func TestRenderingAStoredResultAgainChangesNothing(t *testing.T) {
	first, second := t.TempDir(), t.TempDir()
	if err := render.Dir(first, reportstest.Run(reportstest.Shapes()[:3], 2)); err != nil {
		t.Fatal(err)
	}
	run, err := reports.Read(first)
	if err != nil {
		t.Fatal(err)
	}
	if err := render.Dir(second, run); err != nil {
		t.Fatal(err)
	}
	for _, name := range render.FileNames(run) {
		a, errA := os.ReadFile(filepath.Join(first, name))
		b, errB := os.ReadFile(filepath.Join(second, name))
		if errA != nil || errB != nil || !bytes.Equal(a, b) {
			t.Errorf("%s differs: %v, %v", name, errA, errB)
		}
	}
}

// One form that cannot be written is an error and costs nothing else; the result
// does not look complete without it.
func TestAFormThatFails(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "latency.png", "x"), 0o755); err != nil {
		t.Fatal(err)
	}
	run := reportstest.Run(reportstest.Shapes()[:2], 1)
	for i := range run.Arms { // fewer pictures make no other test
		run.Arms[i].Replicates[0].Series, run.Arms[i].Replicates[0].Breakdown = reports.Series{}, nil
	}
	err := render.Dir(dir, run)
	if err == nil || !strings.Contains(err.Error(), "latency.png") || strings.Contains(err.Error(), "\n") {
		t.Fatalf("error %v, want one line that names latency.png", err)
	}
	if run.Status != reports.StatusComplete {
		t.Fatal("the caller's run was changed")
	}
	back, err := reports.Read(dir)
	if err != nil || back.Status == reports.StatusComplete || back.Arms[1].Response().Count() == 0 {
		t.Fatalf("%v; the stored result must hold everything and not call itself complete", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "report.html")); err != nil {
		t.Fatal(err)
	}
}

func TestFormats(t *testing.T) {
	run := reportstest.Rates(reportstest.Shapes()[1:2], []float64{1e4}, 1)
	steps := reportstest.Steps(reportstest.Shapes()[1:2], []float64{1e4, 2e4}, 1)
	for _, f := range render.RunFormats() {
		switch {
		case strings.HasPrefix(f, "load"):
			run = steps
		case strings.HasPrefix(f, "breakers"):
			run = reportstest.Faulty(reportstest.Shapes()[1:2], 1)
		}
		var b bytes.Buffer
		if err := render.Run(&b, f, run, false); err != nil || b.Len() == 0 {
			t.Errorf("%s: %d bytes, %v", f, b.Len(), err)
		}
	}
	run = reportstest.Run(reportstest.Shapes()[:3], 1)
	list := reports.CompareArms(run, reports.Baseline(run))
	for _, f := range render.ComparisonFormats() {
		var b bytes.Buffer
		if err := render.Comparison(&b, f, list, false); err != nil || b.Len() == 0 {
			t.Errorf("%s: %d bytes, %v", f, b.Len(), err)
		}
	}
	for _, err := range []error{
		render.Run(io.Discard, "pdf", run, false),
		render.Comparison(io.Discard, "pdf", list, false),
	} {
		if err == nil || errors.Is(err, render.ErrUnfit) {
			t.Errorf("error %v", err)
		}
	}
	for _, f := range []string{"hgrm", "load.png"} {
		if err := render.Run(io.Discard, f, run, false); !errors.Is(err, render.ErrUnfit) {
			t.Errorf("%s of what does not fit it: %v", f, err)
		}
	}
	if err := render.Run(io.Discard, "pdf", run, false); !strings.Contains(err.Error(), `"pdf": allowed are text, full, markdown`) {
		t.Errorf("error %v", err)
	}
}

// What a user waits for at the end of a run of six arms.
func BenchmarkDir(b *testing.B) {
	run := reportstest.Run(reportstest.Shapes(), 10)
	dir := b.TempDir()
	for b.Loop() {
		if err := render.Dir(dir, run); err != nil {
			b.Fatal(err)
		}
	}
}
