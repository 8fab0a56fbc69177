package page

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/raftbench/raftbench/reports"
)

// settingView is one effective setting.
type settingView struct {
	reports.Setting
	Chosen bool // somebody set it
}

func settingsOf(run *reports.Run) []settingView {
	var list []settingView
	for _, s := range run.Settings {
		list = append(list, settingView{s, s.Source != "default"})
	}
	slices.SortStableFunc(list, func(a, b settingView) int { return truth(b.Chosen) - truth(a.Chosen) })
	return list
}

// factView is a fact about the machine or the run.
type factView struct{ Name, Text string }

func machineOf(run *reports.Run) []factView {
	e := run.Environment
	var list []factView
	add := func(name, text string) {
		if text = strings.TrimSpace(text); text != "" {
			list = append(list, factView{name, text})
		}
	}
	some := func(is bool, text string) string {
		if is {
			return text
		}
		return ""
	}
	share := func(v float64) string { return some(v > 0, reports.FormatNumber(100*v)+" %") }
	add("system", e.OS+" "+e.Kernel+" "+e.Arch+some(e.Virtual, ", a virtual machine"))
	add("CPU", e.CPUModel)
	add("CPUs", fmt.Sprintf("%d, GOMAXPROCS %d", e.NumCPU, e.GOMAXPROCS))
	add("cgroup CPU limit", some(e.CgroupCPULimit > 0, reports.FormatPlain(e.CgroupCPULimit)+" CPUs"))
	add("CPU governor, turbo", strings.Trim(e.Governor+", "+e.Turbo, ", "))
	add("load before the run", some(e.LoadAverage > 0, reports.FormatNumber(e.LoadAverage)+" on average of a minute"))
	add("CPU taken by others", share(e.OtherCPU))
	add("CPU stolen by the hypervisor", share(e.StolenCPU))
	add("memory", some(e.MemoryBytes > 0, reports.FormatBytes(e.MemoryBytes)))
	add("swap in use", some(e.SwapUsedBytes > 0, reports.FormatBytes(e.SwapUsedBytes)))
	add("clock source", e.ClockSource+some(e.ClockReadNS > 0, ", read in "+reports.FormatLatency(e.ClockReadNS)))
	add("TCP congestion control", e.CongestionControl)
	add("open files allowed", some(e.FileLimit > 0, reports.FormatCount(float64(e.FileLimit))))
	for _, v := range []factView{{"GOGC", e.GOGC}, {"GOMEMLIMIT", e.GOMEMLIMIT}, {"GODEBUG", e.GODEBUG}} {
		add(v.Name, v.Text)
	}
	add("Go", run.Tool.GoVersion+" "+run.Tool.BuildFlags)
	add("raftbench", run.Tool.Version+" "+run.Tool.Revision+some(run.Tool.Modified, " with changes"))
	add("seed", fmt.Sprint(run.Seed))
	return list
}

// calibrationView is what the machine was found capable of.
type calibrationView struct {
	When    string
	Pairs   int
	Machine string // of the calibration, if it is another than that of the run
	Noise   []factView
	Lag     []factView
}

func calibrationOf(run *reports.Run) *calibrationView {
	c := run.Calibration
	if c == nil {
		return nil
	}
	v := &calibrationView{When: c.Measured.UTC().Format("2006-01-02 15:04 MST"), Pairs: c.Pairs}
	if c.Machine != run.Machine() {
		v.Machine = c.Machine
	}
	for _, name := range slices.Sorted(maps.Keys(c.NoiseFloor)) {
		title := name
		for _, m := range reports.Metrics() {
			if m.Name == name {
				title = m.Title
			}
		}
		v.Noise = append(v.Noise, factView{title, reports.FormatNumber(100*c.NoiseFloor[name]) + " %"})
	}
	if c.DispatchLag != nil {
		for _, q := range reports.Quantiles() {
			if p := c.DispatchLag.Percentile(q); p.Carried {
				v.Lag = append(v.Lag, factView{reports.FormatQuantile(q), reports.FormatLatency(float64(p.Value))})
			}
		}
	}
	return v
}

func truth(b bool) int {
	if b {
		return 1
	}
	return 0
}
