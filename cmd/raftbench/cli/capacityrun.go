package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/raftbench/raftbench/experiment"
	"github.com/raftbench/raftbench/experiment/search"
	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/reports/plots"
)

// all sizes one transport after the other, and writes what was measured, whatever happens.
func (c *sizing) all(ctx context.Context) error {
	watchers, err := c.a.watch(&c.flags.runFlags)
	if err != nil {
		return err
	}
	defer watchers.close()
	for i := range c.subjects {
		if err = c.one(ctx, &c.subjects[i], watchers); err != nil {
			break
		}
	}
	watchers.view.Close()
	if err == nil {
		err = c.err
	}
	if ctx.Err() != nil {
		err = errInterrupted
	}
	if c.run == nil {
		return err
	}
	if writing := c.finish(ctx, err); err == nil || !errors.Is(err, errInterrupted) && writing != nil {
		err = errors.Join(err, writing)
	}
	if err != nil {
		fmt.Fprintf(c.a.notes(), "what was measured is in %s\n", c.dir)
		return err
	}
	fmt.Fprintf(c.a.notes(), "results in %s: open %s\n", c.dir, filepath.Join(c.dir, "report.html"))
	return c.verdict()
}

// one sizes one transport.
func (c *sizing) one(ctx context.Context, s *sized, watchers observers) error {
	steps, err := search.RehearseCapacity(s.config, s.overhead)
	if err != nil {
		return err
	}
	total, _ := search.Total(steps)
	p := &searchProgress{observers: watchers, total: total + len(c.flags.Clients), started: time.Now()}
	s.cluster.Observer = p
	s.result, err = search.Capacity(ctx, s.config, p.counting(s.cluster))
	if errors.Is(err, search.ErrNothingValid) {
		return fmt.Errorf("%w: %s: %w", errInvalid, s.label, err)
	}
	if err != nil {
		return err
	}
	for i, n := range c.flags.Clients {
		t := search.Trial{Setting: s.config.Setting, Clients: n, Window: s.config.Window, Seed: c.flags.Seed + uint64(i), Stage: "clients"}
		o, err := p.counting(s.cluster).Measure(ctx, t)
		if err != nil {
			return err
		}
		s.closed = append(s.closed, search.Measured{Trial: t, Outcome: o})
	}
	s.fit()
	return nil
}

// trials are all of a transport, in their order.
func (s *sized) trials() []search.Measured {
	var list []search.Measured
	if s.result != nil {
		for _, p := range s.result.Points {
			list = append(list, p.Measured)
		}
	}
	return append(list, s.closed...)
}

// scale are the points of the law: those of the closed loops if there are any.
func (s *sized) scale() []search.ScalePoint {
	if len(s.closed) > 0 {
		return search.ScalePoints(s.closed)
	}
	return search.ScalePoints(s.trials())
}

func (s *sized) fit() {
	law, err := search.FitUSL(s.scale())
	if err != nil {
		s.why = err.Error()
		return
	}
	s.law = law
}

// finish writes the result directory.
func (c *sizing) finish(ctx context.Context, why error) error {
	c.run.Status = reports.StatusComplete
	if why != nil {
		c.run.Status = reports.StatusInterrupted
		if !errors.Is(why, errInterrupted) {
			c.run.Warnings = append(c.run.Warnings, fmt.Sprintf("the search ended early: %v", why))
		}
	}
	var all []search.Measured
	for i := range c.subjects {
		all = append(all, c.subjects[i].trials()...)
	}
	scaling := c.scaling()
	picture := scaling.Picture()
	err := c.a.writeAll(c.dir, []namedFile{
		{"trials.csv", func(w io.Writer) error { return search.WriteTrials(w, all) }},
		{"capacity.csv", c.writeCSV},
		{picture.Name + ".png", picture.WritePNG},
		{picture.Name + ".svg", picture.WriteSVG},
	})
	return errors.Join(err, c.a.forms(ctx, c.dir, c.run), reports.WriteOn(c.a.disk, c.dir, c.run))
}

