package reports_test

import (
	"strings"
	"testing"
	"time"

	"github.com/raftbench/raftbench/reports"
)

// That arms were interleaved is seen in the replicates, and not believed.
func TestBlocksAreChecked(t *testing.T) {
	for name, c := range map[string]struct {
		change  func(arm, i int, r *reports.Replicate)
		verdict bool
	}{
		"in blocks": {func(arm, i int, r *reports.Replicate) { r.After = time.Duration(10*i+arm) * time.Second }, true},
		"one arm after the other": {func(arm, i int, r *reports.Replicate) {
			r.After = time.Duration(100*arm+i) * time.Second
		}, false},
		"one block for all": {func(_, _ int, r *reports.Replicate) { r.Block = 1 }, false},
	} {
		t.Run(name, func(t *testing.T) {
			run := paired(around(10, 1.10, 0.02)...)
			for a := range run.Arms {
				for i := range run.Arms[a].Replicates {
					c.change(a, i, &run.Arms[a].Replicates[i])
				}
			}
			comparison := reports.CompareArms(run, &run.Arms[0])[0]
			if got := comparison.Verdict != reports.NoVerdict; got != c.verdict {
				t.Errorf("verdict %q, obstacles %q", comparison.Verdict, comparison.Obstacles)
			}
			if !c.verdict && !strings.Contains(strings.Join(comparison.Obstacles, " "), "not interleaved, whatever the plan says") {
				t.Errorf("obstacles %q", comparison.Obstacles)
			}
		})
	}
}
