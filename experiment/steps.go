package experiment

import (
	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/workloads"
)

// steps are the stages of a schedule that has several, as points of a curve of
// latency against load.
func steps(m *workloads.Measurement) []reports.Step {
	var list []reports.Step
	for i := range m.Stages {
		g := &m.Stages[i]
		step := reports.Step{
			Name:       g.Stage.String(),
			At:         g.From - m.Window.From,
			Length:     g.To - g.From,
			Offered:    g.OfferedOpsPerS(),
			Achieved:   g.AchievedOpsPerS(),
			Operations: operations(&g.OpRecord),
			Sustained:  shortfall(&g.OpRecord, g.Offered, g.To-g.From) == "" && g.Refused == 0,
		}
		for _, k := range []struct {
			kind reports.Kind
			h    *hdrhistogram.Histogram
		}{{reports.KindResponse, g.Response}, {reports.KindLag, g.Lag}} {
			step.Histograms = append(step.Histograms, reports.OpHistogram{Op: reports.AllOps, Kind: k.kind, Histogram: reports.NewHistogram(k.h)})
		}
		list = append(list, step)
	}
	return list
}
