package experiment

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/workloads"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// saved is a Keeper that counts what it is given, and fails where it is told to.
type saved struct {
	fail func(record string) error

	mu       sync.Mutex
	records  []string // without those that are partial
	partials []reports.Measured
}

func (s *saved) add(record string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if record != "partial" {
		s.records = append(s.records, record)
	}
	if s.fail == nil {
		return nil
	}
	return s.fail(record)
}

func (s *saved) Begin(r *reports.Run) error {
	return errors.Join(r.Validate(), s.add("begin"))
}

func (s *saved) Partial(list []reports.Measured) error {
	err := s.add("partial")
	s.mu.Lock()
	defer s.mu.Unlock()
	s.partials = append(s.partials, list...)
	return err
}

func (s *saved) Replicate(m reports.Measured) error {
	return s.add(fmt.Sprintf("replicate %d of arm %d", m.Replicate.Index, m.Arm))
}

func (s *saved) End(status reports.Status, _ time.Time, _ ...string) error {
	return s.add(string(status))
}

func replicates(r *reports.Run) int {
	n := 0
	for _, a := range r.Arms {
		n += len(a.Replicates)
	}
	return n
}

func TestRunMeasuresEveryArm(t *testing.T) {
	s := settings(t, "inproc,rawtcp")
	s.Repeat, s.Reads, s.Warmup, s.Operations = 2, 0.5, WarmupAuto, 2*tinyOperations
	p, err := s.Plan()
	if err != nil {
		t.Fatal(err)
	}
	var kept saved
	run, err := Run(context.Background(), s, p, Header{Argv: []string{"test"}}, nil, &kept)
	if err != nil {
		t.Fatal(err)
	}
	if run.Status != reports.StatusComplete || replicates(run) != 4 {
		t.Fatalf("status %s with %d replicates, want complete with 4", run.Status, replicates(run))
	}
	slices.Sort(kept.records) // the blocks are shuffled
	want := []string{"begin", "complete", "replicate 1 of arm 0", "replicate 1 of arm 1", "replicate 2 of arm 0", "replicate 2 of arm 1"}
	if !slices.Equal(kept.records, want) {
		t.Fatalf("kept %q, want %q", kept.records, want)
	}
	for _, a := range run.Arms {
		for _, r := range a.Replicates {
			checkReplicate(t, &a, &r)
		}
	}
}

func checkReplicate(t *testing.T, a *reports.Arm, r *reports.Replicate) {
	t.Helper()
	o := r.Operations
	if o.Succeeded == 0 || o.Started != o.Succeeded+o.Failed+o.Unknown+o.InFlight {
		t.Errorf("%s: operations %+v", a.Label, o)
	}
	if n := r.Response().Count(); n != int64(o.Succeeded) {
		t.Errorf("%s: %d response times of %d successes", a.Label, n, o.Succeeded)
	}
	if ops := r.Ops(); len(ops) != 2 {
		t.Errorf("%s: operation types %v, want put and get", a.Label, ops)
	}
	if r.After <= 0 || r.Window <= 0 {
		t.Errorf("%s: after %v, window %v", a.Label, r.After, r.Window)
	}
	if r.Window < minWatched {
		return // too short to say what it cost
	}
	if r.Cost.CPUUser == nil || *r.Cost.CPUUser <= 0 {
		t.Errorf("%s: no CPU time", a.Label)
	}
	if a.InProcess != (r.Cost.WireBytes == nil) || !a.InProcess && *r.Cost.WireBytes < int64(o.Succeeded)*16 {
		t.Errorf("%s: in process: %v, wire bytes %v", a.Label, a.InProcess, r.Cost.WireBytes)
	}
	if r.Counters["appends"] == 0 || r.Counters["client_batches"] == 0 {
		t.Errorf("%s: counters %v", a.Label, r.Counters)
	}
}

// stopper cancels the run in the middle of the second replicate.
type stopper struct {
	cancel context.CancelFunc
	ended  int
}

