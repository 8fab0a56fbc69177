package experiment

import (
	"runtime/metrics"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/raftbench/raftbench/core/cluster"
	"github.com/raftbench/raftbench/reports"
)

// meter reads what the process has used so far, the same way for every
// transport: from the kernel and the Go runtime, never by standing between a
// transport and its connections.
type meter struct {
	cpuUser, cpuSystem    int64
	wire                  cluster.Traffic
	allocs, allocBytes    int64
	gcCycles              int64
	gcPause               float64 // seconds
	goroutines            int64
	readCalls, writeCalls int64
}

// read takes a reading. It costs some tens of microseconds.
func read(c *cluster.Cluster) meter {
	m := meter{wire: c.Traffic()}
	var usage unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &usage); err == nil {
		m.cpuUser, m.cpuSystem = usage.Utime.Nano(), usage.Stime.Nano()
	}
	samples := []metrics.Sample{
		{Name: "/gc/heap/allocs:objects"},
		{Name: "/gc/heap/allocs:bytes"},
		{Name: "/gc/cycles/total:gc-cycles"},
		{Name: "/sched/goroutines:goroutines"},
		{Name: "/sched/pauses/total/gc:seconds"},
	}
	metrics.Read(samples)
	m.allocs = int64(samples[0].Value.Uint64())
	m.allocBytes = int64(samples[1].Value.Uint64())
	m.gcCycles = int64(samples[2].Value.Uint64())
	m.goroutines = int64(samples[3].Value.Uint64())
	m.gcPause = total(samples[4].Value.Float64Histogram())
	m.readCalls, _ = strconv.ParseInt(field("/proc/self/io", "syscr"), 10, 64)
	m.writeCalls, _ = strconv.ParseInt(field("/proc/self/io", "syscw"), 10, 64)
	return m
}

// total adds up a histogram, every bucket at its lower bound.
func total(h *metrics.Float64Histogram) float64 {
	sum := 0.0
	for i, n := range h.Counts {
		if n > 0 && h.Buckets[i] > 0 {
			sum += float64(n) * h.Buckets[i]
		}
	}
	return sum
}

// since is the cost from an earlier reading to this one.
func (m meter) since(before meter, inProcess bool) reports.Cost {
	c := reports.Cost{
		CPUUser:       new(m.cpuUser - before.cpuUser),
		CPUSystem:     new(m.cpuSystem - before.cpuSystem),
		Allocs:        new(m.allocs - before.allocs),
		AllocBytes:    new(m.allocBytes - before.allocBytes),
		GCCycles:      new(m.gcCycles - before.gcCycles),
		GCPause:       new(int64((m.gcPause - before.gcPause) * 1e9)),
		GoroutinesMax: new(max(m.goroutines, before.goroutines)),
		ReadSyscalls:  new(m.readCalls - before.readCalls),
		WriteSyscalls: new(m.writeCalls - before.writeCalls),
	}
	if !inProcess {
		c.WireBytes = new(int64(m.wire.Bytes - before.wire.Bytes))
		c.WireSegments = new(int64(m.wire.Segments - before.wire.Segments))
	}
	return c
}
