package experiment

import (
	"context"
	"runtime"
	"time"

	"github.com/raftbench/raftbench/reports"
)

// DefaultIdle is how long the idle cluster is watched by default: three heartbeats.
const DefaultIdle = 300 * time.Millisecond

// tinyOperations is up to how many operations a replicate is too short for
// a look at the idle cluster.
const tinyOperations = 10_000

// idleTime is how long the idle cluster is watched before a replicate of an arm: not
// at all where that would take longer than the window.
func (s *Settings) idleTime(a *Arm) time.Duration {
	switch {
	case s.Operations > 0 && s.Operations <= tinyOperations:
		return 0
	case s.Operations == 0 && s.window(a) < s.Idle:
		return 0
	}
	return s.Idle
}

// idleUse is what a cluster used while nobody asked it for anything: heartbeats,
// timers, and the runtime.
type idleUse struct {
	length time.Duration // zero: not measured
	cost   reports.Cost
}

// watchIdle measures the idle cluster. The driver has not started: its clients are
// connected and silent.
func (r *replicate) watchIdle(ctx context.Context) idleUse {
	length := r.settings.idleTime(&r.arm)
	if length == 0 {
		return idleUse{}
	}
	wire, counted := r.system.traffic(), r.system.count()
	start, before := time.Now(), readMeter(r.host.files)
	select {
	case <-ctx.Done():
		return idleUse{}
	case <-time.After(length):
	}
	after := readMeter(r.host.files)
	use := idleUse{length: time.Since(start), cost: after.since(before)}
	use.cost.GoroutinesMax = new(int64(runtime.NumGoroutine() - r.strangers))
	r.addLog(&use.cost, counted, r.system.count())
	if !r.inProcess {
		addWire(&use.cost, wire, r.system.traffic())
	}
	return use
}

// over is what the process would have used over a window without a load: the idle
// cluster, and the tool, which keeps so often what it has measured.
func (u idleUse) over(window time.Duration, keeping reports.Cost, times int64) *reports.Cost {
	factor := window.Seconds() / u.length.Seconds()
	out, each := u.cost, sums(&keeping)
	for i, sum := range sums(&out) {
		if *sum == nil {
			continue
		}
		total := int64(float64(**sum)*factor + 0.5)
		if *each[i] != nil {
			total += times * **each[i]
		}
		*sum = &total
	}
	return &out
}

// sums are the fields that grow with the time.
func sums(c *reports.Cost) []**int64 {
	return []**int64{
		&c.CPUUser, &c.CPUSystem, &c.WireBytes, &c.WireSegments,
		&c.Allocs, &c.AllocBytes, &c.GCCycles, &c.GCPause,
		&c.ReadSyscalls, &c.WriteSyscalls, &c.Fsyncs, &c.LogBytes, &c.VoluntarySwitches, &c.InvoluntarySwitches,
	}
}
