package search

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/raftbench/raftbench/reports"
)

func mustGoal(t *testing.T, text string) Goal {
	t.Helper()
	g, err := ParseGoal(text)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// The promise of the command: within 5 % of the full grid's best, in a third of its time. Where
// noise is as large as what is looked for, nobody can keep it always; then the full grid,
// measured with as many whole trials as the finalists get, is the yardstick.
func TestASearchFindsTheBestOfTheGridInAThirdOfItsTime(t *testing.T) {
	const seeds = 100
	for _, f := range surfaces() {
		for _, noise := range []struct {
			start, window float64
			least         int // of seeds, with 1.5 % of what was seen to spare
		}{{0, 0, seeds}, {0.02, 0.03, seeds - 1}, {0.03, 0.05, seeds - 14}} {
			t.Run(fmt.Sprint(f.name, noise.start, noise.window), func(t *testing.T) {
				found, byGrid := 0, 0
				c := config(mustGoal(t, f.goal), 0)
				c.Exhaustive = true
				for seed := range uint64(seeds) {
					c.Seed = seed
					r, err := Tune(context.Background(), c, f.noisy(seed, noise.start, noise.window))
					if err != nil {
						t.Fatal(err)
					}
					if r.Searched > r.Grid/3 || r.Grid != c.GridTime() {
						t.Errorf("seed %d: the search took %v, the grid %v", seed, r.Searched, r.Grid)
					}
					if !r.Met {
						t.Fatalf("seed %d: no setting meets the goal", seed)
					}
					if f.worth(&c.Goal, r.Winner.Setting) >= 0.95 {
						found++
					}
					if f.worth(&c.Goal, r.GridBest.Setting) >= 0.95 {
						byGrid++
					}
				}
				t.Logf("within 5 %%: the search %d of %d, the full grid %d", found, seeds, byGrid)
				if found < noise.least {
					t.Errorf("only %d of %d searches came within 5 %% of the best", found, seeds)
				}
			})
		}
	}
}

// What is alike is what could as well be recommended.
func TestAlike(t *testing.T) {
	flat := surface{at: func(s Setting) (float64, float64) { return 1e5, 1e6 }}
	c := config(mustGoal(t, "throughput where p99<5ms"), 3)
	r, err := Tune(context.Background(), c, flat.noisy(3, 0.001, 0.001))
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Alike) != len(r.Standings) || r.Alike[0].Setting.Linger != 0 || r.Alike[0].Setting.BatchSize != 1<<10 {
		t.Errorf("%d of %d are alike on a plain, the first %v", len(r.Alike), len(r.Standings), r.Alike[0].Setting)
	}
	peak := surface{at: func(s Setting) (float64, float64) {
		if s.Linger == time.Millisecond && s.BatchSize == 64<<10 {
			return 2e5, 1e6
		}
		return 1e5, 1e6
	}}
	if r, err = Tune(context.Background(), c, peak.noisy(3, 0.01, 0.01)); err != nil {
		t.Fatal(err)
	}
	want := Setting{64 << 10, time.Millisecond, 4, 0, ""}
	if len(r.Alike) != 1 || r.Alike[0].Setting != want || r.Winner.Setting != want {
		t.Errorf("a peak of one setting: the winner is %v, alike are %d", r.Winner.Setting, len(r.Alike))
	}
}

// No setting keeps to the limit: the one that comes closest is named, and nothing is alike.
func TestNoSettingMeetsTheGoal(t *testing.T) {
	f := surface{at: func(s Setting) (float64, float64) {
		return 1e5, 20e6 + 1e6*float64(s.Linger/time.Millisecond) + float64(s.BatchSize)
	}}
	r, err := Tune(context.Background(), config(mustGoal(t, "throughput where p99<5ms"), 1), f.noisy(1, 0, 0))
	if err != nil {
		t.Fatal(err)
	}
	if r.Met || len(r.Alike) > 0 || r.Winner.Setting.Linger > time.Millisecond {
		t.Errorf("met %v, alike %d, closest %v", r.Met, len(r.Alike), r.Winner.Setting)
	}
}

