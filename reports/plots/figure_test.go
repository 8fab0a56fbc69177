package plots

import (
	"testing"
	"time"

	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/reports/reportstest"
)

// Nothing that a run may hold makes a picture fail or a tick label grow without
// bound.
func TestOddRuns(t *testing.T) {
	fewOperations := reportstest.Run(reportstest.Shapes()[:2], 1)
	for i := range fewOperations.Arms {
		fewOperations.Arms[i].Replicates[0].Histograms = nil
		fewOperations.Arms[i].Replicates[0].Series = reports.Series{}
	}
	idle := reportstest.Run(reportstest.Shapes()[:2], 1)
	for i := range idle.Arms {
		r := &idle.Arms[i].Replicates[0]
		r.Operations = reports.Operations{}
		r.Cost = reports.Cost{}
		r.Window = time.Millisecond
		clear(r.Series.Completed)
	}
	many := reportstest.Shapes()[:1]
	for i := range 40 {
		s := reportstest.Shapes()[i%6]
		s.Label += string(rune('A'+i/6)) + " with a label that is far too long for the column of the legend, linger=500us,batch.size=64KiB"
		many = append(many, s)
	}
	for name, run := range map[string]*reports.Run{
		"no arm":             reportstest.Run(nil, 0),
		"no replicate":       reportstest.Run(reportstest.Shapes(), 0),
		"no histogram":       fewOperations,
		"no operation":       idle,
		"more arms than fit": reportstest.Run(many, 1),
		"one arm":            reportstest.Run(reportstest.Shapes()[4:5], 1),
	} {
		figures := map[string]*figure{"latency": latencyFigure(run), "throughput": throughputFigure(run)}
		if len(run.Arms) > 1 {
			figures["compare"] = compareFigure(reports.CompareArms(run, reports.Baseline(run)))
		}
		for kind, f := range figures {
			if size := f.image(20).Image().Bounds().Size(); size.X != 200 || size.Y > 750 {
				t.Errorf("%s of a run with %s is %v", kind, name, size)
			}
			if name == "more arms than fit" && len(f.footer) < 2 {
				t.Errorf("%s does not say that arms were left out", kind)
			}
		}
	}
}
