package search

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// Config says what Tune searches, and with what effort.
type Config struct {
	Goal  Goal
	Space Space

	// Window of a whole trial. The first trials of a setting are shorter.
	Window time.Duration

	// Repeat is how many whole trials each setting would get if the full grid were
	// measured, and how many the finalists get.
	Repeat int

	Overhead time.Duration // what a trial takes besides its window, roughly
	Seed     uint64

	// MinEffect is the relative difference below which settings are alike: at least the
	// noise floor of the machine.
	MinEffect float64

	// Exhaustive measures the full grid afterwards, for comparison.
	Exhaustive bool
}

func (c *Config) validate() error {
	switch {
	case c.Window <= 0:
		return fmt.Errorf("-d %v: want more than zero", c.Window)
	case c.Repeat < 1 || c.Repeat > 100:
		return fmt.Errorf("--repeat %d: want 1 to 100", c.Repeat)
	}
	return c.Space.Validate()
}

// cost is what a trial takes, roughly.
func (c *Config) cost(window time.Duration) time.Duration { return c.Overhead + window }

// GridTime is what measuring the full grid takes, roughly.
func (c *Config) GridTime() time.Duration {
	return time.Duration(len(c.Space.Grid())*c.Repeat) * c.cost(c.Window)
}

// shareOfGrid is what a search may take of the time for the full grid.
const shareOfGrid = 3

// Budget is what the search takes at most, roughly: a third of GridTime, unless a
// single look at every setting and at the finalists takes more.
func (c *Config) Budget() time.Duration { return c.GridTime() / shareOfGrid }

// The schedule of halving: in each rung the settings that are left get a longer
// window, and a third of them stays (Jamieson and Talwalkar, Non-stochastic best arm
// identification, 2016; a third rather than a half as in Hyperband, Li et al., 2017).
const (
	keepOneIn     = 3
	maxFinalists  = 4
	minFinalists  = 2
	firstDivisor  = 4  // the first window is this part of a whole one
	smallestPart  = 16 // or down to this one, where the budget is tight
	refinedAround = 2  // survivors that have their surroundings searched
	maxLooksAgain = 6  // at settings that did not come into the final
)

// Result is what Tune has found out.
type Result struct {
	Trials    []Measured
	Standings []Standing // of all settings that were tried, by all their trials but those of the grid stage

	// Finalists by their trials against each other, the best first.
	Finalists []Standing

	// Winner is the first of the finalists, by all its trials. Met says that it keeps to
	// the limits of the goal; if not, no setting does, and it is the one that comes
	// closest. Winner is nil where nothing could be ranked.
	Winner *Standing
	Met    bool

	// Alike are the settings that keep to the limits and cannot be told from the winner,
	// which is among them, the smallest linger first.
	Alike []Standing

	// Pareto are those that no other beats in throughput and p99 at once.
	Pareto []Standing

	// GridBest is the best of the full grid by its own trials; nil unless it was measured.
	GridBest *Standing

	Searched, Grid time.Duration // what both took
}

type tuner struct {
	Config
	board board
	m     Measurer
	rng   *rand.Rand
	spent time.Duration // by what trials cost roughly, so that a search that is resumed does the same

	finalists []Setting
}

// Stages of which each has a name of its own.
const (
	stageRefine = "refine"
	stageFinal  = "final"
	stageGrid   = "grid"
)

// Tune searches. What it did until an error is in the result. The same outcomes lead to the
// same trials, so that an interrupted search goes on where it was if m remembers them.
func Tune(ctx context.Context, c Config, m Measurer) (*Result, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	t := &tuner{
		Config: c, m: m, rng: rand.New(rand.NewPCG(c.Seed, 0)),
		board: board{goal: &c.Goal, margin: math.Log1p(c.MinEffect)},
	}
	err := t.search(ctx)
	if err == nil && c.Exhaustive {
		err = t.round(ctx, stageGrid, c.Space.Grid(), c.Window, c.Repeat)
	}
	return t.result(), err
}

func (t *tuner) search(ctx context.Context) error {
	survivors, err := t.halve(ctx, t.Space.Grid())
	if err != nil {
		return err
	}
	if survivors, err = t.refine(ctx, survivors); err != nil {
		return err
	}
	list, blocks := t.affordable(survivors)
	t.finalists = slices.Clone(list)
	if err := t.round(ctx, stageFinal, list, t.Window, blocks); err != nil {
		return err
	}
	return t.lookAgain(ctx, blocks)
}

// lookAgain is for a final that nobody survived: before it is said that no setting meets the
// goal, those that did so in the short trials get whole ones, whatever the budget.
func (t *tuner) lookAgain(ctx context.Context, blocks int) error {
	for range maxLooksAgain {
		if len(t.finalists) == 0 || t.finalMet() {
			return nil
		}
		var list []Setting
		for _, s := range t.board.sort(t.board.stand(t.board.tried(), nil), 0) {
			if t.board.excess(&s, 0) == 0 && !slices.Contains(t.finalists, s.Setting) && len(list) < minFinalists {
				list = append(list, s.Setting)
			}
		}
		if len(list) == 0 {
			return nil
		}
		t.finalists = append(t.finalists, list...)
		if err := t.round(ctx, stageFinal, list, t.Window, blocks); err != nil {
			return err
		}
	}
	return nil
}