// What is not valid is never ranked, however good it looks.
func TestInvalidTrialsAreNotRanked(t *testing.T) {
	f := surfaces()[0]
	measure := f.noisy(1, 0.01, 0.01)
	lucky := func(s Setting) bool { return s.Linger == 500*time.Microsecond }
	m := MeasureFunc(func(ctx context.Context, trial Trial) (Outcome, error) {
		o, err := measure(ctx, trial)
		if lucky(trial.Setting) {
			o.Valid, o.Reasons = false, []string{"steal: 40 %"}
			o.Values[reports.Throughput().Name] *= 100
		}
		return o, err
	})
	r, err := Tune(context.Background(), config(mustGoal(t, "throughput"), 1), m)
	if err != nil {
		t.Fatal(err)
	}
	for _, list := range [][]Standing{{*r.Winner}, r.Alike, r.Pareto, r.Finalists} {
		if slices.ContainsFunc(list, func(s Standing) bool { return lucky(s.Setting) }) {
			t.Errorf("an INVALID setting is ranked: %v", list)
		}
	}
	s := r.Of(Setting{16 << 10, 500 * time.Microsecond, 4, 0, ""})
	if s == nil || s.Ranked != 0 || s.Unranked != 2 {
		t.Errorf("a setting that is INVALID has had %+v: want two chances in the first rung, and no more", s)
	}
	none := MeasureFunc(func(context.Context, Trial) (Outcome, error) {
		return Outcome{Reasons: []string{"other-load: 30 %"}, Values: map[string]float64{}}, nil
	})
	if _, err = Tune(context.Background(), config(mustGoal(t, "throughput"), 1), none); !errors.Is(err, ErrNothingValid) || !strings.Contains(err.Error(), "other-load") {
		t.Errorf("nothing valid: %v", err)
	}
}

// A percentile that the sample does not carry ranks nobody either.
func TestAMetricThatIsMissing(t *testing.T) {
	m := MeasureFunc(func(context.Context, Trial) (Outcome, error) {
		return Outcome{Valid: true, Values: map[string]float64{reports.Throughput().Name: 1}}, nil
	})
	_, err := Tune(context.Background(), config(mustGoal(t, "throughput where p99.99<1s"), 1), m)
	if !errors.Is(err, ErrNothingValid) || !strings.Contains(err.Error(), "too short") {
		t.Errorf("error is %v", err)
	}
}

// Above the highest rate of all settings nothing is ranked, and that is no defect of the
// machine.
func TestNothingSustainsTheRate(t *testing.T) {
	m := MeasureFunc(func(_ context.Context, trial Trial) (Outcome, error) {
		if trial.Rate != 20e3 {
			t.Errorf("the rate is %v", trial.Rate)
		}
		return Outcome{Unsustained: true, Reasons: []string{"rate: 100 of 20000"}, Values: map[string]float64{reports.Throughput().Name: 100}}, nil
	})
	r, err := Tune(context.Background(), config(mustGoal(t, "p99 at 20k/s"), 1), m)
	if err != nil || r.Winner != nil || len(r.Trials) != 35 {
		t.Errorf("winner %v after %d trials, error %v", r.Winner, len(r.Trials), err)
	}
}

// Every block has every setting once, in an order that the seed alone decides.
func TestTrialsAreInterleaved(t *testing.T) {
	run := func(seed uint64) []Measured {
		r, err := Tune(context.Background(), config(mustGoal(t, "throughput"), seed), surfaces()[0].noisy(1, 0.02, 0.02))
		if err != nil {
			t.Fatal(err)
		}
		return r.Trials
	}
	first, second, other := run(5), run(5), run(6)
	if diff := cmp.Diff(first, second); diff != "" {
		t.Errorf("the same seed gives other trials:\n%s", diff)
	}
	if cmp.Equal(first[:5], other[:5]) {
		t.Error("another seed gives the same order")
	}
	var last []Setting
	seeds := map[uint64]bool{}
	for _, m := range first {
		if seeds[m.Seed] {
			t.Errorf("two trials have the seed %d", m.Seed)
		}
		seeds[m.Seed] = true
		if m.Stage == stageFinal {
			last = append(last, m.Setting)
		}
	}
	if len(last)%3 != 0 {
		t.Fatalf("the final has %d trials", len(last))
	}
	n := len(last) / 3
	for block := 0; block < len(last); block += n {
		for _, s := range last[:n] {
			if !slices.Contains(last[block:block+n], s) {
				t.Errorf("block %d of the final lacks %v", block/n+1, s)
			}
		}
	}
}

// An error of the Measurer ends the search; what it did is in the result.
func TestAnErrorEndsTheSearch(t *testing.T) {
	measure, stop := surfaces()[0].noisy(1, 0, 0), errors.New("stop")
	n := 0
	m := MeasureFunc(func(ctx context.Context, trial Trial) (Outcome, error) {
		if n++; n > 40 {
			return Outcome{}, stop
		}
		return measure(ctx, trial)
	})
	r, err := Tune(context.Background(), config(mustGoal(t, "throughput"), 1), m)
	if !errors.Is(err, stop) || len(r.Trials) != 40 || r.Winner == nil {
		t.Errorf("%d trials, winner %v, error %v", len(r.Trials), r.Winner, err)
	}
}

