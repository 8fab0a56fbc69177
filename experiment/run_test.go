package experiment

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/workloads"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// saved counts the calls of save and keeps the last result's replicates.
type saved struct{ calls, replicates int }

func (s *saved) save(r *reports.Run) error {
	s.calls++
	s.replicates = 0
	for _, a := range r.Arms {
		s.replicates += len(a.Replicates)
	}
	return r.Validate()
}

func TestRunMeasuresEveryArm(t *testing.T) {
	s := settings(t, "inproc,rawtcp")
	s.Repeat, s.Reads, s.Warmup = 2, 0.5, WarmupAuto
	p, err := s.Plan()
	if err != nil {
		t.Fatal(err)
	}
	var kept saved
	run, err := Run(context.Background(), s, p, Header{Argv: []string{"test"}}, nil, kept.save)
	if err != nil {
		t.Fatal(err)
	}
	if run.Status != reports.StatusComplete || kept.calls != 5 || kept.replicates != 4 {
		t.Fatalf("status %s, %d saves, the last with %d replicates; want complete, one save before and one after each of 4", run.Status, kept.calls, kept.replicates)
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
	if r.Cost.CPUUser == nil || *r.Cost.CPUUser <= 0 {
		t.Errorf("%s: no CPU time", a.Label)
	}
	if a.InProcess != (r.Cost.WireBytes == nil) || !a.InProcess && *r.Cost.WireBytes < int64(o.Succeeded)*16 {
		t.Errorf("%s: in process: %v, wire bytes %v", a.Label, a.InProcess, r.Cost.WireBytes)
	}
	if r.After <= 0 || r.Window <= 0 || r.Counters["appends"] == 0 || r.Counters["client_batches"] == 0 {
		t.Errorf("%s: after %v, window %v, counters %v", a.Label, r.After, r.Window, r.Counters)
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
func (s *stopper) ReplicateEnds(Position, *reports.Replicate) { s.ended++ }

func TestInterruptKeepsWhatWasMeasured(t *testing.T) {
	s := settings(t, "inproc")
	s.Repeat, s.Duration = 5, 300*time.Millisecond
	p, err := s.Plan()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var kept saved
	run, err := Run(ctx, s, p, Header{}, &stopper{cancel: cancel}, kept.save)
	if err != nil {
		t.Fatal(err)
	}
	if run.Status != reports.StatusInterrupted || kept.replicates != 2 {
		t.Fatalf("status %s with %d replicates, want interrupted with the first and a part of the second", run.Status, kept.replicates)
	}
	if cut := run.Arms[0].Replicates[1]; cut.Valid {
		t.Fatalf("the replicate that was cut is valid: %v", cut.Reasons)
	}
}

func TestErrorsEndTheRun(t *testing.T) {
	s := settings(t, "inproc")
	full := errors.New("disk full")
	p, err := s.Plan()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Run(context.Background(), s, p, Header{}, nil, func(*reports.Run) error { return full }); !errors.Is(err, full) {
		t.Fatalf("error %v, want %v before anything is measured", err, full)
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
	if _, err := Run(context.Background(), s, p, Header{}, nil, new(saved).save); err == nil {
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
	run, err := Run(context.Background(), s, p, Header{}, nil, new(saved).save)
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
