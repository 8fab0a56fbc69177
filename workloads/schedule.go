package workloads

import (
	"errors"
	"fmt"
	"math"
	"strings"
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

// AllArrivals lists the arrival processes, the default first.
func AllArrivals() []Arrivals { return []Arrivals{Poisson, Constant} }

func (a Arrivals) String() string {
	if a == Constant {
		return "constant"
	}
	return "poisson"
}

// ParseArrivals reads the name of an arrival process. The error lists what is allowed.
func ParseArrivals(name string) (Arrivals, error) {
	var names []string
	for _, a := range AllArrivals() {
		if a.String() == name {
			return a, nil
		}
		names = append(names, a.String())
	}
	return 0, fmt.Errorf("%q: allowed are %s", name, strings.Join(names, ", "))
}

// Schedule says when the operations of an open loop are to start, counted from
// the start of the window. It is a pure function: the same Schedule gives the same
// instants, whatever happens while they pass and however long the warm-up took.
// The warm-up has a schedule of its own, leadIn.
type Schedule struct {
	Arrivals Arrivals
	Seed     uint64
	Stages   Stages
}

// Rate is a schedule without end at a constant mean rate.
func Rate(opsPerSecond float64) Schedule {
	return Schedule{Stages: Stages{{From: opsPerSecond, To: opsPerSecond}}}
}

// maxRate is a billion operations a second: beyond, intended starts would not
// differ by a nanosecond.
const maxRate = 1e9

// MaxStages bounds the stages of a schedule: each has histograms of its own, of
// 432 KiB.
const MaxStages = 64

// maxStageDuration keeps sums of MaxStages durations from overflowing by far.
const maxStageDuration = 30 * 24 * time.Hour

// validate names the stage that makes no sense.
func (s Schedule) validate() error {
	if n := len(s.Stages); n == 0 || n > MaxStages {
		return fmt.Errorf("schedule: %d stages: want 1 to %d", n, MaxStages)
	}
	for i, stage := range s.Stages {
		if err := stage.validate(i == len(s.Stages)-1); err != nil {
			return fmt.Errorf("schedule: stage %d %w", i+1, err)
		}
	}
	if s.Stages.Peak() == 0 {
		return errors.New("schedule: no stage has any operations")
	}
	return nil
}

// validate says what makes no sense. Only the last stage may be without end.
func (g Stage) validate(last bool) error {
	switch {
	case !(g.From >= 0 && g.To >= 0 && max(g.From, g.To) <= maxRate):
		return fmt.Errorf("goes from %v to %v operations per second: want 0 to %v", g.From, g.To, maxRate)
	case g.Duration < 0 || g.Duration == 0 && !last:
		return fmt.Errorf("takes %v: want a positive time", g.Duration)
	case g.Duration > maxStageDuration:
		return fmt.Errorf("takes %v: want at most %v", g.Duration, maxStageDuration)
	case g.Duration == 0 && g.From != g.To:
		return errors.New("is a ramp without a duration")
	case g.Duration == 0 && g.From == 0:
		return errors.New("has no end and no operations")
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

// leadIn is the schedule of a warm-up: without end, at the rate with which the
// first stage that has any operations begins, or if it begins with none, at its
// mean rate.
func (s Schedule) leadIn() Schedule {
	rate := 0.0
	for _, g := range s.Stages {
		if rate = g.From; rate == 0 {
			rate = g.mean()
		}
		if rate > 0 {
			break
		}
	}
	lead := Rate(rate)
	lead.Arrivals, lead.Seed = s.Arrivals, s.Seed
	return lead
}

// dispatcherOpsPerS is what one dispatcher is asked to do at most. It could do
// ten times that against a target that costs nothing (BenchmarkOpenLoop); the
// rest is for Target.Submit, which it calls.
const dispatcherOpsPerS = 1e6

// Dispatchers returns how many workers an open loop needs for the schedule's
// highest rate. At most one for each of two CPUs: what they drive needs the others.
func (s Schedule) Dispatchers(cpus int) int {
	return max(1, min(int(math.Ceil(s.Stages.Peak()/dispatcherOpsPerS)), cpus/2))
}
