package workloads

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/client"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func run(t testing.TB, c Config) *Measurement {
	t.Helper()
	return runUntil(t, context.Background(), c)
}

func runUntil(t testing.TB, ctx context.Context, c Config) *Measurement { //nolint:revive // testing.TB comes first in helpers
	t.Helper()
	if c.Generate == nil {
		c.Generate = puts
	}
	d, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	m, err := d.Run(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func open(rate float64, a Arrivals) *Schedule {
	s := Rate(rate)
	s.Arrivals = a
	return &s
}

func TestOperationsAreConservedWhateverBecomesOfThem(t *testing.T) {
	failed := fmt.Errorf("call: %w", core.ErrUnavailable)
	unknown := fmt.Errorf("call: %w", core.ErrTimeout)
	for name, c := range map[string]Config{
		"closed": {Clients: 64, FailurePause: -1},
		"open":   {Schedule: open(20_000, Poisson)},
	} {
		t.Run(name, func(t *testing.T) {
			var given, lost atomic.Int64
			c.Workers, c.Generate = 2, scripted(Put, Get, Put)
			c.Warmup, c.Duration, c.Grace = 50*ms, 200*ms, time.Second
			c.Connect = func(_ int, done func([]*client.Op)) (Target, error) {
				return targetFunc(func(ops []*client.Op) {
					var back []*client.Op
					for _, op := range ops {
						switch n := given.Add(1); {
						case n%1000 == 0 && lost.Load() < 20:
							lost.Add(1) // never handed back
							continue
						case n%7 == 0:
							op.Outcome, op.Err = client.OutcomeFailed, failed
						case n%11 == 0:
							op.Outcome, op.Err = client.OutcomeUnknown, unknown
						default:
							op.Outcome, op.Err = client.OutcomeOK, nil
						}
						back = append(back, op)
					}
					done(back)
				}), nil
			}
			m := run(t, c) // which checks conservation
			w, o := m.Warmup.Total(), m.Window.Total()
			if got := int64(w.Started + o.Started); got != given.Load() {
				t.Fatalf("%d started, the target was given %d", got, given.Load())
			}
			if got := int64(w.InFlight + o.InFlight); got != lost.Load() || got == 0 {
				t.Fatalf("%d in flight at the end, the target kept %d", got, lost.Load())
			}
			want := map[ErrorKey]uint64{
				{client.OutcomeFailed, "unavailable"}: o.Failed,
				{client.OutcomeUnknown, "timeout"}:    o.Unknown,
			}
			if diff := cmp.Diff(want, o.Errors); diff != "" || o.Failed == 0 || o.Unknown == 0 {
				t.Fatalf("errors by class (-want +got):\n%s", diff)
			}
			if n := o.Response.TotalCount(); n != int64(o.Succeeded) {
				t.Fatalf("%d latencies for %d successes: errors must not enter the histogram", n, o.Succeeded)
			}
			var series, errs uint64
			for _, b := range m.Series.Buckets {
				series += b.Completed[Put] + b.Completed[Get]
				errs += b.Errors
			}
			if series != w.Succeeded+o.Succeeded || errs != w.Failed+w.Unknown+o.Failed+o.Unknown {
				t.Fatalf("the series has %d successes and %d errors, the phases %d and %d", series, errs,
					w.Succeeded+o.Succeeded, w.Failed+w.Unknown+o.Failed+o.Unknown)
			}
		})
	}
}

func TestAnOperationHandedBackTwiceIsNoticed(t *testing.T) {
	m := &Measurement{}
	m.Window.Ops[Get] = OpRecord{Started: 5, Succeeded: 3, Failed: 1, Unknown: 1, InFlight: 1}
	if err := m.CheckConservation(); err == nil || !strings.Contains(err.Error(), "window, get: 5 started") {
		t.Fatalf("error %v, want one that names the phase, the type and the counters", err)
	}

	var once sync.Once
	run(t, Config{Clients: 4, Operations: 1000, Connect: func(_ int, done func([]*client.Op)) (Target, error) {
		return targetFunc(func(ops []*client.Op) {
			succeed(ops)
			once.Do(func() { done(ops[:1]) })
			done(ops)
		}), nil
	}})
}

func TestANumberOfOperationsIsExact(t *testing.T) {
	for name, c := range map[string]Config{
		"closed":             {Clients: 100},
		"fewer than clients": {Clients: 5000},
		"open":               {Schedule: open(100_000, Poisson)},
	} {
		for _, warmup := range []time.Duration{0, 30 * time.Millisecond} {
			t.Run(fmt.Sprintf("%s, warm-up %v", name, warmup), func(t *testing.T) {
				c.Connect, c.Workers, c.Operations, c.Warmup = NullTarget, 2, 3001, warmup
				// On a busy machine a warm-up may be over before its first operation.
				deadline := time.Now().Add(time.Minute)
				for warmedUp := runExactly(t, c) > 0; warmedUp != (warmup > 0); warmedUp = runExactly(t, c) > 0 {
					if warmup == 0 || time.Now().After(deadline) {
						t.Fatalf("operations in a warm-up of %v: %v", warmup, warmedUp)
					}
				}
			})
		}
	}
}

// runExactly runs for 3001 operations. It returns how many there were before them.
func runExactly(t *testing.T, c Config) uint64 {
	t.Helper()
	m := run(t, c)
	if o := m.Window.Total(); o.Succeeded != 3001 || o.Completed < 3000 {
		t.Fatalf("%d succeeded, %d completed, want 3001", o.Succeeded, o.Completed)
	}
	if m.Window.From != c.Warmup || m.Window.Duration() <= 0 || m.Window.ThroughputOpsPerS() <= 0 {
		t.Fatalf("window from %v to %v", m.Window.From, m.Window.To)
	}
	return m.Warmup.Total().Started
}

// Completions arrive from several goroutines at once, and some from within the
// Submit that such a completion led to: none may be left lying.
func TestNoCompletionIsLeftLying(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	m := runUntil(t, ctx, Config{Clients: 16, Operations: 20_000, Connect: func(_ int, done func([]*client.Op)) (Target, error) {
		var servers []Target
		for range 3 {
			s, err := connectServer(t, succeed)(0, done)
			if err != nil {
				return nil, err
			}
			servers = append(servers, s)
		}
		return targetFunc(func(ops []*client.Op) {
			for i := range ops {
				if i%4 == 3 {
					succeed(ops[i : i+1])
					done(ops[i : i+1])
					continue
				}
				servers[i%4].Submit(ops[i : i+1])
			}
		}), nil
	}})
	if o := m.Window.Total(); m.Interrupted || o.Succeeded != 20_000 {
		t.Fatalf("%d of 20,000 operations succeeded, interrupted: %v", o.Succeeded, m.Interrupted)
	}
}

func TestTheWindowStaysClosed(t *testing.T) {
	d, err := New(Config{Generate: puts, Connect: NullTarget, Clients: 1, Operations: 10})
	if err != nil {
		t.Fatal(err)
	}
	m, err := d.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if again := d.Snapshot(); again.Window.To != m.Window.To || again.Window.Duration() <= 0 {
		t.Fatalf("the window ended at %v and later at %v", m.Window.To, again.Window.To)
	}
}

func TestAFixedWarmupIsKeptApart(t *testing.T) {
	for name, c := range map[string]Config{"closed": {Clients: 8}, "open": {Schedule: open(10_000, Constant)}} {
		t.Run(name, func(t *testing.T) {
			c.Connect = connectServer(t, succeed)
			c.Warmup, c.Duration = 100*time.Millisecond, 200*time.Millisecond
			m := run(t, c)
			if m.Warmup.From != 0 || m.Warmup.To != c.Warmup || m.Window.From != c.Warmup || m.Window.Duration() != c.Duration {
				t.Fatalf("warm-up %v to %v, window %v to %v", m.Warmup.From, m.Warmup.To, m.Window.From, m.Window.To)
			}
			w, o := m.Warmup.Total(), m.Window.Total()
			if m.WarmupEnd != WarmupFixed || w.Started == 0 || o.Started == 0 || w.Response.TotalCount() != int64(w.Succeeded) {
				t.Fatalf("warm-up ended %q with %d operations, window has %d", m.WarmupEnd, w.Started, o.Started)
			}
			if name == "open" && (w.Started != 1000 || o.Started != 2000) {
				t.Fatalf("%d operations in the warm-up and %d in the window, the schedule has 1000 and 2000", w.Started, o.Started)
			}
		})
	}
}

func TestAnAutomaticWarmupIsKeptApart(t *testing.T) {
	m := run(t, Config{Connect: NullTarget, Schedule: open(5000, Constant), Warmup: WarmupAuto, Duration: 100 * time.Millisecond})
	if m.WarmupEnd != WarmupStationary && m.WarmupEnd != WarmupLimit || m.WarmupNote == "" {
		t.Fatalf("warm-up ended %q: %q", m.WarmupEnd, m.WarmupNote)
	}
	if m.Warmup.To < warmupIntervals*warmupInterval || m.Window.Duration() != 100*time.Millisecond {
		t.Fatalf("warm-up until %v, window of %v", m.Warmup.To, m.Window.Duration())
	}
	w, o := m.Warmup.Total(), m.Window.Total()
	if got, want := float64(w.Started+o.Started), m.Window.To.Seconds()*5000; got < want-2 || got > want+2 {
		t.Fatalf("%v operations started, the schedule has %v", got, want)
	}
	if got := float64(o.Started); got < 499 || got > 501 {
		t.Fatalf("%v operations in the window, the schedule has 500", got)
	}
}

func TestCancellingKeepsWhatWasMeasured(t *testing.T) {
	for name, c := range map[string]Config{
		"closed":           {Clients: 8, Duration: time.Hour},
		"open":             {Schedule: open(10_000, Poisson), Duration: time.Hour},
		"by count":         {Clients: 8, Operations: 1 << 40},
		"in the warm-up":   {Clients: 8, Warmup: time.Hour, Duration: time.Hour},
		"auto warm-up":     {Clients: 8, Warmup: WarmupAuto, Duration: time.Hour},
		"target is silent": {Clients: 8, Duration: time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			c.Connect = connectServer(t, succeed)
			if name == "target is silent" {
				c.Connect = func(int, func([]*client.Op)) (Target, error) { return targetFunc(func([]*client.Op) {}), nil }
			}
			c.Grace = time.Hour // as good as never
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			var begin time.Time
			c.Connect = firstSubmit(c.Connect, func() {
				time.AfterFunc(100*time.Millisecond, func() { begin = time.Now(); cancel() })
			})
			m := runUntil(t, ctx, c)
			if took := time.Since(begin); took > 30*time.Second {
				t.Fatalf("it took %v to stop", took)
			}
			if !m.Interrupted {
				t.Fatalf("not marked as interrupted")
			}
			w, o := m.Warmup.Total(), m.Window.Total()
			if w.Started+o.Started == 0 || m.Window.To > time.Minute || m.Window.To < m.Window.From {
				t.Fatalf("%d operations, window from %v to %v", w.Started+o.Started, m.Window.From, m.Window.To)
			}
			if name == "target is silent" && o.InFlight != 8 {
				t.Fatalf("%d in flight, want all 8", o.InFlight)
			}
			if strings.Contains(name, "warm-up") && (m.WarmupEnd != WarmupCut || o.Started != 0) {
				t.Fatalf("warm-up ended %q, and the window has %d operations", m.WarmupEnd, o.Started)
			}
		})
	}
}

// firstSubmit calls first when the target has been given its first operations, which
// it may take a busy machine a while to do.
func firstSubmit(connect Connect, first func()) Connect {
	return func(worker int, done func([]*client.Op)) (Target, error) {
		target, err := connect(worker, done)
		var once sync.Once
		return targetFunc(func(ops []*client.Op) {
			target.Submit(ops)
			once.Do(first)
		}), err
	}
}

func TestATargetThatFallsSilentDoesNotShortenTheWindow(t *testing.T) {
	var n atomic.Int64
	m := run(t, Config{Clients: 1, Duration: 300 * time.Millisecond, Grace: 20 * time.Millisecond,
		Connect: func(_ int, done func([]*client.Op)) (Target, error) {
			return targetFunc(func(ops []*client.Op) {
				if n.Add(1) <= 30 {
					succeed(ops)
					done(ops)
				}
			}), nil
		}})
	if got := m.Window.ThroughputOpsPerS(); m.Window.Duration() != 300*time.Millisecond || got != 100 {
		t.Fatalf("throughput %v over %v; 30 operations in 300 ms are 100/s", got, m.Window.Duration())
	}
}

func TestAScheduleMayEndTheRun(t *testing.T) {
	s := &Schedule{Arrivals: Constant, Stages: []Stage{{50 * time.Millisecond, 1000, 1000}, {50 * time.Millisecond, 1000, 3000}}}
	m := run(t, Config{Connect: NullTarget, Schedule: s, Workers: 2})
	if o := m.Window.Total(); o.Succeeded != 150 {
		t.Fatalf("%d operations, the schedule has 150", o.Succeeded)
	}
	if d := m.Window.Duration(); d < 90*time.Millisecond || d > 2*time.Second {
		t.Fatalf("window of %v", d)
	}
}

func TestFailingClientsPause(t *testing.T) {
	var n atomic.Int64
	m := run(t, Config{Clients: 10, FailurePause: 20 * time.Millisecond, Duration: 200 * time.Millisecond,
		Connect: func(_ int, done func([]*client.Op)) (Target, error) {
			return targetFunc(func(ops []*client.Op) {
				for _, op := range ops {
					n.Add(1)
					op.Outcome, op.Err = client.OutcomeFailed, errors.New("no")
				}
				done(ops)
			}), nil
		}})
	if o := m.Window.Total(); o.Failed > 10*11 || o.Failed < 20 || o.Errors[ErrorKey{client.OutcomeFailed, "other"}] != o.Failed {
		t.Fatalf("%d failures %v; 10 clients that pause 20 ms fail at most 110 times in 200 ms", o.Failed, o.Errors)
	}
}

// In real time, with the driver's own stamps; what the law finds is in flight_test.go.
func TestLittlesLawHolds(t *testing.T) {
	m := run(t, Config{
		Clients: 10, Duration: 400 * time.Millisecond, Warmup: 50 * time.Millisecond,
		Connect: connectServer(t, func(ops []*client.Op) { time.Sleep(2 * time.Millisecond); succeed(ops) }),
	})
	if expected, observed, ok := LittlesLaw(m); !ok || observed > 10 || observed == 0 {
		t.Fatalf("%v operations under way, the latencies say %v", observed, expected)
	}
}

func TestProgressAndSnapshotsDuringARun(t *testing.T) {
	d, err := New(Config{Generate: puts, Connect: connectServer(t, succeed), Workers: 2, Clients: 16, Duration: 200 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	stop, stopped := make(chan struct{}), make(chan struct{})
	var last Progress
	go func() {
		defer close(stopped)
		for {
			p, m := d.Progress(), d.Snapshot()
			if p.Succeeded < last.Succeeded || p.Started < p.Succeeded {
				t.Errorf("progress went from %+v to %+v", last, p)
			}
			if err := m.CheckConservation(); err != nil {
				t.Error(err)
			}
			last = p
			select {
			case <-stop:
				return
			case <-time.After(10 * time.Millisecond):
			}
		}
	}()
	m, err := d.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	close(stop)
	<-stopped
	if last.Succeeded == 0 || !last.Measures {
		t.Fatalf("progress saw nothing: %+v", last)
	}
	// What the snapshots took is there once, and not lost.
	o, p, series := m.Window.Total(), d.Progress(), uint64(0)
	for _, b := range m.Series.Buckets {
		series += b.Completed[Put]
	}
	if o.Succeeded != p.Succeeded || o.Response.TotalCount() != int64(p.Succeeded) || series != p.Succeeded {
		t.Fatalf("%d succeeded; the window has %d, its histogram %d, the series %d", p.Succeeded, o.Succeeded, o.Response.TotalCount(), series)
	}
	if expected, observed, ok := LittlesLaw(m); !ok {
		t.Fatalf("%v operations under way, the latencies say %v", observed, expected)
	}
}

func TestDrivingDoesNotAllocate(t *testing.T) {
	for name, c := range map[string]Config{"closed": {Clients: 64}, "open": {Schedule: open(4e6, Constant)}} {
		t.Run(name, func(t *testing.T) {
			allocated := func(operations int) float64 {
				c.Connect, c.Generate, c.Operations, c.MaxOutstanding = NullTarget, puts, operations, 100
				return testing.AllocsPerRun(1, func() { run(t, c) })
			}
			// What is made once does not count: recorders, and up to 100 slots.
			const more = 100_000
			if n := allocated(50_000+more) - allocated(50_000); n > more/100 {
				t.Fatalf("%v allocations for %d more operations", n, more)
			}
		})
	}
}
