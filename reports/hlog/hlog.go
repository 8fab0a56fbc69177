// Package hlog writes the histograms of an arm in the HdrHistogram log format
// 1.3, which the HdrHistogram tools of other languages read and plot.
//
// A file has a line for each histogram of each replicate, stamped with when the
// replicate's window began and how long it was, in seconds from the start of
// the run. The tag is the operation ("put") for response times and
// operation-kind ("put-service", "put-lag") for the others. In a file of several arms
// the name of the arm comes before it ("rawtcp/put"). Values are
// nanoseconds; the column Interval_Max is milliseconds, as everywhere in this
// format.
//
// It starts no goroutine.
package hlog

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/raftbench/raftbench/reports"
)

// Write writes the histograms of one arm of the run.
func Write(w io.Writer, run *reports.Run, arm *reports.Arm) error {
	return write(w, run, []tagged{{arm, ""}})
}

// WriteAll writes those of all arms, by the time at which they were measured. Where there
// are several, the tags begin with the name of the arm's own file (FileNames) and a slash.
func WriteAll(w io.Writer, run *reports.Run) error {
	if len(run.Arms) == 1 {
		return Write(w, run, &run.Arms[0])
	}
	var arms []tagged
	for i, name := range FileNames(run) {
		arms = append(arms, tagged{&run.Arms[i], strings.TrimSuffix(name, extension) + "/"})
	}
	return write(w, run, arms)
}

// tagged is an arm with what its tags begin with.
type tagged struct {
	*reports.Arm
	prefix string
}

func write(w io.Writer, run *reports.Run, arms []tagged) error {
	// The header can carry whole seconds only. Line times count from it, so they
	// keep their milliseconds.
	base := run.Started.Truncate(time.Second).UnixMilli()
	l := hdrhistogram.NewHistogramLogWriter(w)
	l.SetBaseTime(base)
	for _, step := range []func() error{
		func() error {
			return l.OutputComment(reports.OneLine("[Logged with raftbench " + run.Tool.Version + "]"))
		},
		l.OutputLogFormatVersion,
		func() error { return l.OutputStartTime(base) },
		func() error { return l.OutputBaseTime(base) },
		func() error { return writeArms(l, arms) },
		l.OutputLegend,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	for _, r := range byTime(arms) {
		if err := writeReplicate(l, run, r.Replicate, r.prefix); err != nil {
			return fmt.Errorf("replicate %d of %s: %w", r.Index, r.label, err)
		}
	}
	return nil
}

// writeArms says in comments what the arms are.
func writeArms(l *hdrhistogram.HistogramLogWriter, arms []tagged) error {
	for _, a := range arms {
		name := "[Arm: " + a.Label
		if a.prefix != "" {
			name += ", in tags " + a.prefix
		}
		if err := l.OutputComment(reports.OneLine(name + "]")); err != nil {
			return err
		}
		if err := l.OutputComment(reports.OneLine("[Load: " + a.Workload.Load.String() + "]")); err != nil {
			return err
		}
	}
	return nil
}

// measured is a replicate with what it is of.
type measured struct {
	*reports.Replicate
	label, prefix string
}

// byTime lists the replicates of all arms in the order in which they began: readers
// take a log for a record of what went on.
func byTime(arms []tagged) []measured {
	var list []measured
	for _, a := range arms {
		for i := range a.Replicates {
			list = append(list, measured{&a.Replicates[i], a.Label, a.prefix})
		}
	}
	slices.SortStableFunc(list, func(x, y measured) int { return cmp.Compare(x.After, y.After) })
	return list
}

func writeReplicate(l *hdrhistogram.HistogramLogWriter, run *reports.Run, r *reports.Replicate, prefix string) error {
	start := run.Started.Add(r.After)
	end := start.Add(r.Window)
	for _, h := range r.Histograms {
		tag := prefix + h.Op
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

const extension = ".hlog"

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
		names = append(names, name+extension)
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
