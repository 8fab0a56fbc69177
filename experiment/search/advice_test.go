package search

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/raftbench/raftbench/reports"
)

// confirmed is a confirmation in which both arms had these throughputs and p99s.
func confirmed(t *testing.T, goal Goal, base, tuned [2]float64, reasons ...string) (*reports.Run, *reports.Comparison) {
	t.Helper()
	run := &reports.Run{Status: reports.StatusComplete, Plan: reports.Plan{Replicates: 10, Interleaved: true}}
	for _, a := range []struct {
		label string
		at    [2]float64
	}{{ArmDefault, base}, {ArmTuned, tuned}} {
		arm := reports.Arm{Label: a.label, Transport: "rawtcp", Workload: reports.Workload{Load: reports.Load{Loop: reports.LoopClosed}}}
		for block := range 10 {
			h := hdrhistogram.New(1, 1e12, 3)
			if err := h.RecordValues(int64(a.at[1]), 1000); err != nil {
				t.Fatal(err)
			}
			n := uint64(a.at[0] * (1 + 0.001*float64(block%3)))
			arm.Replicates = append(arm.Replicates, reports.Replicate{
				Block: block + 1, Window: time.Second, Valid: len(reasons) == 0, Reasons: reasons,
				Operations: reports.Operations{Started: n, Succeeded: n},
				Histograms: []reports.OpHistogram{{Op: "put", Kind: reports.KindResponse, Histogram: reports.NewHistogram(h)}},
			})
		}
		run.Arms = append(run.Arms, arm)
	}
	list := reports.CompareArms(run, &run.Arms[0])
	reports.Judge(list, reports.Criteria{Gating: []reports.Metric{goal.Metric}})
	return run, &list[0]
}

func TestConclusions(t *testing.T) {
	good := [2]float64{1e5, 1e6}
	for _, c := range []struct {
		name        string
		base, tuned [2]float64
		reasons     []string
		usual       bool
		invalid     bool
		want        string
	}{
		{"better", good, [2]float64{1.2e5, 1e6}, nil, false, false, "tuned is better than default: throughput +20.0 %"},
		{"equivalent", good, good, nil, true, false, "Your defaults are fine. tuned is equivalent to default"},
		{"worse", good, [2]float64{0.8e5, 1e6}, nil, true, false, "Your defaults are fine. tuned is worse than default"},
		{"the default misses the goal", [2]float64{2e5, 9e6}, good, nil, false, false, "The default misses the goal (p99 is 9.0"},
		{"the winner misses the goal", good, [2]float64{2e5, 9e6}, nil, true, false, "the winner is not confirmed: with new seeds it misses the goal (p99 is 9.0"},
		{"invalid", good, [2]float64{1.2e5, 1e6}, []string{"steal: 40 %"}, true, true, "Nothing is confirmed: stay with your defaults. The winner is not confirmed: the arm is INVALID: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := config(mustGoal(t, "throughput where p99<5ms"), 1)
			a := Advice{Config: &config, Result: &Result{Met: true, Winner: &Standing{Setting: Setting{64 << 10, time.Millisecond, 4, 0, ""}}}}
			a.Confirmation, a.Comparison = confirmed(t, config.Goal, c.base, c.tuned, c.reasons...)
			got := a.Conclude()
			if got.Default != c.usual || got.Invalid != c.invalid || (got.Setting == config.Space.Default) != c.usual || !strings.Contains(strings.ToLower(got.String()), strings.ToLower(c.want)) {
				t.Errorf("%+v: %s\nwant %q", got, got, c.want)
			}
		})
	}
}

