package reports_test

import (
	"testing"

	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/reports/reportstest"
)

func TestStepsAreJoinedOverReplicates(t *testing.T) {
	run := reportstest.Steps(reportstest.Shapes()[2:3], []float64{20e3, 100e3, 150e3}, 3)
	a := &run.Arms[0]
	for i := range a.Replicates {
		a.Replicates[i].Valid = true
	}
	a.Replicates[1].Steps[1].Achieved = 90e3
	a.Replicates[2].Steps = a.Replicates[2].Steps[:2] // interrupted
	steps := a.Steps()
	if len(steps) != 3 {
		t.Fatalf("%d steps, want 3", len(steps))
	}
	for i, want := range []struct {
		offered, least float64
		replicates     int
		sustained      bool
	}{{20e3, 20e3, 3, true}, {100e3, 90e3, 3, true}, {150e3, 122e3, 2, false}} {
		s := steps[i]
		if s.Offered != want.offered || s.Achieved.Min != want.least || len(s.Each) != want.replicates || s.Sustained != want.sustained {
			t.Errorf("step %d: offered %g, achieved %+v, %d replicates, sustained %v; want %+v", i, s.Offered, s.Achieved, len(s.Each), s.Sustained, want)
		}
		if n := s.Response.Count(); n != int64(want.replicates)*s.Each[0].Count() {
			t.Errorf("step %d: %d values in all", i, n)
		}
	}
	a.Replicates[0].Valid = false
	if s := a.Steps()[0]; s.Valid || !s.Sustained {
		t.Errorf("a step that an invalid replicate sustained: valid %v, sustained %v", s.Valid, s.Sustained)
	}
	if len((&reports.Arm{}).Steps()) != 0 {
		t.Error("steps of nothing")
	}
}
