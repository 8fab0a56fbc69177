package rafttest

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
)

var (
	seedFlag  = flag.Int64("seed", -1, "run only this seed")
	nodesFlag = flag.Int("nodes", 0, "nodes of the cluster for -seed; 0: by seed")
	ticksFlag = flag.Int("ticks", 0, "ticks of faults; 0: the default")
	traceFlag = flag.Bool("events", false, "print the trace of -seed (-trace is taken by go test)")
	seedsFlag = flag.Int("seeds", 0, "how many seeds TestSeeds and the tests of other worlds run; 0: the default")
)

// The number of seeds without and with -short.
const (
	seedsLong  = 1000
	seedsShort = 100
)

func TestSeeds(t *testing.T) {
	sum, count := runSeeds(t, Options{}, 1)
	if count >= seedsShort {
		sum.mustBeBusy(t)
	}
}

// Worlds with leases are few among all, and those in which one is near its end
// while another node is elected are fewer.
func TestLeaseSeeds(t *testing.T) {
	sum, count := runSeeds(t, Options{Leases: true, Ticks: longTicks}, 10)
	if count > 1 && sum.LeaseReads < 1000*count {
		t.Errorf("only %d reads by lease in %d seeds", sum.LeaseReads, count)
	}
}

// Worlds in which everything is sent several times.
func TestSessionSeeds(t *testing.T) {
	sum, count := runSeeds(t, Options{Sessions: true}, 4)
	if count >= 100 && (sum.SessionWrites < 20*count || sum.Copies < 20*count || sum.Stale < count || sum.Expired < count || sum.Snapshots == 0) {
		t.Errorf("too quiet: in %d seeds only %d writes, %d copies, %d stale, %d sessions expired and %d snapshots",
			count, sum.SessionWrites, sum.Copies, sum.Stale, sum.Expired, sum.Snapshots)
	}
}

// Worlds in which leaders take turns, or all voters are replaced at once.
func TestTurnoverSeeds(t *testing.T) {
	sum, count := runSeeds(t, Options{Turnover: true}, 10)
	if count >= 100 && (sum.Elections < 10*count || sum.Partitions < 10*count || sum.Changes < count || sum.Truncated < 10*count) {
		t.Errorf("too quiet: in %d seeds only %d elections, %d partitions, %d changes of members and %d truncated entries",
			count, sum.Elections, sum.Partitions, sum.Changes, sum.Truncated)
	}
}

// runSeeds runs worlds like o, a fraction of the seeds by default, on all cores.
func runSeeds(t *testing.T, o Options, fraction int) (sum Result, count int) {
	t.Helper()
	first, count := uint64(0), seedsLong/fraction
	switch {
	case *seedFlag >= 0:
		first, count = uint64(*seedFlag), 1
	case *seedsFlag > 0:
		count = *seedsFlag
	case testing.Short() || raceEnabled:
		count = seedsShort / fraction
	}
	o.Nodes = *nodesFlag
	if *ticksFlag != 0 {
		o.Ticks = *ticksFlag
	}
	if *traceFlag {
		o.Trace = os.Stdout
	}
	r := seedRunner{next: first, end: first + uint64(count)}
	var workers sync.WaitGroup
	for range min(count, runtime.GOMAXPROCS(0)) {
		workers.Go(func() { r.work(o) })
	}
	workers.Wait()
	if r.err != nil {
		o.Trace, o.Seed = nil, r.failed
		t.Fatalf("%v\n%s", r.err, replay(o, r.err))
	}
	t.Logf("%d seeds: %+v", count, r.sum)
	return r.sum, count
}

// seedRunner hands out seeds to workers and adds up what they find.
type seedRunner struct {
	end uint64

	mu     sync.Mutex
	next   uint64
	sum    Result
	failed uint64 // the seed of err
	err    error
}

func (r *seedRunner) work(o Options) {
	for {
		r.mu.Lock()
		o.Seed = r.next
		r.next++
		over := o.Seed >= r.end || r.err != nil
		r.mu.Unlock()
		if over {
			return
		}
		result, err := Run(o)
		r.mu.Lock()
		r.sum.add(result)
		if err != nil && (r.err == nil || o.Seed < r.failed) {
			r.failed, r.err = o.Seed, err
		}
		r.mu.Unlock()
	}
}

// replay returns the end of the trace and the command that shows all of it.
func replay(o Options, err error) string {
	var trace bytes.Buffer
	o.Trace = &trace
	_, _ = Run(o)
	lines := strings.Split(strings.TrimSpace(trace.String()), "\n")
	lines = lines[max(0, len(lines)-40):]
	return fmt.Sprintf("the last events:\n%s\nto replay: %s\n", strings.Join(lines, "\n"), command(o, err))
}

