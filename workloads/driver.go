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
	clock   clock // set by Run, under the locks of all workers
	workers []worker

	// stopAt is the instant from which no operation may be intended to start.
	stopAt atomic.Int64

	warmupEnd   atomic.Value // WarmupEnd
	interrupted atomic.Bool
}

// worker is one link's loop: closedWorker or openWorker.
type worker interface {
	// run drives the target until finish is called.
	run()
	// drained is closed when nothing more will be started and nothing is under way.
	drained() <-chan struct{}
	// finish makes run return; what is handed back afterwards is ignored.
	finish()
	base() *lane
}

// New connects the targets of all workers. What a Driver measures begins with
// Run.
func New(config Config) (*Driver, error) {
	c, err := config.withDefaults()
	if err != nil {
		return nil, err
	}
	d := &Driver{config: c, clock: clock{time.Now()}}
	d.stopAt.Store(int64(never))
	d.warmupEnd.Store(WarmupEnd(""))
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
	generator, err := d.config.Generate(i)
	if err != nil {
		return nil, err
	}
	l := &lane{
		clock:     &d.clock,
		stopAt:    &d.stopAt,
		generator: generator,
		history:   d.config.History,
		recorder:  NewRecorder(d.config.loop(), seriesWidth(d.config.planned()), d.config.Classify),
		limited:   d.config.Operations > 0,
		remaining: d.config.share(d.config.Operations, i),
	}
	if d.config.Schedule != nil {
		pacer, err := d.config.Schedule.NewPacer(i, d.config.Workers)
		if err != nil {
			return nil, err
		}
		w := newOpenWorker(l, pacer, d.config.sharesBefore(d.config.MaxOutstanding, i), d.config.share(d.config.MaxOutstanding, i))
		l.target, err = d.config.Connect(i, w.done)
		return w, err
	}
	w := newClosedWorker(l, d.config.sharesBefore(d.config.Clients, i), d.config.share(d.config.Clients, i), d.config.FailurePause)
	l.target, err = d.config.Connect(i, w.done)
	return w, err
}

// Snapshot merges what all workers have measured until now. Each worker stands
// still for the time of its merge, under a millisecond of CPU for a run of 10 s.
func (d *Driver) Snapshot() *Measurement {
	m := &Measurement{
		Loop:        d.config.loop(),
		Workers:     d.config.Workers,
		Clients:     d.config.Clients,
		WarmupEnd:   d.warmupEnd.Load().(WarmupEnd),
		Interrupted: d.interrupted.Load(),
	}
	for _, w := range d.workers {
		w.base().addTo(m)
	}
	if m.Loop == Open {
		m.MaxOutstanding = d.config.MaxOutstanding
		if length := m.Window.Duration(); length > 0 {
			m.OfferedOpsPerS = d.config.Schedule.Expected(m.Window.From, m.Window.To) / length.Seconds()
		}
	}
	return m
}

// Progress is what a live view shows: counters since the start, warm-up included.
type Progress struct {
	Elapsed  time.Duration
	Measures bool // the window has begun

	Started, Succeeded, Failed, Unknown, Refused uint64
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
