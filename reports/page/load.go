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
	points []*reports.Summary // by load
	look   look
}

// loadKey is what the points of a line have in common: everything but how much
// is asked for.
type loadKey struct {
	label, transport string
	workload         reports.Workload
}

// loadLines are the lines of latency against load.
type loadLines struct {
	open  bool // the load is what was offered; in a closed loop, what was achieved
	lines []loadLine
}

// latencyAgainstLoad joins the arms that differ in their rate, or in their number
// of clients, only. Nil if none do.
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
		slices.SortStableFunc(all[i].points, func(a, b *reports.Summary) int { return cmp.Compare(loadOf(a), loadOf(b)) })
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
	lines[i].points = append(lines[i].points, s)
	return lines
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

func loadOf(s *reports.Summary) float64 {
	if s.Arm.Workload.Loop == reports.LoopOpen {
		return s.Arm.Workload.Rate
	}
	return s.Throughput.Median
}

// loadQuantiles are those that can be chosen in the plot.
func loadQuantiles() []float64 { return []float64{0.5, 0.99, 0.999} }

func (l *loadLines) plots() *groupPlots {
	p := &groupPlots{Arms: []armPlots{}, Stages: []stageLook{}, Costs: []costTitle{}, Offers: l.open}
	for _, line := range l.lines {
		a := newArmPlots(line.key.label, line.look)
		for _, s := range line.points {
			a.Notes = append(a.Notes, noteOn(s))
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
func loadPoints(summaries []*reports.Summary, q float64) []point {
	var points []point
	for _, s := range summaries {
		merged := s.Arm.Response().Percentile(q)
		if !merged.Carried {
			points = append(points, point{})
			continue
		}
		p := point{round4(loadOf(s)), atLeastOne(merged.Value)}
		if spread := reports.SpreadOf(reports.Latency(q), s.Arm); spread.N > 1 {
			p = append(p, min(p[1], atLeastOne(int64(spread.Min))), max(p[1], atLeastOne(int64(spread.Max))))
		}
		points = append(points, p)
	}
	return points
}

// noteOn says why a point is less than it seems; empty if it is not.
func noteOn(s *reports.Summary) string {
	switch {
	case !s.Valid:
		return "INVALID"
	case s.Censored:
		return "lower bound"
	}
	return ""
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
		for _, s := range line.points {
			throughput := reports.Throughput()
			row := texts(line.key.label, throughput.Format(loadOf(s)), throughput.Format(s.Throughput.Median))
			for _, q := range loadQuantiles() {
				text := absent
				if p := s.Arm.Response().Percentile(q); p.Carried {
					text = atLeast(s) + reports.FormatLatency(float64(p.Value))
				}
				row = append(row, tables.Cell{Text: text})
			}
			t.Rows = append(t.Rows, append(row, tables.Cell{Text: noteOn(s)}))
		}
	}
	return &loadView{about, figure{"load", "Latency against load", "log scale; range of the replicates; crossed points are INVALID or lower bounds", true, t}}
}
