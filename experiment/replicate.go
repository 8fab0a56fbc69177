package experiment

import (
	"context"
	"errors"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/raftbench/raftbench/core/client"
	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/workloads"
)

// replicate measures one arm once, on a cluster of its own.
type replicate struct {
	settings *Settings
	arm      Arm
	seed     uint64
	name     string                   // of its directory, if it needs one
	progress func(workloads.Progress) // of all its drivers
	before   workloads.Progress       // of those that have ended

	// partial is given what has been measured so far, whenever it is due, by the
	// goroutine that watches. It must not wait. The replicate is its own.
	partial func(*reports.Replicate)
	due     func() bool

	system    system
	links     []*link // of the driver's workers
	inProcess bool    // no bytes cross a wire

	host   *host
	faults *faultScript // nil: none were asked for
	idle   idleUse
	ends   ends
	used   *use      // within the window; nil: not known
	opened time.Time // when the window began

	// Of a window in slices.
	spans     []span     // when they were; nil: the window is in one piece
	alongside *alongside // what the other arms did
	strangers int        // goroutines that are not of this cluster
}

// startTimeout is how long a cluster may take to elect its first leader.
const startTimeout = 30 * time.Second

// measure starts a cluster, drives it, and stops it. The result is nil if ctx
// ended before the driver started.
func (r *replicate) measure(ctx context.Context) (*reports.Replicate, error) {
	r.strangers = runtime.NumGoroutine() // as where clusters take turns
	if err := r.start(ctx); err != nil {
		if ctx.Err() != nil {
			return nil, nil //nolint:nilnil // nothing was measured, and nothing is wrong
		}
		return nil, err
	}
	result, err := r.drive(ctx)
	return result, errors.Join(err, r.system.close())
}

func (r *replicate) start(ctx context.Context) error {
	network, err := r.arm.Transport.Named.New(r.arm.Transport.Options)
	if err != nil {
		return err
	}
	r.inProcess, r.host = network.InProcess, newHost(thisMachine())
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	started, err := r.newSystem(ctx, network)
	if err != nil {
		return err // and there is nothing to stop
	}
	r.system = started
	return nil
}

// drive measures the window in one piece.
func (r *replicate) drive(ctx context.Context) (*reports.Replicate, error) {
	r.faults = r.newFaults()
	driver, err := workloads.New(r.driverConfig(r.seed))
	if err != nil {
		return nil, err
	}
	// The garbage of starting is not the transport's.
	runtime.GC()

	r.idle = r.watchIdle(ctx)
	m, runErr := r.run(ctx, driver)
	faultErr := r.faults.end()
	r.settle()
	r.rehearse(driver)
	r.opened = m.Start.Add(m.Window.From)
	return r.result(m, runErr, faultErr), nil
}

// run runs a driver and watches it.
func (r *replicate) run(ctx context.Context, driver *workloads.Driver) (*workloads.Measurement, error) {
	finished := make(chan struct{})
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		r.watch(driver, finished)
	}()
	m, err := driver.Run(ctx)
	close(finished)
	<-watched
	r.before = r.before.Plus(driver.Progress())
	r.progress(r.before)
	return m, err
}

func (r *replicate) driverConfig(seed uint64) workloads.Config {
	w := r.settings.workload(r.arm.Payload)
	w.Seed = seed
	c := workloads.Config{
		Generate:   w.NewGenerator,
		Connect:    r.connect,
		Workers:    links(r.arm.Clients),
		Clients:    r.arm.Clients,
		Warmup:     r.settings.Warmup,
		Duration:   r.settings.window(&r.arm),
		Operations: int(r.settings.Operations),
		Grace:      max(r.settings.timeout(true), r.settings.timeout(false)) + time.Second,
		Classify:   client.ErrorClass,
		OnOpen:     r.open,
		OnClose:    r.close,

		MaxOutstanding:      r.settings.MaxOutstanding,
		MaxOutstandingBytes: r.settings.MaxOutstandingBytes,
		ReadBytes:           r.arm.readBytes(),
	}
	if c.Warmup == WarmupAuto {
		c.Warmup = workloads.WarmupAuto
	}
	if r.arm.Rate > 0 {
		c.Clients, c.Schedule, c.Workers = 0, r.schedule(seed), 1
	}
	return c
}

// schedule says when operations of an open loop are due.
func (r *replicate) schedule(seed uint64) *workloads.Schedule {
	s := workloads.Rate(r.arm.Rate)
	if len(r.arm.Stages) > 0 {
		s.Stages = r.arm.Stages
	}
	s.Arrivals, s.Seed = r.settings.Arrivals, seed
	return &s
}

// links is the number of client links: half of the CPUs, for the nodes need the
// others; more than that only splits batches.
func links(clients int) int {
	return max(1, min(clients, runtime.GOMAXPROCS(0)/2))
}

// connect opens the link of one of the driver's workers, or gives it the one that the
// driver before had.
func (r *replicate) connect(worker int, done func([]*client.Op)) (workloads.Target, error) {
	if worker < len(r.links) {
		r.links[worker].done.Store(&done)
		return r.links[worker].target, nil
	}
	callers := 0
	if r.arm.Rate == 0 {
		callers = r.arm.Clients / links(r.arm.Clients)
	}
	l := new(link)
	l.done.Store(&done)
	var err error
	l.target, err = r.system.connect(callers, r.faults.watched(l.deliver))
	r.links = append(r.links, l)
	return l.target, err
}

// link is a client of the cluster, which drivers use one after the other.
type link struct {
	target workloads.Target
	done   atomic.Pointer[func([]*client.Op)] // of the driver that uses it
}

func (l *link) deliver(ops []*client.Op) { (*l.done.Load())(ops) }
