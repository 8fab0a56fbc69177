package experiment

import (
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/raftbench/raftbench/reports"
)

// lookAround is how long a run watches, before it begins, what others do on the
// machine.
const lookAround = 200 * time.Millisecond

// environment describes this machine. What cannot be read stays empty.
func environment() reports.Environment {
	files := thisMachine()
	env := fromFiles(files)
	env.Kernel = kernel()
	env.ClockReadNS = clockReadNS()
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) == nil {
		env.FileLimit = limit.Cur
	}
	setGo(&env)
	env.OtherCPU, env.StolenCPU = bystanders(newHost(files))
	return env
}

// fromFiles is the part of an environment that is read from files.
func fromFiles(files procfs) reports.Environment {
	load, _, _ := strings.Cut(files.firstLine("proc/loadavg"), " ")
	average, _ := strconv.ParseFloat(load, 64)
	swap := files.kibibytes("SwapTotal")
	return reports.Environment{
		OS:                runtime.GOOS,
		Arch:              runtime.GOARCH,
		CPUModel:          files.field("proc/cpuinfo", "model name"),
		Virtual:           slices.Contains(strings.Fields(files.field("proc/cpuinfo", "flags")), "hypervisor"),
		NumCPU:            runtime.NumCPU(),
		GOMAXPROCS:        runtime.GOMAXPROCS(0),
		MemoryBytes:       files.kibibytes("MemTotal"),
		CgroupCPULimit:    files.cgroup().cpus(),
		ClockSource:       files.firstLine(clockSourceFile),
		CongestionControl: files.firstLine("proc/sys/net/ipv4/tcp_congestion_control"),
		Governor:          files.firstLine("sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
		Turbo:             turbo(files),
		LoadAverage:       average,
		SwapBytes:         swap,
		SwapUsedBytes:     swap - files.kibibytes("SwapFree"),
	}
}

// turbo says whether CPUs may exceed their base clock rate: "on", "off", or
// nothing where the kernel does not say.
func turbo(files procfs) string {
	for _, f := range []struct{ path, on string }{
		{"sys/devices/system/cpu/intel_pstate/no_turbo", "0"},
		{"sys/devices/system/cpu/cpufreq/boost", "1"},
	} {
		switch files.firstLine(f.path) {
		case "":
		case f.on:
			return "on"
		default:
			return "off"
		}
	}
	return ""
}

// bystanders watches for a moment what share of the CPU time other processes and
// the hypervisor take.
func bystanders(h *host) (others, stolen float64) {
	before, own := h.read(), readMeter(h.files)
	time.Sleep(lookAround)
	s := h.read().since(before, readMeter(h.files).cpu(own))
	if s.capacity <= 0 {
		return 0, 0
	}
	return float64(s.others) / float64(s.capacity), float64(s.stolen) / float64(s.capacity)
}

// clockReads is how often the clock is read to learn what a reading takes.
const clockReads = 1000

// clockReadNS is what a reading of the clock takes, in nanoseconds, at best.
func clockReadNS() float64 {
	best := time.Duration(1<<63 - 1)
	for range 10 {
		start := time.Now()
		for range clockReads {
			time.Since(start)
		}
		best = min(best, time.Since(start))
	}
	return float64(best) / clockReads
}

func kernel() string {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return ""
	}
	return unix.ByteSliceToString(u.Release[:])
}
