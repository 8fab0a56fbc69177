package workloads

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/raftbench/raftbench/core/client"
)

// BenchmarkClosedLoop is the price of the driver: the target does nothing.
func BenchmarkClosedLoop(b *testing.B) {
	for name, connect := range map[string]Connect{
		"inline":    NullTarget,
		"goroutine": connectServer(b, succeed),
	} {
		for _, clients := range []int{1, 64, 1024} {
			b.Run(name+"/clients="+strconv.Itoa(clients), func(b *testing.B) {
				benchmark(b, Config{Connect: connect, Clients: clients, Operations: b.N})
			})
		}
	}
}

// BenchmarkOpenLoop dispatches as fast as it can: the schedule is far ahead of it.
func BenchmarkOpenLoop(b *testing.B) {
	benchmark(b, Config{Connect: NullTarget, Schedule: open(maxRate, Poisson), Operations: b.N})
}

func benchmark(b *testing.B, c Config) {
	c.Generate = puts
	d, err := New(c)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	m, err := d.Run(context.Background())
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(m.Window.ThroughputOpsPerS(), "ops/s")
}

// BenchmarkDispatchLag runs an open loop at 20,000 operations a second for a second
// and reports how late they left.
func BenchmarkDispatchLag(b *testing.B) {
	for name, connect := range map[string]Connect{"inline": NullTarget, "goroutine": connectServer(b, succeed)} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				m := run(b, Config{Connect: connect, Schedule: open(20_000, Poisson), Warmup: 200 * ms, Duration: time.Second})
				o := m.Window.Total()
				b.ReportMetric(float64(o.Lag.ValueAtPercentile(50)), "lag-p50-ns")
				b.ReportMetric(float64(o.Lag.ValueAtPercentile(99)), "lag-p99-ns")
				b.ReportMetric(float64(o.Lag.ValueAtPercentile(99.9)), "lag-p99.9-ns")
			}
		})
	}
}

// BenchmarkWindowEdges reports how late OnOpen and OnClose come.
func BenchmarkWindowEdges(b *testing.B) {
	var open, closed []float64
	for b.Loop() {
		late := windowEdges(b)
		open, closed = append(open, float64(late[0])), append(closed, float64(late[1]))
	}
	b.ReportMetric(median(open), "open-p50-ns")
	b.ReportMetric(median(closed), "close-p50-ns")
}

// BenchmarkSnapshot is how long a snapshot takes, and how long it holds a worker up.
func BenchmarkSnapshot(b *testing.B) {
	d, err := New(Config{Generate: puts, Connect: NullTarget, Schedule: open(1e5, Poisson), Operations: 100_000})
	if err != nil {
		b.Fatal(err)
	}
	if _, err := d.Run(context.Background()); err != nil {
		b.Fatal(err)
	}
	held := time.Duration(0)
	for b.Loop() {
		l := d.workers[0].base()
		begin := time.Now()
		l.spare = l.swap(&Measurement{})
		held += time.Since(begin)
		d.Snapshot()
	}
	b.ReportMetric(float64(held)/float64(b.N), "held-ns/op")
}

// BenchmarkRefusals is the price of an operation that an open loop refuses: the target
// keeps the only one that may be under way.
func BenchmarkRefusals(b *testing.B) {
	keep := func(int, func([]*client.Op)) (Target, error) { return keeper{}, nil }
	benchmark(b, Config{
		Connect: keep, Schedule: open(maxRate, Poisson), Operations: b.N + 1, MaxOutstanding: 1, Grace: time.Nanosecond,
	})
}

// keeper is a Target that never hands anything back.
type keeper struct{}

func (keeper) Submit([]*client.Op) {}
