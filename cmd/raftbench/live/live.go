// Package live shows how a run goes while it goes: on a terminal a table that is
// redrawn in place, elsewhere one line for each replicate. What it shows is for
// the impatient; the result is worked out from the result file.
//
// View is an experiment.Observer. It starts no goroutine: it draws when it
// is told something.
package live

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/raftbench/raftbench/experiment"
	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/workloads"
)

// Size returns the width and height of a terminal in characters.
type Size func() (columns, rows int)

// View tells how a run goes. It has one user at a time.
type View struct {
	w    io.Writer
	size Size // nil: not a terminal
	now  func() time.Time

	rows    []*row // in order of first appearance
	current *row
	at      experiment.Position
	told    time.Time // when at was so
	drawn   time.Time
	lines   int // of the table on the screen
}

// row is what is known of one arm.
type row struct {
	label      string
	replicates int
	invalid    int
	latest     figures
	phase      string // what the replicate under way is doing
	last       workloads.Progress
	rates      []float64 // its throughput lately, for the sparkline
	errors     float64   // its errors per second
}

// figures are the numbers of one replicate, as texts.
type figures struct {
	throughput, p50, p99 string
}

const (
	// redrawInterval keeps a terminal from taking CPU time from the cluster.
	redrawInterval = 250 * time.Millisecond
	// sparkWidth is the number of throughputs in a sparkline.
	sparkWidth = 24
)

// New returns a view that writes to w. With a size it draws a table; the terminal
// must understand ANSI escape sequences.
func New(w io.Writer, size Size) *View {
	return &View{w: w, size: size, now: time.Now}
}

// ReplicateStarts implements experiment.Observer.
func (v *View) ReplicateStarts(at experiment.Position) {
	r := v.row(at.Arm.Label)
	r.phase, r.last, r.rates, r.errors = "starts", workloads.Progress{}, nil, 0
	v.turnTo(r, at)
	v.draw()
}

// turnTo notes which arm is at it, and where the run stands.
func (v *View) turnTo(r *row, at experiment.Position) {
	v.current, v.at, v.told = r, at, v.now()
}

// Progress implements experiment.Observer.
func (v *View) Progress(at experiment.Position, now workloads.Progress) {
	if v.size == nil {
		return
	}
	r := v.row(at.Arm.Label)
	v.turnTo(r, at)
	r.progress(now)
	if v.now().Sub(v.drawn) >= redrawInterval {
		v.draw()
	}
}

// progress takes up the counters of a driver.
func (r *row) progress(now workloads.Progress) {
	r.phase = "warms up"
	if now.Measures {
		r.phase = "measures"
	}
	since := now.Since(r.last)
	r.last = now
	seconds := since.Elapsed.Seconds()
	if seconds <= 0 {
		return
	}
	rate := float64(since.Succeeded) / seconds
	r.latest.throughput = reports.FormatNumber(rate)
	r.errors = float64(since.Failed+since.Unknown+since.Refused) / seconds
	r.rates = append(r.rates, rate)
	r.rates = r.rates[max(0, len(r.rates)-sparkWidth):]
}

// Partial implements experiment.Observer: it takes the percentiles of the window so far.
func (v *View) Partial(at experiment.Position, r *reports.Replicate) {
	if v.size != nil {
		v.row(at.Arm.Label).latest.percentiles(r)
	}
}

// ReplicateEnds implements experiment.Observer.
func (v *View) ReplicateEnds(at experiment.Position, r *reports.Replicate) {
	arm := v.row(at.Arm.Label)
	arm.replicates++
	arm.phase = ""
	arm.latest = figures{throughput: reports.FormatNumber(r.Throughput())}
	arm.latest.percentiles(r)
	if !r.Valid {
		arm.invalid++
	}
	v.turnTo(nil, at)
	if v.size != nil {
		v.draw()
		return
	}
	verdict := ""
	if !r.Valid && len(r.Reasons) > 0 {
		verdict = "  INVALID: " + r.Reasons[0]
	}
	fmt.Fprintf(v.w, "[%*d/%d] %-24s %9s ops/s  p50 %8s  p99 %8s  about %v left%s\n",
		len(fmt.Sprint(at.Total)), at.Done, at.Total, arm.label, arm.latest.throughput, arm.latest.p50, arm.latest.p99,
		at.Remaining.Round(time.Second), verdict)
}

// Close takes the table off the screen.
func (v *View) Close() {
	v.current = nil
	v.erase()
}

func (v *View) row(label string) *row {
	for _, r := range v.rows {
		if r.label == label {
			return r
		}
	}
	r := &row{label: label}
	v.rows = append(v.rows, r)
	return r
}

// percentiles sets those that the sample carries.
func (f *figures) percentiles(r *reports.Replicate) {
	h := r.Response()
	f.p50, f.p99 = latency(h.Percentile(0.5)), latency(h.Percentile(0.99))
}

func latency(p reports.Percentile) string {
	if !p.Carried {
		return "-"
	}
	return reports.FormatLatency(float64(p.Value))
}

// draw writes the table over the one that is on the screen.
func (v *View) draw() {
	if v.size == nil {
		return
	}
	columns, rows := v.size()
	lines := v.table(rows - 2)
	var b strings.Builder
	v.eraseTo(&b)
	for _, line := range lines {
		b.WriteString(cut(line, columns-1))
		b.WriteByte('\n')
	}
	v.lines, v.drawn = len(lines), v.now()
	fmt.Fprint(v.w, b.String()) // in one write, so that it does not flicker
}

func (v *View) erase() {
	if v.lines == 0 {
		return
	}
	var b strings.Builder
	v.eraseTo(&b)
	fmt.Fprint(v.w, b.String())
}

// eraseTo moves up over the table on the screen and clears from there.
func (v *View) eraseTo(b *strings.Builder) {
	if v.lines > 0 {
		fmt.Fprintf(b, "\x1b[%dA\x1b[J", v.lines)
		v.lines = 0
	}
}
