package render

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/reports/benchfmt"
	"github.com/raftbench/raftbench/reports/hgrm"
	"github.com/raftbench/raftbench/reports/hlog"
	"github.com/raftbench/raftbench/reports/junit"
	"github.com/raftbench/raftbench/reports/page"
	"github.com/raftbench/raftbench/reports/plots"
	"github.com/raftbench/raftbench/reports/tables"
)

// format is one form of a run that can be asked for by name.
type format struct {
	name  string
	write func(w io.Writer, run *reports.Run, colour bool) error
}

func formats() []format {
	plain := func(write func(io.Writer, *reports.Run) error) func(io.Writer, *reports.Run, bool) error {
		return func(w io.Writer, run *reports.Run, _ bool) error { return write(w, run) }
	}
	list := []format{
		{"text", tables.Text},
		{"full", tables.Full},
		{"markdown", plain(tables.Markdown)},
		{"csv", plain(tables.ReplicatesCSV)},
		{"summary.csv", plain(tables.SummaryCSV)},
		{"latency.csv", plain(tables.LatencyCSV)},
		{"timeseries.csv", plain(tables.TimeseriesCSV)},
		{"events.csv", plain(tables.EventsCSV)},
		{"recovery.csv", plain(tables.RecoveryCSV)},
		{"breakers.csv", plain(tables.BreakersCSV)},
		{"json", plain(reports.Encode)},
		{"html", plain(page.Write)},
		{"hlog", plain(hlog.WriteAll)},
		{"hgrm", plain(writeDistribution)},
		{"benchfmt", plain(benchfmt.Write)},
		{"junit", plain(writeValidity)},
		{"png", picture("latency", (*plots.Picture).WritePNG)},
		{"svg", picture("latency", (*plots.Picture).WriteSVG)},
	}
	for _, name := range plots.Names() {
		list = append(list,
			format{name + ".png", picture(name, (*plots.Picture).WritePNG)},
			format{name + ".svg", picture(name, (*plots.Picture).WriteSVG)},
		)
	}
	return list
}

// ErrUnfit: the run has not what the form that was asked for shows, or more than it holds.
var ErrUnfit = errors.New("this form does not fit the run")

// writeDistribution writes a form that holds one arm, if the run has no more.
func writeDistribution(w io.Writer, run *reports.Run) error {
	if len(run.Arms) != 1 {
		return fmt.Errorf("%w: it holds one arm, and there are %d: use the .hgrm files of the directory", ErrUnfit, len(run.Arms))
	}
	return hgrm.Write(w, run, &run.Arms[0])
}

func picture(name string, write func(*plots.Picture, io.Writer) error) func(io.Writer, *reports.Run, bool) error {
	return func(w io.Writer, run *reports.Run, _ bool) error {
		for _, p := range plots.Of(run) {
			if p.Name == name {
				return write(&p, w)
			}
		}
		return fmt.Errorf("%w: nothing was measured that the picture shows", ErrUnfit)
	}
}

func writeValidity(w io.Writer, run *reports.Run) error {
	return junit.Write(w, junit.Validity(run), run.Started)
}

// RunFormats lists the names that Run takes.
func RunFormats() []string {
	var names []string
	for _, f := range formats() {
		names = append(names, f.name)
	}
	return names
}

// Run writes one form of a run. "full" is "text" with everything there is; "csv" is
// the long form, a row for each number of each replicate; "hgrm" needs a
// run with a single arm; "png" and "svg" are the percentile curves. colour concerns
// "text" and "full". An error may match ErrUnfit.
func Run(w io.Writer, name string, run *reports.Run, colour bool) error {
	for _, f := range formats() {
		if f.name == name {
			return f.write(w, run, colour)
		}
	}
	return unknown(name, RunFormats())
}

// ComparisonFormats lists the names that Comparison takes.
func ComparisonFormats() []string { return []string{"text", "markdown", "csv", "png", "svg"} }

// Comparison writes one form of comparisons. colour concerns "text".
func Comparison(w io.Writer, name string, list []reports.Comparison, colour bool) error {
	switch name {
	case "text":
		return tables.CompareText(w, list, colour)
	case "markdown":
		return tables.CompareMarkdown(w, list)
	case "csv":
		return tables.CompareCSV(w, list)
	case "png":
		return plots.Compare(w, list)
	case "svg":
		return plots.CompareSVG(w, list)
	}
	return unknown(name, ComparisonFormats())
}

func unknown(name string, known []string) error {
	return fmt.Errorf("format %q: allowed are %s", name, strings.Join(known, ", "))
}
