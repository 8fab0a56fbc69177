package reports_test

import (
	"testing"
	"time"

	"github.com/raftbench/raftbench/reports"
)

// How an arm was measured is said whole, also of a single replicate.
func TestWindows(t *testing.T) {
	for want, plan := range map[string]reports.Plan{
		"1 replicate of 3s":                                  {Replicates: 1, Window: 3 * time.Second, Interleaved: true},
		"1 replicate of 3s, in slices of 300ms":              {Replicates: 1, Window: 3 * time.Second, Interleaved: true, Slice: 300 * time.Millisecond},
		"5 replicates of 3s":                                 {Replicates: 5, Window: 3 * time.Second},
		"5 replicates of 3s, interleaved":                    {Replicates: 5, Window: 3 * time.Second, Interleaved: true},
		"5 replicates of 3s, interleaved in slices of 300ms": {Replicates: 5, Window: 3 * time.Second, Interleaved: true, Slice: 300 * time.Millisecond},
		"2 replicates of 5,000 operations, interleaved":      {Replicates: 2, Operations: 5000, Interleaved: true},
	} {
		run := reports.Run{Plan: plan}
		if got := run.Windows(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
