package search

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/raftbench/raftbench/reports"
)

// CapacityConfig says what Capacity searches.
type CapacityConfig struct {
	Setting Setting
	Limits  []reports.Gate // a rate is sustained only if all of them hold

	Start, Max float64 // operations per second

	Window time.Duration // of a trial

	// Precision is the relative width at which bisection ends: at least the noise floor of
	// the machine, or it splits what cannot be told apart.
	Precision float64

	// Confirmations is how many trials confirm the rate that was found, each twice as long
	// as the others and with a new seed.
	Confirmations int

	Seed uint64
}

func (c *CapacityConfig) validate() error {
	switch {
	case len(c.Limits) == 0:
		return errors.New("--goal: want a limit such as p99<5ms")
	case !(c.Start > 0 && c.Start <= c.Max && c.Max <= 1e9):
		return fmt.Errorf("--start %v, --max %v: want rates above 0, the first no larger than the second", c.Start, c.Max)
	case c.Window <= 0:
		return fmt.Errorf("-d %v: want more than zero", c.Window)
	case !(c.Precision >= 0.001 && c.Precision <= 0.5):
		return fmt.Errorf("--precision %v: want 0.1%% to 50%%", c.Precision)
	case c.Confirmations < 1 || c.Confirmations > 100:
		return fmt.Errorf("--confirm %d: want 1 to 100", c.Confirmations)
	}
	return nil
}

// Point is a trial at a rate, and what it says.
type Point struct {
	Measured
	Met bool   // it was sustained and keeps to the limits
	Why string // if not
}

// CapacityResult is what Capacity has found out.
type CapacityResult struct {
	Points []Point // all trials, in their order

	// Rate is the highest that was sustained, with Confirmed set if the longer trials say
	// so, too; zero: none was. It is what was offered.
	Rate      float64
	Confirmed bool

	// Failed is the lowest rate above Rate that was not sustained, and Why; zero: there was
	// none up to Max.
	Failed float64
	Why    string
}

// The stages of Capacity.
const (
	stageDouble  = "doubling"
	stageBisect  = "bisection"
	stageConfirm = "confirmation"
)

// Bounds on what noise can make of a search.
const (
	maxHalvings   = 7 // of a start that is too high
	maxStepsDown  = 5 // of a rate that is not confirmed
	maxUnusable   = 3 // trials in a row that may not be trusted
	longerConfirm = 2 // times the window
)

type capacity struct {
	CapacityConfig
	m      Measurer
	result *CapacityResult
}

// Capacity searches the highest rate that a setting sustains within the limits: it doubles
// the rate until that fails, bisects on a logarithmic scale, and confirms. A rate that fails
// once may have met a disturbance, and one that passes once may have had luck, so bisection
// takes the majority of three. What it did until an error is in the result.
func Capacity(ctx context.Context, c CapacityConfig, m Measurer) (*CapacityResult, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	s := &capacity{c, m, new(CapacityResult)}
	low, high, err := s.bracket(ctx)
	if err == nil && low > 0 {
		low, high, err = s.bisect(ctx, low, high)
	}
	if err == nil && low > 0 {
		err = s.confirm(ctx, low, high)
	}
	return s.result, err
}

// note keeps what is known so far.
func (s *capacity) note(low, high float64, why string) {
	s.result.Rate, s.result.Failed = low, high
	if why != "" {
		s.result.Why = why
	}
}

// bracket doubles until a rate fails. Low is zero if none passes, high if none fails.
func (s *capacity) bracket(ctx context.Context) (low, high float64, err error) {
	for rate := s.Start; ; rate = min(2*rate, s.Max) {
		met, why, err := s.decide(ctx, stageDouble, rate, 1)
		if err != nil {
			return 0, 0, err
		}
		if !met {
			s.note(low, rate, why)
			high = rate
			break
		}
		s.note(rate, 0, "")
		if low = rate; rate == s.Max {
			return low, 0, nil
		}
	}
	for halvings := 0; low == 0 && halvings < maxHalvings; halvings++ {
		rate := round3(high / 2)
		met, why, err := s.decide(ctx, stageDouble, rate, 1)
		switch {
		case err != nil:
			return 0, 0, err
		case met:
			low = rate
			s.note(low, high, "")
		default:
			high = rate
			s.note(0, high, why)
		}
	}
	return low, high, nil
}

