package experiment

import (
	"context"
	"errors"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/workloads"
)

// inTurns are settings whose two arms take turns, in so many slices.
func inTurns(t *testing.T, slices int) (*Settings, *Plan) {
	t.Helper()
	s := settings(t, "inproc,rawtcp")
	s.Slice, s.Warmup = workloads.DefaultSeriesWidth, 20*ms
	s.Duration = time.Duration(slices) * s.Slice
	p, err := s.Plan()
	if err != nil || p.Slice != s.Slice {
		t.Fatalf("slices of %v, error %v", p.Slice, err)
	}
	return s, p
}

func TestArmsTakeTurns(t *testing.T) {
	s, p := inTurns(t, 4)
	s.Repeat, s.Reads, s.Idle, s.KeepEvery = 2, 0.5, 20*ms, ms
	p.Blocks = append(p.Blocks, []int{1, 0})
	var kept saved
	o := new(order)
	run, err := Run(context.Background(), s, p, Header{}, o, &kept)
	if err != nil {
		t.Fatal(err)
	}
	if run.Status != reports.StatusComplete || replicates(run) != 4 || run.Plan.Slice != s.Slice {
		t.Fatalf("status %s, %d replicates, slices of %v", run.Status, replicates(run), run.Plan.Slice)
	}
	for i := range run.Arms {
		for j := range run.Arms[i].Replicates {
			r := &run.Arms[i].Replicates[j]
			checkReplicate(t, &run.Arms[i], r)
			checkSliced(t, &run.Arms[i], r, s.Duration)
		}
	}
	// Every arm is told of at least once in each of its slices, and they alternate.
	if o.changes < 2*(4-1) {
		t.Errorf("%d changes from one arm to another: %q", o.changes, o.arms)
	}
	under := map[int]bool{}
	for _, m := range kept.partials {
		under[m.Arm] = true
	}
	if len(under) != 2 {
		t.Errorf("partial replicates of the arms %v, want both", under)
	}
}

func checkSliced(t *testing.T, a *reports.Arm, r *reports.Replicate, window time.Duration) {
	t.Helper()
	if off := (r.Window - window).Abs(); off > 50*ms {
		t.Errorf("%s: a window of %v, want %v", a.Label, r.Window, window)
	}
	if f := r.InFlight; f == nil || f.Observed > 4 || math.Abs(f.Observed/f.Expected-1) > workloads.LittleTolerance {
		t.Errorf("%s: under way %+v, want the 4 clients at most", a.Label, r.InFlight)
	}
	if n := len(r.Series.Completed); n != 4 {
		t.Errorf("%s: %d buckets, want one for each slice", a.Label, n)
	}
	if r.Discarded == nil || r.Discarded.Operations.Succeeded == 0 || r.Discarded.Ended != string(workloads.WarmupFixed) {
		t.Errorf("%s: discarded %+v", a.Label, r.Discarded)
	}
	if r.Idle == nil || *r.Cost.GoroutinesMax < 3 {
		t.Errorf("%s: idle %v, %d goroutines", a.Label, r.Idle, *r.Cost.GoroutinesMax)
	}
}

// order is an observer that notes whose turn it is.
type order struct {
	told
	arms    []string
	changes int
	stop    func(arms int)
}

func (o *order) Progress(at Position, _ workloads.Progress) {
	if n := len(o.arms); n > 0 && o.arms[n-1] != at.Arm.Label {
		o.changes++
	}
	o.arms = append(o.arms, at.Arm.Label)
	if o.stop != nil {
		o.stop(len(o.arms))
	}
}
func (o *order) ReplicateEnds(Position, *reports.Replicate) {}

// When the arms of a block have taken their last turns, nothing of it remains, though its
// replicates are told of one after the other.
func TestWhatRemainsAfterTurns(t *testing.T) {
	s, p := inTurns(t, 2)
	var left []time.Duration
	if _, err := Run(context.Background(), s, p, Header{}, ending(func(at Position) { left = append(left, at.Remaining) }), new(saved)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]time.Duration{0, 0}, left); diff != "" {
		t.Errorf("remaining (-want +got):\n%s", diff)
	}
}

// ending is an observer that is called when a replicate ends.
type ending func(Position)

func (ending) ReplicateStarts(Position)                          {}
func (ending) Progress(Position, workloads.Progress)             {}
func (ending) Partial(Position, *reports.Replicate)              {}
func (f ending) ReplicateEnds(at Position, _ *reports.Replicate) { f(at) }

