// Package render writes a run in every form there is: into a directory, or one
// form to a writer. It joins the packages that know a form each and knows none
// itself. It starts no goroutine.
package render

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/reports/atomicfile"
	"github.com/raftbench/raftbench/reports/hlog"
	"github.com/raftbench/raftbench/reports/page"
	"github.com/raftbench/raftbench/reports/plots"
	"github.com/raftbench/raftbench/reports/tables"
)

// file is one file of a result directory.
type file struct {
	name  string
	write func(io.Writer) error
}

// Dir writes all files of the run into dir, which must exist. Each file is
// replaced whole or not at all, and result.json comes last: a directory whose
// result.json says that the run is complete has all the others.
//
// A form that fails does not keep the others from being written; the error is
// that of the first.
func Dir(dir string, run *reports.Run) error {
	var first error
	for _, f := range files(run) {
		if err := atomicfile.Write(filepath.Join(dir, f.name), f.write); err != nil && first == nil {
			first = err
		}
	}
	if first != nil && run.Status == reports.StatusComplete {
		// Without its pictures the result is not complete, but what was measured
		// must not be lost for that.
		kept := *run
		kept.Status = reports.StatusRunning
		run = &kept
	}
	if err := reports.Write(dir, run); err != nil && first == nil {
		first = err
	}
	return first
}

// FileNames lists what Dir writes, in its order.
func FileNames(run *reports.Run) []string {
	var names []string
	for _, f := range files(run) {
		names = append(names, f.name)
	}
	return append(names, reports.FileName)
}

func files(run *reports.Run) []file {
	list := []file{
		form("summary.csv", run, tables.SummaryCSV),
		form("latency.csv", run, tables.LatencyCSV),
		form("timeseries.csv", run, tables.TimeseriesCSV),
		form("replicates.csv", run, tables.ReplicatesCSV),
		form("latency.png", run, plots.Latency),
		form("throughput.png", run, plots.Throughput),
	}
	if comparisons := ofRun(run); len(comparisons) > 0 {
		list = append(list, file{"compare.png", func(w io.Writer) error { return plots.Compare(w, comparisons) }})
	}
	for i, name := range hlog.FileNames(run) {
		list = append(list, file{name, func(w io.Writer) error { return hlog.Write(w, run, &run.Arms[i]) }})
	}
	return append(list, form("report.html", run, page.Write))
}

func form(name string, run *reports.Run, write func(io.Writer, *reports.Run) error) file {
	return file{name, func(w io.Writer) error { return write(w, run) }}
}

// ofRun compares the arms of one run with its baseline, without the zero line.
func ofRun(run *reports.Run) []reports.Comparison {
	base := reports.Baseline(run)
	if base == nil {
		return nil
	}
	var list []reports.Comparison
	for _, c := range reports.CompareArms(run, base) {
		if !c.Other.Arm.InProcess {
			list = append(list, c)
		}
	}
	return list
}

// RunFormats lists the names that Run takes.
func RunFormats() []string {
	return []string{"text", "markdown", "csv", "json", "html", "hlog", "latency.png", "throughput.png"}
}

// Run writes one form of a run. "csv" is the long form, a row for each metric of
// each replicate; "hlog" needs a run with a single arm. colour concerns "text".
func Run(w io.Writer, format string, run *reports.Run, colour bool) error {
	switch format {
	case "text":
		return tables.Text(w, run, colour)
	case "markdown":
		return tables.Markdown(w, run)
	case "csv":
		return tables.ReplicatesCSV(w, run)
	case "json":
		return reports.Encode(w, run)
	case "html":
		return page.Write(w, run)
	case "latency.png":
		return plots.Latency(w, run)
	case "throughput.png":
		return plots.Throughput(w, run)
	case "hlog":
		if len(run.Arms) != 1 {
			return fmt.Errorf("format hlog holds one arm and the run has %d: use the .hlog files of its directory", len(run.Arms))
		}
		return hlog.Write(w, run, &run.Arms[0])
	}
	return unknown(format, RunFormats())
}

// ComparisonFormats lists the names that Comparison takes.
func ComparisonFormats() []string { return []string{"text", "markdown", "csv", "png"} }

// Comparison writes one form of comparisons. colour concerns "text".
func Comparison(w io.Writer, format string, list []reports.Comparison, colour bool) error {
	switch format {
	case "text":
		return tables.CompareText(w, list, colour)
	case "markdown":
		return tables.CompareMarkdown(w, list)
	case "csv":
		return tables.CompareCSV(w, list)
	case "png":
		return plots.Compare(w, list)
	}
	return unknown(format, ComparisonFormats())
}

func unknown(format string, known []string) error {
	return fmt.Errorf("format %q: allowed are %s", format, strings.Join(known, ", "))
}