func (s *stopper) ReplicateStarts(Position) {}
func (s *stopper) Progress(_ Position, now workloads.Progress) {
	if s.ended == 1 && now.Measures {
		s.cancel()
	}
}
func (s *stopper) Partial(Position, *reports.Replicate)       {}
func (s *stopper) ReplicateEnds(Position, *reports.Replicate) { s.ended++ }

func TestInterruptKeepsWhatWasMeasured(t *testing.T) {
	s := settings(t, "inproc")
	s.Repeat, s.Duration = 5, 5*watchInterval
	p, err := s.Plan()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var kept saved
	run, err := Run(ctx, s, p, Header{}, &stopper{cancel: cancel}, &kept)
	if err != nil {
		t.Fatal(err)
	}
	if run.Status != reports.StatusInterrupted || replicates(run) != 2 {
		t.Fatalf("status %s with %d replicates, want interrupted with the first and a part of the second", run.Status, replicates(run))
	}
	if cut := run.Arms[0].Replicates[1]; cut.Valid || !cut.Partial {
		t.Fatalf("the replicate that was cut: valid %v, partial %v, %v", cut.Valid, cut.Partial, cut.Reasons)
	}
	// At once, and when everything was kept.
	if n := len(kept.records); kept.records[n-1] != "interrupted" || !slices.Contains(kept.records[:n-1], "interrupted") {
		t.Fatalf("kept %q, want interrupted when the signal came and at the end", kept.records)
	}
}

// What a replicate has is kept while it goes on.
func TestPartialReplicatesAreKept(t *testing.T) {
	s := settings(t, "rawtcp")
	s.Repeat, s.Warmup = 1, 100*time.Millisecond
	s.KeepEvery = 300 * time.Millisecond
	s.Duration = 4 * s.KeepEvery
	p, err := s.Plan()
	if err != nil {
		t.Fatal(err)
	}
	var kept saved
	run, err := Run(context.Background(), s, p, Header{}, nil, &kept)
	if err != nil {
		t.Fatal(err)
	}
	if len(kept.partials) < 2 {
		t.Fatalf("%d partial replicates in %v", len(kept.partials), s.Duration)
	}
	last := kept.partials[len(kept.partials)-1].Replicate
	whole := run.Arms[0].Replicates[0]
	if last.Valid || !last.Partial || len(last.Reasons) == 0 || last.Index != 1 || last.Block != 1 || last.Seed != whole.Seed {
		t.Fatalf("partial: %+v", last)
	}
	if n := last.Operations.Succeeded; n == 0 || n > whole.Operations.Succeeded || last.Window <= 0 || last.Window > whole.Window {
		t.Fatalf("%d operations in %v, want some of the %d in %v", n, last.Window, whole.Operations.Succeeded, whole.Window)
	}
	if d := last.After - whole.After; d.Abs() > time.Second {
		t.Fatalf("the window began after %v, and after %v at last", last.After, whole.After)
	}
	if last.Elections > whole.Elections || last.Cost.CPUUser == nil {
		t.Fatalf("%d elections, cost %+v", last.Elections, last.Cost)
	}
	if whole.Partial {
		t.Fatal("the whole replicate is marked partial")
	}
}

// Keeping costs what the operations under way pay for, so it is done when it is due and no
// sooner.
func TestNothingIsKeptBeforeItIsDue(t *testing.T) {
	s := settings(t, "inproc,rawtcp")
	s.Repeat, s.Warmup, s.Duration, s.KeepEvery = 1, 100*ms, time.Second, time.Hour
	for _, slice := range []time.Duration{0, 100 * time.Millisecond} {
		s.Slice = slice
		p, err := s.Plan()
		if err != nil {
			t.Fatal(err)
		}
		var kept saved
		if _, err := Run(context.Background(), s, p, Header{}, nil, &kept); err != nil || len(kept.partials) > 0 {
			t.Fatalf("slices of %v: %v, and %d partial replicates were kept", slice, err, len(kept.partials))
		}
	}
}

