package workloads

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/raftbench/raftbench/core/client"
)

// edges is what the driver knew when the window's observers were called.
type edges struct {
	driver         *Driver
	opened, closed []Progress
	to             time.Duration // Window.To, as known to OnClose
}

// observe runs c with observers.
func observe(t *testing.T, ctx context.Context, c Config) (*edges, *Measurement) { //nolint:revive // testing.T comes first in helpers
	t.Helper()
	e := &edges{}
	c.Generate = puts
	c.OnOpen = func() { e.opened = append(e.opened, e.driver.Progress()) }
	onClose := c.OnClose
	c.OnClose = func() {
		e.closed = append(e.closed, e.driver.Progress())
		e.to = e.driver.Snapshot().Window.To
		if onClose != nil {
			onClose()
		}
	}
	d, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	e.driver = d
	m, err := d.Run(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return e, m
}

// withhold is a target that answers nothing until release is closed.
func withhold(release <-chan struct{}) Connect {
	return func(_ int, done func([]*client.Op)) (Target, error) {
		var mu sync.Mutex
		var held []*client.Op
		released := false
		go func() {
			<-release
			mu.Lock()
			ops := held
			released = true
			mu.Unlock()
			succeed(ops)
			done(ops)
		}()
		return targetFunc(func(ops []*client.Op) {
			mu.Lock()
			late := released
			if !late {
				held = append(held, ops...)
			}
			mu.Unlock()
			if late {
				succeed(ops)
				done(ops)
			}
		}), nil
	}
}

func TestTheWindowIsObservedOnce(t *testing.T) {
	for name, c := range map[string]Config{
		"closed":                   {Clients: 4, Duration: 100 * ms},
		"closed, warm-up":          {Clients: 4, Duration: 100 * ms, Warmup: 50 * ms},
		"closed, automatic":        {Clients: 4, Duration: 100 * ms, Warmup: WarmupAuto},
		"closed, number":           {Clients: 4, Operations: 1000},
		"closed, number, warm-up":  {Clients: 4, Operations: 1000, Warmup: 50 * ms},
		"closed, number in a time": {Clients: 4, Operations: 1000, Duration: time.Hour},
		"open":                     {Schedule: open(1000, Poisson), Duration: 100 * ms},
		"open, warm-up":            {Schedule: open(1000, Poisson), Duration: 100 * ms, Warmup: 50 * ms},
		"open, number":             {Schedule: open(10_000, Poisson), Operations: 1000},
		"open, end":                {Schedule: &Schedule{Stages: Stages{{100 * ms, 1000, 2000}}}, Warmup: 50 * ms},
	} {
		t.Run(name, func(t *testing.T) {
			c.Connect = NullTarget
			e, m := observe(t, context.Background(), c)
			if len(e.opened) != 1 || len(e.closed) != 1 {
				t.Fatalf("opened %d times, closed %d times", len(e.opened), len(e.closed))
			}
			open, closed := e.opened[0], e.closed[0]
			if c.Warmup == 0 && open.Started != 0 {
				t.Fatalf("%d operations before OnOpen", open.Started)
			}
			if c.Warmup != 0 && (open.Elapsed < m.Window.From || !open.Measures) {
				t.Fatalf("OnOpen at %v, the window began at %v", open.Elapsed, m.Window.From)
			}
			if closed.Elapsed < m.Window.To || e.to != m.Window.To {
				t.Fatalf("OnClose at %v, the window ended at %v, which was %v then", closed.Elapsed, m.Window.To, e.to)
			}
			if o := m.Window.Total(); c.Operations > 0 && (o.Succeeded != 1000 || o.Completed < 1000 || closed.Succeeded < 1000) {
				t.Fatalf("%d of 1000 operations were in the window, %d had been done at OnClose", o.Completed, closed.Succeeded)
			}
		})
	}
}

// Cost readings must not have the wait for stragglers in them: the operations
// here come back only after OnClose.
func TestTheWindowClosesBeforeTheGrace(t *testing.T) {
	for _, name := range []string{"time", "number within a time", "cancellation"} {
		for loop, c := range map[string]Config{"closed": {Clients: 4}, "open": {Schedule: open(1000, Constant)}} {
			t.Run(name+", "+loop, func(t *testing.T) {
				c.Grace, c.Duration = time.Minute, 50*ms
				switch name {
				case "number within a time":
					c.Operations = 4
				case "cancellation":
					c.Duration = time.Hour
				}
				// After a cancellation the grace is short: on a busy machine it may take more
				// than one attempt.
				deadline := time.Now().Add(time.Minute)
				for !closesBeforeGrace(t, c) {
					if time.Now().After(deadline) {
						t.Fatalf("OnClose did not come before the grace")
					}
				}
			})
		}
	}
}

// closesBeforeGrace reports whether operations that come back after OnClose were
// waited for.
func closesBeforeGrace(t *testing.T, c Config) bool {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	release := make(chan struct{})
	c.Connect, c.OnClose = withhold(release), func() { close(release) }
	if c.Duration == time.Hour {
		timer := time.AfterFunc(20*ms, cancel)
		defer timer.Stop()
	}
	e, m := observe(t, ctx, c)
	o := m.Window.Total()
	if len(e.closed) != 1 || e.closed[0].Succeeded != 0 || o.Completed != 0 {
		t.Fatalf("closed %d times, %+v, %d completed in the window", len(e.closed), e.closed, o.Completed)
	}
	return o.Started > 0 && o.InFlight == 0 && e.closed[0].Elapsed-m.Window.To < cancelGrace
}

// An operation that never comes back does not keep a run by number from ending.
func TestALostOperationEndsARunByNumber(t *testing.T) {
	for loop, c := range map[string]Config{"closed": {Clients: 4}, "open": {Schedule: open(10_000, Constant)}} {
		t.Run(loop, func(t *testing.T) {
			n := 0
			c.Operations, c.Grace = 100, 20*ms
			c.Connect = func(_ int, done func([]*client.Op)) (Target, error) {
				return targetFunc(func(ops []*client.Op) {
					var back []*client.Op
					for _, op := range ops {
						if n++; n != 50 {
							back = append(back, op)
						}
					}
					succeed(back)
					done(back)
				}), nil
			}
			e, m := observe(t, context.Background(), c)
			if o := m.Window.Total(); o.Started != 100 || o.Succeeded != 99 || o.InFlight != 1 || len(e.closed) != 1 || m.Interrupted {
				t.Fatalf("%d started, %d succeeded, %d in flight, closed %d times", o.Started, o.Succeeded, o.InFlight, len(e.closed))
			}
		})
	}
}

func TestAWindowThatNeverBeginsIsNotObserved(t *testing.T) {
	for _, warmup := range []time.Duration{time.Hour, WarmupAuto} {
		ctx, cancel := context.WithCancel(context.Background())
		time.AfterFunc(30*ms, cancel)
		silent := func(int, func([]*client.Op)) (Target, error) { return targetFunc(func([]*client.Op) {}), nil }
		e, m := observe(t, ctx, Config{Clients: 1, Warmup: warmup, Duration: time.Second, Connect: silent})
		if len(e.opened)+len(e.closed) != 0 || m.WarmupEnd != WarmupCut || !m.Interrupted {
			t.Fatalf("opened %d times, closed %d times, warm-up ended %q", len(e.opened), len(e.closed), m.WarmupEnd)
		}
	}
}

// The observers are called within microseconds of the window's ends, if the
// machine lets them: in the best of many runs, since it may be busy in any one.
func TestTheWindowsEndsAreExact(t *testing.T) {
	const near = 500 * time.Microsecond
	deadline := time.Now().Add(time.Minute)
	best := [2]time.Duration{never, never}
	for max(best[0], best[1]) > near && time.Now().Before(deadline) {
		late := windowEdges(t)
		best[0], best[1] = min(best[0], late[0]), min(best[1], late[1])
	}
	if max(best[0], best[1]) > near {
		t.Fatalf("OnOpen is %v late at best, OnClose %v", best[0], best[1])
	}
}

// windowEdges returns how late the observers of one run were.
func windowEdges(t testing.TB) (late [2]time.Duration) {
	var d *Driver
	d, err := New(Config{
		Generate: puts, Connect: NullTarget, Schedule: open(100, Constant), Warmup: 30 * ms, Duration: 30 * ms,
		OnOpen:  func() { late[0] = d.clock.now() - 30*ms },
		OnClose: func() { late[1] = d.clock.now() - 60*ms },
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	return late
}

// Every completion of the window is in a bucket that lies in it, whatever the
// warm-up took.
func TestBucketsBeginWithTheWindow(t *testing.T) {
	for _, warmup := range []time.Duration{0, 30 * time.Millisecond, 250 * time.Millisecond, WarmupAuto} {
		_, m := observe(t, t.Context(), Config{
			Connect: NullTarget, Clients: 1, Warmup: warmup, Duration: 300 * time.Millisecond, Grace: time.Second,
		})
		first, last := m.Series.Within(m.Window.From, m.Window.To)
		if at := m.Series.From(first); at != m.Window.From {
			t.Errorf("warm-up %v: the window begins at %v, its first bucket at %v", warmup, m.Window.From, at)
		}
		inside := uint64(0)
		for i := first; i < min(last, len(m.Series.Buckets)); i++ {
			for _, n := range m.Series.Buckets[i].Completed {
				inside += n
			}
		}
		if total := m.Window.Total(); inside != total.Completed || inside == 0 {
			t.Errorf("warm-up %v: %d of %d completions are in the window's buckets", warmup, inside, total.Completed)
		}
	}
}
