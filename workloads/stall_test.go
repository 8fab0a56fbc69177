package workloads

import (
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/raftbench/raftbench/core/client"
)

// The numbers of measurement.md, rule 1, at a tenth of their length: a target that
// stands still for a tenth of the run delays a tenth of the operations.
func TestAStallShowsInTheTailOfAnOpenLoop(t *testing.T) {
	const length = time.Second
	for name, connect := range map[string]func() Connect{
		"target does not answer": func() Connect {
			wait := stall(length/2, length/10)
			return connectServer(t, func(ops []*client.Op) { wait(); succeed(ops) })
		},
		"target does not even accept": func() Connect {
			wait := stall(length/2, length/10)
			return func(_ int, done func([]*client.Op)) (Target, error) {
				return targetFunc(func(ops []*client.Op) { wait(); succeed(ops); done(ops) }), nil
			}
		},
	} {
		for _, arrivals := range []Arrivals{Poisson, Constant} {
			t.Run(name+", "+arrivals.String(), func(t *testing.T) {
				m := run(t, Config{Connect: connect(), Schedule: open(5000, arrivals), Duration: length})
				o := m.Window.Total()
				if m.Loop != Open {
					t.Fatalf("loop %v, want open", m.Loop)
				}
				// 10 % of the operations wait, evenly from 0 to 100 ms: p95 is 50 ms, p99 90 ms.
				for q, least := range map[float64]time.Duration{93: 20, 95: 40, 99: 80} {
					if got := quantile(o.Response, q); got < least*time.Millisecond {
						t.Fatalf("response p%v is %v, want at least %d ms: the stall is hidden", q, got, least)
					}
				}
				if p50 := quantile(o.Response, 50); p50 > 50*time.Millisecond {
					t.Fatalf("response p50 is %v: half of the operations were not delayed", p50)
				}
			})
		}
	}
}

func TestTheThreeHistogramsSeparateWaitingFromService(t *testing.T) {
	const stalled = 100 * time.Millisecond
	wait := stall(200*time.Millisecond, stalled)
	connect := func(_ int, done func([]*client.Op)) (Target, error) {
		return targetFunc(func(ops []*client.Op) { succeed(ops); done(ops); wait() }), nil
	}
	m := run(t, Config{Connect: connect, Schedule: open(2000, Constant), Duration: 500 * time.Millisecond})
	o := m.Window.Total()
	// The target answered first and held up the dispatcher afterwards: nothing was served
	// slowly, and everything was sent late.
	for name, h := range map[string]*hdrhistogram.Histogram{"response": o.Response, "lag": o.Lag} {
		if got := quantile(h, 95); got < stalled/2 {
			t.Fatalf("%s p95 is %v, want at least %v", name, got, stalled/2)
		}
	}
	if got := quantile(o.Service, 99); got > stalled/2 {
		t.Fatalf("service p99 is %v, but no operation was served slowly", got)
	}
	if o.Lag.TotalCount() != int64(o.Started) || o.Service.TotalCount() != int64(o.Succeeded) || o.Response.TotalCount() != int64(o.Succeeded) {
		t.Fatalf("%d started, %d succeeded; histograms have lag %d, service %d, response %d",
			o.Started, o.Succeeded, o.Lag.TotalCount(), o.Service.TotalCount(), o.Response.TotalCount())
	}
}

func TestAClosedLoopHidesAStallAndIsLabelled(t *testing.T) {
	wait := stall(300*time.Millisecond, 100*time.Millisecond)
	m := run(t, Config{
		Connect:  connectServer(t, func(ops []*client.Op) { wait(); succeed(ops) }),
		Clients:  2,
		Duration: 600 * time.Millisecond,
	})
	o := m.Window.Total()
	if m.Loop != Closed || m.Loop.String() != "closed" || m.Clients != 2 || m.OfferedOpsPerS != 0 {
		t.Fatalf("loop %v with %d clients, offered %v", m.Loop, m.Clients, m.OfferedOpsPerS)
	}
	if o.Service != nil || o.Lag != nil {
		t.Fatalf("a closed loop has a service and a lag histogram")
	}
	if got := time.Duration(o.Response.Max()); got < 90*time.Millisecond {
		t.Fatalf("max is %v: the stall of 100 ms was not recorded at all", got)
	}
	if o.Response.TotalCount() < 2000 {
		t.Skipf("only %d operations: too slow a machine to tell p99 from max", o.Response.TotalCount())
	}
	if got := quantile(o.Response, 99); got > 50*time.Millisecond {
		t.Fatalf("p99 is %v: two operations out of %d were stalled", got, o.Response.TotalCount())
	}
}

func TestWhatTheBoundRefusesIsCounted(t *testing.T) {
	release := make(chan struct{})
	held := connectServer(t, func(ops []*client.Op) { <-release; succeed(ops) })
	timer := time.AfterFunc(300*time.Millisecond, func() { close(release) })
	defer timer.Stop()
	m := run(t, Config{
		Connect:        held,
		Generate:       scripted(Put, Get),
		Schedule:       open(1000, Constant),
		MaxOutstanding: 10,
		Duration:       200 * time.Millisecond,
	})
	o := m.Window.Total()
	if o.Started != 10 || o.Succeeded != 10 || o.Refused != 190 {
		t.Fatalf("%d started, %d succeeded, %d refused; want 10, 10, 190", o.Started, o.Succeeded, o.Refused)
	}
	if p := m.Window.Ops[Put]; p.Refused != 95 {
		t.Fatalf("%d puts refused, want every second of 190", p.Refused)
	}
	if n := o.Response.TotalCount(); n != 10 {
		t.Fatalf("%d latencies recorded: refused operations have none", n)
	}
	refused := uint64(0)
	for _, b := range m.Series.Buckets {
		refused += b.Refused
	}
	if refused != 190 {
		t.Fatalf("the series has %d refused, want 190", refused)
	}
}

func TestOverdueOperationsAreSentAndNotSkipped(t *testing.T) {
	wait := stall(50*time.Millisecond, 100*time.Millisecond)
	batches := 0
	connect := func(_ int, done func([]*client.Op)) (Target, error) {
		return targetFunc(func(ops []*client.Op) { batches++; wait(); succeed(ops); done(ops) }), nil
	}
	m := run(t, Config{Connect: connect, Schedule: open(10_000, Constant), Duration: 300 * time.Millisecond})
	o := m.Window.Total()
	if o.Started != 3000 || o.Refused != 0 {
		t.Fatalf("%d started, %d refused; the schedule has 3000", o.Started, o.Refused)
	}
	if m.OfferedOpsPerS < 9999.9 || m.OfferedOpsPerS > 10_000.1 {
		t.Fatalf("offered %v", m.OfferedOpsPerS)
	}
	if batches > 2001 {
		t.Fatalf("%d submits: what was overdue after the stall, about 1000, did not leave at once", batches)
	}
}

func quantile(h *hdrhistogram.Histogram, q float64) time.Duration {
	return time.Duration(h.ValueAtPercentile(q))
}
