package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/experiment"
	"github.com/raftbench/raftbench/experiment/search"
	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/reports/atomicfile"
	"github.com/raftbench/raftbench/workloads"
)

// one searches, confirms, writes the files and prints the advice.
func (t *tuning) one(ctx context.Context, s *subject, dir string, watchers observers) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("-o: %w", err)
	}
	total, _ := search.Total(s.steps)
	p := &searchProgress{observers: watchers, total: total, started: time.Now()}
	s.cluster.Observer = p
	result, err := search.Tune(ctx, s.config, p.counting(t.memory.Of(s.label, s.cluster)))
	advice := &search.Advice{Subject: s.label, Config: &s.config, Result: result}
	if err != nil {
		if writing := t.tables(dir, result); writing != nil && ctx.Err() == nil {
			fmt.Fprintf(t.a.notes(), "warning: %v\n", writing)
		}
		if errors.Is(err, search.ErrNothingValid) {
			err = fmt.Errorf("%w: %s: %w; the trials are in %s", errInvalid, s.label, err, dir)
		}
		return err
	}
	if result.Met && result.Winner.Setting != s.config.Space.Default {
		if err := t.confirm(ctx, s, advice, dir, watchers); err != nil {
			return err
		}
	}
	watchers.view.Close()
	if err := t.files(dir, s, advice); err != nil {
		return err
	}
	if !result.Met {
		return usagef("%s: %s; the trials are in %s", s.label, advice.Closest(), dir)
	}
	c := advice.Conclude()
	spec, err := s.cluster.Transport(c.Setting.Conns)
	if err == nil {
		err = advice.WriteText(t.a.stdout, c, spec.Label)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(t.a.notes(), "results in %s\n", dir)
	if c.Invalid && !t.flags.allowInvalid {
		return fmt.Errorf("%w: %s: %s", errInvalid, s.label, c.Why)
	}
	return nil
}

// confirm measures the default and the winner in turns, and the best of the full grid where
// that is known, with seeds that the search has not seen.
func (t *tuning) confirm(ctx context.Context, s *subject, advice *search.Advice, dir string, watchers observers) error {
	settings := s.cluster.Settings
	settings.Named, settings.Repeat, settings.Seed = nil, t.flags.blocks, search.ConfirmationSeed(s.config.Seed)
	arms := []struct {
		name string
		at   search.Setting
	}{{search.ArmDefault, s.config.Space.Default}, {search.ArmTuned, advice.Result.Winner.Setting}}
	if best := advice.Result.GridBest; best != nil && best.Setting != arms[0].at && best.Setting != arms[1].at {
		arms = append(arms, struct {
			name string
			at   search.Setting
		}{search.ArmGrid, best.Setting})
	}
	for _, arm := range arms {
		own, err := s.cluster.SettingsOf(arm.at, arm.name)
		if err != nil {
			return err
		}
		settings.Named = append(settings.Named, own.Named...)
	}
	plan, err := settings.Plan()
	if err != nil {
		return err
	}
	where, err := freshDir(filepath.Join(dir, "confirmation"))
	if err != nil {
		return err
	}
	keeper := reports.NewKeeper(t.a.disk, where)
	run, err := experiment.Run(ctx, &settings, plan, t.header, watchers, keeper)
	if err == nil {
		err = t.a.forms(ctx, where, run)
	}
	if finishing := keeper.Finish(run); err == nil {
		err = finishing
	}
	if err == nil && run.Status == reports.StatusInterrupted {
		err = errInterrupted
	}
	if err != nil {
		return err
	}
	advice.Confirmation = run
	advice.Comparison = compareWithDefault(run, s.config.Goal.Metric)
	return nil
}

// freshDir makes a directory of that name, or with a number where there is one: a
// confirmation that was interrupted is begun again.
func freshDir(path string) (string, error) {
	for n := 1; ; n++ {
		name := path
		if n > 1 {
			name = fmt.Sprintf("%s-%d", path, n)
		}
		err := os.Mkdir(name, 0o755)
		if err == nil || !errors.Is(err, os.ErrExist) {
			return name, err
		}
	}
}

// compareWithDefault asks one question: is the winner better in what the goal is about?
func compareWithDefault(run *reports.Run, m reports.Metric) *reports.Comparison {
	for _, c := range reports.CompareArms(run, run.FindArm(search.ArmDefault)) {
		if c.Other.Label == search.ArmTuned {
			list := []reports.Comparison{c}
			reports.Judge(list, reports.Criteria{Gating: []reports.Metric{m}})
			return &list[0]
		}
	}
	return nil
}

