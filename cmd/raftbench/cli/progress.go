package cli

import (
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"

	"github.com/raftbench/raftbench/experiment"
	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/workloads"
)

// progress tells how a run goes: a line that is rewritten on a terminal, and one
// line for each replicate in any case.
type progress struct {
	w    io.Writer
	live bool

	replicate   time.Time // when it started
	last        workloads.Progress
	lastPrinted time.Time
}

func (a *app) newProgress(quiet bool) *progress {
	if quiet {
		return &progress{w: io.Discard}
	}
	return &progress{w: a.stderr, live: isTerminal(a.stderr)}
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// colour tells whether standard output wants escape sequences.
func (a *app) colour() bool {
	return isTerminal(a.stdout) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

// eraseLine returns to the start of the line and clears it.
const eraseLine = "\r\x1b[K"

// ReplicateStarts implements experiment.Observer.
func (p *progress) ReplicateStarts(at experiment.Position) {
	p.replicate, p.last = time.Now(), workloads.Progress{}
	if p.live {
		fmt.Fprintf(p.w, "%s%s starts", eraseLine, p.prefix(at))
	}
}

// Progress implements experiment.Observer.
func (p *progress) Progress(at experiment.Position, now workloads.Progress) {
	if !p.live || time.Since(p.lastPrinted) < 200*time.Millisecond {
		return
	}
	phase := "warm-up"
	if now.Measures {
		phase = "measures"
	}
	rate := float64(now.Succeeded-p.last.Succeeded) / (now.Elapsed - p.last.Elapsed).Seconds()
	remaining := max(at.Remaining-time.Since(p.replicate), 0)
	fmt.Fprintf(p.w, "%s%s %s %s ops/s, %d errors, about %v left",
		eraseLine, p.prefix(at), phase, reports.FormatNumber(rate), now.Failed+now.Unknown, remaining.Round(time.Second))
	p.last, p.lastPrinted = now, time.Now()
}

// ReplicateEnds implements experiment.Observer.
func (p *progress) ReplicateEnds(at experiment.Position, r *reports.Replicate) {
	if p.live {
		fmt.Fprint(p.w, eraseLine)
	}
	h := r.Response()
	verdict := ""
	if !r.Valid {
		verdict = "  INVALID: " + r.Reasons[0]
	}
	fmt.Fprintf(p.w, "[%*d/%d] %-24s %9s ops/s  p50 %8s  p99 %8s  about %v left%s\n",
		len(fmt.Sprint(at.Total)), at.Done, at.Total, at.Arm.Label, reports.FormatNumber(r.Throughput()),
		latency(h.Percentile(0.5)), latency(h.Percentile(0.99)),
		at.Remaining.Round(time.Second), verdict)
}

// latency writes a percentile, if there were enough samples for it.
func latency(p reports.Percentile) string {
	if !p.Carried {
		return "-"
	}
	return reports.FormatLatency(float64(p.Value))
}

func (p *progress) prefix(at experiment.Position) string {
	return fmt.Sprintf("[%d/%d] %s", at.Done+1, at.Total, at.Arm.Label)
}

func (p *progress) close() {
	if p.live {
		fmt.Fprint(p.w, eraseLine)
	}
}
