package experiment

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/raftbench/raftbench/reports"
)

func TestEnvironmentFromFiles(t *testing.T) {
	got := fromFiles(files(map[string]string{
		"proc/cpuinfo": "processor\t: 0\nmodel name\t: Some CPU\nflags\t\t: fpu hypervisor sse\n",
		"proc/loadavg": "1.25 1.00 0.50 1/100 7\n",
		"proc/meminfo": "MemTotal:       2048 kB\nSwapTotal:      1024 kB\nSwapFree:        512 kB\n",
		"proc/sys/net/ipv4/tcp_congestion_control":             "cubic\n",
		"sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": "powersave\n",
		"sys/devices/system/cpu/intel_pstate/no_turbo":         "0\n",
		"proc/self/cgroup":      "0::/\n",
		"sys/fs/cgroup/cpu.max": "150000 100000\n",
		clockSourceFile:         "tsc\n",
	}))
	want := reports.Environment{
		OS: got.OS, Arch: got.Arch, NumCPU: got.NumCPU, GOMAXPROCS: got.GOMAXPROCS,
		CPUModel: "Some CPU", Virtual: true, MemoryBytes: 2 << 20, CgroupCPULimit: 1.5, ClockSource: "tsc",
		CongestionControl: "cubic", Governor: "powersave", Turbo: "on", LoadAverage: 1.25, SwapBytes: 1 << 20, SwapUsedBytes: 512 << 10,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("-want +got:\n%s", diff)
	}
	for text, want := range map[string]string{"1": "on", "0": "off"} {
		if got := turbo(files(map[string]string{"sys/devices/system/cpu/cpufreq/boost": text})); got != want {
			t.Errorf("boost %s: turbo %q, want %q", text, got, want)
		}
	}
}

func TestThisEnvironment(t *testing.T) {
	e := environment()
	if e.Kernel == "" || e.NumCPU < 1 || e.MemoryBytes < 1<<20 || e.FileLimit == 0 || e.ClockReadNS <= 0 || e.ClockReadNS > 1e6 {
		t.Fatalf("%+v", e)
	}
	if e.OtherCPU < 0 || e.OtherCPU > 1 || e.StolenCPU < 0 || e.StolenCPU > 1 {
		t.Fatalf("shares %v and %v", e.OtherCPU, e.StolenCPU)
	}
}

// quiet is a machine that there is nothing to say about.
func quiet() reports.Environment {
	return reports.Environment{NumCPU: 8, GOMAXPROCS: 8, ClockSource: "tsc", ClockReadNS: 30, Governor: "performance", Turbo: "off", FileLimit: 1024}
}

func TestWarnings(t *testing.T) {
	plan := &Plan{Arms: []Arm{{Nodes: 3}}}
	if list := warnings(quiet(), build{}, plan); len(list) > 0 {
		t.Fatalf("a quiet machine: %q", list)
	}
	for want, change := range map[string]func(*reports.Environment, *build, *Plan){
		"2 CPUs are shared":                  func(e *reports.Environment, _ *build, _ *Plan) { e.NumCPU, e.GOMAXPROCS = 2, 2 },
		"GOMAXPROCS is 16 on 8 CPUs":         func(e *reports.Environment, _ *build, _ *Plan) { e.GOMAXPROCS = 16 },
		"GOMAXPROCS is 4 of 8 CPUs":          func(e *reports.Environment, _ *build, _ *Plan) { e.GOMAXPROCS = 4 },
		`governor is "powersave"`:            func(e *reports.Environment, _ *build, _ *Plan) { e.Governor = "powersave" },
		"turbo is on":                        func(e *reports.Environment, _ *build, _ *Plan) { e.Turbo = "on" },
		"load average was 4.10":              func(e *reports.Environment, _ *build, _ *Plan) { e.LoadAverage = 4.1 },
		"other processes took 20 %":          func(e *reports.Environment, _ *build, _ *Plan) { e.OtherCPU = 0.2 },
		"hypervisor kept back 6.0 %":         func(e *reports.Environment, _ *build, _ *Plan) { e.StolenCPU = 0.06 },
		"1 MiB of swap are in use":           func(e *reports.Environment, _ *build, _ *Plan) { e.SwapUsedBytes = 1 << 20 },
		"allows 1.50 CPUs, but GOMAXPROCS":   func(e *reports.Environment, _ *build, _ *Plan) { e.CgroupCPULimit = 1.5 },
		"clock source hpet takes 30 ns":      func(e *reports.Environment, _ *build, _ *Plan) { e.ClockSource = "hpet" },
		"clock source tsc takes 900 ns":      func(e *reports.Environment, _ *build, _ *Plan) { e.ClockReadNS = 900 },
		"GOGC=off GODEBUG=x=1 changes":       func(e *reports.Environment, _ *build, _ *Plan) { e.GOGC, e.GODEBUG = "off", "x=1" },
		"may have 1024 files open":           func(_ *reports.Environment, _ *build, p *Plan) { p.Arms = append(p.Arms, Arm{Nodes: 15}) },
		"the race detector: no number means": func(_ *reports.Environment, b *build, _ *Plan) { b.race = true },
	} {
		e, b, p := quiet(), build{}, &Plan{Arms: slices.Clone(plan.Arms)}
		change(&e, &b, p)
		if list := warnings(e, b, p); len(list) != 1 || !strings.Contains(list[0], want) || strings.Contains(list[0], "\n") {
			t.Errorf("%q, want one with %q", list, want)
		}
	}
	// What is at its limit is not worth a word.
	e := quiet()
	e.LoadAverage, e.OtherCPU, e.StolenCPU, e.CgroupCPULimit, e.ClockReadNS = 4, 0.05, 0.05, 8, 150
	if list := warnings(e, build{}, plan); len(list) > 0 {
		t.Errorf("%q", list)
	}
}
