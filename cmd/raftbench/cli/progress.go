package cli

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"

	"golang.org/x/term"

	"github.com/raftbench/raftbench/cmd/raftbench/live"
	"github.com/raftbench/raftbench/cmd/raftbench/metrics"
	"github.com/raftbench/raftbench/experiment"
	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/workloads"
)

// newView shows how a run goes: a table on a terminal, lines elsewhere, nothing if
// quiet.
func (a *app) newView(quiet bool) *live.View {
	f, ok := fileOf(a.stderr)
	switch {
	case quiet:
		return live.New(io.Discard, nil)
	case !ok || !isTerminal(f) || os.Getenv("TERM") == "dumb":
		return live.New(a.stderr, nil)
	}
	return live.New(a.stderr, func() (int, int) {
		columns, rows, err := term.GetSize(int(f.Fd()))
		if err != nil {
			return 80, 24
		}
		return columns, rows
	})
}

func isTerminal(w io.Writer) bool {
	f, ok := fileOf(w)
	return ok && term.IsTerminal(int(f.Fd()))
}

// colour tells whether standard output wants escape sequences.
func (a *app) colour() bool {
	return isTerminal(a.stdout) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

// observers passes what it is told on to all that watch a run.
type observers struct {
	view     *live.View
	exporter *metrics.Exporter // nil: nobody asked for metrics
}

// watch makes those that watch a run. The caller closes them.
func (a *app) watch(f *runFlags) (observers, error) {
	o := observers{view: a.newView(f.quiet)}
	if f.metrics == "" {
		return o, nil
	}
	o.exporter = metrics.New()
	if err := o.exporter.Serve(f.metrics); err != nil {
		if errors.As(err, new(*net.AddrError)) || errors.As(err, new(*net.DNSError)) {
			return o, usagef("%w: want HOST:PORT or :PORT, such as :9464", err)
		}
		return o, err
	}
	fmt.Fprintf(a.notes(), "metrics at http://%s/metrics\n", o.exporter.Address())
	return o, nil
}

// close ends what watch began.
func (o observers) close() {
	if o.exporter != nil {
		_ = o.exporter.Close() // of a listener: there is nothing to lose
	}
}

// ReplicateStarts implements experiment.Observer.
func (o observers) ReplicateStarts(at experiment.Position) {
	o.view.ReplicateStarts(at)
	if o.exporter != nil {
		o.exporter.ReplicateStarts(at)
	}
}

// Progress implements experiment.Observer.
func (o observers) Progress(at experiment.Position, now workloads.Progress) {
	o.view.Progress(at, now)
	if o.exporter != nil {
		o.exporter.Progress(at, now)
	}
}

// Partial implements experiment.Observer.
func (o observers) Partial(at experiment.Position, r *reports.Replicate) {
	o.view.Partial(at, r)
	if o.exporter != nil {
		o.exporter.Partial(at, r)
	}
}

// ReplicateEnds implements experiment.Observer.
func (o observers) ReplicateEnds(at experiment.Position, r *reports.Replicate) {
	o.view.ReplicateEnds(at, r)
	if o.exporter != nil {
		o.exporter.ReplicateEnds(at, r)
	}
}