func (s *capacity) bisect(ctx context.Context, low, high float64) (float64, float64, error) {
	for high > 0 && high/low > 1+s.Precision {
		rate := round3(math.Sqrt(low * high))
		if rate <= low || rate >= high {
			break
		}
		met, why, err := s.decide(ctx, stageBisect, rate, 2)
		switch {
		case err != nil:
			return low, high, err
		case met:
			low = rate
		default:
			high = rate
		}
		s.note(low, high, why)
	}
	return low, high, nil
}

// round3 keeps three digits, so that rates can be read.
func round3(v float64) float64 {
	unit := math.Pow(10, math.Floor(math.Log10(v))-2)
	return math.Round(v/unit) * unit
}

// confirm tries the rate again for longer; one that fails gives way to one that is lower by
// the precision.
func (s *capacity) confirm(ctx context.Context, low, high float64) error {
	for range maxStepsDown {
		why, err := s.confirmAt(ctx, low)
		if err != nil {
			return err
		}
		if why == "" {
			s.note(low, high, "")
			s.result.Confirmed = true
			return nil
		}
		high = low
		low = round3(low / (1 + s.Precision))
		s.note(low, high, why)
	}
	return nil
}

func (s *capacity) confirmAt(ctx context.Context, rate float64) (why string, err error) {
	for range s.Confirmations {
		p, err := s.usable(ctx, stageConfirm, rate, longerConfirm*s.Window)
		if err != nil || !p.Met {
			return p.Why, err
		}
	}
	return "", nil
}

// decide tries a rate until it was met or missed often enough. A miss always takes two.
func (s *capacity) decide(ctx context.Context, stage string, rate float64, meets int) (met bool, why string, err error) {
	const misses = 2
	yes, no := 0, 0
	for {
		p, err := s.usable(ctx, stage, rate, s.Window)
		switch {
		case err != nil:
			return false, "", err
		case p.Met:
			if yes++; yes == meets {
				return true, "", nil
			}
		default:
			if no++; no == misses {
				return false, p.Why, nil
			}
		}
	}
}

// usable tries a rate until a trial says something of the setting.
func (s *capacity) usable(ctx context.Context, stage string, rate float64, window time.Duration) (Point, error) {
	for range maxUnusable {
		p, usable, err := s.try(ctx, stage, rate, window)
		if err != nil || usable {
			return p, err
		}
	}
	var trials []Measured
	for _, p := range s.result.Points {
		trials = append(trials, p.Measured)
	}
	return Point{}, fmt.Errorf("at %s/s: %w", reports.FormatCount(rate), nothingValid(trials))
}

// try makes a trial. It is usable if it says something of the setting.
func (s *capacity) try(ctx context.Context, stage string, rate float64, window time.Duration) (p Point, usable bool, err error) {
	t := Trial{Setting: s.Setting, Rate: rate, Window: window, Stage: stage, Seed: trialSeed(s.Seed, len(s.result.Points)+1)}
	o, err := s.m.Measure(ctx, t)
	if err != nil {
		return p, false, err
	}
	p = Point{Measured: Measured{t, o}}
	p.Met, p.Why, usable = s.judge(&o)
	s.result.Points = append(s.result.Points, p)
	return p, usable, nil
}

func (s *capacity) judge(o *Outcome) (met bool, why string, usable bool) {
	switch {
	case o.Unsustained:
		return false, o.reason(), true
	case !o.Valid:
		return false, o.reason(), false
	}
	for _, g := range s.Limits {
		v, ok := o.Values[g.Metric.Name]
		if !ok {
			return false, fmt.Sprintf("too few operations for %s", g.Metric.Title), false
		}
		if !g.Holds(v) {
			return false, fmt.Sprintf("%s is %s", g.Metric.Title, g.Metric.Format(v)), true
		}
	}
	return true, "", true
}
