// Package render writes a run in every form there is: into a directory, or one
// form to a writer. It joins the packages that know a form each and knows none
// itself. It starts no goroutine.
package render

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/reports/atomicfile"
	"github.com/raftbench/raftbench/reports/benchfmt"
	"github.com/raftbench/raftbench/reports/disk"
	"github.com/raftbench/raftbench/reports/hgrm"
	"github.com/raftbench/raftbench/reports/hlog"
	"github.com/raftbench/raftbench/reports/page"
	"github.com/raftbench/raftbench/reports/plots"
	"github.com/raftbench/raftbench/reports/tables"
)

// pictures is the folder of the pictures. The two to look at first stand above it.
const pictures = "plots"

// file is one file of a result directory.
type file struct {
	name  string // with slashes, from the directory
	write func(io.Writer) error
}

// Dir writes all files of the run into dir, which must exist. Each file is
// replaced whole or not at all, and result.json comes last: a directory whose
// result.json says that the run is complete has all the others.
//
// A form that fails does not keep the others from being written; the error is
// that of the first.
func Dir(dir string, run *reports.Run) error {
	return DirOn(context.Background(), disk.OS(), dir, run)
}

// DirOn is Dir on a disk of the caller's. When ctx ends it leaves the files that
// it has not written yet as they are, and returns the error of ctx.
func DirOn(ctx context.Context, fs disk.FS, dir string, run *reports.Run) error {
	first := Forms(ctx, fs, dir, run)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if first != nil && run.Status == reports.StatusComplete {
		// Without its pictures the result is not complete, but what was measured
		// must not be lost for that.
		kept := *run
		kept.Status = reports.StatusInterrupted
		run = &kept
	}
	if err := reports.WriteOn(fs, dir, run); err != nil && first == nil {
		first = err
	}
	return first
}

// Forms writes what DirOn writes, but for result.json.
func Forms(ctx context.Context, fs disk.FS, dir string, run *reports.Run) error {
	list := files(run)
	first := folders(dir, list)
	for _, f := range list {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err := atomicfile.WriteOn(fs, filepath.Join(dir, filepath.FromSlash(f.name)), f.write); err != nil && first == nil {
			first = err
		}
	}
	return first
}

// folders makes the folders that the files need.
func folders(dir string, list []file) error {
	for _, f := range list {
		if folder, _, ok := strings.Cut(f.name, "/"); ok {
			return os.MkdirAll(filepath.Join(dir, folder), 0o755) // there is one
		}
	}
	return nil
}

// FileNames lists what Dir writes, in its order, with slashes.
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
		form("replicates.csv", run, tables.ReplicatesCSV),
		form("latency.csv", run, tables.LatencyCSV),
		form("timeseries.csv", run, tables.TimeseriesCSV),
	}
	if hasEvents(run) {
		list = append(list, form("events.csv", run, tables.EventsCSV))
	}
	if hasFaults(run) {
		list = append(list, form("recovery.csv", run, tables.RecoveryCSV), form("breakers.csv", run, tables.BreakersCSV))
	}
	list = append(list,
		form("bench.txt", run, benchfmt.Write),
		form("junit.xml", run, writeValidity),
	)
	for i, name := range hlog.FileNames(run) {
		a := &run.Arms[i]
		list = append(list,
			file{name, func(w io.Writer) error { return hlog.Write(w, run, a) }},
			file{strings.TrimSuffix(name, ".hlog") + ".hgrm", func(w io.Writer) error { return hgrm.Write(w, run, a) }},
		)
	}
	return append(append(list, pictureFiles(run)...), form("report.html", run, page.Write))
}

func pictureFiles(run *reports.Run) []file {
	var list []file
	for _, p := range plots.Of(run) {
		name := pictures + "/" + p.Name + ".png"
		if p.Name == "latency" || p.Name == "throughput" {
			name = p.Name + ".png"
		}
		list = append(list, file{name, p.WritePNG}, file{pictures + "/" + p.Name + ".svg", p.WriteSVG})
	}
	if comparisons := ofRun(run); len(comparisons) > 0 {
		list = append(list,
			file{pictures + "/compare.png", func(w io.Writer) error { return plots.Compare(w, comparisons) }},
			file{pictures + "/compare.svg", func(w io.Writer) error { return plots.CompareSVG(w, comparisons) }},
		)
	}
	return list
}

func form(name string, run *reports.Run, write func(io.Writer, *reports.Run) error) file {
	return file{name, func(w io.Writer) error { return write(w, run) }}
}

func hasEvents(run *reports.Run) bool {
	for i := range run.Arms {
		for j := range run.Arms[i].Replicates {
			if len(run.Arms[i].Replicates[j].Events) > 0 {
				return true
			}
		}
	}
	return false
}

func hasFaults(run *reports.Run) bool {
	return slices.ContainsFunc(run.Arms, func(a reports.Arm) bool { return a.Workload.Faults != "" })
}

// ofRun compares the arms of one run with its baseline, without the zero line.
func ofRun(run *reports.Run) []reports.Comparison {
	var list []reports.Comparison
	for _, c := range reports.CompareLoads(run) {
		if !c.Other.Arm.InProcess {
			list = append(list, c)
		}
	}
	return list
}
