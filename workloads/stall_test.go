package workloads

import (
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/raftbench/raftbench/core/client"
)

// A target that stands still for a tenth of the run delays a tenth of the
// operations; in real time, where a slow machine can only delay more. The exact
// numbers are in TestAStallOfASecondShowsFromP90.
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
			})
		}
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