// scaling is the picture of the law.
func (c *sizing) scaling() plots.Scaling {
	over := "the load: operations under way by Little's law, of the trials that were sustained"
	if len(c.flags.Clients) > 0 {
		over = "the clients of a closed loop"
	}
	out := plots.Scaling{
		Title: "Throughput over operations under way", Machine: experiment.Machine(),
		Notes: []string{"Points are over " + over + ". The curves are fits of the Universal Scalability Law (Gunther): they describe the points, and prove nothing of why, or of loads beyond them."},
	}
	for i := range c.subjects {
		s := &c.subjects[i]
		line := plots.ScalingLine{Label: s.label, Transport: transportName(s.label), Note: s.why}
		for _, p := range s.scale() {
			line.Points = append(line.Points, plots.ScalingPoint{Concurrency: p.Concurrency, Throughput: p.Throughput})
		}
		if s.law != nil {
			line.Curve, line.Note = s.law.At, lawText(s.law)
		}
		out.Lines = append(out.Lines, line)
	}
	return out
}

func transportName(label string) string {
	name, _, _ := strings.Cut(label, ":")
	return name
}

func lawText(u *search.USL) string {
	peak := "no peak within reach"
	if n := u.Peak(); !math.IsInf(n, 0) {
		peak = "peak at " + reports.FormatNumber(n)
	}
	return fmt.Sprintf("sigma %.3g, kappa %.3g, %s, R2 %.3f, %d points", u.Sigma, u.Kappa, peak, u.R2, u.Points)
}

// capacityText is a rate as the answer: with what keeps it from being one.
func (s *sized) capacityText() string {
	switch r := s.result; {
	case r == nil:
		return "not measured"
	case r.Rate == 0:
		return "none"
	case !r.Confirmed:
		return reports.FormatCount(r.Rate) + "/s, not confirmed"
	default:
		return reports.FormatCount(r.Rate) + "/s"
	}
}

// verdict prints the answers. Where a transport has none, that is the error.
func (c *sizing) verdict() error {
	fmt.Fprintf(c.a.stdout, "Highest rate that is sustained with %s (open loop)\n\n", c.flags.goal)
	w := tabwriter.NewWriter(c.a.stdout, 0, 0, 3, ' ', 0)
	fmt.Fprintln(w, "transport\tcapacity\tmissed at\tbecause")
	var none []string
	for i := range c.subjects {
		s := &c.subjects[i]
		missed := "-"
		if s.result.Failed > 0 {
			missed = reports.FormatCount(s.result.Failed) + "/s"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", s.label, s.capacityText(), missed, s.result.Why)
		if s.result.Rate == 0 {
			none = append(none, fmt.Sprintf("%s (%s at %s)", s.label, s.result.Why, missed))
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprint(c.a.stdout, "\nUniversal Scalability Law, descriptive\n")
	for i := range c.subjects {
		s := &c.subjects[i]
		text := s.why
		if s.law != nil {
			text = lawText(s.law)
		}
		if _, err := fmt.Fprintf(c.a.stdout, "  %s: %s\n", s.label, text); err != nil {
			return err
		}
	}
	if len(none) > 0 {
		return usagef("no rate meets %q: %s; the trials are in %s", c.flags.goal, strings.Join(none, ", "), c.dir)
	}
	return nil
}

// writeCSV writes the answers.
func (c *sizing) writeCSV(w io.Writer) error {
	var b strings.Builder
	b.WriteString("transport,goal,capacity_ops_per_s,confirmed,missed_at_ops_per_s,usl_gamma,usl_sigma,usl_kappa,usl_r2,usl_points\n")
	for i := range c.subjects {
		s := &c.subjects[i]
		r, u := s.result, s.law
		if r == nil {
			continue
		}
		fmt.Fprintf(&b, "%q,%q,%g,%t,%g,", s.label, c.flags.goal, r.Rate, r.Confirmed, r.Failed)
		if u == nil {
			b.WriteString(",,,,\n")
			continue
		}
		fmt.Fprintf(&b, "%.6g,%.6g,%.6g,%.6g,%d\n", u.Gamma, u.Sigma, u.Kappa, u.R2, u.Points)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
