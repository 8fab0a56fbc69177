package workloads

import (
	"context"
	"time"
)

// begin sets the run's clock to zero, and the window too if its place is known.
func (d *Driver) begin() {
	d.holdAll(func() { d.clock.origin = time.Now() })
	if d.config.Warmup != WarmupAuto {
		d.openWindow(d.config.Warmup, WarmupFixed)
	}
}

// conduct waits through warm-up, window and drain.
func (d *Driver) conduct(ctx context.Context) {
	all := make(chan struct{})
	go func() {
		for _, w := range d.workers {
			<-w.drained()
		}
		close(all)
	}()
	if d.config.Warmup == WarmupAuto {
		d.warmUp(ctx, all)
	}

	// The end of the window is no event for the workers: they see it in the
	// schedule, or when they look at the clock. This timer only starts the grace.
	var end <-chan time.Time
	if stopAt := time.Duration(d.stopAt.Load()); stopAt != never {
		end = time.After(stopAt - d.clock.now())
	}
	select {
	case <-all:
	case <-end:
	case <-ctx.Done():
		d.interrupt()
	}
	d.drain(ctx, all)
	d.closeWindow()
	for _, w := range d.workers {
		w.base().close()
	}
	<-all // close makes every worker count as drained
}

// drain waits for operations under way: for the grace, or for cancelGrace after a
// cancellation, now or later.
func (d *Driver) drain(ctx context.Context, all <-chan struct{}) {
	limit := time.After(d.config.Grace)
	select {
	case <-all:
		return
	case <-limit:
		return
	case <-ctx.Done():
	}
	select {
	case <-all:
	case <-limit:
	case <-time.After(cancelGrace):
	}
}

// warmUp opens the window when throughput is stationary.
func (d *Driver) warmUp(ctx context.Context, all <-chan struct{}) {
	tick := time.NewTicker(warmupInterval)
	defer tick.Stop()
	var intervals []interval
	last := d.Progress()
	for {
		select {
		case <-ctx.Done():
			return
		case <-all:
			return
		case <-tick.C:
		}
		p := d.Progress()
		intervals = append(intervals, interval{p.Succeeded - last.Succeeded, p.Elapsed - last.Elapsed})
		last = p
		switch {
		case stationary(intervals):
			d.openWindow(never, WarmupStationary)
			return
		case p.Elapsed >= warmupMax:
			d.openWindow(never, WarmupLimit)
			return
		}
	}
}

// openWindow begins the window at from, or now if from is never. Now is read while
// every worker stands still, so that no recorded operation can have been
// intended to start later.
func (d *Driver) openWindow(from time.Duration, why WarmupEnd) {
	d.holdAll(func() {
		if from == never {
			from = d.clock.now() + 1 // later than every reading taken before
		}
		to := never
		if d.config.Duration > 0 {
			to = from + d.config.Duration
		}
		d.stopAt.Store(int64(to))
		for _, w := range d.workers {
			w.base().recorder.Begin(from)
			w.base().recorder.End(to)
		}
		d.warmupEnd.Store(why)
	})
}

// closeWindow ends a window that would still go on, because all operations were
// done or the schedule had ended, at the last event. Otherwise it leaves the end
// alone: a target that fell silent did nothing for the rest of the window.
func (d *Driver) closeWindow() {
	d.holdAll(func() {
		now, last := d.clock.now(), time.Duration(0)
		for _, w := range d.workers {
			last = max(last, w.base().recorder.flight.last+1)
		}
		for _, w := range d.workers {
			r := w.base().recorder
			if r.from > last {
				r.Begin(last)
				d.warmupEnd.Store(WarmupCut)
			}
			if r.to > now {
				r.End(last)
			}
		}
	})
}

// interrupt stops the run where it is. What was under way is still waited for.
func (d *Driver) interrupt() {
	d.interrupted.Store(true)
	d.holdAll(func() {
		now := d.clock.now() + 1
		d.stopAt.Store(min(d.stopAt.Load(), int64(now)))
		for _, w := range d.workers {
			r := w.base().recorder
			if r.from > now {
				r.Begin(now)
				d.warmupEnd.Store(WarmupCut)
			}
			r.End(min(r.to, now))
		}
	})
}

// holdAll runs f while no worker records.
func (d *Driver) holdAll(f func()) {
	for _, w := range d.workers {
		w.base().mu.Lock()
	}
	f()
	for _, w := range d.workers {
		w.base().mu.Unlock()
	}
}
