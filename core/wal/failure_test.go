package wal

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/raftbench/raftbench/core"
)

// Every k-th write and every k-th sync fails: everything from there on fails with the
// same error, the log is not touched any more, and what was acknowledged is there
// when it is opened again, also without what was not durable.
func TestEveryKthCallFails(t *testing.T) {
	for _, op := range []string{"write", "sync", "syncdir", "create", "allocate", "rename", "remove"} {
		failed := 0
		for k := 1; k <= 120; k++ {
			disk := newSimDisk()
			n := 0
			disk.fails = func(_ int, what string) bool {
				if what == op {
					n++
				}
				return what == op && n%k == 0
			}
			w, tripped := failing(t, disk)
			if !tripped {
				break // there are not so many
			}
			failed++
			what := fmt.Sprintf("every %s after %d fails", op, k-1)
			recovered(t, what+", the process dies", w, disk.killed())
			recovered(t, what+", the power goes", w, disk.powerCut(nil))
		}
		if failed == 0 {
			t.Errorf("no %s has failed", op)
		}
	}
}

// failing runs a workload to its first failure, and looks what comes after.
func failing(t *testing.T, disk *simDisk) (w *workload, tripped bool) {
	t.Helper()
	w = newWorkload(nil, 5, newModel())
	l, err := Open(simOptions(disk))
	if err != nil {
		if !errors.Is(err, errSim) {
			t.Fatalf("open: %v", err)
		}
		return w, true
	}
	w.log = l
	for i := 0; i < 200 && w.failed == nil; i++ {
		w.step()
	}
	first := l.writer.failure()
	if first == nil {
		err := l.Close()
		return w, err != nil
	}
	calls := 0
	for i := range 3 {
		if i == 1 { // the frame that was under way when a snapshot failed has ended
			calls = disk.count()
		}
		if err := tryWrite(l, nil, l.LastIndex()+1, []byte("x")); err == nil || err.Error() != first.Error() {
			t.Fatalf("a write after a failure: %v, want %v", err, first)
		}
	}
	if err := core.SaveSnapshot(l, core.SnapshotMeta{Index: l.LastIndex(), Term: 1}, func(io.Writer) error { return nil }); err == nil || err.Error() != first.Error() {
		t.Fatalf("a snapshot after a failure: %v, want %v", err, first)
	}
	if n := disk.count() - calls; n != 0 {
		t.Fatalf("the disk was called %d times after a failure", n)
	}
	if err := l.Close(); err != nil && !errors.Is(err, errSim) {
		t.Fatalf("close: %v", err)
	}
	return w, true
}

// A disk that stands still makes Write wait when the queue is full, and not before.
func TestQueueIsBounded(t *testing.T) {
	disk := newSimDisk()
	o := simOptions(disk)
	o.maxQueue = 10_000
	l, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	stuck := make(chan struct{})
	disk.mu.Lock()
	disk.blocked = stuck
	disk.mu.Unlock()
	acknowledged := make(chan error, 100)
	add := func(i int) {
		l.Write(core.Write{Entries: []core.Entry{{Index: core.Index(i), Term: 1, Data: make([]byte, 1000)}}, Sync: true},
			func(err error) { acknowledged <- err })
	}
	added := make(chan int, 100)
	go func() {
		defer close(added)
		for i := 1; i <= 60; i++ {
			add(i)
			added <- i
		}
	}()
	// The first frame is with the disk, and has one write at least; what waits behind
	// it never exceeds the bound.
	for i := range added {
		l.writer.mu.Lock()
		bytes := l.writer.queue.bytes
		l.writer.mu.Unlock()
		if bytes > o.maxQueue {
			t.Fatalf("%d bytes are queued after %d writes, at most %d may be", bytes, i, o.maxQueue)
		}
		if bytes+1016 > o.maxQueue {
			close(stuck) // the next one waits, or will
			disk.mu.Lock()
			disk.blocked = nil
			disk.mu.Unlock()
			break
		}
	}
	for range added {
	}
	for range 60 {
		if err := <-acknowledged; err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

// A write that waits for room in the queue of a disk that stands still ends when the
// disk fails.
func TestWriteThatWaitsEndsWithFailure(t *testing.T) {
	q := newWriter(Options{maxQueue: 10})
	first, second := make(chan error, 1), make(chan error, 1)
	entries := []core.Entry{{Index: 1, Term: 1}}
	q.add(item{write: core.Write{Entries: entries}, done: func(err error) { first <- err }})
	go q.add(item{write: core.Write{Entries: entries}, done: func(err error) { second <- err }})
	_ = q.fail(errSim)
	for _, done := range []chan error{first, second} {
		for len(done) == 0 {
			batch, err := q.take(nil)
			for _, it := range batch {
				it.done(err)
			}
		}
		if err := <-done; !errors.Is(err, errSim) {
			t.Fatalf("done with %v, want %v", err, errSim)
		}
	}
}

// Nothing is acknowledged that is written to a log which was removed: it would end with
// the process. What was acknowledged before stays so.
func TestRemovedLog(t *testing.T) {
	for name, noSync := range map[string]bool{"synced": false, "not synced": true} {
		t.Run(name, func(t *testing.T) {
			o := options(filepath.Join(t.TempDir(), "node"))
			o.NoSync = noSync
			l, err := Open(o)
			if err != nil {
				t.Fatal(err)
			}
			write(t, l, &core.HardState{Term: 1}, 1, []byte("x"))
			if err := os.RemoveAll(o.Dir); err != nil {
				t.Fatal(err)
			}
			for range 2 {
				err := tryWrite(l, nil, 2, []byte("y"))
				if runtime.GOOS == "linux" && (!errors.Is(err, ErrRemoved) || !strings.Contains(err.Error(), segmentName(1))) {
					t.Fatalf("a write to a log that was removed: %v, want %v", err, ErrRemoved)
				}
			}
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
		})
	}
}
