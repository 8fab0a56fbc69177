// Package hlog writes the histograms of an arm in the HdrHistogram log format
// 1.3, which the HdrHistogram tools of other languages read and plot.
//
// A file has a line for each histogram of each replicate, stamped with when the
// replicate's window began and how long it was, in seconds from the start of
// the run. The tag is the operation ("put") for response times and
// operation-kind ("put-service", "put-lag") for the others. Values are
// nanoseconds; the column Interval_Max is milliseconds, as everywhere in this
// format.
//
// It starts no goroutine.
package hlog

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/raftbench/raftbench/reports"
)

// Write writes the histograms of one arm of the run.
func Write(w io.Writer, run *reports.Run, arm *reports.Arm) error {
	// The header can carry whole seconds only. Line times count from it, so they
	// keep their milliseconds.
	base := run.Started.Truncate(time.Second).UnixMilli()
	l := hdrhistogram.NewHistogramLogWriter(w)
	l.SetBaseTime(base)
	for _, step := range []func() error{
		func() error { return l.OutputComment(oneLine("[Logged with raftbench " + run.Tool.Version + "]")) },
		l.OutputLogFormatVersion,
		func() error { return l.OutputStartTime(base) },
		func() error { return l.OutputBaseTime(base) },
		func() error { return l.OutputComment(oneLine("[Arm: " + arm.Label + "]")) },
		func() error { return l.OutputComment(oneLine("[Load: " + arm.Workload.Load.String() + "]")) },
		l.OutputLegend,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	for i := range arm.Replicates {
		if err := writeReplicate(l, run, &arm.Replicates[i]); err != nil {
			return fmt.Errorf("replicate %d of %s: %w", arm.Replicates[i].Index, arm.Label, err)
		}
	}
	return nil
}

func writeReplicate(l *hdrhistogram.HistogramLogWriter, run *reports.Run, r *reports.Replicate) error {
	start := run.Started.Add(r.After)
	end := start.Add(r.Window)
	for _, h := range r.Histograms {
		tag := h.Op
		if h.Kind != reports.KindResponse {
			tag += "-" + string(h.Kind)
		}
		interval := h.Histogram.Interval(start.UnixMilli(), end.UnixMilli(), tagName(tag))
		if err := l.OutputIntervalPackedHistogram(interval); err != nil {
			return err
		}
	}
	return nil
}

// FileNames returns a file name for each arm of the run: its label with what a
// file system may not like replaced, and a number where two would be the same.
func FileNames(run *reports.Run) []string {
	var names []string
	used := map[string]bool{}
	for i := range run.Arms {
		stem := strings.Trim(strings.Map(fileRune, run.Arms[i].Label), "-.")
		if stem == "" {
			stem = "arm"
		}
		if len(stem) > 100 {
			stem = stem[:100]
		}
		name := stem
		for n := 2; used[strings.ToLower(name)]; n++ {
			name = fmt.Sprintf("%s-%d", stem, n)
		}
		used[strings.ToLower(name)] = true // some file systems do not tell case apart
		names = append(names, name+".hlog")
	}
	return names
}

func fileRune(r rune) rune {
	switch {
	case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '.', r == '_', r == '+':
		return r
	}
	return '-'
}

// tagName drops what the format cannot carry in a tag.
func tagName(s string) string {
	return strings.Map(func(r rune) rune {
		if r == ',' || unicode.IsSpace(r) || unicode.IsControl(r) {
			return '_'
		}
		return r
	}, s)
}

func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
}
