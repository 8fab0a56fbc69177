package page

import (
	"fmt"
	"slices"

	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/reports/palette"
)

// stageLook is a stage of the breakdown and how it looks.
type stageLook struct {
	Name    string `json:"name"`
	Meaning string `json:"meaning"`
	Colour  string `json:"colour"`
}

// armStages is where the time of an arm's operations went, in the stages of its
// group.
type armStages struct {
	Means    []float64 `json:"means"` // ns
	Response float64   `json:"response"`
	Gap      string    `json:"gap,omitempty"` // says that the stages do not add up
}

// stagesOf lists the stages of all arms of a group.
func stagesOf(g *reports.Group) []stageLook {
	list := []stageLook{}
	for i := range g.Summaries {
		b := g.Summaries[i].Arm.Breakdown()
		if b == nil {
			continue
		}
		for _, s := range b.Stages {
			if !slices.ContainsFunc(list, func(l stageLook) bool { return l.Name == s.Name }) {
				list = append(list, stageLook{s.Name, meaningOf(s.Name), palette.Hex(palette.Stage(s.Name))})
			}
		}
	}
	return list
}

// meaningOf says what happens in a stage, as core/client and core.Trace define it.
func meaningOf(stage string) string {
	return map[string]string{
		"dispatch": "intended start to submission: how late the driver was",
		"queue":    "on the client's link, for want of a free place or of a leader",
		"linger":   "on the client's link, as the batch policy waits for company",
		"request":  "client to leader: encoding, wire, decoding, wake-ups",
		"inbox":    "in the leader's inbox, until it is in the log",
		"log":      "until the leader's own write is durable",
		"quorum":   "until a majority has it",
		"apply":    "until the state machine has its result",
		"reply":    "leader to client",
		"deliver":  "from the client to the driver",
	}[stage]
}

func armStagesOf(a *reports.Arm, stages []stageLook) *armStages {
	b := a.Breakdown()
	if b == nil {
		return nil
	}
	s := &armStages{Response: round4(b.Response), Means: make([]float64, len(stages))}
	for _, stage := range b.Stages {
		i := slices.IndexFunc(stages, func(l stageLook) bool { return l.Name == stage.Name })
		s.Means[i] = round4(stage.Mean)
	}
	if !b.AddsUp() {
		s.Gap = fmt.Sprintf("stages add up to %.0f %% of the mean response", 100*(1+b.Gap()))
	}
	return s
}

// costTitle heads the bars of one cost.
type costTitle struct {
	Title  string `json:"title"`
	metric reports.Metric
}

// costBar is what one arm pays; nil where it was not measured.
type costBar *costValue

type costValue struct {
	At   float64 `json:"at"`
	Low  float64 `json:"low"`
	High float64 `json:"high"`
	Text string  `json:"text"`
	Span string  `json:"span,omitempty"` // what the replicates range over
}

// costsOf lists the costs that were measured of an arm of the group at least and
// are not zero for all.
func costsOf(g *reports.Group) []costTitle {
	list := []costTitle{}
	for _, m := range reports.CostMetrics() {
		if slices.ContainsFunc(g.Summaries, func(s reports.Summary) bool { return reports.SpreadOf(m, s.Arm).Max > 0 }) {
			list = append(list, costTitle{m.Title, m})
		}
	}
	return list
}

func costBarsOf(a *reports.Arm, costs []costTitle) []costBar {
	var list []costBar
	for _, c := range costs {
		s := reports.SpreadOf(c.metric, a)
		if s.N == 0 {
			list = append(list, nil)
			continue
		}
		v := &costValue{At: round4(s.Median), Low: round4(s.Min), High: round4(s.Max), Text: c.metric.Format(s.Median)}
		if s.Max > s.Min {
			v.Span = c.metric.Format(s.Min) + " to " + c.metric.Format(s.Max)
		}
		list = append(list, v)
	}
	return list
}
