package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/raftbench/raftbench/core/client"
	"github.com/raftbench/raftbench/workloads"
)

// measuring is one measurement of one engine: a cluster, which is driven in slices
// while others wait.
type measuring struct {
	plan    *plan
	engine  engine
	clients int
	seed    uint64

	setup    setup
	cluster  cluster
	link     link
	measured *workloads.Measurement // of all slices so far
	cpu      time.Duration          // of this process, within their windows
	slices   uint64
}

// link is the way in, which drivers use one after the other.
type link struct {
	target workloads.Target
	done   atomic.Pointer[func([]*client.Op)] // of the driver that uses it
}

// startTimeout is how long a cluster may take to elect a leader, and to catch up.
const startTimeout = time.Minute

// begin starts a cluster on a fresh directory. Free ports are looked for first, as some
// engines want to know all addresses before they listen, and may be taken meanwhile.
func (m *measuring) begin(ctx context.Context) (err error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for range 3 {
		if err = m.prepare(); err != nil {
			return err
		}
		if m.cluster, err = m.engine.start(ctx, m.setup); !errors.Is(err, syscall.EADDRINUSE) {
			return err
		}
		// The directory is of no use with other addresses: dragonboat keeps them there.
		err = errors.Join(err, m.discard())
	}
	return err
}

// prepare makes the directory and finds the addresses of a cluster.
func (m *measuring) prepare() (err error) {
	m.setup = setup{seed: m.seed, clients: m.clients}
	if m.plan.disk {
		if m.setup.dir, err = os.MkdirTemp(m.plan.data, "raftbench-engines-"); err != nil {
			return fmt.Errorf("-data: %w", err)
		}
	}
	m.setup.addresses, err = freeAddresses()
	return err
}

func freeAddresses() (addresses []string, err error) {
	var listeners []net.Listener // all at once, or they would get the same
	for range nodes {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		listeners = append(listeners, l)
		addresses = append(addresses, l.Addr().String())
	}
	for _, l := range listeners {
		err = errors.Join(err, l.Close())
	}
	return addresses, err
}

// settle is left out at the start of every slice: caches that others used.
const settle = 50 * time.Millisecond

// warmUp drives the cluster for as long as is left out.
func (m *measuring) warmUp(ctx context.Context) error {
	w, err := m.drive(ctx, m.plan.warmup, workloads.DefaultSeriesWidth)
	if err != nil {
		return err
	}
	m.measured, m.cpu = workloads.AsWarmup(w), 0
	return nil
}

// slice drives the cluster for one slice of its window.
func (m *measuring) slice(ctx context.Context, length time.Duration) error {
	w, err := m.drive(ctx, settle, length)
	if err != nil {
		return err
	}
	m.measured.Append(w)
	return nil
}

// drive lets the clients work.
func (m *measuring) drive(ctx context.Context, warmup, length time.Duration) (*workloads.Measurement, error) {
	var opened time.Duration
	m.slices++
	driver, err := workloads.New(workloads.Config{
		Generate: func(int) (workloads.Generator, error) { return newCommands(m.seed, m.slices), nil },
		Connect:  m.connect,
		Clients:  m.clients,
		Warmup:   warmup,
		Duration: length,
		Grace:    2 * requestTimeout,
		OnOpen:   func() { opened = cpuTime() },
		OnClose:  func() { m.cpu += cpuTime() - opened },
	})
	if err != nil {
		return nil, err
	}
	w, err := driver.Run(ctx)
	if err == nil {
		err = ctx.Err()
	}
	return w, err
}

// connect opens the link, or gives it to the next driver.
func (m *measuring) connect(_ int, done func([]*client.Op)) (workloads.Target, error) {
	m.link.done.Store(&done)
	var err error
	if m.link.target == nil {
		m.link.target, err = m.cluster.connect(func(ops []*client.Op) { (*m.link.done.Load())(ops) })
	}
	return m.link.target, err
}

// end looks for what was acknowledged, after a restart as well if that is asked for,
// stops the cluster and removes its directory.
func (m *measuring) end(ctx context.Context, restart bool) (*measurement, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*startTimeout)
	defer cancel()
	result, err := m.result()
	if err != nil {
		return nil, err
	}
	result.Applied, err = settled(ctx, m.cluster.tallies(), result.Acknowledged, result.Unknown)
	err = errors.Join(err, m.stop())
	if err == nil && restart {
		result.Restarted = true
		err = m.recover(ctx, result.Applied)
	}
	return result, err
}

// stop stops the cluster, if it is up.
func (m *measuring) stop() error {
	if m.cluster == nil {
		return nil
	}
	c := m.cluster
	m.cluster = nil
	return c.close()
}

// discard stops the cluster if it is up, and removes its directory.
func (m *measuring) discard() error {
	err := m.stop()
	if m.setup.dir != "" {
		err = errors.Join(err, os.RemoveAll(m.setup.dir))
	}
	return err
}

// cpuTime is what this process has taken.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// collect is called before clusters are driven: the garbage of starting is not theirs.
func collect() { runtime.GC() }