// command is what shows a world that failed once more, with all its events.
func command(o Options, err error) string {
	test := "TestSeeds$"
	if o.Leases {
		test = "TestLeaseSeeds$"
	}
	if o.Sessions {
		test = "TestSessionSeeds$"
	}
	if o.Turnover {
		test = "TestTurnoverSeeds$"
	}
	if o.ExcessPercent > 0 {
		test = fmt.Sprintf("TestClocksBeyondTheDrift$/^%d$", o.ExcessPercent)
	}
	c := fmt.Sprintf("go test ./core/rafttest -v -run '%s' -seed %d", test, o.Seed)
	if v := new(Violation); errors.As(err, &v) {
		c += fmt.Sprintf(" -nodes %d", v.Nodes)
	}
	if o.Ticks != 0 {
		c += fmt.Sprintf(" -ticks %d", o.Ticks)
	}
	return c + " -events"
}

func TestReplayCommand(t *testing.T) {
	_, err := Run(Options{Seed: 3, Bug: AnswerTwice, Ticks: 300})
	want := "go test ./core/rafttest -v -run 'TestSeeds$' -seed 3 -nodes 5 -ticks 300 -events"
	if got := command(Options{Seed: 3, Ticks: 300}, err); got != want {
		t.Fatalf("%v\nreplay with %s\nwant        %s", err, got, want)
	}
}

func (r *Result) add(o Result) {
	r.Ticks += o.Ticks
	r.Events += o.Events
	r.Elections += o.Elections
	r.Crashes += o.Crashes
	r.Partitions += o.Partitions
	r.Writes += o.Writes
	r.Reads += o.Reads
	r.ReadsLost += o.ReadsLost
	r.Snapshots += o.Snapshots
	r.Taken += o.Taken
	r.Resumed += o.Resumed
	r.Transfers += o.Transfers
	r.Lost += o.Lost
	r.Doubled += o.Doubled
	r.Truncated += o.Truncated
	r.Changes += o.Changes
	r.LeaseReads += o.LeaseReads
	r.FollowerReads += o.FollowerReads
	r.StaleReads += o.StaleReads
	r.FastClocks += o.FastClocks
	r.FastClockTicks += o.FastClockTicks
	r.FastClockMost = max(r.FastClockMost, o.FastClockMost)
	r.Pauses += o.Pauses
	r.DiskErrors += o.DiskErrors
	r.Torn += o.Torn
	r.SessionWrites += o.SessionWrites
	r.Copies += o.Copies
	r.Stale += o.Stale
	r.Expired += o.Expired
	r.Wipes += o.Wipes
	r.HealedWithin = max(r.HealedWithin, o.HealedWithin)
}

// mustBeBusy fails if the seeds together left out what they are for.
func (r *Result) mustBeBusy(t *testing.T) {
	t.Helper()
	for _, c := range []struct {
		what string
		n    int
	}{
		{"elections", r.Elections}, {"crashes", r.Crashes}, {"partitions", r.Partitions}, {"writes", r.Writes},
		{"reads", r.Reads}, {"reads lost", r.ReadsLost}, {"snapshots", r.Snapshots}, {"snapshots taken", r.Taken}, {"snapshots resumed", r.Resumed}, {"transfers", r.Transfers},
		{"lost messages", r.Lost}, {"doubled messages", r.Doubled}, {"truncated entries", r.Truncated},
		{"changes of members", r.Changes}, {"reads by lease", r.LeaseReads}, {"reads by followers", r.FollowerReads},
		{"pauses", r.Pauses}, {"disk errors", r.DiskErrors}, {"torn writes", r.Torn}, {"wiped disks", r.Wipes},
	} {
		if c.n < 20 {
			t.Errorf("only %d %s in all seeds: the worlds are too quiet", c.n, c.what)
		}
	}
}

// The same seed gives the same trace, byte for byte.
func TestSameSeedSameTrace(t *testing.T) {
	for seed := uint64(0); seed < 10; seed++ {
		var traces [2]bytes.Buffer
		for i := range traces {
			if _, err := Run(Options{Seed: seed, Trace: &traces[i]}); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(traces[0].Bytes(), traces[1].Bytes()) {
			t.Fatalf("seed %d: two traces differ", seed)
		}
		if traces[0].Len() < 10000 {
			t.Fatalf("seed %d: the trace has only %d bytes", seed, traces[0].Len())
		}
	}
}
