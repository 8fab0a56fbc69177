package wal

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// crash runs a workload until the power goes at a call, or to its end, and returns
// it with the disk, and the number of calls.
func crash(t *testing.T, seed uint64, offAt, steps int) (*workload, *simDisk) {
	t.Helper()
	disk := newSimDisk()
	disk.offAt = offAt
	w := newWorkload(nil, seed, newModel())
	l, err := Open(simOptions(disk))
	if err != nil {
		if offAt == 0 {
			t.Fatal(err)
		}
		return w, disk
	}
	w.log = l
	for i := 0; i < steps && w.failed == nil; i++ {
		w.step()
	}
	_ = l.Close() // without power it fails
	return w, disk
}

// recovered opens what a crash has left, and looks whether it may be so; and again
// after some more has been written.
func recovered(t *testing.T, what string, w *workload, disk *simDisk) {
	t.Helper()
	l, err := Open(simOptions(disk))
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	state, err := w.found(l)
	if err != nil {
		t.Fatalf("%s: %v: recovered in a state that it cannot be in:\n%v", what, l.Recovery().Verdict, err)
	}
	more := newWorkload(l, 99, state)
	for range 6 {
		more.step()
	}
	if more.failed != nil {
		t.Fatalf("%s: writing on: %v", what, more.failed)
	}
	if err := l.Close(); err != nil {
		t.Fatalf("%s: close: %v", what, err)
	}
	if l, err = Open(simOptions(disk)); err != nil {
		t.Fatalf("%s: open again: %v", what, err)
	}
	defer l.Close()
	if _, err := more.found(l); err != nil || l.Recovery().Verdict != Clean {
		t.Fatalf("%s: opened again, %v: %v", what, l.Recovery().Verdict, err)
	}
}

// A cut at every system call of a workload leaves a log that is opened without a
// complaint and holds everything that was acknowledged: whether the process died, or
// the power went and took nothing, everything, or some of what was not durable.
func TestPowerCutAtEveryCall(t *testing.T) {
	const calls = 500
	seeds := uint64(4)
	if raceDetector {
		seeds = 1
	}
	for offAt := 1; offAt <= calls; offAt++ {
		w, disk := crash(t, 1, offAt, 1<<30)
		what := fmt.Sprintf("power lost at call %d", offAt)
		recovered(t, what+", the process died", w, disk.killed())
		recovered(t, what+", all is lost that was not durable", w, disk.powerCut(nil))
		for seed := range seeds {
			rng := rand.New(rand.NewPCG(seed, uint64(offAt)))
			recovered(t, fmt.Sprintf("%s, some is lost (seed %d)", what, seed), w, disk.powerCut(rng))
		}
	}
}

// What a log has when it is opened is durable: its node acknowledges it. A process dies
// at every call, or the disk fails there, the next process opens the log, and then the
// power goes.
func TestPowerCutAfterRestart(t *testing.T) {
	for offAt := 1; offAt <= 300; offAt++ {
		w, disk := crash(t, 2, offAt, 1<<30)
		durableOnceOpened(t, fmt.Sprintf("the process died at call %d", offAt), w, disk)
	}
	for _, op := range []string{"write", "sync", "syncdir", "rename"} {
		for k := 1; k <= 60; k++ {
			disk, n := newSimDisk(), 0
			disk.fails = func(_ int, what string) bool {
				if what == op {
					n++
				}
				return what == op && n >= k
			}
			w, tripped := failing(t, disk)
			if !tripped {
				break
			}
			durableOnceOpened(t, fmt.Sprintf("every %s from %d on failed", op, k), w, disk)
		}
	}
}

func durableOnceOpened(t *testing.T, what string, w *workload, disk *simDisk) {
	t.Helper()
	disk.restart()
	l, err := Open(simOptions(disk))
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	state, err := w.found(l)
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	found := newWorkload(l, 1, state)
	recovered(t, what+", was restarted, and all was lost that was not durable", found, disk.powerCut(nil))
	rng := rand.New(rand.NewPCG(3, 4))
	recovered(t, what+", was restarted, and some was lost", found, disk.powerCut(rng))
	_ = l.Close() // the next process finds another disk
}

// The power goes while the log is opened again, at every call of that.
func TestPowerCutWhileOpened(t *testing.T) {
	for offAt := 1; offAt <= 200; offAt += max(1, min(5, offAt-30)) {
		for k, opened := 1, false; !opened; k++ {
			w, disk := crash(t, 2, offAt, 1<<30)
			disk.restart()
			disk.offAt = disk.count() + k
			l, err := Open(simOptions(disk))
			if opened = err == nil; opened {
				_ = l.Close() // without power it fails
			}
			what := fmt.Sprintf("the process died at call %d, power lost at call %d of the next one", offAt, k)
			recovered(t, what+", all is lost that was not durable", w, disk.powerCut(nil))
			recovered(t, what+", some is lost", w, disk.powerCut(rand.New(rand.NewPCG(uint64(k), 1))))
			recovered(t, what+", the process died", w, disk.killed())
		}
	}
}
