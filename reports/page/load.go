package page

import (
	"cmp"
	"slices"
	"strings"

	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/reports/palette"
	"github.com/raftbench/raftbench/reports/tables"
)

// loadLine is one transport with one tuning, under several loads.
type loadLine struct {
	key    loadKey
	points []loadPoint // by load
	look   look
}

// loadKey is what the points of a line have in common: everything but how much
// is asked for.
type loadKey struct {
	label, transport string
	workload         reports.Workload
}

// loadPoint is what was measured under one load: an arm, or a step of its schedule.
type loadPoint struct {
	load     float64 // operations/s: offered, or in a closed loop achieved
	achieved float64 // operations/s, the median of the replicates
	response *reports.Histogram
	each     []*reports.Histogram // of the replicates
	note     string               // why it is less than it seems; empty if it is not
}

// loadLines are the lines of latency against load.
type loadLines struct {
	open  bool // the load is what was offered
	lines []loadLine
}

// latencyAgainstLoad joins the arms that differ in their rate, or in their number
// of clients, only, and the steps of an arm's schedule. Nil if there are none.
func latencyAgainstLoad(groups []reports.Group) *loadLines {
	var all []loadLine
	for i := range groups {
		for j := range groups[i].Summaries {
			all = addToLine(all, &groups[i].Summaries[j])
		}
	}
	all = slices.DeleteFunc(all, func(l loadLine) bool { return len(l.points) < 2 })
	if len(all) == 0 {
		return nil
	}
	// A page may hold both kinds of loop; their latencies mean different things.
	loop := all[0].key.workload.Loop
	all = slices.DeleteFunc(all, func(l loadLine) bool { return l.key.workload.Loop != loop })
	var transports []string
	for i := range all {
		slices.SortStableFunc(all[i].points, func(a, b loadPoint) int { return cmp.Compare(a.load, b.load) })
		transports = append(transports, all[i].key.transport)
	}
	for i, style := range palette.OfTransports(transports) {
		all[i].look = newLook(style)
	}
	return &loadLines{open: loop == reports.LoopOpen, lines: all}
}

func addToLine(lines []loadLine, s *reports.Summary) []loadLine {
	if s.Samples == 0 {
		return lines
	}
	key := loadKey{withoutLoad(s.Arm.Label), s.Arm.Transport, s.Arm.Workload}
	key.workload.Rate, key.workload.Clients = 0, 0
	i := slices.IndexFunc(lines, func(l loadLine) bool { return l.key == key })
	if i < 0 {
		i = len(lines)
		lines = append(lines, loadLine{key: key})
	}
	lines[i].points = append(lines[i].points, pointsOf(s)...)
	return lines
}

// pointsOf is an arm as a point, or the steps of its schedule.
func pointsOf(s *reports.Summary) []loadPoint {
	var points []loadPoint
	if steps := s.Arm.Steps(); len(steps) > 1 {
		for _, step := range steps {
			p := loadPoint{load: step.Offered, achieved: step.Achieved.Median, response: step.Response, each: step.Each}
			switch {
			case !step.Valid:
				p.note = "INVALID"
			case !step.Sustained:
				p.note = "not sustained"
			}
			points = append(points, p)
		}
		return points
	}
	p := loadPoint{load: s.Throughput.Median, achieved: s.Throughput.Median, response: s.Arm.Response()}
	if s.Arm.Workload.Loop == reports.LoopOpen {
		p.load = s.Arm.Workload.Rate
	}
	for i := range s.Arm.Replicates {
		p.each = append(p.each, s.Arm.Replicates[i].Response())
	}
	switch {
	case !s.Valid:
		p.note = "INVALID"
	case s.Censored:
		p.note = "lower bound"
	}
	return append(points, p)
}

// withoutLoad drops from a label what the points of a line differ in.
func withoutLoad(label string) string {
	words := strings.Fields(label)
	kept := slices.DeleteFunc(slices.Clone(words), func(w string) bool { return strings.HasPrefix(w, "r=") || strings.HasPrefix(w, "c=") })
	if len(kept) == 0 {
		return label
	}
	return strings.Join(kept, " ")
}

// loadQuantiles are those that can be chosen in the plot.
func loadQuantiles() []float64 { return []float64{0.5, 0.99, 0.999} }

func (l *loadLines) plots() *groupPlots {
	p := &groupPlots{Arms: []armPlots{}, Stages: []stageLook{}, Costs: []costTitle{}, Offers: l.open}
	for _, line := range l.lines {
		a := newArmPlots(line.key.label, line.look)
		for _, p := range line.points {
			a.Notes = append(a.Notes, p.note)
		}
		lists := []*[]point{&a.P50, &a.P99, &a.P999}
		for i, q := range loadQuantiles() {
			*lists[i] = loadPoints(line.points, q)
		}
		p.Arms = append(p.Arms, a)
	}
	return p
}

// loadPoints is one percentile of the points of a line, with the range over the
// replicates. One that a sample does not carry is left empty, so that the notes
// keep their places.
func loadPoints(list []loadPoint, q float64) []point {
	var points []point
	for _, l := range list {
		merged := l.response.Percentile(q)
		if !merged.Carried {
			points = append(points, point{})
			continue
		}
		low, high := merged.Value, merged.Value
		for _, h := range l.each {
			if p := h.Percentile(q); p.Carried {
				low, high = min(low, p.Value), max(high, p.Value)
			}
		}
		p := point{round4(l.load), atLeastOne(merged.Value)}
		if low < high {
			p = append(p, atLeastOne(low), atLeastOne(high))
		}
		points = append(points, p)
	}
	return points
}

// loadView is latency against load as a figure with its table.
type loadView struct {
	About  string
	Figure figure
}

func (l *loadLines) view() *loadView {
	what, about := "throughput", "closed loop: the load is the throughput that so many clients reached"
	if l.open {
		what, about = "offered load", "open loop: the load is what was offered, whether or not it was carried"
	}
	t := tables.Table{Columns: []tables.Column{transportColumn(), {Title: what}, {Title: "throughput"}}}
	for _, q := range loadQuantiles() {
		t.Columns = append(t.Columns, tables.Column{Title: reports.FormatQuantile(q)})
	}
	t.Columns = append(t.Columns, tables.Column{Title: "remark", Left: true})
	for _, line := range l.lines {
		for _, p := range line.points {
			row := texts(line.key.label, perSecond(p.load), perSecond(p.achieved))
			for _, q := range loadQuantiles() {
				text := absent
				if v := p.response.Percentile(q); v.Carried {
					text = reports.FormatLatency(float64(v.Value))
				}
				row = append(row, tables.Cell{Text: text})
			}
			t.Rows = append(t.Rows, append(row, tables.Cell{Text: p.note}))
		}
	}
	return &loadView{about, figure{"load", "Latency against load", "log scale; range of the replicates; crossed points must not be ranked", true, t}}
}

func perSecond(v float64) string { return reports.Throughput().Format(v) }
