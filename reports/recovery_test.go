package reports_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/raftbench/raftbench/reports"
)

// broken is a replicate of two seconds in tenths, with so many successes in each, and
// a fault or a repair at each of the times.
func broken(completed []uint64, events ...reports.Event) *reports.Replicate {
	r := &reports.Replicate{Window: time.Duration(len(completed)) * 100 * time.Millisecond, Events: events}
	r.Series = reports.Series{Bucket: 100 * time.Millisecond, Completed: completed}
	return r
}

func event(at time.Duration, kind, verb string) reports.Event {
	return reports.Event{At: at, Kind: kind, Fault: &reports.Fault{Verb: verb, Node: 1}}
}

const ms = time.Millisecond

func TestRecoveries(t *testing.T) {
	type after struct {
		Level float64
		Lost  bool
		Back  time.Duration // negative: never
	}
	cut, heal := func(at time.Duration) reports.Event { return event(at, reports.EventFault, "cut") }, func(at time.Duration) reports.Event { return event(at, reports.EventRepair, "heal") }
	for name, c := range map[string]struct {
		completed []uint64
		events    []reports.Event
		want      []after
	}{
		"lost and back": {[]uint64{100, 100, 100, 100, 20, 0, 0, 95, 92, 100}, []reports.Event{cut(450 * ms)}, []after{{1000, true, 250 * ms}}},
		"a burst of what had waited is not back": {
			[]uint64{100, 100, 100, 100, 0, 300, 0, 0, 100, 100}, []reports.Event{cut(400 * ms)}, []after{{1000, true, 400 * ms}}},
		"never back":           {[]uint64{100, 100, 100, 100, 0, 0, 80, 80, 80, 80}, []reports.Event{cut(400 * ms)}, []after{{1000, true, -1}}},
		"not lost":             {[]uint64{100, 100, 100, 100, 91, 100, 95, 100, 100, 100}, []reports.Event{cut(400 * ms)}, []after{{1000, false, -1}}},
		"nothing known before": {[]uint64{100, 100, 0, 0, 100, 100}, []reports.Event{cut(200 * ms)}, []after{{0, false, -1}}},
		"the median is the level": {
			[]uint64{100, 5000, 100, 100, 0, 100, 100}, []reports.Event{cut(400 * ms)}, []after{{1000, true, 100 * ms}}},
		"a repair does not end the wait": {
			[]uint64{100, 100, 100, 100, 0, 0, 0, 0, 100, 100}, []reports.Event{cut(400 * ms), heal(600 * ms)}, []after{{1000, true, 400 * ms}, {1000, true, 200 * ms}}},
		"the next fault ends the wait": {
			[]uint64{100, 100, 100, 100, 0, 0, 0, 0, 100, 100}, []reports.Event{cut(400 * ms), cut(600 * ms)}, []after{{1000, true, -1}, {1000, true, 200 * ms}}},
		"two faults at once: the first has no time of its own": {
			[]uint64{100, 100, 100, 100, 0, 0, 100, 100}, []reports.Event{cut(400 * ms), cut(400 * ms)}, []after{{0, false, -1}, {1000, true, 200 * ms}}},
		"an election does not": {
			[]uint64{100, 100, 100, 100, 0, 0, 100, 100}, []reports.Event{cut(400 * ms), {At: 500 * ms, Kind: reports.EventElection}}, []after{{1000, true, 200 * ms}}},
	} {
		var got []after
		for _, rec := range broken(c.completed, c.events...).Recoveries() {
			a := after{rec.Level, rec.Lost, -1}
			if rec.Back != nil {
				a.Back = *rec.Back
			}
			got = append(got, a)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestRecoverySummary(t *testing.T) {
	first := broken([]uint64{100, 100, 100, 100, 0, 0, 100, 100, 100, 100}, event(400*ms, reports.EventFault, "cut"), event(800*ms, reports.EventRepair, "heal"))
	first.Events[0].Fault.FirstSuccess = new(150 * ms)
	second := broken([]uint64{100, 100, 100, 100, 0, 0, 0, 0, 0, 0}, event(400*ms, reports.EventFault, "cut"))
	third := broken([]uint64{100, 0, 100}, event(100*ms, reports.EventFault, "cut"))
	arm := reports.Arm{Replicates: []reports.Replicate{*first, *second, *third}}
	want := []reports.RecoverySummary{
		{What: "cut", Times: 3, Unknown: 1, Lost: 2, Served: reports.NewSpread([]float64{150e6}), Back: reports.NewSpread([]float64{200e6})},
		{What: "heal", Times: 1},
	}
	if diff := cmp.Diff(want, arm.Recoveries()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestBreakers(t *testing.T) {
	r := broken(make([]uint64, 10))
	r.Breakers = []reports.BreakerChange{
		{At: 50 * ms, From: "node 1", Peer: 2, State: "open"},
		{At: 150 * ms, From: "node 1", Peer: 2, State: "half-open"},
		{At: 170 * ms, From: "node 3", Peer: 2, State: "open"},
		{At: 250 * ms, From: "node 1", Peer: 2, State: "closed"},
		{At: 550 * ms, From: "node 1", Peer: 2, State: "open"},
		{At: 590 * ms, From: "node 1", Peer: 2, State: "closed"},
	}
	if got, want := r.BreakersShut(), 200*ms+830*ms+40*ms; got != want {
		t.Errorf("not closed for %v, want %v", got, want)
	}
	arm := reports.Arm{Replicates: []reports.Replicate{*r, *broken(make([]uint64, 10))}}
	var most []float64
	for _, p := range arm.BreakerBand() {
		most = append(most, p.Max)
	}
	if diff := cmp.Diff([]float64{1, 2, 2, 1, 1, 2, 1, 1, 1, 1}, most); diff != "" {
		t.Errorf("band (-want +got):\n%s", diff)
	}
	arm.Replicates = arm.Replicates[1:]
	if band := arm.BreakerBand(); band != nil {
		t.Errorf("a run that was not watched has a band: %v", band)
	}
}
