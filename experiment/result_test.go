package experiment

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/workloads"
)

// measure1 runs one replicate.
func measure1(t *testing.T, s *Settings) *reports.Replicate {
	t.Helper()
	p, err := s.Plan()
	if err != nil {
		t.Fatal(err)
	}
	r := &replicate{settings: s, arm: p.Arms[0], seed: 1, progress: func(workloads.Progress) {}}
	out, err := r.measure(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// A replicate says what it left out, what it cost, where the time went and how
// large things were.
func TestReplicateIsComplete(t *testing.T) {
	s := settings(t, "rawtcp")
	s.Warmup, s.Operations, s.Idle = 300*time.Millisecond, 2*tinyOperations, 100*time.Millisecond
	out := measure1(t, s)

	d := out.Discarded
	if d == nil || d.Ended != "fixed" || d.Operations.Succeeded == 0 || len(d.Histograms) == 0 {
		t.Fatalf("discarded: %+v", d)
	}
	if n := d.Histograms[0].Histogram.Count(); uint64(n) != d.Operations.Succeeded {
		t.Errorf("discarded: %d latencies of %d successes", n, d.Operations.Succeeded)
	}
	if out.Window < minWatched {
		t.Skipf("the window took %v, which is too short to say what it cost", out.Window)
	}
	if out.Idle == nil || *out.Idle.Allocs >= *out.Cost.Allocs || *out.Idle.WireBytes >= *out.Cost.WireBytes {
		t.Errorf("idle: %+v of %+v", out.Idle, out.Cost)
	}
	b := out.Breakdown
	if b == nil || b.Samples == 0 || b.Response <= 0 || b.Stages[0].Name != "queue" || b.Sum() <= 0 {
		t.Fatalf("breakdown: %+v", b)
	}
	for _, stage := range b.Stages {
		if uint64(stage.Histogram.Count()) != b.Samples {
			t.Errorf("stage %s: %d durations of %d samples", stage.Name, stage.Histogram.Count(), b.Samples)
		}
	}
	names := map[string]bool{}
	for _, d := range out.Distributions {
		names[d.Name] = true
	}
	for _, want := range []string{"client_batch_ops", "append_entries_per_message", "node_turn_requests"} {
		if !names[want] {
			t.Errorf("no distribution %s in %v", want, names)
		}
	}
	if out.Valid != (len(out.Reasons) == 0) {
		t.Errorf("valid: %v, reasons %q", out.Valid, out.Reasons)
	}
	if raceEnabled != strings.Contains(strings.Join(out.Reasons, "\n"), "build: ") {
		t.Errorf("race detector: %v, reasons %q", raceEnabled, out.Reasons)
	}
}

// Without a warm-up there is nothing to leave out; a replicate too short for it has
// no idle cost.
func TestReplicateWithoutWarmup(t *testing.T) {
	s := settings(t, "inproc")
	s.Warmup, s.Operations, s.Idle = 0, 200, time.Second
	out := measure1(t, s)
	if out.Discarded != nil || out.Idle != nil || out.Operations.Succeeded != 200 {
		t.Fatalf("discarded %+v, idle %+v, operations %+v", out.Discarded, out.Idle, out.Operations)
	}
}

// Each stage of an open loop is a point of its own, and together they are the
// window.
func TestStagesAreSteps(t *testing.T) {
	s := settings(t, "inproc")
	s.Arrivals, s.Warmup = workloads.Constant, 20*time.Millisecond
	var err error
	if s.Stages, err = workloads.ParseStages("100ms:1k,100ms:1k..3k"); err != nil {
		t.Fatal(err)
	}
	out := measure1(t, s)
	if out.Window != 200*time.Millisecond || len(out.Steps) != 2 {
		t.Fatalf("window %v with %d steps", out.Window, len(out.Steps))
	}
	var sum reports.Operations
	for i, want := range []struct {
		name    string
		at      time.Duration
		offered float64
	}{{"100ms:1k", 0, 1000}, {"100ms:1k..3k", 100 * time.Millisecond, 2000}} {
		g := out.Steps[i]
		if g.Name != want.name || g.At != want.at || g.Length != 100*time.Millisecond || g.Offered < 0.99*want.offered || g.Offered > 1.01*want.offered {
			t.Errorf("step %d: %+v", i+1, g)
		}
		if n := g.Response().Count(); uint64(n) != g.Operations.Succeeded || n == 0 {
			t.Errorf("step %d: %d response times of %d successes", i+1, n, g.Operations.Succeeded)
		}
		sum.Add(g.Operations)
	}
	if sum.Started != out.Operations.Started || sum.Succeeded != out.Operations.Succeeded {
		t.Errorf("steps have %+v, the window %+v", sum, out.Operations)
	}
}

// A change of the leader within the window is an event with its time, and the
// replicate is invalid for it.
func TestElectionWithinTheWindow(t *testing.T) {
	s := settings(t, "inproc")
	s.Warmup, s.Duration = 0, time.Minute // until somebody else leads
	p, err := s.Plan()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	r := &replicate{settings: s, arm: p.Arms[0], seed: 1}
	r.progress = func(workloads.Progress) {
		switch raftOf(r).cluster.Leader() {
		case 1:
			raftOf(r).cluster.Node(1).TransferLeadership(2)
		case 2:
			cancel()
		}
	}
	out, err := r.measure(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Events) == 0 || out.Elections != uint64(len(out.Events)) {
		t.Fatalf("%d elections, events %+v", out.Elections, out.Events)
	}
	if e := out.Events[0]; e.Kind != "election" || !strings.HasPrefix(e.Text, "node 2 leads in term ") || e.At <= 0 || e.At >= out.Window {
		t.Errorf("event %+v", e)
	}
	if reasons := strings.Join(out.Reasons, "\n"); out.Valid || !strings.Contains(reasons, "elections: the leader changed") {
		t.Errorf("valid: %v, reasons %q", out.Valid, reasons)
	}
}

// A node whose storage fails while it is measured is a reason, and says why.
func TestStorageFailsWithinTheWindow(t *testing.T) {
	s := settings(t, "inproc")
	s.Warmup, s.Duration, s.Storages, s.Data, s.Snapshots.Entries = 0, time.Minute, []StorageKind{StorageWAL}, filepath.Join(t.TempDir(), "logs"), 100
	p, err := s.Plan()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r := &replicate{settings: s, arm: p.Arms[0], seed: 1}
	r.progress = func(workloads.Progress) {
		dir := filepath.Join(s.Data, "node-2") // the next snapshot finds it gone
		if err := os.Rename(dir, dir+"-gone"); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Error(err)
		}
		if raftOf(r).cluster.Node(2).Status().Err != nil {
			cancel()
		}
	}
	out, err := r.measure(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if reasons := strings.Join(out.Reasons, "\n"); out.Valid || !strings.Contains(reasons, "storage: node 2: ") || !strings.Contains(reasons, "no such file") {
		t.Errorf("valid: %v, reasons %q", out.Valid, reasons)
	}
}
