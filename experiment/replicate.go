package experiment

import (
	"context"
	"errors"
	"runtime"
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
	progress func(workloads.Progress)

	// partial is given what has been measured so far, every partialInterval, by the
	// goroutine that watches. It must not wait. The replicate is its own.
	partial func(*reports.Replicate)

	system    system
	inProcess bool // no bytes cross a wire

	host   *host
	idle   idleUse
	ends   ends
	opened time.Time // when the window began
}

// startTimeout is how long a cluster may take to elect its first leader.
const startTimeout = 30 * time.Second

// measure starts a cluster, drives it, and stops it. The result is nil if ctx
// ended before the driver started.
func (r *replicate) measure(ctx context.Context) (*reports.Replicate, error) {
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
	r.system, err = r.newSystem(ctx, network)
	return err
}

func (r *replicate) drive(ctx context.Context) (*reports.Replicate, error) {
	driver, err := workloads.New(r.driverConfig())
	if err != nil {
		return nil, err
	}
	// The garbage of starting is not the transport's.
	runtime.GC()

	r.idle = r.watchIdle(ctx)

	finished := make(chan struct{})
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		r.watch(driver, finished)
	}()
	m, runErr := driver.Run(ctx)
	close(finished)
	<-watched
	r.rehearse(driver)
	r.opened = m.Start.Add(m.Window.From)
	return r.result(m, runErr), nil
}

func (r *replicate) driverConfig() workloads.Config {
	w := r.settings.workload(r.arm.Payload)
	w.Seed = r.seed
	c := workloads.Config{
		Generate:       w.NewGenerator,
		Connect:        r.connect,
		Workers:        links(r.arm.Clients),
		Clients:        r.arm.Clients,
		MaxOutstanding: r.settings.MaxOutstanding,
		Warmup:         r.settings.Warmup,
		Duration:       r.settings.window(&r.arm),
		Operations:     int(r.settings.Operations),
		Grace:          r.settings.Timeout + time.Second,
		Classify:       client.ErrorClass,
		OnOpen:         r.open,
		OnClose:        r.close,
	}
	if c.Warmup == WarmupAuto {
		c.Warmup = workloads.WarmupAuto
	}
	if r.arm.Rate > 0 {
		c.Clients, c.Schedule, c.Workers = 0, r.schedule(), 1
	}
	return c
}

// schedule says when operations of an open loop are due.
func (r *replicate) schedule() *workloads.Schedule {
	s := workloads.Rate(r.arm.Rate)
	if len(r.arm.Stages) > 0 {
		s.Stages = r.arm.Stages
	}
	s.Arrivals, s.Seed = r.settings.Arrivals, r.seed
	return &s
}

// links is the number of client links: half of the CPUs, for the nodes need the
// others; more than that only splits batches.
func links(clients int) int {
	return max(1, min(clients, runtime.GOMAXPROCS(0)/2))
}

// connect opens the link of one of the driver's workers.
func (r *replicate) connect(_ int, done func([]*client.Op)) (workloads.Target, error) {
	callers := 0
	if r.arm.Rate == 0 {
		callers = r.arm.Clients / links(r.arm.Clients)
	}
	return r.system.connect(callers, done)
}
