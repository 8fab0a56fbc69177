package workloads

import (
	"context"
	"strconv"
	"testing"
	"time"
)

// BenchmarkClosedLoop is the price of the driver: the target does nothing.
func BenchmarkClosedLoop(b *testing.B) {
	for name, connect := range map[string]Connect{
		"inline":    null,
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
	benchmark(b, Config{Connect: null, Schedule: open(maxRate, Poisson), Operations: b.N})
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
	for name, connect := range map[string]Connect{"inline": null, "goroutine": connectServer(b, succeed)} {
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
