package page

import (
	"cmp"
	"slices"

	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/reports/palette"
	"github.com/raftbench/raftbench/reports/tables"
)

// loadLines are the lines of latency against load, with their looks.
type loadLines struct {
	open  bool // the load is what was offered; in a closed loop it is what was achieved
	lines []reports.LoadLine
	looks []look
}

// latencyAgainstLoad is nil if no arms differ in nothing but their load.
func latencyAgainstLoad(groups []reports.Group) *loadLines {
	all := reports.LoadLines(groups)
	if len(all) == 0 {
		return nil
	}
	// A page may hold both kinds of loop; their latencies mean different things.
	loop := all[0].Load.Loop
	all = slices.DeleteFunc(all, func(l reports.LoadLine) bool { return l.Load.Loop != loop })
	out := &loadLines{open: loop == reports.LoopOpen, lines: all}
	var transports []string
	for i := range all {
		slices.SortStableFunc(all[i].Points, func(a, b reports.LoadPoint) int { return cmp.Compare(out.load(&a), out.load(&b)) })
		transports = append(transports, all[i].Transport)
	}
	for _, style := range palette.OfTransports(transports) {
		out.looks = append(out.looks, newLook(style))
	}
	return out
}

// load is where a point stands, in operations/s.
func (l *loadLines) load(p *reports.LoadPoint) float64 {
	if l.open {
		return p.Asked
	}
	return p.Achieved
}

// loadQuantiles are those that can be chosen in the plot.
func loadQuantiles() []float64 { return []float64{0.5, 0.99, 0.999} }

func (l *loadLines) plots() *groupPlots {
	p := &groupPlots{Arms: []armPlots{}, Stages: []stageLook{}, Costs: []costTitle{}, Offers: l.open}
	for i, line := range l.lines {
		a := newArmPlots(line.Label, l.looks[i])
		for _, p := range line.Points {
			a.Notes = append(a.Notes, p.Doubt)
		}
		lists := []*[]point{&a.P50, &a.P99, &a.P999}
		for i, q := range loadQuantiles() {
			*lists[i] = l.points(line.Points, q)
		}
		p.Arms = append(p.Arms, a)
	}
	return p
}

// points is one percentile of the points of a line, with the range over the
// replicates. One that a sample does not carry is left empty, so that the notes
// keep their places.
func (l *loadLines) points(list []reports.LoadPoint, q float64) []point {
	var points []point
	for i := range list {
		merged := list[i].Response.Percentile(q)
		if !merged.Carried {
			points = append(points, point{})
			continue
		}
		low, high, n := list[i].Range(q)
		if n == 0 {
			low, high = merged.Value, merged.Value
		}
		low, high = min(low, merged.Value), max(high, merged.Value)
		p := point{round4(l.load(&list[i])), atLeastOne(merged.Value)}
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
		for _, p := range line.Points {
			row := texts(line.Label, perSecond(l.load(&p)), perSecond(p.Achieved))
			for _, q := range loadQuantiles() {
				text := absent
				if v := p.Response.Percentile(q); v.Carried {
					text = reports.FormatLatency(float64(v.Value))
				}
				row = append(row, tables.Cell{Text: text})
			}
			t.Rows = append(t.Rows, append(row, tables.Cell{Text: p.Doubt}))
		}
	}
	return &loadView{about, figure{"load", "Latency against load", "log scale; range of the replicates; crossed points must not be ranked", true, t}}
}

func perSecond(v float64) string { return reports.Throughput().Format(v) }
