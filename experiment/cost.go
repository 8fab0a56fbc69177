package experiment

import (
	"runtime/debug"
	"runtime/metrics"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"github.com/raftbench/raftbench/core/cluster"
	"github.com/raftbench/raftbench/reports"
)

// meter is what the process has used so far, read the same way for every
// transport: from the kernel and the Go runtime, never by standing between a
// transport and its connections.
type meter struct {
	cpuUser, cpuSystem    time.Duration
	yields, preemptions   int64 // context switches that threads wanted, or did not
	readCalls, writeCalls int64
	allocs, allocBytes    int64
	gcCycles              int64
	gcPause               time.Duration
}

// readMeter takes a reading. What it uses itself falls between two readings only
// in part: a few allocations, and the system calls that read one file.
//
// The system calls are those that the kernel counts for the process in
// proc/self/io: read, readv, pread and their like on one side, write, writev,
// pwrite and sendfile on the other, whether they moved bytes or found nothing to
// do (EAGAIN), which is so for every second read of a Go program that waits for a
// connection. It does not count recvfrom, sendto, recvmsg and sendmsg, nor what
// moves no bytes: epoll, futex, sleep, accept. No transport here uses the former
// (strace 6.1 -f -c: read and write alone with rawtcp, grpc in both modes, http and
// netrpc). The runtime's own wake-ups of the poller, one write and one read of an
// event descriptor each, are counted.
func readMeter(files procfs) meter {
	var m meter
	m.readCalls, _ = strconv.ParseInt(files.field("proc/self/io", "syscr"), 10, 64)
	m.writeCalls, _ = strconv.ParseInt(files.field("proc/self/io", "syscw"), 10, 64)

	var gc debug.GCStats
	debug.ReadGCStats(&gc)
	m.gcCycles, m.gcPause = gc.NumGC, gc.PauseTotal

	var usage unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &usage) == nil {
		m.cpuUser, m.cpuSystem = time.Duration(usage.Utime.Nano()), time.Duration(usage.Stime.Nano())
		m.yields, m.preemptions = int64(usage.Nvcsw), int64(usage.Nivcsw) //nolint:unconvert // int32 on machines of 32 bits
	}
	samples := []metrics.Sample{{Name: "/gc/heap/allocs:objects"}, {Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(samples)
	m.allocs = int64(samples[0].Value.Uint64())
	m.allocBytes = int64(samples[1].Value.Uint64())
	return m
}

// cpu is the CPU time since an earlier reading.
func (m meter) cpu(before meter) time.Duration {
	return m.cpuUser + m.cpuSystem - before.cpuUser - before.cpuSystem
}

// since is the cost from an earlier reading to this one, without what is on the
// wire.
func (m meter) since(before meter) reports.Cost {
	return reports.Cost{
		CPUUser:             new(int64(m.cpuUser - before.cpuUser)),
		CPUSystem:           new(int64(m.cpuSystem - before.cpuSystem)),
		Allocs:              new(m.allocs - before.allocs),
		AllocBytes:          new(m.allocBytes - before.allocBytes),
		GCCycles:            new(m.gcCycles - before.gcCycles),
		GCPause:             new(int64(m.gcPause - before.gcPause)),
		ReadSyscalls:        new(m.readCalls - before.readCalls),
		WriteSyscalls:       new(m.writeCalls - before.writeCalls),
		VoluntarySwitches:   new(m.yields - before.yields),
		InvoluntarySwitches: new(m.preemptions - before.preemptions),
	}
}

// addWire adds what the kernel sent over the cluster's connections, if it counted.
func addWire(c *reports.Cost, before, after cluster.Traffic) {
	if after.Unknown {
		return
	}
	c.WireBytes = new(int64(after.Bytes - before.Bytes))
	c.WireSegments = new(int64(after.Segments - before.Segments))
}
