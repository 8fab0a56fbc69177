package experiment

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"time"

	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/workloads"
)

// turns measures every arm of a block once, in slices: see SliceAuto.
func (e *execution) turns(ctx context.Context, block int, order []int) error {
	var all []*sliced
	for position, arm := range order {
		all = append(all, &sliced{measuring: e.replicate(arm, block, position+1)})
	}
	err := e.take(ctx, all)
	e.measures(len(all))
	for i, s := range all {
		if s.measured == nil {
			continue
		}
		s.measured.Interrupted = s.measured.Interrupted || err != nil || ctx.Err() != nil
		s.alongside = newAlongside(all, i)
		s.ended = s.result(s.measured, s.failure, nil)
	}
	if stopping := stop(all); err == nil {
		err = stopping
	}
	for _, s := range all {
		if keeping := e.ends(s.measuring, s.ended, nil); err == nil {
			err = keeping
		}
	}
	return err
}

// sliced is a replicate that is measured in slices.
type sliced struct {
	*measuring
	measured *workloads.Measurement // what all slices so far make together; nil: there was not even a warm-up
	levels   []level                // of each slice
	failure  error                  // the first of its drivers
	own      int                    // goroutines of its cluster and clients while they are idle
	ended    *reports.Replicate
}

// take starts and warms up all clusters, and lets them take turns. It returns early
// when ctx ends.
func (e *execution) take(ctx context.Context, all []*sliced) error {
	if err := e.prepare(ctx, all); err != nil {
		return err
	}
	rng := rand.New(rand.NewPCG(e.settings.Seed, uint64(all[0].block)))
	for i, length := range cuts(e.settings.Duration, e.plan.Slice) {
		for _, turn := range rng.Perm(len(all)) {
			if ctx.Err() != nil {
				return nil
			}
			if err := e.turn(ctx, all[turn], i, length); err != nil {
				return err
			}
		}
	}
	return nil
}

// prepare starts all clusters, and then looks at each while all are idle, and warms it
// up.
func (e *execution) prepare(ctx context.Context, all []*sliced) error {
	for _, s := range all {
		e.starts(s.measuring)
		before := runtime.NumGoroutine()
		if err := s.start(ctx); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return e.ends(s.measuring, nil, err)
		}
		s.own = runtime.NumGoroutine() - before
	}
	runtime.GC() // the garbage of starting is not the transports'
	for _, s := range all {
		before := runtime.NumGoroutine()
		s.strangers = before - s.own
		if err := s.warmUp(ctx); err != nil {
			return e.ends(s.measuring, nil, err)
		}
		s.own += runtime.NumGoroutine() - before // its clients
	}
	return nil
}

// warmUp drives a cluster until it is warm, and keeps that as a warm-up.
func (s *sliced) warmUp(ctx context.Context) error {
	if ctx.Err() != nil {
		return nil
	}
	c := s.driverConfig(s.seed)
	c.Duration = workloads.DefaultSeriesWidth // there must be a window; it is left out as well
	c.OnOpen, c.OnClose = nil, nil
	driver, err := workloads.New(c)
	if err != nil {
		return err
	}
	s.idle = s.watchIdle(ctx)
	m, err := s.run(ctx, driver)
	s.failure = err
	s.measured = workloads.AsWarmup(m)
	s.opened = time.Now() // until there is a slice
	s.unlink(m)
	return nil
}

// turn drives a cluster for the slice with the given number, from 0.
func (e *execution) turn(ctx context.Context, s *sliced, number int, length time.Duration) error {
	s.strangers = runtime.NumGoroutine() - s.own
	c := s.driverConfig(s.seed + uint64(number+1)<<40)
	c.Warmup, c.Duration = settle, length
	driver, err := workloads.New(c)
	if err != nil {
		return e.ends(s.measuring, nil, err)
	}
	m, err := s.run(ctx, driver)
	if s.failure == nil {
		s.failure = err
	}
	s.settle()
	if number == 0 {
		s.opened = m.Start.Add(m.Window.From)
	}
	s.spans = append(s.spans, span{m.Start.Add(m.Window.From), m.Window.Duration()})
	s.levels = append(s.levels, levelOf(&m.Window))
	s.measured.Append(m)
	s.unlink(m)
	sofar := s.soFar(s.measured)
	sofar.After = s.opened.Sub(e.run.Started)
	e.partial(s.measuring, sofar)
	if e.due() {
		e.saver.writeSoon()
	}
	return nil
}

// unlink gives up the links of a driver to which operations may still be handed back:
// the next one would take them for its own.
func (s *sliced) unlink(m *workloads.Measurement) {
	window, warmup := m.Window.Total(), m.Warmup.Total()
	if window.InFlight+warmup.InFlight > 0 {
		s.links = nil
	}
}

// stop stops the clusters that were started.
func stop(all []*sliced) error {
	var errs []error
	for _, s := range all {
		if s.system != nil {
			errs = append(errs, s.system.close())
		}
	}
	return errors.Join(errs...)
}
