package search

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/raftbench/raftbench/reports"
)

// queue is an invented cluster that carries so many operations per second, with a p99 that
// grows as in a queue of one server.
func queue(most, noise float64, seed uint64) MeasureFunc {
	rng := rand.New(rand.NewPCG(seed, 1))
	return func(_ context.Context, t Trial) (Outcome, error) {
		able := most * math.Exp(noise*rng.NormFloat64())
		o := Outcome{Valid: t.Rate < able, Values: map[string]float64{reports.Throughput().Name: min(t.Rate, able)}}
		if o.Valid {
			o.Values[reports.Latency(0.99).Name] = 0.5e6 / (1 - t.Rate/able)
			o.Values[MeanLatency] = 0.1e6 / (1 - t.Rate/able)
		} else {
			o.Unsustained, o.Reasons = true, []string{"rate: too little was achieved"}
		}
		return o, nil
	}
}

func capacityConfig(t *testing.T, goal string) CapacityConfig {
	t.Helper()
	limits, err := ParseLimits(goal)
	if err != nil {
		t.Fatal(err)
	}
	return CapacityConfig{Limits: limits, Start: 1000, Max: 1e6, Window: 2 * time.Second, Precision: 0.03, Confirmations: 3, Seed: 1}
}

// With p99 = 0.5 ms / (1 - share of what is possible), 5 ms allow a share of 0.9.
func TestCapacityIsFound(t *testing.T) {
	for _, c := range []struct {
		most, noise, off float64
	}{{50e3, 0, 0.03}, {333, 0, 0.03}, {1500, 0.01, 0.07}, {123e3, 0.02, 0.1}} {
		for seed := range uint64(50) {
			config := capacityConfig(t, "p99<5ms")
			config.Seed = seed
			r, err := Capacity(context.Background(), config, queue(c.most, c.noise, seed))
			if err != nil {
				t.Fatal(err)
			}
			want := 0.9 * c.most
			if !r.Confirmed || r.Rate > want*(1+c.off/2) || r.Rate < want*(1-c.off) || r.Failed <= r.Rate {
				t.Errorf("most %v, noise %v, seed %d: %v to %v, confirmed %v; want %v", c.most, c.noise, seed, r.Rate, r.Failed, r.Confirmed, want)
			}
			if n := len(r.Points); n > 60 {
				t.Errorf("most %v, seed %d: %d trials", c.most, seed, n)
			}
			if c.noise == 0 && r.Failed > r.Rate*1.031 {
				t.Errorf("most %v: the interval %v to %v is wider than asked for", c.most, r.Rate, r.Failed)
			}
		}
	}
}

func TestCapacityThatIsNotFound(t *testing.T) {
	c := capacityConfig(t, "p99<5ms")
	c.Max = 3000
	r, err := Capacity(context.Background(), c, queue(1e6, 0, 1))
	if err != nil || r.Rate != 3000 || r.Failed != 0 || !r.Confirmed {
		t.Errorf("up to the maximum: %v, %v", r.Rate, err)
	}
	c = capacityConfig(t, "p99<400us") // at no load it is 500
	r, err = Capacity(context.Background(), c, queue(1e6, 0, 1))
	if err != nil || r.Rate != 0 || r.Confirmed || r.Failed > 8 || !strings.Contains(r.Why, "p99 is 500") {
		t.Errorf("a limit that nothing meets: %v to %v, %q, %v", r.Rate, r.Failed, r.Why, err)
	}
}

// A rate that passed by luck is not confirmed, and gives way.
func TestConfirmationStepsDown(t *testing.T) {
	c := capacityConfig(t, "p99<5ms")
	measure := queue(1e4, 0, 1)
	r, err := Capacity(context.Background(), c, MeasureFunc(func(ctx context.Context, trial Trial) (Outcome, error) {
		if trial.Stage == stageConfirm && trial.Window == 4*time.Second {
			return queue(9.3e3, 0, 1)(ctx, trial) // longer trials find less
		}
		return measure(ctx, trial)
	}))
	if err != nil || !r.Confirmed || r.Rate > 0.9*9.3e3 || r.Rate < 0.9*9.3e3*0.95 || r.Failed > r.Rate*1.04 {
		t.Errorf("%v to %v, confirmed %v, error %v", r.Rate, r.Failed, r.Confirmed, err)
	}
}

