package plots

import (
	"fmt"
	"slices"

	"github.com/raftbench/raftbench/reports"
)

// What each picture is called, and what its small print says.

// figure begins a picture whose panels are those that draw makes of the groups.
func (s *scene) figure(title string, draw func(*figure, group) []*panel) *figure {
	f := newFigure(s.run, title)
	left := 0
	for _, g := range s.groups {
		panels := slices.DeleteFunc(draw(f, g), func(p *panel) bool { return p == nil })
		if len(f.panels)+len(panels) > maxPanels {
			left++
			continue
		}
		for _, p := range panels {
			f.panels = append(f.panels, *p)
		}
	}
	alignRows(f.panels)
	if left > 0 {
		f.leftOut(fmt.Sprintf("%d further loads are not drawn: a picture has %d panels at most.", left, maxPanels))
	}
	for _, text := range s.leftOut {
		f.leftOut(text)
	}
	return f
}

func latencyFigure(s *scene) *figure {
	f := s.figure("Latency of committed operations by percentile", func(f *figure, g group) []*panel {
		p := latencyPanel(g)
		for i := range g.arms {
			if n := g.arms[i].response.Count(); p != nil && n > 0 && n < reports.MinSamples(0.5) {
				f.leftOut(fmt.Sprintf("%s has no curve: %d operations carry no percentile.", g.arms[i].Arm.Label, n))
			}
		}
		return []*panel{p}
	})
	f.leftOut("A curve ends where its sample no longer carries the percentile (p99 takes 368 operations, p99.9 3,688, p99.99 36,887). " +
		"Areas are 95 % confidence intervals.")
	return f
}

func throughputFigure(s *scene) *figure {
	f := s.figure("Committed operations per second over time", func(f *figure, g group) []*panel {
		flags, more := flagsOf(g)
		f.sayOfBands(g, more)
		return []*panel{throughputOverTime().panel(g, flags)}
	})
	return f
}

func latencyOverTimeFigure(s *scene) *figure {
	f := s.figure("Latency over time, by intended start", func(f *figure, g group) []*panel {
		flags, more := flagsOf(g)
		f.sayOfBands(g, more)
		p99 := latencyOverTime(0.99, (*reports.Arm).P99Band)
		p99.key = true
		return []*panel{p99.panel(g, flags), latencyOverTime(0.5, (*reports.Arm).P50Band).panel(g, flags)}
	})
	return f
}

func breakersFigure(s *scene) *figure {
	f := s.figure("Circuit breakers that are not closed, over time", func(f *figure, g group) []*panel {
		flags, more := flagsOf(g)
		p := breakersOverTime().panel(g, flags)
		if p != nil {
			f.sayOfBands(g, more)
		}
		return []*panel{p}
	})
	f.leftOut("A link is one endpoint's way to one node; each has a breaker, which is open or half-open while it lets no call, or only one, through.")
	return f
}

// sayOfBands explains what is drawn over time.
func (f *figure) sayOfBands(g group, moreEvents int) {
	if slices.ContainsFunc(g.arms, func(a arm) bool { return len(a.Arm.Replicates) > 1 }) {
		f.leftOut("Lines are the median of the replicates at each moment, the areas around them the least to the most.")
	}
	if note := thinned(g); note != "" {
		f.leftOut(note)
	}
	if moreEvents > 0 {
		f.leftOut(fmt.Sprintf("Elections and faults at %d further moments are not marked.", moreEvents))
	}
}

// loadFigure draws all loads together, so it is not made of the groups' panels.
func loadFigure(s *scene) *figure {
	f := newFigure(s.run, "Latency against load")
	for _, family := range loadFamilies(s.groups) {
		for _, q := range []float64{0.99, 0.5} {
			if p := family.panel(q); p != nil && len(f.panels) < maxPanels {
				f.panels = append(f.panels, *p)
			}
		}
	}
	f.leftOut("Whiskers are the range over the replicates. A point that is crossed out is INVALID, its rate was not sustained, or it is a lower bound; " +
		"it is not joined to the others.")
	return f
}

func stagesFigure(s *scene) *figure {
	var all []string
	f := s.figure("Where the time goes: stages of sampled operations", func(_ *figure, g group) []*panel {
		p, doubts := stagesPanel(g)
		all = append(all, doubts...)
		return []*panel{p}
	})
	f.leftOut("Means of the operations that were sampled. Means add up; percentiles would not.")
	for i, text := range all {
		if i == maxPanels {
			f.leftOut(fmt.Sprintf("The stages of %d further arms do not add up either.", len(all)-i))
			break
		}
		f.leftOut(text)
	}
	return f
}

func costFigure(s *scene) *figure {
	f := s.figure("What a committed operation costs", func(_ *figure, g group) []*panel {
		return []*panel{costPanel(g)}
	})
	f.leftOut("Of the whole process, clients included: medians of the replicates with their range, less is better, the best ranked in bold. " + idleNote(s.run))
	return f
}

func ecdfFigure(s *scene) *figure {
	f := s.figure("Distribution of response times", func(_ *figure, g group) []*panel {
		return []*panel{ecdfPanel(g)}
	})
	f.leftOut("Lines end at 99.5 %: the percentile curves show the tail. Thin ones are the single replicates, where there are several.")
	return f
}