func TestConfigMistakes(t *testing.T) {
	good := config(mustGoal(t, "throughput"), 1)
	for want, spoil := range map[string]func(*Config){
		"-d 0s":                   func(c *Config) { c.Window = 0 },
		"--repeat 0":              func(c *Config) { c.Repeat = 0 },
		"one combination":         func(c *Config) { c.Space.BatchSizes, c.Space.Lingers = []int{1}, []time.Duration{0} },
		"the space is empty":      func(c *Config) { c.Space.Pipelines = nil },
		"1225 combinations: want": func(c *Config) { c.Space.Pipelines = make([]int, 35) },
	} {
		c := good
		spoil(&c)
		if _, err := Tune(context.Background(), c, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want %q", err, want)
		}
	}
}

// Half a step of the grid is its geometric middle; zero has none.
func TestAround(t *testing.T) {
	s := space()
	for _, c := range []struct {
		at   Setting
		want []Setting
	}{
		{Setting{16 << 10, time.Millisecond, 4, 0, ""}, []Setting{
			{8 << 10, time.Millisecond, 4, 0, ""}, {32 << 10, time.Millisecond, 4, 0, ""},
			{16 << 10, 710 * time.Microsecond, 4, 0, ""}, {16 << 10, 1410 * time.Microsecond, 4, 0, ""},
		}},
		{Setting{1 << 10, 0, 4, 0, ""}, []Setting{{2 << 10, 0, 4, 0, ""}, {1 << 10, 50 * time.Microsecond, 4, 0, ""}}},
		{Setting{256 << 10, 5 * time.Millisecond, 4, 0, ""}, []Setting{{128 << 10, 5 * time.Millisecond, 4, 0, ""}, {256 << 10, 3160 * time.Microsecond, 4, 0, ""}}},
	} {
		if diff := cmp.Diff(c.want, s.Around(c.at)); diff != "" {
			t.Errorf("around %v (-want +got):\n%s", c.at, diff)
		}
	}
	s.Pipelines, s.Conns = []int{1, 2, 16}, []int{1, 4}
	if got := s.Around(Setting{1, 7, 2, 1, ""}); len(got) != 2 || got[0].Pipeline != 5 || got[1].Conns != 2 {
		t.Errorf("around depth 2 of 1, 2, 16 and one connection of 1, 4: %v", got)
	}
}

// Where all that gain most lie a little over the edge, one that is safe stays in the race: it is
// not said that nothing meets the goal.
func TestASafeSettingIsKept(t *testing.T) {
	safe := Setting{1 << 10, 100 * time.Microsecond, 4, 0, ""}
	f := surface{at: func(s Setting) (float64, float64) {
		if s == safe {
			return 0.8e5, 3e6
		}
		return 1e5, 5.15e6
	}}
	c := config(mustGoal(t, "throughput where p99<5ms"), 0)
	for _, noise := range []float64{0.005, 0.01} {
		for c.Seed = range uint64(20) {
			r, err := Tune(context.Background(), c, f.noisy(c.Seed, noise, 2*noise))
			if err != nil {
				t.Fatal(err)
			}
			if r.Winner.Setting != safe || !r.Met {
				t.Errorf("noise %v, seed %d: the winner is %v, met %v", noise, c.Seed, r.Winner.Setting, r.Met)
			}
			// With little noise it need not be called back.
			if noise == 0.005 && r.Searched > c.Budget() {
				t.Errorf("noise %v, seed %d: the search took %v of %v", noise, c.Seed, r.Searched, c.Budget())
			}
		}
	}
}

// Luck in the first rungs brings a setting into the final, and does not win it.
func TestTheFinalAloneDecides(t *testing.T) {
	lucky := Setting{1 << 10, 0, 4, 0, ""}
	flat := surface{at: func(Setting) (float64, float64) { return 1e5, 1e6 }}.noisy(1, 0.001, 0.001)
	r, err := Tune(context.Background(), config(mustGoal(t, "throughput"), 1), MeasureFunc(func(ctx context.Context, trial Trial) (Outcome, error) {
		o, err := flat(ctx, trial)
		switch {
		case trial.Setting == lucky && trial.Stage == stageFinal:
			o.Values[reports.Throughput().Name] *= 0.95
		case trial.Setting == lucky:
			o.Values[reports.Throughput().Name] *= 3
		}
		return o, err
	}))
	if err != nil {
		t.Fatal(err)
	}
	if r.Winner.Setting == lucky || r.Finalists[len(r.Finalists)-1].Setting != lucky {
		t.Errorf("the winner is %v, the finalists %v", r.Winner.Setting, r.Finalists)
	}
}