// What the machine did says nothing of the rate: it is tried again, and then given up.
func TestCapacityOnAMachineThatIsDisturbed(t *testing.T) {
	n := 0
	r, err := Capacity(context.Background(), capacityConfig(t, "p99<5ms"), MeasureFunc(func(context.Context, Trial) (Outcome, error) {
		n++
		return Outcome{Reasons: []string{"steal: 40 %"}, Values: map[string]float64{}}, nil
	}))
	if !errors.Is(err, ErrNothingValid) || n != maxUnusable || len(r.Points) != n || !strings.Contains(err.Error(), "at 1,000/s: ") {
		t.Errorf("%d trials, error %v", n, err)
	}
	measure := queue(1e4, 0, 1)
	r, err = Capacity(context.Background(), capacityConfig(t, "p99<5ms"), MeasureFunc(func(ctx context.Context, trial Trial) (Outcome, error) {
		if n++; n%2 == 0 {
			return Outcome{Reasons: []string{"steal: 40 %"}, Values: map[string]float64{}}, nil
		}
		return measure(ctx, trial)
	}))
	if err != nil || !r.Confirmed || r.Rate < 0.9*1e4*0.97 {
		t.Errorf("every second trial disturbed: %v, confirmed %v, %v", r.Rate, r.Confirmed, err)
	}
}

func TestCapacityMistakes(t *testing.T) {
	for want, spoil := range map[string]func(*CapacityConfig){
		"--goal":      func(c *CapacityConfig) { c.Limits = nil },
		"--start 0":   func(c *CapacityConfig) { c.Start = 0 },
		"--max 10":    func(c *CapacityConfig) { c.Max = 10 },
		"-d 0s":       func(c *CapacityConfig) { c.Window = 0 },
		"--precision": func(c *CapacityConfig) { c.Precision = 0.9 },
		"--confirm 0": func(c *CapacityConfig) { c.Confirmations = 0 },
	} {
		c := capacityConfig(t, "p99<5ms")
		spoil(&c)
		if _, err := Capacity(context.Background(), c, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want %q", err, want)
		}
	}
}

// Which reasons speak of the load and which of the machine.
func TestUnsustained(t *testing.T) {
	for _, c := range []struct {
		reasons           string
		strict, forgiving bool
	}{
		{"", false, false},
		{"rate: x", true, true},
		{"rate: x|stationarity: x|errors: x", true, true},
		{"refused: x|steal: x", false, true},
		{"cpu: x", true, false},
		{"stationarity: x", false, false},
		{"rate: x|build: x", false, true},
	} {
		var list []string
		if c.reasons != "" {
			list = strings.Split(c.reasons, "|")
		}
		if a, b := unsustained(list, false), unsustained(list, true); a != c.strict || b != c.forgiving {
			t.Errorf("%q: %v and %v, want %v and %v", c.reasons, a, b, c.strict, c.forgiving)
		}
	}
}

// One miss may be a disturbance: it takes two to give a rate up.
func TestASingleMissIsForgiven(t *testing.T) {
	measure, tried := queue(1e4, 0, 1), map[float64]bool{}
	r, err := Capacity(context.Background(), capacityConfig(t, "p99<5ms"), MeasureFunc(func(ctx context.Context, trial Trial) (Outcome, error) {
		if trial.Stage != stageConfirm && !tried[trial.Rate] {
			tried[trial.Rate] = true
			return queue(1, 0, 1)(ctx, trial)
		}
		return measure(ctx, trial)
	}))
	if err != nil || !r.Confirmed || r.Rate < 0.9*1e4*0.97 {
		t.Errorf("%v to %v, confirmed %v, error %v", r.Rate, r.Failed, r.Confirmed, err)
	}
}
