package workloads

import (
	"context"
	"time"
)

// conductTail is how long before an instant the conductor goes from a channel of Go's
// timers, where a cancellation reaches it, to a sleep that is exact. So a cancellation is
// seen at most so much late.
const conductTail = 3 * time.Millisecond

// events are what the conductor waits for.
type events struct {
	cancelled <-chan struct{}
	spent     <-chan struct{} // no worker will start anything more
	drained   <-chan struct{} // and nothing is under way
}

// cause is what ended a wait.
type cause int

const (
	reached cause = iota // the instant came
	cancelled
	spent
	drained
)

// begin starts the run's clock, and sets the window if its place is known. A
// window without a warm-up begins with the clock, so OnOpen comes before it.
func (d *Driver) begin() {
	if d.config.Warmup == 0 {
		d.config.OnOpen()
	}
	d.holdAll(d.clock.start)
	if d.config.Warmup == WarmupAuto {
		d.takeInterval(0) // there is none yet: this makes the first
		return
	}
	d.setWindow(d.config.Warmup, warmupResult{end: WarmupFixed})
}

// conduct waits through warm-up, window and drain.
func (d *Driver) conduct(ctx context.Context) {
	e := events{
		cancelled: ctx.Done(),
		spent:     d.all(func(l *lane) signal { return l.spent }),
		drained:   d.all(func(l *lane) signal { return l.empty }),
	}
	if d.open(e) {
		d.watch(e)
	} else {
		d.interrupt()
		d.drain(e)
		d.closeWindow()
	}
	for _, w := range d.workers {
		w.base().close()
	}
	<-e.spent // close gives all signals
	<-e.drained
}

// all returns a channel that is closed when every worker has given a signal. It
// starts a goroutine that ends with it.
func (d *Driver) all(of func(*lane) signal) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		for _, w := range d.workers {
			<-of(w.base()).c
		}
		close(done)
	}()
	return done
}

// open waits for the window to begin and calls OnOpen. It reports false if the
// run ended before.
func (d *Driver) open(e events) bool {
	if d.config.Warmup == 0 {
		return true
	}
	if d.config.Warmup == WarmupAuto && !d.warmUp(e) {
		return false
	}
	// A window of few operations may be over before its beginning has been seen.
	e.spent, e.drained = nil, nil
	if d.wait(time.Duration(d.windowFrom.Load()), e) != reached {
		return false
	}
	d.config.OnOpen()
	return true
}

// watch waits for the window to end, calls OnClose, and waits for what is still
// under way. If the window ends by a number of operations, that is when the last
// one is done: OnClose comes after.
func (d *Driver) watch(e events) {
	to := time.Duration(d.stopAt.Load())
	if to != never {
		e.spent = nil // the window goes on until its time is over
	}
	switch d.wait(to, e) {
	case reached:
		d.config.OnClose()
		d.drain(e)
		d.closeWindow()
	case cancelled:
		d.interrupt()
		d.config.OnClose()
		d.drain(e)
		d.closeWindow()
	case spent, drained:
		if d.drain(e) == cancelled {
			d.interrupt()
		}
		d.closeWindow()
		d.config.OnClose()
	}
}

// wait waits for an instant, or for whatever comes before.
func (d *Driver) wait(t time.Duration, e events) cause {
	var coarse <-chan time.Time
	if t != never {
		coarse = d.clock.after(t - conductTail)
	}
	select {
	case <-e.cancelled:
		return cancelled
	case <-e.drained:
		return drained
	case <-e.spent:
		return spent
	case <-coarse:
		sleep := d.clock.sleeper()
		sleep.until(t)
		sleep.close()
		return reached
	}
}

// drain waits for operations under way: for the grace, or for cancelGrace after a
// cancellation, now or later.
func (d *Driver) drain(e events) cause {
	limit := time.After(d.config.Grace)
	select {
	case <-e.drained:
		return drained
	case <-limit:
		return reached
	case <-e.cancelled:
	}
	select {
	case <-e.drained:
	case <-limit:
	case <-time.After(cancelGrace):
	}
	return cancelled
}

// warmUp watches an automatic warm-up, and sets the window when it is over. It
// reports false if the run ended first.
func (d *Driver) warmUp(e events) bool {
	tick := time.NewTicker(warmupInterval)
	defer tick.Stop()
	var w warmup
	last := time.Duration(0)
	for {
		select {
		case <-e.cancelled:
			return false
		case <-tick.C:
		}
		v := d.takeInterval(last)
		last += v.length
		w.add(v)
		ok, note := w.stationary()
		switch {
		case ok:
			d.setWindow(d.config.windowAfter(last+windowLead), warmupResult{WarmupStationary, note})
			return true
		case last >= warmupMax:
			d.setWindow(d.config.windowAfter(last+windowLead), warmupResult{WarmupLimit, note})
			return true
		}
	}
}

// windowLead is how long before an automatic warm-up ends its end is decided: so
// long that dispatchers, which look every maxSleep, and the conductor are ready.
const windowLead = maxSleep + 10*time.Millisecond

// takeInterval returns what all workers have done since an instant, and has them
// begin anew.
func (d *Driver) takeInterval(since time.Duration) *interval {
	sum := newInterval()
	for _, w := range d.workers {
		l, next := w.base(), newInterval()
		l.mu.Lock()
		v := l.steady
		l.steady = next
		l.mu.Unlock()
		if v != nil {
			sum.response.Merge(v.response)
		}
	}
	sum.length = d.clock.now() - since
	return sum
}

// setWindow begins the window at an instant that has not come yet, and sets its
// end if that is known.
func (d *Driver) setWindow(from time.Duration, why warmupResult) {
	d.holdAll(func() {
		to := never
		if length := d.config.length(); length > 0 {
			to = from + length
		}
		for _, w := range d.workers {
			w.base().begin(from)
			w.base().end(to)
			w.base().steady = nil
		}
		d.warmupEnd.Store(&why)
		d.stopAt.Store(int64(to))
		d.windowFrom.Store(int64(from))
	})
}

// closeWindow ends the window at the last event if all operations that it was to
// have are done, or if it had no other end. Otherwise it leaves the end alone: a
// target that fell silent did nothing for the rest of the window.
func (d *Driver) closeWindow() {
	d.holdAll(func() {
		now, last, done := d.clock.now(), time.Duration(0), true
		for _, w := range d.workers {
			l := w.base()
			last = max(last, l.flight.latest()+1)
			done = done && l.limited && l.remaining == 0 && l.underWay == 0
		}
		for _, w := range d.workers {
			l := w.base()
			if l.recorder.from > last {
				l.begin(last)
				d.warmupEnd.Store(&warmupResult{end: WarmupCut})
			}
			if done || l.recorder.to > now {
				l.end(min(l.recorder.to, last))
			}
		}
	})
}

// interrupt stops the run where it is. What was under way is still waited for.
func (d *Driver) interrupt() {
	d.interrupted.Store(true)
	d.holdAll(func() {
		now := d.clock.now() + 1 // later than every reading taken before
		d.stopAt.Store(min(d.stopAt.Load(), int64(now)))
		for _, w := range d.workers {
			l := w.base()
			if l.recorder.from > now {
				l.begin(now)
				d.warmupEnd.Store(&warmupResult{end: WarmupCut})
			}
			l.end(min(l.recorder.to, now))
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