// finalMet reports whether a finalist meets the goal by its trials in the final.
func (t *tuner) finalMet() bool {
	order := t.board.sort(t.board.stand(t.finalists, inFinal), 0)
	return len(order) > 0 && t.board.excess(&order[0], 0) == 0
}

func inFinal(m *Measured) bool { return m.Stage == stageFinal }

// halve looks at all settings for a short time, at the better ones for longer, and so on.
func (t *tuner) halve(ctx context.Context, settings []Setting) ([]Setting, error) {
	window := t.firstWindow(len(settings))
	for rung := 1; ; rung++ {
		if err := t.round(ctx, fmt.Sprintf("rung %d", rung), settings, window, 1); err != nil {
			return nil, err
		}
		keep := max(min(len(settings), maxFinalists), (len(settings)+keepOneIn-1)/keepOneIn)
		settings = t.board.best(settings, keep)
		switch {
		case len(settings) == 0 && t.unsustained():
			return nil, nil
		case len(settings) == 0:
			return nil, nothingValid(t.board.trials)
		case len(settings) <= maxFinalists:
			return settings, nil
		}
		window = min(2*window, t.Window)
	}
}

// unsustained reports whether a trial failed for what the setting could not carry.
func (t *tuner) unsustained() bool {
	return slices.ContainsFunc(t.board.trials, func(m Measured) bool { return m.Unsustained })
}

// firstWindow is so short that the first rung takes at most 45 % of the budget.
func (t *tuner) firstWindow(settings int) time.Duration {
	affordable := t.Budget()*45/100/time.Duration(settings) - t.Overhead
	return min(max(affordable, t.Window/smallestPart), t.Window/firstDivisor)
}

// refine tries what lies between the best settings and their neighbours on the grid, in turns
// with the best, and returns the best of all.
func (t *tuner) refine(ctx context.Context, survivors []Setting) ([]Setting, error) {
	if len(survivors) == 0 {
		return nil, nil
	}
	anchors := survivors[:min(refinedAround, len(survivors))]
	var near []Setting
	for _, s := range anchors {
		for _, n := range t.Space.Around(s) {
			if !slices.Contains(near, n) {
				near = append(near, n)
			}
		}
	}
	window := t.Window / 2
	left := t.Budget() - t.spent - t.finalCost(maxFinalists-1, t.Repeat)
	room := int(left/t.cost(window)) - len(anchors)
	if near = near[:min(len(near), max(0, room))]; len(near) == 0 {
		return survivors, nil
	}
	if err := t.round(ctx, stageRefine, append(slices.Clone(anchors), near...), window, 1); err != nil {
		return nil, err
	}
	return t.board.best(append(slices.Clone(survivors), near...), maxFinalists), nil
}

func (t *tuner) finalCost(finalists, blocks int) time.Duration {
	return time.Duration(finalists*blocks) * t.cost(t.Window)
}

// affordable says how many of the survivors go into how many blocks of the final: at least
// two into one, whatever the budget.
func (t *tuner) affordable(survivors []Setting) ([]Setting, int) {
	left := t.Budget() - t.spent
	for blocks := t.Repeat; blocks >= 1; blocks-- {
		for n := min(len(survivors), maxFinalists); n >= min(len(survivors), minFinalists); n-- {
			if t.finalCost(n, blocks) <= left {
				return survivors[:n], blocks
			}
		}
	}
	return survivors[:min(len(survivors), minFinalists)], 1
}

// round tries the settings in blocks: each block has every setting once, in random order.
// A trial that cannot be ranked gets a second chance after its block, unless the setting
// itself is to blame.
func (t *tuner) round(ctx context.Context, stage string, settings []Setting, window time.Duration, blocks int) error {
	for range blocks {
		var again []Setting
		for _, i := range t.rng.Perm(len(settings)) {
			o, err := t.try(ctx, stage, settings[i], window)
			if err != nil {
				return err
			}
			if !t.Goal.ranks(&o) && !o.Unsustained {
				again = append(again, settings[i])
			}
		}
		for _, s := range again {
			if _, err := t.try(ctx, stage, s, window); err != nil {
				return err
			}
		}
	}
	return nil
}

func (t *tuner) try(ctx context.Context, stage string, s Setting, window time.Duration) (Outcome, error) {
	trial := Trial{Setting: s, Rate: t.Goal.Rate, Window: window, Stage: stage, Seed: trialSeed(t.Seed, len(t.board.trials)+1)}
	o, err := t.m.Measure(ctx, trial)
	if err != nil {
		return o, err
	}
	if o.Values == nil {
		return o, errors.New("a trial has no values")
	}
	t.board.trials = append(t.board.trials, Measured{trial, o})
	if stage != stageGrid {
		t.spent += t.cost(window)
	}
	return o, nil
}