// tables writes what was measured, which is of use whatever became of the search.
func (t *tuning) tables(dir string, r *search.Result) error {
	return t.a.writeAll(dir, []namedFile{
		{"trials.csv", func(w io.Writer) error { return search.WriteTrials(w, r.Trials) }},
		{"settings.csv", func(w io.Writer) error { return search.WriteStandings(w, r) }},
	})
}

func (t *tuning) files(dir string, s *subject, advice *search.Advice) error {
	if err := t.tables(dir, advice.Result); err != nil {
		return err
	}
	var list []namedFile
	for _, m := range []reports.Metric{reports.Throughput(), reports.Latency(0.99)} {
		picture := advice.Map(m, experiment.Machine())
		p := picture.Picture()
		list = append(list, namedFile{p.Name + ".png", p.WritePNG}, namedFile{p.Name + ".svg", p.WriteSVG})
	}
	if advice.Result.Met {
		c := advice.Conclude()
		list = append(list, namedFile{"recommended.yaml", func(w io.Writer) error { return t.writeYAML(w, s, c) }})
	}
	return t.a.writeAll(dir, list)
}

// writeYAML writes a file that run -f reads.
func (t *tuning) writeYAML(w io.Writer, s *subject, c search.Conclusion) error {
	spec, err := s.cluster.Transport(c.Setting.Conns)
	if err != nil {
		return err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "# raftbench tune: %s\n# on %s\n# %s\n", s.config.Goal.Text, experiment.Machine(), c)
	lines := append([][2]string{{"transport", spec.Label}}, t.load...)
	if s.config.Goal.Rate > 0 {
		lines = append(lines, [2]string{"rate", fmt.Sprint(s.config.Goal.Rate)})
	}
	lines = append(lines,
		[2]string{"batch.size", core.FormatSize(c.Setting.BatchSize)},
		[2]string{"linger", c.Setting.Linger.String()},
		[2]string{"pipeline", fmt.Sprint(c.Setting.Pipeline)})
	if c.Setting.Policy != "" {
		lines = append(lines, [2]string{"batch.policy", string(c.Setting.Policy)})
	}
	for _, l := range lines {
		fmt.Fprintf(&b, "%s: %q\n", l[0], l[1])
	}
	_, err = io.WriteString(w, b.String())
	return err
}

// namedFile is a file of a result directory.
type namedFile struct {
	name  string
	write func(io.Writer) error
}

func (a *app) writeAll(dir string, list []namedFile) error {
	for _, f := range list {
		if err := atomicfile.WriteOn(a.disk, filepath.Join(dir, f.name), f.write); err != nil {
			return err
		}
	}
	return nil
}

// fileName makes a label fit for the name of a file.
func fileName(label string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '_' {
			return r
		}
		return '-'
	}, label)
}

// searchProgress tells observers where a search stands instead of a run of one replicate.
type searchProgress struct {
	observers
	done, total int
	started     time.Time
}

// counting counts the trials, remembered ones included.
func (p *searchProgress) counting(m search.Measurer) search.Measurer {
	return search.MeasureFunc(func(ctx context.Context, t search.Trial) (search.Outcome, error) {
		o, err := m.Measure(ctx, t)
		p.done++
		return o, err
	})
}

// within turns the position in a run of one replicate into that in the search.
func (p *searchProgress) within(at experiment.Position, done int) experiment.Position {
	at.Done, at.Total, at.StartedRun = done, max(p.total, p.done+1), p.started
	at.Remaining *= time.Duration(at.Total - p.done)
	if p.done > 0 {
		at.Remaining = time.Since(p.started) / time.Duration(p.done) * time.Duration(at.Total-done)
	}
	return at
}

// ReplicateStarts implements experiment.Observer.
func (p *searchProgress) ReplicateStarts(at experiment.Position) {
	p.observers.ReplicateStarts(p.within(at, p.done))
}

// Progress implements experiment.Observer.
func (p *searchProgress) Progress(at experiment.Position, now workloads.Progress) {
	p.observers.Progress(p.within(at, p.done), now)
}

// ReplicateEnds implements experiment.Observer.
func (p *searchProgress) ReplicateEnds(at experiment.Position, r *reports.Replicate) {
	p.observers.ReplicateEnds(p.within(at, p.done+1), r)
}
