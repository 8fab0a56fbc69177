package experiment

import (
	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/workloads"
)

// result puts a measurement that has ended into the form of the result file, and
// judges it.
func (r *replicate) result(m *workloads.Measurement, runErr, faultErr error) *reports.Replicate {
	out := r.convert(m)
	out.Partial, out.Discarded = m.Interrupted, discarded(m)
	e := &evidence{
		measured:  m,
		window:    m.Window.Total(),
		runErr:    runErr,
		alongside: r.alongside,
		elections: int(out.Elections),
		breakdown: out.Breakdown,
		build:     thisBuild(),
		faulted:   r.faults != nil,
		faultErr:  faultErr,
	}
	if r.used != nil && out.Window >= minWatched {
		r.addCost(out, r.used)
		out.Distributions = spread(r.used.distributions)
		e.exhausted = out.Counters["transport_dials_exhausted"] + out.Counters["connections_unaccepted"]
		e.kept = r.arm.keepsConnections()
		e.around = r.surroundings()
	}
	s, ok := r.system.(*raftSystem)
	if ok {
		e.diskErr = s.failures()
	}
	out.Reasons, out.Warnings = judge(e)
	if ok {
		out.Warnings = append(out.Warnings, s.notes.all()...)
	}
	out.Valid = len(out.Reasons) == 0
	return out
}

// where is when the window was by the clock on the wall.
func (r *replicate) where(m *workloads.Measurement) []span {
	if len(r.spans) > 0 {
		return r.spans
	}
	return []span{{m.Start.Add(m.Window.From), m.Window.Duration()}}
}

// convert is what was measured within the window, without its cost and without a
// judgement.
func (r *replicate) convert(m *workloads.Measurement) *reports.Replicate {
	total := m.Window.Total()
	out := &reports.Replicate{
		Seed:       r.seed,
		Warmup:     m.Window.From,
		Window:     m.Window.Duration(),
		Operations: operations(&total),
		Errors:     map[string]uint64{},
		Histograms: histograms(&m.Window),
		Series:     series(&m.Series, &m.Window),
		Events:     r.events(m),
		Steps:      steps(m),
		Breakdown:  breakdown(&total, m.Loop),
	}
	if expected, observed, _ := workloads.LittlesLaw(m); observed > 0 {
		out.InFlight = &reports.InFlight{Observed: observed, Expected: expected}
	}
	for key, n := range total.Errors {
		out.Errors[key.Class] += n
	}
	out.Elections = electionsOf(out.Events)
	if r.faults != nil {
		out.Breakers = r.faults.breakers.within(m.Start.Add(m.Window.From), m.Window.Duration())
	}
	return out
}

func operations(o *workloads.OpRecord) reports.Operations {
	return reports.Operations{
		Started:   o.Started,
		Succeeded: o.Succeeded,
		Completed: new(o.Completed),
		Failed:    o.Failed,
		Unknown:   o.Unknown,
		Refused:   o.Refused,
		InFlight:  o.InFlight,
	}
}

// discarded is the warm-up, which is kept; nil if there was none.
func discarded(m *workloads.Measurement) *reports.Discarded {
	if m.Warmup.Duration() <= 0 {
		return nil
	}
	total := m.Warmup.Total()
	return &reports.Discarded{
		Ended:      string(m.WarmupEnd),
		Operations: operations(&total),
		Histograms: histograms(&m.Warmup),
		Series:     series(&m.Series, &m.Warmup),
	}
}
