package live

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/google/go-cmp/cmp"

	"github.com/raftbench/raftbench/experiment"
	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/workloads"
)

// screen is a terminal of a few lines: it understands what View writes.
type screen struct {
	lines  []string // above the cursor
	widest int
}

func (s *screen) Write(p []byte) (int, error) {
	text := string(p)
	var up int
	if n, err := fmt.Sscanf(text, "\x1b[%dA\x1b[J", &up); n == 1 && err == nil {
		_, text, _ = strings.Cut(text, "J")
		s.lines = s.lines[:len(s.lines)-up] // panics if the view moves above its own table
	}
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		s.widest = max(s.widest, len([]rune(line)))
		s.lines = append(s.lines, line)
	}
	return len(p), nil
}

// scene is a view with a clock that stands still unless it is told to go on.
type scene struct {
	*View
	time time.Time
}

func newScene(w *screen, size Size) *scene {
	s := &scene{View: New(w, size), time: time.Unix(0, 0)}
	s.now = func() time.Time { return s.time }
	return s
}

func position(label string, done int) experiment.Position {
	return experiment.Position{
		Arm: experiment.Arm{Label: label}, Block: 1, Done: done, Total: 4, Remaining: time.Duration(4-done) * 5 * time.Second,
	}
}

// replicate is one of 100 s at 447,346 operations a second.
func replicate() *reports.Replicate {
	h := hdrhistogram.New(1, int64(time.Minute), 3)
	for value, count := range map[time.Duration]int64{138 * time.Microsecond: 9800, 300 * time.Microsecond: 200} {
		_ = h.RecordValues(int64(value), count) // in range
	}
	return &reports.Replicate{
		Window: 100 * time.Second, Valid: true, Operations: reports.Operations{Succeeded: 44734600},
		Histograms: []reports.OpHistogram{{Op: "put", Kind: reports.KindResponse, Histogram: reports.NewHistogram(h)}},
	}
}

func TestTable(t *testing.T) {
	w := new(screen)
	w.lines = []string{"$ raftbench run"}
	v := newScene(w, func() (int, int) { return 100, 24 })
	v.ReplicateStarts(position("rawtcp", 0))
	v.ReplicateEnds(position("rawtcp", 1), replicate())
	v.ReplicateStarts(position("grpc", 1))
	for i := range uint64(3) {
		v.time = v.time.Add(time.Second)
		v.Progress(position("grpc", 1), workloads.Progress{
			Elapsed: time.Duration(i+1) * time.Second, Succeeded: 1000 * i * i, Failed: 5 * i, Measures: i == 2,
		})
	}
	v.Partial(position("grpc", 1), replicate())
	v.time = v.time.Add(time.Second)
	v.Progress(position("grpc", 1), workloads.Progress{Elapsed: 4 * time.Second, Succeeded: 5000, Failed: 10, Measures: true})
	want := []string{
		"$ raftbench run",
		"block 1, 1 of 4 replicates done, about 15s left",
		"  arm    done      ops/s       p50       p99 errors/s",
		"  rawtcp    1    447,346    138 µs    300 µs        -",
		"> grpc      0      1,000    138 µs    300 µs        0  ▁▃█▃ measures",
	}
	if diff := cmp.Diff(want, w.lines); diff != "" {
		t.Errorf("screen (-want +got):\n%s", diff)
	}
	v.Close()
	if diff := cmp.Diff(want[:1], w.lines); diff != "" {
		t.Errorf("screen after Close (-want +got):\n%s", diff)
	}
}

// Nothing wraps: a line that is too long for the terminal would make the next
// frame begin in the wrong place.
func TestTableFitsTheTerminal(t *testing.T) {
	w := new(screen)
	v := newScene(w, func() (int, int) { return 40, 8 })
	for i := range 30 {
		label := fmt.Sprintf("rawtcp:conns=%d payload=1KiB batch.size=16KiB", i)
		v.ReplicateStarts(position(label, 0))
		v.ReplicateEnds(position(label, 1), replicate())
	}
	v.ReplicateStarts(position("rawtcp:conns=17 payload=1KiB batch.size=16KiB", 0))
	if w.widest >= 40 || len(w.lines) > 7 {
		t.Errorf("%d lines of up to %d characters on a terminal of 8 times 40:\n%s", len(w.lines), w.widest, strings.Join(w.lines, "\n"))
	}
	if !strings.Contains(strings.Join(w.lines, "\n"), "> rawtcp:conns=17") {
		t.Errorf("the arm under way is not shown:\n%s", strings.Join(w.lines, "\n"))
	}
}

func TestPlainLines(t *testing.T) {
	var b strings.Builder
	v := New(&b, nil)
	v.ReplicateStarts(position("rawtcp", 0))
	v.Progress(position("rawtcp", 0), workloads.Progress{Elapsed: time.Second, Succeeded: 7})
	v.ReplicateEnds(position("rawtcp", 1), replicate())
	r := replicate()
	r.Valid, r.Reasons = false, []string{"littles-law: missed", "errors: many"}
	v.ReplicateEnds(position("grpc", 2), r)
	v.Close()
	want := "[1/4] rawtcp                     447,346 ops/s  p50   138 µs  p99   300 µs  about 15s left\n" +
		"[2/4] grpc                       447,346 ops/s  p50   138 µs  p99   300 µs  about 10s left  INVALID: littles-law: missed\n"
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}