// An interruption in the middle of a block leaves a part of every arm, none of them
// valid.
func TestInterruptedTurns(t *testing.T) {
	s, p := inTurns(t, 50)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	o := &order{stop: func(arms int) {
		if arms == 8 { // both are warm and had a slice or more
			cancel()
		}
	}}
	run, err := Run(ctx, s, p, Header{}, o, new(saved))
	if err != nil {
		t.Fatal(err)
	}
	if run.Status != reports.StatusInterrupted || replicates(run) != 2 {
		t.Fatalf("status %s with %d replicates", run.Status, replicates(run))
	}
	if err := run.Validate(); err != nil {
		t.Fatal(err)
	}
	for _, a := range run.Arms {
		r := a.Replicates[0]
		if r.Valid || !r.Partial || r.Operations.Succeeded == 0 || r.Window >= s.Duration {
			t.Errorf("%s: valid %v, partial %v, %d operations in %v", a.Label, r.Valid, r.Partial, r.Operations.Succeeded, r.Window)
		}
	}
}

// An interruption while the first arm warms up leaves that warm-up.
func TestInterruptedWarmUpOfTurns(t *testing.T) {
	s, p := inTurns(t, 2)
	s.Warmup = time.Minute
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	run, err := Run(ctx, s, p, Header{}, &order{stop: func(int) { cancel() }}, new(saved))
	if err != nil || run.Status != reports.StatusInterrupted || replicates(run) != 1 {
		t.Fatalf("status %s with %d replicates, error %v", run.Status, replicates(run), err)
	}
	if err := run.Validate(); err != nil {
		t.Fatal(err)
	}
}

// A cluster that does not start ends the run with its error, and the clusters that did
// start are stopped.
func TestTurnsOfAClusterThatDoesNotStart(t *testing.T) {
	s, p := inTurns(t, 2)
	broken := &p.Arms[1].Transport.Named
	works := broken.New
	broken.New = func(o core.Options) (*core.Network, error) {
		network, err := works(o)
		network.Open = func(core.Endpoint) (core.Transport, error) { return nil, errors.New("no socket is left") }
		return network, err
	}
	run, err := Run(context.Background(), s, p, Header{}, nil, new(saved))
	if err == nil || !strings.Contains(err.Error(), "rawtcp, block 1: ") || !strings.Contains(err.Error(), "no socket is left") {
		t.Fatalf("error %v", err)
	}
	if run.Status != reports.StatusInterrupted || replicates(run) != 0 {
		t.Errorf("status %s with %d replicates", run.Status, replicates(run))
	}
}

// An interruption while a cluster starts leaves nothing.
func TestInterruptedStartOfTurns(t *testing.T) {
	s, p := inTurns(t, 2)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	run, err := Run(ctx, s, p, Header{}, starting(cancel), new(saved))
	if err != nil || run.Status != reports.StatusInterrupted || replicates(run) != 0 {
		t.Fatalf("status %s with %d replicates, error %v", run.Status, replicates(run), err)
	}
}

// starting is an observer that is called when a replicate starts.
type starting func()

func (f starting) ReplicateStarts(Position)                 { f() }
func (starting) Progress(Position, workloads.Progress)      {}
func (starting) Partial(Position, *reports.Replicate)       {}
func (starting) ReplicateEnds(Position, *reports.Replicate) {}

// An interruption before anything was measured leaves nothing.
func TestTurnsThatNeverBegan(t *testing.T) {
	s, p := inTurns(t, 2)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	run, err := Run(ctx, s, p, Header{}, nil, new(saved))
	if err != nil || run.Status != reports.StatusInterrupted || replicates(run) != 0 {
		t.Fatalf("status %s with %d replicates, error %v", run.Status, replicates(run), err)
	}
}

// What cannot be kept ends the block, with one line.
func TestTurnsThatCannotBeKept(t *testing.T) {
	full := errors.New("disk full")
	s, p := inTurns(t, 50)
	keeper := &saved{fail: func(record string) error {
		if record == "partial" {
			return full
		}
		return nil
	}}
	run, err := Run(context.Background(), s, p, Header{}, nil, keeper)
	if !errors.Is(err, full) || run.Status != reports.StatusInterrupted || replicates(run) != 2 {
		t.Fatalf("status %s with %d replicates, error %v", run.Status, replicates(run), err)
	}
}

// A replicate has the goroutines of its own nodes, clients and driver, whether it takes
// turns with others or not, and not those of whatever else is in the process.
func TestGoroutinesAreThoseOfTheCluster(t *testing.T) {
	const strangers = 2000
	var parked sync.WaitGroup
	leave := make(chan struct{})
	for range strangers {
		parked.Go(func() { <-leave })
	}
	defer parked.Wait()
	defer close(leave)
	for _, slice := range []time.Duration{0, workloads.DefaultSeriesWidth} {
		s, _ := inTurns(t, 2)
		s.Slice = slice
		p, err := s.Plan()
		if err != nil || p.Slice != slice {
			t.Fatalf("slices of %v, error %v", p.Slice, err)
		}
		run, err := Run(context.Background(), s, p, Header{}, new(order), new(saved))
		if err != nil {
			t.Fatal(err)
		}
		for i := range run.Arms {
			n := run.Arms[i].Replicates[0].Cost.GoroutinesMax
			if n == nil || *n < 3 || *n > strangers/2 {
				t.Errorf("slices of %v, %s: %d goroutines", slice, run.Arms[i].Label, *n)
			}
		}
	}
}
