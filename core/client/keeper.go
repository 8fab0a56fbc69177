package client

import (
	"sync"
	"time"
)

// keeper is a goroutine that runs a function at the earliest time asked for. It
// costs nothing while nobody asks.
type keeper struct {
	poke chan struct{}
	quit chan struct{}
	done sync.WaitGroup

	mu sync.Mutex
	at time.Time // zero: nothing to do
}

func (k *keeper) start(run func(now time.Time)) {
	k.poke = make(chan struct{}, 1)
	k.quit = make(chan struct{})
	k.done.Go(func() { k.loop(run) })
}

// wakeAt asks for a run at t, or sooner.
func (k *keeper) wakeAt(t time.Time) {
	k.mu.Lock()
	sooner := k.at.IsZero() || t.Before(k.at)
	if sooner {
		k.at = t
	}
	k.mu.Unlock()
	if !sooner {
		return
	}
	select {
	case k.poke <- struct{}{}:
	default:
	}
}

func (k *keeper) stop() {
	close(k.quit)
	k.done.Wait()
}

func (k *keeper) loop(run func(now time.Time)) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		select {
		case <-k.quit:
			return
		case <-k.poke:
		case <-timer.C:
		}
		now := time.Now()
		wait, due := k.next(now)
		for due {
			run(now)
			now = time.Now()
			wait, due = k.next(now)
		}
		timer.Reset(wait)
	}
}

// next tells how long to wait, and whether the time has come; if so it is
// forgotten.
func (k *keeper) next(now time.Time) (wait time.Duration, due bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case k.at.IsZero():
		return time.Hour, false
	case now.Before(k.at):
		return k.at.Sub(now), false
	}
	k.at = time.Time{}
	return 0, true
}
