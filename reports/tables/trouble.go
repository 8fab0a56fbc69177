package tables

import (
	"fmt"
	"slices"
	"strings"

	"github.com/raftbench/raftbench/reports"
)

// faulted reports whether something was done to a group's clusters.
func faulted(g *reports.Group) bool { return g.Load.Faults != "" }

// recoverySection is what followed the faults, a row for each verb of each arm.
func recoverySection(g *reports.Group) *Section {
	if !faulted(g) {
		return nil
	}
	t := Table{Columns: []Column{
		{Title: "transport", Left: true}, {Title: "what", Left: true}, {Title: "times"},
		{Title: "first success"}, {Title: "longest"}, {Title: "level lost"}, {Title: "back after"}, {Title: "longest"}, {Title: "not back"},
	}}
	for i := range g.Summaries {
		s := &g.Summaries[i]
		for _, r := range s.Arm.Recoveries() {
			never := ""
			if n := r.Times - r.Served.N; n > 0 {
				never = fmt.Sprintf(" (%d never)", n)
			}
			row := []Cell{{Text: label(s)}, {Text: clean(r.What)}, {Text: fmt.Sprint(r.Times)},
				{Text: spreadLatency(r.Served, r.Served.Median)}, {Text: spreadLatency(r.Served, r.Served.Max) + never}, {Text: absent},
				{Text: spreadLatency(r.Back, r.Back.Median)}, {Text: spreadLatency(r.Back, r.Back.Max)}, {Text: absent}}
			if r.Unknown < r.Times {
				row[5].Text, row[8].Text = fmt.Sprint(r.Lost), fmt.Sprint(r.Lost-r.Back.N)
			}
			t.Rows = append(t.Rows, row)
		}
	}
	if len(t.Rows) == 0 {
		return nil
	}
	return &Section{
		Title: "faults and what followed: medians, and the longest of all replicates",
		Open:  true,
		Table: t,
		Notes: []Note{{Text: fmt.Sprintf("First success: of an operation that began after it. Level: %.0f %% of the median throughput before the first fault, in the steps of timeseries.csv; "+
			"back when two in a row have it, if that is before the next fault.", 100*reports.RecoveredShare)}},
	}
}

func spreadLatency(s reports.Spread, ns float64) string {
	if s.N == 0 {
		return absent
	}
	return reports.FormatLatency(ns)
}

// troubleSection is what clients and transports did about what went wrong, a row for
// each arm. It is there if anybody did something, or something was broken on
// purpose.
func troubleSection(g *reports.Group) *Section {
	counted := []struct{ title, counter string }{
		{"redirects", "client_redirects"}, {"retries", "client_retries"}, {"in calls", "client_retried_calls"}, {"refused", "client_retries_refused"},
		{"hedges", "client_hedges"}, {"won", "client_hedge_wins"}, {"breaker trips", "transport_breaker_trips"},
	}
	t := Table{Columns: []Column{{Title: "transport", Left: true}, {Title: "errors", Left: true}}}
	for _, c := range counted {
		t.Columns = append(t.Columns, Column{Title: c.title})
	}
	t.Columns = append(t.Columns, Column{Title: "not closed"})
	acted := faulted(g)
	for i := range g.Summaries {
		s := &g.Summaries[i]
		row := []Cell{{Text: label(s)}, {Text: clean(classText(s))}}
		for _, c := range counted {
			n := s.Counters[c.counter]
			acted = acted || n > 0 && strings.HasPrefix(c.counter, "client_")
			row = append(row, Cell{Text: reports.FormatCount(float64(n))})
		}
		t.Rows = append(t.Rows, append(row, Cell{Text: shutText(s.Arm)}))
	}
	if !acted {
		return nil
	}
	return &Section{
		Title: "errors, retries, hedges and circuit breakers",
		Table: t,
		Notes: []Note{{Text: "Retries are operations that were sent again; refused are calls that the budget did not let be sent again, or hedged. " +
			"Not closed: of circuit breakers, all links added up, where faults were asked for."}},
	}
}

// classText lists the classes of errors, the most frequent first.
func classText(s *reports.Summary) string {
	classes := make([]string, 0, len(s.Errors))
	for class, n := range s.Errors {
		if n > 0 {
			classes = append(classes, class)
		}
	}
	slices.SortFunc(classes, func(a, b string) int {
		if s.Errors[a] != s.Errors[b] {
			return int(int64(s.Errors[b]) - int64(s.Errors[a]))
		}
		return strings.Compare(a, b)
	})
	for i, class := range classes {
		classes[i] = reports.FormatCount(float64(s.Errors[class])) + " " + class
	}
	if len(classes) == 0 {
		return "none"
	}
	return strings.Join(classes, ", ")
}

// shutText is for how long the breakers of an arm were not closed.
func shutText(a *reports.Arm) string {
	watched, shut := false, 0.0
	for i := range a.Replicates {
		watched = watched || len(a.Replicates[i].Breakers) > 0
		shut += float64(a.Replicates[i].BreakersShut())
	}
	if !watched {
		return absent
	}
	return reports.FormatLatency(shut)
}
