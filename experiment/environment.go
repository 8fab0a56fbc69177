package experiment

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/raftbench/raftbench/reports"
)

// environment describes this machine. What cannot be read stays empty.
func environment() reports.Environment {
	return reports.Environment{
		OS:                runtime.GOOS,
		Arch:              runtime.GOARCH,
		Kernel:            kernel(),
		CPUModel:          field("/proc/cpuinfo", "model name"),
		NumCPU:            runtime.NumCPU(),
		GOMAXPROCS:        runtime.GOMAXPROCS(0),
		MemoryBytes:       memoryBytes(),
		CgroupCPULimit:    cgroupCPUs(),
		ClockSource:       firstLine("/sys/devices/system/clocksource/clocksource0/current_clocksource"),
		CongestionControl: firstLine("/proc/sys/net/ipv4/tcp_congestion_control"),
	}
}

// warnings are remarks on what makes numbers from this machine less certain.
func warnings(env reports.Environment) []string {
	var list []string
	add := func(format string, args ...any) { list = append(list, fmt.Sprintf(format, args...)) }
	if env.GOMAXPROCS <= 2 {
		add("%d CPUs are shared by nodes, clients and kernel: compare arms with each other, not with other machines", env.GOMAXPROCS)
	}
	if governor := firstLine("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"); governor != "" && governor != "performance" {
		add("CPU frequency governor is %q, not performance: the clock rate may change while measuring", governor)
	}
	if load, err := strconv.ParseFloat(strings.Fields(firstLine("/proc/loadavg") + " 0")[0], 64); err == nil && load > 0.5*float64(env.NumCPU) {
		add("the load average was %.2f before the run began: something else is running", load)
	}
	if env.CgroupCPULimit > 0 && env.CgroupCPULimit < float64(env.GOMAXPROCS) {
		add("the control group allows %.2f CPUs, but GOMAXPROCS is %d: the kernel will pause the process", env.CgroupCPULimit, env.GOMAXPROCS)
	}
	if raceEnabled {
		add("built with the race detector: no number means anything")
	}
	return list
}

// tool names this program.
func tool() reports.Tool {
	t := reports.Tool{Version: "devel", GoVersion: runtime.Version()}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return t
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		t.Version = v
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			t.Revision = s.Value
		case "vcs.modified":
			t.Modified = s.Value == "true"
		}
	}
	return t
}

func kernel() string {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return ""
	}
	return unix.ByteSliceToString(u.Release[:])
}

func memoryBytes() int64 {
	var info unix.Sysinfo_t
	if err := unix.Sysinfo(&info); err != nil {
		return 0
	}
	return int64(info.Totalram) * int64(info.Unit)
}

// cgroupCPUs is the CPU limit of control group v2, in CPUs; zero for none.
func cgroupCPUs() float64 {
	quota, period, ok := strings.Cut(firstLine("/sys/fs/cgroup/cpu.max"), " ")
	if !ok || quota == "max" {
		return 0
	}
	q, errQ := strconv.ParseFloat(quota, 64)
	p, errP := strconv.ParseFloat(period, 64)
	if errQ != nil || errP != nil || p == 0 {
		return 0
	}
	return q / p
}

func firstLine(path string) string {
	data, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	line, _, _ := strings.Cut(string(data), "\n")
	return strings.TrimSpace(line)
}

// field returns the value of the first line "name : value" of a file.
func field(path, name string) string {
	data, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(data)) {
		key, value, ok := strings.Cut(line, ":")
		if ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
