package experiment

import (
	"fmt"
	"strings"
	"time"

	"github.com/raftbench/raftbench/workloads"
)

// The shares of CPU time are what a difference of arms may then be made of: the
// effects that users ask about begin at a few percent. Below a tenth of a second
// of CPU time nothing is said about them, because the kernel counts in steps of
// 10 ms, of which one on each CPU is chance.
const (
	maxOthers   = 0.10 // of the CPU time there was, in other processes
	noteOthers  = 0.03
	maxStolen   = 0.05 // kept back by the hypervisor
	noteStolen  = 0.01
	minCPUShare = 100 * time.Millisecond
	minStolen   = 50 * time.Millisecond

	// maxThrottled is the share of the window in which the control group stood
	// still: from 1 % on, that is what p99 shows.
	maxThrottled = 0.01
	// maxSwapped is in pages: a mebibyte. A few are somebody's who slept.
	maxSwapped = 256
	// maxClockStep is by how much the wall clock may have moved beyond the time that
	// passed. NTP slews at most 0.5 ms a second, and both clocks alike; more than
	// this is a step, or a machine that was suspended.
	maxClockStep = 10 * time.Millisecond
	// maxBusy is the share of its CPUs that a process may use in an open loop.
	maxBusy = 0.95
	// maxWait is how much of p99 of the response p99 of a goroutine's wait for a CPU
	// may be. An operation has a dozen of them.
	maxWait = 0.5
)

// machineChecks are about the program and the machine.
func machineChecks() []Check {
	return []Check{
		{Name: "build", Why: "instrumentation and missing optimisation cost each transport something else", run: checkBuild},
		{Name: "traced", Why: "a debugger or strace stops the process at every event that it follows", run: checkTraced},
		{Name: "clock-source", Why: "latencies before and after were read from different clocks", run: checkClockSource},
		{Name: "clock-step", Why: "the clock was set, or the machine stood still", run: checkClockStep},
		{Name: "steal", Why: "the hypervisor gave CPU time to others: not the same machine for every arm", run: checkSteal},
		{Name: "steal", Why: "the hypervisor gave some CPU time to others", Warns: true, run: noteSteal},
		{Name: "throttled", Why: "the kernel stopped the whole process, and the stops are the tail of the latency", run: checkThrottled},
		{Name: "swap", Why: "a page that comes back from the disk takes longer than any operation", run: checkSwap},
		{Name: "other-load", Why: "other programs took CPU time that the cluster would have used", run: checkOthers},
		{Name: "other-load", Why: "other programs took some CPU time", Warns: true, run: noteOthersLoad},
		{Name: "cpu", Why: "in an open loop, a process without CPU time left measures how its driver and its nodes queue for it", run: checkBusy},
		{Name: "scheduler", Why: "in an open loop, waiting for a CPU is most of what was measured; in a closed loop that is how it finds the limit", run: checkScheduler},
	}
}

func checkBuild(e *evidence) string {
	if list := e.build.slow(); len(list) > 0 {
		return "built with " + strings.Join(list, " and ")
	}
	return ""
}

func checkTraced(e *evidence) string {
	if e.around != nil && e.around.traced {
		return "a debugger or tracer is attached to the process"
	}
	return ""
}

func checkClockSource(e *evidence) string {
	if a := e.around; a != nil && a.clockFrom != a.clockTo && a.clockFrom != "" && a.clockTo != "" {
		return fmt.Sprintf("the kernel changed its clock from %s to %s", a.clockFrom, a.clockTo)
	}
	return ""
}

func checkClockStep(e *evidence) string {
	if a := e.around; a != nil && a.clockStep.Abs() > maxClockStep {
		return fmt.Sprintf("the wall clock moved by %v more than time passed", a.clockStep.Round(time.Millisecond))
	}
	return ""
}

// stolen is the share that was stolen, if it is more than chance.
func (e *evidence) stolen() float64 {
	if a := e.around; a != nil && a.capacity > 0 && a.stolen >= minStolen {
		return float64(a.stolen) / float64(a.capacity)
	}
	return 0
}

func checkSteal(e *evidence) string {
	if share := e.stolen(); share > maxStolen {
		return fmt.Sprintf("the hypervisor kept back %s of the CPU time: at most %s is accepted", percent(share), percent(maxStolen))
	}
	return ""
}

func noteSteal(e *evidence) string {
	if share := e.stolen(); share > noteStolen && share <= maxStolen {
		return fmt.Sprintf("the hypervisor kept back %s of the CPU time", percent(share))
	}
	return ""
}

func checkThrottled(e *evidence) string {
	if a := e.around; a != nil && a.length > 0 && float64(a.throttled) > maxThrottled*float64(a.length) {
		return fmt.Sprintf("the control group's CPU limit stopped the process for %v of %v", a.throttled.Round(time.Millisecond), a.length.Round(time.Millisecond))
	}
	return ""
}

func checkSwap(e *evidence) string {
	if a := e.around; a != nil && a.swapped >= maxSwapped {
		return fmt.Sprintf("the machine moved %d pages to or from swap", a.swapped)
	}
	return ""
}

// others is the share that other processes took, if it is more than chance.
func (e *evidence) others() float64 {
	if a := e.around; a != nil && a.capacity > 0 && a.others >= minCPUShare {
		return float64(a.others) / float64(a.capacity)
	}
	return 0
}

func checkOthers(e *evidence) string {
	if share := e.others(); share > maxOthers {
		return fmt.Sprintf("other processes took %s of the CPU time: at most %s is accepted", percent(share), percent(maxOthers))
	}
	return ""
}

func noteOthersLoad(e *evidence) string {
	if share := e.others(); share > noteOthers && share <= maxOthers {
		return fmt.Sprintf("other processes took %s of the CPU time", percent(share))
	}
	return ""
}

func checkBusy(e *evidence) string {
	a := e.around
	if a == nil || e.measured.Loop != workloads.Open || a.usable <= 0 || a.length <= 0 {
		return ""
	}
	used := a.own.Seconds() / a.length.Seconds()
	if used > maxBusy*a.usable {
		return fmt.Sprintf("the process used %.2f of its %.4g CPUs, so its driver competes with its nodes: offer less, or use a closed loop", used, a.usable)
	}
	return ""
}

func checkScheduler(e *evidence) string {
	if e.around == nil || e.measured.Loop != workloads.Open {
		return ""
	}
	wait, response := e.around.scheduling, quantile(e.window.Response, 99)
	if response > 0 && float64(wait) > maxWait*float64(response) {
		return fmt.Sprintf("p99 of the wait for a CPU is %v of the %v that are p99 of the response: at most %s is accepted",
			latency(wait), latency(response), percent(maxWait))
	}
	return ""
}
