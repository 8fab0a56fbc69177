package experiment

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/reports/disk"
	"github.com/raftbench/raftbench/workloads"
)

// slow is a Keeper whose first partial record waits for release.
type slow struct {
	saved
	once    sync.Once
	entered chan struct{}
	release chan struct{}
}

func (s *slow) Partial(list []reports.Measured) error {
	s.once.Do(func() {
		close(s.entered)
		<-s.release
	})
	return s.saved.Partial(list)
}

func measured(index int) reports.Measured {
	return reports.Measured{Replicate: &reports.Replicate{Index: index}}
}

// While the disk is busy nobody waits, and what is newer takes the place of what is
// older.
func TestTheSaverHoldsUpNobody(t *testing.T) {
	k := &slow{entered: make(chan struct{}), release: make(chan struct{})}
	s := newSaver(context.Background(), k, func(err error) { t.Error(err) })
	s.partial(measured(1))
	s.writeSoon()
	<-k.entered
	for i := 2; i < 1000; i++ {
		s.partial(measured(i))
		s.writeSoon()
	}
	close(k.release)
	if err := s.replicate(measured(1000)); err != nil {
		t.Fatal(err)
	}
	s.close()
	if n := len(k.partials); n == 0 || n > 2 || n == 2 && k.partials[1].Replicate.Index != 999 {
		t.Fatalf("%d partial records, want the first, and the last at most", n)
	}
	if len(k.records) != 1 {
		t.Fatalf("kept %q, want the replicate", k.records)
	}
}

// What is partial and was not written when the whole came is not written at all.
func TestNothingPartialFollowsTheWhole(t *testing.T) {
	k := new(saved)
	s := &saver{keeper: k, wake: make(chan struct{}, 1), stop: make(chan struct{}), ended: make(chan struct{})}
	s.partial(measured(1))
	s.writeSoon()
	if err := s.replicate(measured(1)); err != nil {
		t.Fatal(err)
	}
	go s.loop(context.Background())
	for deadline := time.Now().Add(10 * time.Second); len(s.wake) > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it does not wake up")
		}
	}
	s.close()
	if len(k.partials) > 0 || len(k.records) != 1 {
		t.Fatalf("kept %q and %d partial records, want the replicate alone", k.records, len(k.partials))
	}
}

// Of several replicates under way the latest of each is written, also when the others
// have nothing new.
func TestTheSaverKeepsAllThatAreUnderWay(t *testing.T) {
	of := func(arm, index int) reports.Measured {
		return reports.Measured{Arm: arm, Replicate: &reports.Replicate{Index: index}}
	}
	k := new(saved)
	s := &saver{keeper: k, wake: make(chan struct{}, 1)}
	for _, m := range []reports.Measured{of(0, 1), of(1, 1), of(0, 2)} {
		s.partial(m)
	}
	if diff := cmp.Diff([]reports.Measured{of(1, 1), of(0, 2)}, s.unwritten()); diff != "" {
		t.Fatalf("-want +got:\n%s", diff)
	}
	if list := s.unwritten(); list != nil {
		t.Fatalf("%v, although nothing is new", list)
	}
	if err := s.replicate(of(0, 3)); err != nil {
		t.Fatal(err)
	}
	if list := s.unwritten(); list != nil {
		t.Fatalf("%v, although nothing is new", list)
	}
	s.partial(of(2, 1))
	if diff := cmp.Diff([]reports.Measured{of(1, 1), of(2, 1)}, s.unwritten()); diff != "" {
		t.Fatalf("-want +got:\n%s", diff)
	}
}

// The first error ends the run, is what every later call returns, and nothing is
// written after it.
func TestTheFirstErrorOfASaverStays(t *testing.T) {
	full := errors.New("disk full")
	k := &saved{fail: func(string) error { return full }}
	ctx, fail := context.WithCancelCause(context.Background())
	s := newSaver(context.Background(), k, fail)
	s.partial(measured(1))
	s.writeSoon()
	<-ctx.Done()
	if err := s.replicate(measured(1)); !errors.Is(err, full) || !errors.Is(context.Cause(ctx), full) {
		t.Fatalf("replicate says %v, the context %v; want %v", err, context.Cause(ctx), full)
	}
	s.close()
	if len(k.records) > 0 {
		t.Fatalf("kept %q after an error", k.records)
	}
}

func TestASignalIsKeptAtOnce(t *testing.T) {
	k := new(saved)
	ctx, cancel := context.WithCancel(context.Background())
	s := newSaver(ctx, k, func(err error) { t.Error(err) })
	cancel()
	kept := func() bool {
		k.mu.Lock()
		defer k.mu.Unlock()
		return len(k.records) == 1 && k.records[0] == string(reports.StatusInterrupted)
	}
	for deadline := time.Now().Add(10 * time.Second); !kept(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("nothing says that the run is interrupted")
		}
	}
	s.close()
}

// BenchmarkPartial is what keeping a replicate under way costs each time: the
// snapshot, for a part of which the workers stand still, the replicate made of it,
// and the record, encoded and durable. cpu-us/op is the CPU time of all of it.
func BenchmarkPartial(b *testing.B) {
	for _, clients := range []int{64, 1024} {
		for _, window := range []time.Duration{3 * time.Second, 10 * time.Second} {
			b.Run(fmt.Sprintf("clients=%d/window=%v", clients, window), func(b *testing.B) { benchmarkPartial(b, clients, window) })
		}
	}
}

func benchmarkPartial(b *testing.B, clients int, window time.Duration) {
	s := settings(b, "rawtcp")
	s.Clients, s.Duration, s.Warmup = []int{clients}, window, 0
	p, err := s.Plan()
	if err != nil {
		b.Fatal(err)
	}
	r := replicate{settings: s, arm: p.Arms[0]}
	if err := r.start(context.Background()); err != nil {
		b.Fatal(err)
	}
	d, err := workloads.New(r.driverConfig(1))
	if err != nil {
		b.Fatal(err)
	}
	if _, err := d.Run(context.Background()); err != nil {
		b.Fatal(err)
	}
	dir := b.TempDir()
	keeper := reports.NewKeeper(disk.OS(), dir)
	run := newRun(s, p, Header{})
	if err := keeper.Begin(run); err != nil {
		b.Fatal(err)
	}

	var snapshot, shape time.Duration
	cpu := cpuTime()
	for b.Loop() {
		start := time.Now()
		m := d.Snapshot()
		snapshot += time.Since(start)
		start = time.Now()
		so := r.soFar(m)
		shape += time.Since(start)
		if err := keeper.Partial([]reports.Measured{{Replicate: so}}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64((cpuTime()-cpu).Microseconds())/float64(b.N), "cpu-us/op")
	b.ReportMetric(float64(snapshot.Microseconds())/float64(b.N), "snapshot-us/op")
	b.ReportMetric(float64(shape.Microseconds())/float64(b.N), "shape-us/op")
	if info, err := os.Stat(filepath.Join(dir, reports.JournalName)); err == nil {
		b.ReportMetric(float64(info.Size())/float64(b.N), "B/record") // or less, once it was written anew
	}
	if err := errors.Join(keeper.Finish(run), r.system.close()); err != nil {
		b.Fatal(err)
	}
}

func cpuTime() time.Duration {
	var u unix.Rusage
	_ = unix.Getrusage(unix.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
