package workloads

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/raftbench/raftbench/core/client"
)

// Target is what a Driver asks: a client of a cluster, or anything that behaves
// like one.
type Target interface {
	// Submit starts operations and does not wait for them. It is not called
	// concurrently with itself. Each operation is handed back
	// exactly once, through the function that the target was connected with:
	// from any goroutine, also from within Submit. The slice is the caller's again
	// when Submit returns; the operations are the target's until they are handed
	// back.
	Submit(ops []*client.Op)
}

// Connect makes the target of one worker. The target hands operations back
// through done, which may call Submit of that target before it returns: so no
// lock that Submit takes may be held around done. The slice is the target's again
// when done returns.
type Connect func(worker int, done func(ops []*client.Op)) (Target, error)

// Driver runs one measurement. Run may be called once; Snapshot and Progress at
// any time and concurrently with it.
type Driver struct {
	config  Config
	clock   clock // started by Run, under the locks of all workers
	workers []worker

	// windowFrom is where the window begins, and stopAt the instant from which no
	// operation may be intended to start; never while nobody knows.
	windowFrom, stopAt atomic.Int64

	warmupEnd   atomic.Pointer[warmupResult]
	interrupted atomic.Bool
}

// warmupResult is why a warm-up ended.
type warmupResult struct {
	end  WarmupEnd
	note string
}

// worker is one link's loop: closedWorker or openWorker.
type worker interface {
	// run drives the target until finish is called.
	run()
	// finish makes run return; what is handed back afterwards is ignored.
	finish()
	base() *lane
}

// New connects the targets of all workers. What a Driver measures begins with
// Run.
func New(config Config) (*Driver, error) { return newDriver(config, &steadyClock{time.Now()}) }

func newDriver(config Config, clock clock) (*Driver, error) {
	c, err := config.withDefaults()
	if err != nil {
		return nil, err
	}
	d := &Driver{config: c, clock: clock}
	d.windowFrom.Store(int64(never))
	d.stopAt.Store(int64(never))
	d.warmupEnd.Store(&warmupResult{})
	for i := range c.Workers {
		w, err := d.newWorker(i)
		if err != nil {
			return nil, fmt.Errorf("worker %d: %w", i, err)
		}
		d.workers = append(d.workers, w)
	}
	return d, nil
}

func (d *Driver) newWorker(i int) (worker, error) {
	c := &d.config
	generator, err := c.Generate(i)
	if err != nil {
		return nil, err
	}
	l := newLane(d, i, generator)
	if c.Schedule != nil {
		agenda, err := newAgenda(c.Schedule, i, c.Workers, c.Warmup != 0)
		if err != nil {
			return nil, err
		}
		w := newOpenWorker(c, i, l, agenda, &d.windowFrom)
		l.target, err = c.Connect(i, w.done)
		return w, err
	}
	w := newClosedWorker(l, c.sharesBefore(c.Clients, i), c.share(c.Clients, i), c.FailurePause)
	l.target, err = c.Connect(i, w.done)
	return w, err
}

// Snapshot merges what all workers have measured until now. That takes half a
// millisecond of CPU, but holds a worker up only while it counts what is under way,
// for a microsecond if that is little (BenchmarkSnapshot); so it may be called every
// second of a run.
func (d *Driver) Snapshot() *Measurement {
	ended := d.warmupEnd.Load()
	m := &Measurement{
		Loop:        d.config.loop(),
		Workers:     d.config.Workers,
		Clients:     d.config.Clients,
		WarmupEnd:   ended.end,
		WarmupNote:  ended.note,
		Interrupted: d.interrupted.Load(),
	}
	for _, w := range d.workers {
		w.base().addTo(m)
	}
	if s := d.config.Schedule; s != nil {
		m.MaxOutstanding, m.MaxOutstandingBytes = d.config.MaxOutstanding, d.config.MaxOutstandingBytes
		m.OfferedOpsPerS = perSecond(s.Expected(0, m.Window.Duration()), m.Window.Duration())
		s.describe(m)
	}
	return m
}

// Progress is what a live view shows: counters since the start, warm-up included.
type Progress struct {
	Elapsed  time.Duration
	Measures bool // the window has begun

	Started, Succeeded, Failed, Unknown, Refused uint64
}

// Since is what came after an earlier Progress.
func (p Progress) Since(earlier Progress) Progress {
	p.Elapsed -= earlier.Elapsed
	p.Started -= earlier.Started
	p.Succeeded -= earlier.Succeeded
	p.Failed -= earlier.Failed
	p.Unknown -= earlier.Unknown
	p.Refused -= earlier.Refused
	return p
}

// Plus is the progress of two drivers that ran one after the other, q the later one.
func (p Progress) Plus(q Progress) Progress {
	sum := q
	sum.Elapsed += p.Elapsed
	sum.add(&p)
	return sum
}

// add adds the counters of q.
func (p *Progress) add(q *Progress) {
	p.Started += q.Started
	p.Succeeded += q.Succeeded
	p.Failed += q.Failed
	p.Unknown += q.Unknown
	p.Refused += q.Refused
}

// end counts an operation that was handed back.
func (p *Progress) end(o client.Outcome) {
	switch o {
	case client.OutcomeOK:
		p.Succeeded++
	case client.OutcomeFailed:
		p.Failed++
	default:
		p.Unknown++
	}
}

// Progress returns the counters of all workers. It holds each worker up for less
// than a microsecond.
func (d *Driver) Progress() Progress {
	var p Progress
	for _, w := range d.workers {
		w.base().progress(&p)
	}
	return p
}

// Run drives the targets and returns what was measured. When ctx is cancelled it
// stops early and returns what it has, marked Interrupted. The only error is
// that operations were not conserved: a target that handed back what it was not
// given, or a defect here. The measurement is returned even then.
func (d *Driver) Run(ctx context.Context) (*Measurement, error) {
	ended := make(chan struct{})
	d.begin()
	for _, w := range d.workers {
		go func() {
			w.run()
			ended <- struct{}{}
		}()
	}
	d.conduct(ctx)
	for _, w := range d.workers {
		w.finish()
	}
	for range d.workers {
		<-ended
	}
	m := d.Snapshot()
	return m, m.CheckConservation()
}
