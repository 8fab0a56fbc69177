package experiment

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/raftbench/raftbench/reports"
)

// Keeper keeps what is measured while it is measured, durably when a method
// returns. Methods may be called concurrently. reports.Keeper is one.
type Keeper interface {
	// Begin is called once, before anything else, with a run without replicates.
	Begin(r *reports.Run) error

	// Partial is given what each of the replicates under way has so far, every
	// Settings.KeepEvery.
	Partial(list []reports.Measured) error

	// Replicate is given a replicate that has ended.
	Replicate(m reports.Measured) error

	// End says how the run ends, and why if it ends early. The last call counts.
	End(s reports.Status, at time.Time, warnings ...string) error
}

// saver gives a Keeper what is partial on a goroutine of its own: a slow disk
// holds up nobody who measures. An error ends the run, for what comes after it
// could not be kept either.
//
// What that costs is measured by BenchmarkPartial, from the snapshot to the durable
// record, over rawtcp on two shared virtual CPUs and ext4: 1.9 ms of CPU time for a
// window of 3 s, twice as much for one of 10 to 60 s, with 64 clients as with 1,024. That
// is once in DefaultKeepEvery, so less than 0.1 % of one CPU; 6 to 13 KB are written
// each time.
type saver struct {
	keeper Keeper
	fail   context.CancelCauseFunc

	wake  chan struct{}
	stop  chan struct{}
	ended chan struct{}

	latest   sync.Mutex         // guards what follows; held for a moment only
	underWay []reports.Measured // what each replicate that has not ended has so far
	news     bool               // that was not written yet

	mu  sync.Mutex // held while the keeper writes
	err error      // the first of what could not be kept
}

// newSaver starts the goroutine, which close stops. When ctx ends the keeper is
// told at once that the run is interrupted: a second signal may leave no time for
// it. Fail is called with the first error.
func newSaver(ctx context.Context, k Keeper, fail context.CancelCauseFunc) *saver {
	s := &saver{keeper: k, fail: fail, wake: make(chan struct{}, 1), stop: make(chan struct{}), ended: make(chan struct{})}
	go s.loop(ctx)
	return s
}

func (s *saver) loop(ctx context.Context) {
	defer close(s.ended)
	interrupted := ctx.Done()
	for {
		select {
		case <-s.stop:
			return
		case <-interrupted:
			interrupted = nil
			_ = s.write(func() error { return s.keeper.End(reports.StatusInterrupted, time.Now()) })
		case <-s.wake:
			_ = s.write(func() error {
				if list := s.unwritten(); list != nil {
					return s.keeper.Partial(list)
				}
				return nil
			})
		}
	}
}

// write lets nobody else write, and nobody at all after an error.
func (s *saver) write(record func() error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return s.err
	}
	if err := record(); err != nil {
		s.err = fmt.Errorf("the results cannot be kept: %w", err)
		s.fail(s.err)
	}
	return s.err
}

// partial notes what a replicate has so far. M is the saver's.
func (s *saver) partial(m reports.Measured) {
	s.latest.Lock()
	s.forget(m.Arm)
	s.underWay, s.news = append(s.underWay, m), true
	s.latest.Unlock()
}

// writeSoon has what is new written; it does not wait.
func (s *saver) writeSoon() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// forget drops what the replicate of an arm had. The caller holds latest.
func (s *saver) forget(arm int) {
	s.underWay = slices.DeleteFunc(s.underWay, func(m reports.Measured) bool { return m.Arm == arm })
	s.news = s.news && len(s.underWay) > 0
}

// unwritten is what the replicates under way have, if there is news of any; nil
// otherwise.
func (s *saver) unwritten() []reports.Measured {
	s.latest.Lock()
	defer s.latest.Unlock()
	if !s.news {
		return nil
	}
	s.news = false
	return slices.Clone(s.underWay)
}

// replicate keeps a replicate that has ended. Nothing partial of it is written
// afterwards.
func (s *saver) replicate(m reports.Measured) error {
	return s.write(func() error {
		s.latest.Lock()
		s.forget(m.Arm)
		s.latest.Unlock()
		return s.keeper.Replicate(m)
	})
}

// close waits for the goroutine.
func (s *saver) close() {
	close(s.stop)
	<-s.ended
}
