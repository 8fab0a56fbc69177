package tables

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/raftbench/raftbench/reports"
)

// field is a column of the summary table: its heading, its text, and, where the
// best value is marked, its number.
type field struct {
	Column
	text           func(*reports.Summary) string
	value          func(*reports.Summary) (float64, bool) // nil: no value is best
	higherIsBetter bool
}

func fields() []field {
	list := []field{
		{Column: Column{Title: "transport", Left: true}, text: label},
		throughputField(),
		{Column: Column{Title: "min-max", Unit: "ops/s"}, text: minMax},
	}
	for i, q := range reports.Quantiles() {
		list = append(list, latencyField(i, q))
	}
	return append(list,
		field{Column: Column{Title: "max"}, text: maximum},
		field{Column: Column{Title: "errors"}, text: failures},
		spreadField(Column{Title: "CPU/op", Unit: "µs"}, func(s *reports.Summary) reports.Spread { return s.CPUPerOp }),
		spreadField(Column{Title: "wire/op", Unit: "B"}, func(s *reports.Summary) reports.Spread { return s.WireBytesPerOp }),
	)
}

// throughputField marks no best value in an open loop: there the schedule makes the
// throughput.
func throughputField() field {
	value := func(s *reports.Summary) (float64, bool) { return s.Throughput.Median, s.Throughput.N > 0 }
	return field{
		Column: Column{Title: "throughput", Unit: "ops/s"},
		text:   formatted(value, reports.FormatCount),
		value: func(s *reports.Summary) (float64, bool) {
			v, ok := value(s)
			return v, ok && s.Arm.Workload.Loop == reports.LoopClosed
		},
		higherIsBetter: true,
	}
}

func latencyField(i int, q float64) field {
	value := func(s *reports.Summary) (float64, bool) {
		return float64(s.Latency[i].Value), s.Latency[i].Carried
	}
	return field{
		Column: Column{Title: reports.FormatQuantile(q)},
		text: func(s *reports.Summary) string {
			if s.Censored && s.Latency[i].Carried {
				return ">" + reports.FormatLatency(float64(s.Latency[i].Value))
			}
			return formatted(value, reports.FormatLatency)(s)
		},
		value: func(s *reports.Summary) (float64, bool) {
			v, ok := value(s)
			return v, ok && !s.Censored
		},
	}
}

func spreadField(c Column, spread func(*reports.Summary) reports.Spread) field {
	value := func(s *reports.Summary) (float64, bool) { return spread(s).Median, spread(s).N > 0 }
	return field{Column: c, text: formatted(value, reports.FormatNumber), value: value}
}

// absent stands where a number was not measured or the sample does not carry it.
const absent = "-"

func formatted(value func(*reports.Summary) (float64, bool), format func(float64) string) func(*reports.Summary) string {
	return func(s *reports.Summary) string {
		if v, ok := value(s); ok {
			return format(v)
		}
		return absent
	}
}

func label(s *reports.Summary) string {
	if !s.Valid {
		return s.Arm.Label + " INVALID"
	}
	return s.Arm.Label
}

func minMax(s *reports.Summary) string {
	if s.Throughput.N < 2 {
		return absent
	}
	return reports.FormatCompact(s.Throughput.Min) + "-" + reports.FormatCompact(s.Throughput.Max)
}

func maximum(s *reports.Summary) string {
	if s.Samples == 0 {
		return absent
	}
	if s.Censored {
		return ">" + reports.FormatLatency(float64(s.Max))
	}
	return reports.FormatLatency(float64(s.Max))
}

func failures(s *reports.Summary) string { return reports.FormatCount(float64(s.Failures())) }

// SummaryTable is the table of one group of arms, a row for each.
func SummaryTable(g *reports.Group) Table { return table(g, fields()) }

// Note is a line below the table.
type Note struct {
	Text string
	Bad  bool // it says that the measurement must not be trusted
}

func (n Note) paint(p painter) string {
	if n.Bad {
		return p.bad(n.Text)
	}
	return n.Text
}

// Notes explains what the table cannot say in a cell.
func Notes(g *reports.Group) []Note {
	var list []Note
	for i := range g.Summaries {
		s := &g.Summaries[i]
		for _, reason := range s.Reasons {
			list = append(list, Note{clean(s.Arm.Label + " is INVALID: " + reason), true})
		}
		if s.Failures() > 0 {
			list = append(list, Note{Text: clean(s.Arm.Label + ": " + errorText(s))})
		}
		if s.Censored {
			list = append(list, Note{Text: s.Arm.Label + ": its percentiles are lower bounds, as refused operations have no latency"})
		}
		if findings := s.Findings(); len(findings) > 0 {
			list = append(list, Note{Text: clean(s.Arm.Label + ": " + strings.Join(findings, "; "))})
		}
		for _, warning := range s.Warnings {
			list = append(list, Note{Text: clean(s.Arm.Label + ": warning: " + warning)})
		}
		if s.Elections > 0 {
			list = append(list, Note{Text: fmt.Sprintf("%s: leaders were elected within the windows, %d times", s.Arm.Label, s.Elections)})
		}
	}
	return list
}

func errorText(s *reports.Summary) string {
	var ends []string
	for _, e := range []struct {
		n    uint64
		what string
	}{{s.Operations.Failed, "failed"}, {s.Operations.Unknown, "of unknown outcome"}, {s.Operations.Refused, "refused"}} {
		if e.n > 0 {
			ends = append(ends, reports.FormatCount(float64(e.n))+" "+e.what)
		}
	}
	text := strings.Join(ends, ", ")
	var classes []string
	for _, class := range slices.Sorted(maps.Keys(s.Errors)) {
		classes = append(classes, reports.FormatCount(float64(s.Errors[class]))+" "+class)
	}
	if len(classes) > 0 {
		text += " (" + strings.Join(classes, ", ") + ")"
	}
	return text
}
