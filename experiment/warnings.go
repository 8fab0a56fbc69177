package experiment

import (
	"fmt"
	"slices"
	"strings"

	"github.com/raftbench/raftbench/reports"
)

// warnings are remarks on what makes numbers from this machine less certain, or
// harder to repeat. They are about the machine before a run; what went on during a
// replicate is judged with it (Checks).
func warnings(env reports.Environment, b build, p *Plan) []string {
	var list []string
	for _, warn := range []func(*reports.Environment) string{
		warnFewCPUs, warnMaxProcs, warnGovernor, warnTurbo, warnLoadAverage, warnOtherCPU, warnStolen,
		warnSwap, warnCgroup, warnClockSource, warnGoVariables,
	} {
		if text := warn(&env); text != "" {
			list = append(list, text)
		}
	}
	for _, text := range []string{warnFiles(&env, p), warnBuild(b)} {
		if text != "" {
			list = append(list, text)
		}
	}
	return list
}

func warnFewCPUs(e *reports.Environment) string {
	if e.GOMAXPROCS <= 2 {
		return fmt.Sprintf("%d CPUs are shared by nodes, clients and kernel: compare arms with each other, not with other machines", e.GOMAXPROCS)
	}
	return ""
}

func warnMaxProcs(e *reports.Environment) string {
	switch {
	case e.GOMAXPROCS > e.NumCPU:
		return fmt.Sprintf("GOMAXPROCS is %d on %d CPUs: the kernel will take turns between the runtime's threads", e.GOMAXPROCS, e.NumCPU)
	case e.GOMAXPROCS < e.NumCPU:
		return fmt.Sprintf("GOMAXPROCS is %d of %d CPUs: the others are used by the kernel alone", e.GOMAXPROCS, e.NumCPU)
	}
	return ""
}

func warnGovernor(e *reports.Environment) string {
	if e.Governor != "" && e.Governor != "performance" {
		return fmt.Sprintf("CPU frequency governor is %q, not performance: the clock rate may change while measuring", e.Governor)
	}
	return ""
}

func warnTurbo(e *reports.Environment) string {
	if e.Turbo == "on" {
		return "CPU turbo is on: the clock rate depends on the temperature and on how many cores are busy"
	}
	return ""
}

// warnLoadAverage lets a run of just before pass: it is in the average of the last
// minute, and is no longer there.
func warnLoadAverage(e *reports.Environment) string {
	if e.LoadAverage > 0.5*float64(e.NumCPU) {
		return fmt.Sprintf("the load average was %.2f before the run began: something else is running, or was a minute ago", e.LoadAverage)
	}
	return ""
}

// noteIdle is the share of the CPU time that a machine at rest may use.
const noteIdle = 0.05

func warnOtherCPU(e *reports.Environment) string {
	if e.OtherCPU > noteIdle {
		return fmt.Sprintf("other processes took %s of the CPU time before the run began", percent(e.OtherCPU))
	}
	return ""
}

func warnStolen(e *reports.Environment) string {
	if e.StolenCPU > noteIdle {
		return fmt.Sprintf("the hypervisor kept back %s of the CPU time before the run began", percent(e.StolenCPU))
	}
	return ""
}

func warnSwap(e *reports.Environment) string {
	if e.SwapUsedBytes > 0 {
		return fmt.Sprintf("%s of swap are in use: what a run needs may have to be read from there", reports.FormatBytes(e.SwapUsedBytes))
	}
	return ""
}

func warnCgroup(e *reports.Environment) string {
	if e.CgroupCPULimit > 0 && e.CgroupCPULimit < float64(e.GOMAXPROCS) {
		return fmt.Sprintf("the control group allows %.2f CPUs, but GOMAXPROCS is %d: the kernel will stop the process when it has used them up", e.CgroupCPULimit, e.GOMAXPROCS)
	}
	return ""
}

// slowClockNS is what reading a clock takes that needs a system call.
const slowClockNS = 150

// warnClockSource knows the clocks that are read without a system call, and looks
// whether that is so here.
func warnClockSource(e *reports.Environment) string {
	fast := []string{"", "tsc", "kvm-clock", "arch_sys_counter", "hyperv_clocksource_tsc_page", "riscv_clocksource", "timebase"}
	if slices.Contains(fast, e.ClockSource) && e.ClockReadNS <= slowClockNS {
		return ""
	}
	return fmt.Sprintf("clock source %s takes %.0f ns to read, where tsc takes about 40: every operation pays for it twice", e.ClockSource, e.ClockReadNS)
}

func warnGoVariables(e *reports.Environment) string {
	var set []string
	for _, v := range []struct{ name, value string }{{"GOGC", e.GOGC}, {"GOMEMLIMIT", e.GOMEMLIMIT}, {"GODEBUG", e.GODEBUG}} {
		if v.value != "" {
			set = append(set, v.name+"="+v.value)
		}
	}
	if len(set) == 0 {
		return ""
	}
	return fmt.Sprintf("%s changes the Go runtime: compare only with runs that had the same", strings.Join(set, " "))
}

// warnFiles knows what a cluster of the plan needs at most: a connection and its
// two ends between each two endpoints and for each class of calls, a listener each,
// and what the process has open anyway.
func warnFiles(e *reports.Environment, p *Plan) string {
	const (
		classes = 4
		others  = 64
	)
	need := 0
	for _, a := range p.Arms {
		links := a.Nodes * (a.Nodes + e.GOMAXPROCS) // a node to the nodes, a client link to the nodes
		need = max(need, 2*classes*links+a.Nodes+others)
	}
	if e.FileLimit > 0 && uint64(need) > e.FileLimit {
		return fmt.Sprintf("the process may have %d files open, and connections may need %d (ulimit -n)", e.FileLimit, need)
	}
	return ""
}

func warnBuild(b build) string {
	if list := b.slow(); len(list) > 0 {
		return fmt.Sprintf("built with %s: no number means anything", strings.Join(list, " and "))
	}
	return ""
}
