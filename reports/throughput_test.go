package reports_test

import (
	"testing"
	"time"

	"github.com/raftbench/raftbench/reports"
)

// An overloaded target goes on with what was due in the window long after it: that
// is no throughput of the window, and what the window cost was not spent on it.
func TestThroughputIsOfWhatWasDoneInTheWindow(t *testing.T) {
	r := &reports.Replicate{
		Window:     2 * time.Second,
		Operations: reports.Operations{Started: 1_200_000, Succeeded: 1_200_000, Completed: new(uint64(60_000))},
		Cost:       reports.Cost{WireBytes: new(int64(27_000_000))},
	}
	if got := r.Throughput(); got != 30_000 {
		t.Errorf("%v operations per second, want 30,000", got)
	}
	if got, ok := reports.WireBytesPerOp().Value(r); !ok || got != 450 {
		t.Errorf("%v bytes an operation, want 450", got)
	}
	sum := reports.Operations{Started: 5, Succeeded: 5}
	sum.Add(r.Operations)
	if sum.Done() != 60_005 {
		t.Errorf("%d done in both", sum.Done())
	}
}