// A rate that only the winner sustains speaks for it.
func TestTheDefaultDoesNotSustainTheRate(t *testing.T) {
	config := config(mustGoal(t, "p99 at 20k/s"), 1)
	a := Advice{Config: &config, Result: &Result{Met: true, Winner: &Standing{Setting: Setting{64 << 10, time.Millisecond, 4, 0, ""}}}}
	a.Confirmation, a.Comparison = confirmed(t, config.Goal, [2]float64{2e4, 9e6}, [2]float64{2e4, 1e6})
	for i := range a.Confirmation.Arms[0].Replicates {
		r := &a.Confirmation.Arms[0].Replicates[i]
		r.Valid, r.Reasons = false, []string{"rate: 15000 of 20000"}
	}
	if c := a.Conclude(); c.Default || !strings.Contains(c.Why, "rate: 15000 of 20000") {
		t.Errorf("%+v", c)
	}
}

// The text says what to paste, what is alike, and what the search took.
func TestAdviceText(t *testing.T) {
	config := config(mustGoal(t, "throughput where p99<5ms"), 2)
	config.Exhaustive = true
	r, err := Tune(context.Background(), config, surfaces()[2].noisy(2, 0.01, 0.01))
	if err != nil {
		t.Fatal(err)
	}
	a := Advice{Subject: "rawtcp", Config: &config, Result: r}
	var b strings.Builder
	if err := a.WriteText(&b, a.Conclude(), "rawtcp"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"rawtcp: throughput where p99<5ms\n", "Not confirmed: it may be luck.",
		"raftbench run --transport rawtcp " + config.Space.Flags(r.Winner.Setting) + "\n",
		"cannot be told from the winner; the smallest linger among them is ", "pareto", "the full grid took 6m18s, the search 3",
		"full grid", config.Space.Label(r.GridBest.Setting),
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the text lacks %q:\n%s", want, b.String())
		}
	}
	m := a.Map(reports.Throughput(), "here")
	framed, cells := 0, 0
	for _, row := range m.Panels[0].Cells {
		for _, cell := range row {
			if cell.Framed {
				framed++
			}
			if cell.Measured {
				cells++
			}
		}
	}
	if framed != 1 || cells != len(r.Standings) || len(m.Panels) != 1 {
		t.Errorf("the map has %d panels, %d cells and %d winners; want 1, %d and 1", len(m.Panels), cells, framed, len(r.Standings))
	}
}

func TestTables(t *testing.T) {
	config := config(mustGoal(t, "throughput"), 2)
	r, err := Tune(context.Background(), config, surfaces()[0].noisy(2, 0.01, 0.01))
	if err != nil {
		t.Fatal(err)
	}
	var trials, settings strings.Builder
	if err := WriteTrials(&trials, r.Trials); err != nil {
		t.Fatal(err)
	}
	if err := WriteStandings(&settings, r); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(trials.String(), "\n"); n != 1+len(r.Trials) || !strings.HasPrefix(trials.String(), "trial,stage,batch_size_bytes,linger_ns,batch_policy,pipeline,conns,") {
		t.Errorf("%d lines for %d trials", n, len(r.Trials))
	}
	if n := strings.Count(settings.String(), "\n"); n != 1+len(r.Standings) {
		t.Errorf("%d lines for %d settings", n, len(r.Standings))
	}
}

// A trial that was made again does not leave its point INVALID.
func TestGather(t *testing.T) {
	of := func(label string, reasons ...string) *reports.Run {
		return &reports.Run{Arms: []reports.Arm{{Label: label, Replicates: []reports.Replicate{{Valid: len(reasons) == 0, Reasons: reasons}}}}}
	}
	all := of("r=1", "steal: x")
	for _, more := range []*reports.Run{of("r=1"), of("r=1", "rate: x"), of("r=1", "steal: x"), of("r=2", "steal: x"), of("r=2", "steal: y")} {
		Gather(all, more)
	}
	if len(all.Arms) != 2 || len(all.Arms[0].Replicates) != 2 || !all.Arms[0].Replicates[0].Valid || len(all.Arms[1].Replicates) != 2 {
		t.Errorf("arms are %+v", all.Arms)
	}
	if r := all.Arms[0].Replicates[1]; r.Index != 2 || all.Plan.Replicates != 2 {
		t.Errorf("index %d, %d replicates", r.Index, all.Plan.Replicates)
	}
}