// Whatever cannot be kept ends the run at once with that one error, and what was
// measured by then is returned.
func TestWhatCannotBeKeptEndsTheRun(t *testing.T) {
	full := errors.New("disk full")
	for _, c := range []struct {
		at      string
		measure int // replicates that come back
	}{
		{"begin", 0},
		{"partial", 1},
		{"replicate 2 of arm 0", 2},
		{"complete", 3},
	} {
		s := settings(t, "inproc")
		s.Repeat, s.Warmup = 3, 0
		if c.at == "partial" {
			s.Duration, s.KeepEvery = time.Minute, 200*time.Millisecond // cut by the failure
		}
		p, err := s.Plan()
		if err != nil {
			t.Fatal(err)
		}
		keeper := saved{fail: func(record string) error {
			if record == c.at {
				return full
			}
			return nil
		}}
		run, err := Run(context.Background(), s, p, Header{}, nil, &keeper)
		if !errors.Is(err, full) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s fails: error %v, want one line with the reason", c.at, err)
		}
		if n := replicates(run); n != c.measure {
			t.Errorf("%s fails: %d replicates came back, want %d", c.at, n, c.measure)
		}
		if run.Status != reports.StatusInterrupted || len(run.Warnings) == 0 {
			t.Errorf("%s fails: status %s, warnings %q", c.at, run.Status, run.Warnings)
		}
	}
}

// told is an observer that notes what had been kept when a replicate was said to
// have ended.
type told struct {
	kept    *saved
	missing int
	ended   int
}

func (o *told) ReplicateStarts(Position)              {}
func (o *told) Progress(Position, workloads.Progress) {}
func (o *told) Partial(Position, *reports.Replicate)  {}
func (o *told) ReplicateEnds(at Position, r *reports.Replicate) {
	o.ended++
	o.kept.mu.Lock()
	defer o.kept.mu.Unlock()
	if !slices.Contains(o.kept.records, fmt.Sprintf("replicate %d of arm 0", r.Index)) {
		o.missing++
	}
}

func TestWhatIsSaidToHaveEndedIsKept(t *testing.T) {
	s := settings(t, "inproc")
	s.Repeat, s.Warmup = 3, 0
	p, err := s.Plan()
	if err != nil {
		t.Fatal(err)
	}
	var kept saved
	o := &told{kept: &kept}
	if _, err := Run(context.Background(), s, p, Header{}, o, &kept); err != nil || o.ended != 3 || o.missing > 0 {
		t.Fatalf("%v; %d replicates ended, %d of them were not kept", err, o.ended, o.missing)
	}
}

func TestErrorsEndTheRun(t *testing.T) {
	s := settings(t, "inproc")
	p, err := s.Plan()
	if err != nil {
		t.Fatal(err)
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	s.BasePort = taken.Addr().(*net.TCPAddr).Port
	if s.BasePort > 65000 {
		t.Skip("the port that was free is too high for the flag")
	}
	if _, err := Run(context.Background(), s, p, Header{}, nil, new(saved)); err == nil {
		t.Fatal("a port in use went unnoticed")
	}
}

func TestOpenLoopIsLabelled(t *testing.T) {
	s := settings(t, "inproc")
	s.Rates = []float64{1000}
	p, err := s.Plan()
	if err != nil {
		t.Fatal(err)
	}
	run, err := Run(context.Background(), s, p, Header{}, nil, new(saved))
	if err != nil {
		t.Fatal(err)
	}
	if load := run.Arms[0].Workload.Load; load.Loop != reports.LoopOpen || load.Rate != 1000 || load.Arrivals != "poisson" {
		t.Fatalf("load %+v", load)
	}
	kinds := map[reports.Kind]bool{}
	for _, h := range run.Arms[0].Replicates[0].Histograms {
		kinds[h.Kind] = true
	}
	if !kinds[reports.KindResponse] || !kinds[reports.KindService] || !kinds[reports.KindLag] {
		t.Fatalf("histograms %v, want response, service and lag", kinds)
	}
}
