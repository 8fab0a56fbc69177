package experiment

import (
	"encoding/json"
	"time"

	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/workloads"
)

const (
	// watchInterval is how often a replicate is looked at. Every look wakes a CPU,
	// which would show in the cost of a slow load.
	watchInterval = 200 * time.Millisecond
	// DefaultKeepEvery bounds what a process that is killed loses. Keeping takes a
	// millisecond or two of CPU and a sync, which the operations under way pay for: twice a
	// second, that was the p99.9 of an open loop at 5,000/s.
	DefaultKeepEvery = 5 * time.Second
)

// watch passes on the progress, and what has been measured so far, until the
// driver has finished.
func (r *replicate) watch(d *workloads.Driver, finished <-chan struct{}) {
	tick := time.NewTicker(watchInterval)
	defer tick.Stop()
	for {
		select {
		case <-finished:
			return
		case <-tick.C:
		}
		r.look()
		r.progress(r.before.Plus(d.Progress()))
		if r.partial != nil && r.due() {
			r.partial(r.soFar(d.Snapshot()))
			r.ends.kept()
		}
	}
}

// soFar is what a measurement that goes on would be worth if it ended here. What
// is large and of no use for a part is left out: it is made and encoded while the
// cluster is measured.
func (r *replicate) soFar(m *workloads.Measurement) *reports.Replicate {
	out := r.convert(m)
	if before, after, _ := r.ends.between(); before != nil {
		if after == nil {
			after = r.between()
		}
		r.addCost(out, r.since(before, after))
	} else if r.used != nil {
		r.addCost(out, r.used)
	}
	if out.Breakdown != nil {
		for i := range out.Breakdown.Stages {
			out.Breakdown.Stages[i].Histogram = nil
		}
	}
	out.Partial, out.Valid = true, false
	out.Reasons = []string{"interrupted: the run ended while the replicate was under way"}
	return out
}

// rehearse measures what the tool itself uses to keep what it has so far, once: by
// doing it again after the run, when nothing else goes on.
func (r *replicate) rehearse(d *workloads.Driver) {
	if r.ends.partials == 0 || r.idle.length == 0 {
		return
	}
	before := readMeter(r.host.files)
	if _, err := json.Marshal(r.soFar(d.Snapshot())); err == nil {
		r.ends.keeping = readMeter(r.host.files).since(before)
	}
}
