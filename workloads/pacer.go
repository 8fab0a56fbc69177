package workloads

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"
)

// Arrivals says how the operations of an open loop are spread over time.
type Arrivals uint8

// The arrival processes.
const (
	// Poisson: independent of each other, as the requests of many users are.
	Poisson Arrivals = iota
	// Constant: evenly spaced.
	Constant
)

func (a Arrivals) String() string {
	if a == Constant {
		return "constant"
	}
	return "poisson"
}

// Stage is a stretch of a schedule: a step if From and To are equal, otherwise a
// linear ramp. Rates are in operations per second, of all workers together.
type Stage struct {
	Duration time.Duration // zero, in the last stage only: without end
	From, To float64
}

// Schedule says when the operations of an open loop are to start. It is a pure
// function: the same Schedule gives the same instants, whatever happens while
// they pass.
type Schedule struct {
	Arrivals Arrivals
	Seed     uint64
	Stages   []Stage
}

// Rate is a schedule without end at a constant mean rate.
func Rate(opsPerSecond float64) Schedule {
	return Schedule{Stages: []Stage{{From: opsPerSecond, To: opsPerSecond}}}
}

// maxRate is a billion operations a second: beyond, intended starts would not
// differ by a nanosecond.
const maxRate = 1e9

// validate names the stage that makes no sense.
func (s Schedule) validate() error {
	if len(s.Stages) == 0 {
		return fmt.Errorf("schedule: no stages")
	}
	for i, stage := range s.Stages {
		last := i == len(s.Stages)-1
		switch {
		case !(stage.From >= 0 && stage.To >= 0 && max(stage.From, stage.To) <= maxRate):
			return fmt.Errorf("schedule: stage %d goes from %v to %v operations per second: want 0 to %v", i+1, stage.From, stage.To, maxRate)
		case stage.Duration < 0 || stage.Duration == 0 && !last:
			return fmt.Errorf("schedule: stage %d takes %v: want a positive time", i+1, stage.Duration)
		case stage.Duration == 0 && stage.From != stage.To:
			return fmt.Errorf("schedule: stage %d is a ramp without a duration", i+1)
		case stage.Duration == 0 && stage.From == 0:
			return fmt.Errorf("schedule: the last stage has no end and no operations")
		}
	}
	return nil
}

// Expected returns the mean number of operations due from one offset up to
// another.
func (s Schedule) Expected(from, to time.Duration) float64 {
	return s.cumulative(to) - s.cumulative(from)
}

// cumulative is the integral of the rate from the start to t.
func (s Schedule) cumulative(t time.Duration) float64 {
	sum := 0.0
	for _, stage := range s.Stages {
		if t <= 0 {
			break
		}
		d := t
		if stage.Duration > 0 {
			d = min(t, stage.Duration)
		}
		sum += stage.due(d)
		t -= d
	}
	return sum
}

// due is the mean number of operations in the first d of a stage.
func (g Stage) due(d time.Duration) float64 {
	x := d.Seconds()
	if g.From == g.To {
		return g.From * x
	}
	return g.From*x + (g.To-g.From)*x*x/(2*g.Duration.Seconds())
}

// Pacer yields the intended starts of one worker. It has one user at a time.
//
// Both arrival processes are made at the rate one, where they do not depend on
// the stages, and then stretched by the inverse of the integrated rate. So steps
// and ramps need no code of their own, and a Poisson process stays one (Lewis and
// Shedler, Naval Research Logistics 26(3), 1979).
type Pacer struct {
	schedule Schedule
	workers  float64
	rng      *rand.Rand

	unit  float64 // the operation's instant at rate one
	stage int     // the stage it falls into
	start time.Duration
	base  float64 // operations due before that stage
}

// NewPacer returns the intended starts of one of several workers, which share
// the operations between them: all workers together follow the schedule.
func (s Schedule) NewPacer(worker, workers int) (*Pacer, error) {
	if err := s.validate(); err != nil {
		return nil, err
	}
	p := &Pacer{schedule: s, workers: float64(workers), rng: rand.New(newSource(s.Seed, streamArrivals, worker))}
	if s.Arrivals == Constant {
		p.unit = float64(worker) - p.workers
	}
	return p, nil
}

// Next returns when the next operation is to start, counted from the start of
// the run; never earlier than the one before. It reports false when the schedule
// has ended.
func (p *Pacer) Next() (time.Duration, bool) {
	gap := 1.0
	if p.schedule.Arrivals == Poisson {
		gap = p.rng.ExpFloat64()
	}
	p.unit += gap * p.workers
	for ; p.stage < len(p.schedule.Stages); p.stage++ {
		g := p.schedule.Stages[p.stage]
		due := math.Inf(1)
		if g.Duration > 0 {
			due = g.due(g.Duration)
		}
		if p.unit < p.base+due {
			return p.start + g.when(p.unit-p.base), true
		}
		p.base += due
		p.start += g.Duration
	}
	return 0, false
}

// when is the inverse of due. The form of the quadratic's root is the one that
// does not cancel where the ramp is nearly flat.
func (g Stage) when(n float64) time.Duration {
	x := n / g.From
	if g.From != g.To {
		slope := (g.To - g.From) / g.Duration.Seconds()
		x = 2 * n / (g.From + math.Sqrt(max(g.From*g.From+2*slope*n, 0)))
	}
	if math.IsNaN(x) { // 0/0: the very start of a ramp from zero
		return 0
	}
	return time.Duration(x * float64(time.Second))
}
