// Package hgrm writes the percentile distribution of an arm in the text form of
// HdrHistogram, which its plotter and many scripts read.
//
// A file holds the response times of all operation types and all replicates of an
// arm, in microseconds: choose that unit in the plotter. (Milliseconds, as others
// write, would leave a loopback latency two digits.) The distribution goes to the
// largest value, deeper than the sample carries; a comment says how far it does.
//
// It starts no goroutine.
package hgrm

import (
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/raftbench/raftbench/reports"
)

const (
	// ticksPerHalf is the number of lines from one halving of the distance to 100 %
	// to the next, as in all tools that write this form.
	ticksPerHalf = 5

	nsPerUnit = 1e3
)

// Write writes the distribution of one arm of the run.
func Write(w io.Writer, run *reports.Run, arm *reports.Arm) error {
	var b strings.Builder
	h := arm.Response()
	for _, line := range []string{
		"Written by raftbench " + run.Tool.Version,
		"Arm: " + arm.Label,
		"Load: " + arm.Workload.Load.String(),
		"Response times of committed operations in microseconds; " + carried(h),
	} {
		fmt.Fprintf(&b, "#[%s]\n", reports.OneLine(line))
	}
	fmt.Fprintf(&b, "%12s %14s %10s %14s\n\n", "Value", "Percentile", "TotalCount", "1/(1-Percentile)")
	writeLines(&b, h)
	summary := h.Interval(0, 0, "")
	fmt.Fprintf(&b, "#[Mean    = %12.3f, StdDeviation   = %12.3f]\n", summary.Mean()/nsPerUnit, summary.StdDev()/nsPerUnit)
	fmt.Fprintf(&b, "#[Max     = %12.3f, Total count    = %12d]\n", float64(h.Max())/nsPerUnit, h.Count())
	buckets, sub := geometry(summary.HighestTrackableValue(), summary.SignificantFigures())
	fmt.Fprintf(&b, "#[Buckets = %12d, SubBuckets     = %12d]\n", buckets, sub)
	_, err := io.WriteString(w, b.String())
	return err
}

// writeLines writes a line for each value at which a further step towards 100 % is
// reached; each step is a share of what is left. Like the other implementations it
// ends at the value where all are counted.
func writeLines(b *strings.Builder, h *reports.Histogram) {
	level := 0.0 // per cent
	for _, at := range h.Cumulative() {
		for 100*float64(at.Count) >= level*float64(h.Count()) {
			fmt.Fprintf(b, "%12.3f %2.12f %10d %14.2f\n", float64(h.AtRank(at.Count))/nsPerUnit, level/100, at.Count, 1/(1-level/100))
			halvings := math.Floor(math.Log2(100/(100-level))) + 1
			level += 100 / (ticksPerHalf * math.Exp2(halvings))
			if at.Count == h.Count() {
				break
			}
		}
	}
	if h.Count() > 0 {
		fmt.Fprintf(b, "%12.3f %2.12f %10d\n", float64(h.Max())/nsPerUnit, 1.0, h.Count())
	}
}

// carried says how deep the sample may be trusted.
func carried(h *reports.Histogram) string {
	deepest := ""
	for _, q := range []float64{0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999, 0.999999} {
		if h.Count() >= reports.MinSamples(q) {
			deepest = reports.FormatQuantile(q)
		}
	}
	if deepest == "" {
		return "the sample carries no percentile"
	}
	return "the sample carries percentiles up to " + deepest
}

// geometry is how a histogram divides its range: into buckets, each twice as wide
// as the one before, of so many parts.
func geometry(highest, digits int64) (buckets, parts int) {
	parts = 1 << int(math.Ceil(math.Log2(2*math.Pow10(int(digits)))))
	buckets = 1
	for top := int64(parts); top <= highest; top *= 2 {
		buckets++
	}
	return buckets, parts
}
