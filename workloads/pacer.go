package workloads

import (
	"math"
	"math/rand/v2"
	"time"
)

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
	return s.newPacer(worker, workers, streamArrivals)
}

// newPacer is NewPacer with a choice of the random numbers.
func (s Schedule) newPacer(worker, workers int, stream uint64) (*Pacer, error) {
	if err := s.validate(); err != nil {
		return nil, err
	}
	p := &Pacer{schedule: s, workers: float64(workers), rng: rand.New(newSource(s.Seed, stream, worker))}
	if s.Arrivals == Constant {
		p.unit = float64(worker) - p.workers
	}
	return p, nil
}

// Next returns when the next operation is to start, counted from the start of
// the schedule; never earlier than the one before. It reports false when the schedule
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

// agenda is what a dispatcher follows: a warm-up of unknown length, and then the
// schedule of the window, which begins when the window does.
type agenda struct {
	leadIn *Pacer // nil when the window has begun
	main   *Pacer
	from   time.Duration // where the window begins, once leadIn is nil
	due    time.Duration // when the next operation is to start
	ok     bool          // there is one
}

// newAgenda returns what one of several workers follows. Without a warm-up the
// window begins at zero.
func newAgenda(s *Schedule, worker, workers int, warmsUp bool) (*agenda, error) {
	a := &agenda{}
	var err error
	if a.main, err = s.newPacer(worker, workers, streamArrivals); err != nil {
		return nil, err
	}
	if !warmsUp {
		a.advance()
		return a, nil
	}
	a.leadIn, err = s.leadIn().newPacer(worker, workers, streamLeadIn)
	if err == nil {
		a.advance()
	}
	return a, err
}

// next returns when the next operation is to start, given where the window
// begins, or never if nobody knows yet. The lead-in gives way to the schedule
// there. Until advance, the answer changes only when the window's start becomes
// known.
func (a *agenda) next(window time.Duration) (due time.Duration, ok bool) {
	if a.leadIn != nil && window != never && a.due >= window {
		a.leadIn, a.from = nil, window
		a.advance()
	}
	return a.due, a.ok
}

// advance goes on to the operation after the next.
func (a *agenda) advance() {
	if a.leadIn != nil {
		a.due, a.ok = a.leadIn.Next()
		return
	}
	a.due, a.ok = a.main.Next()
	a.due += a.from
}
