package plots

import (
	"fmt"
	"slices"

	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/reports/palette"
)

// minShare is the part of a bar from which its share is worth a word.
const minShare = 0.045

// stagesPanel draws where the time of the sampled operations of a group went: as
// times and as shares. It is nil where none was sampled. doubts names the arms
// whose stages do not add up.
func stagesPanel(g group) (p *panel, doubts []string) {
	chart := &rowChart{columns: []barColumn{
		{title: "mean time (dark line: response time)", ticks: linearTicks{latencyLabel}},
		{title: "share of the stages' sum (%)", ticks: linearTicks{func(v float64) string { return reports.FormatPlain(v) + " %" }}},
	}}
	var names []string // of those that took time, in order of appearance
	for i := range g.arms {
		b := g.arms[i].Arm.Breakdown()
		if b == nil || b.Sum() <= 0 {
			continue
		}
		chart.rows = append(chart.rows, rowName{g.arms[i].name(), g.arms[i].style})
		times, shares := bar{mark: b.Response, text: reports.FormatLatency(b.Response)}, bar{}
		for _, s := range b.Stages {
			if s.Mean <= 0 {
				continue
			}
			if !slices.Contains(names, s.Name) {
				names = append(names, s.Name)
			}
			share := 100 * s.Mean / b.Sum()
			word := ""
			if share >= 100*minShare {
				word = fmt.Sprintf("%.0f", share)
			}
			times.parts = append(times.parts, barPart{s.Mean, palette.Stage(s.Name), ""})
			shares.parts = append(shares.parts, barPart{share, palette.Stage(s.Name), word})
		}
		if !b.AddsUp() {
			times.text += fmt.Sprintf(" (sum %+.0f %%)", 100*b.Gap())
			doubts = append(doubts, fmt.Sprintf("%s: the stages add up to %s and the mean response time is %s: they miss it by more than %.0f %%, so the shares are doubtful.",
				g.arms[i].Arm.Label, reports.FormatLatency(b.Sum()), reports.FormatLatency(b.Response), 100*reports.MaxStageGap))
		}
		chart.columns[0].bars = append(chart.columns[0].bars, times)
		chart.columns[1].bars = append(chart.columns[1].bars, shares)
	}
	if len(chart.rows) == 0 {
		return nil, nil
	}
	p = &panel{title: g.load.String(), rows: chart}
	for _, name := range names {
		p.keys = append(p.keys, entry{name: name, patch: palette.Stage(name)})
	}
	return p, doubts
}
