package experiment

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/batch"
	"github.com/raftbench/raftbench/core/client"
	"github.com/raftbench/raftbench/core/cluster"
	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/workloads"
	"github.com/raftbench/raftbench/workloads/kv"
)

// started is a replicate whose cluster runs and has clients.
func started(tb testing.TB, transport string) *replicate {
	tb.Helper()
	s := settings(tb, transport)
	s.Idle = 20 * time.Millisecond
	p, err := s.Plan()
	if err != nil {
		tb.Fatal(err)
	}
	r := &replicate{settings: s, arm: p.Arms[0]}
	if err := r.start(context.Background()); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := r.system.close(); err != nil {
			tb.Error(err)
		}
	})
	if _, err := workloads.New(r.driverConfig(1)); err != nil {
		tb.Fatal(err)
	}
	return r
}

// raftOf is the cluster that a replicate measures.
func raftOf(r *replicate) *raftSystem { return r.system.(*raftSystem) }

// BenchmarkReading is what both readings of a window cost together.
func BenchmarkReading(b *testing.B) {
	for _, transport := range []string{"inproc", "rawtcp", "grpc"} {
		b.Run(transport, func(b *testing.B) {
			r := started(b, transport)
			b.ReportAllocs()
			for b.Loop() {
				r.open()
				r.close()
			}
		})
	}
}

// BenchmarkMeter is the part of a reading that two readings have between them.
func BenchmarkMeter(b *testing.B) {
	files := thisMachine()
	b.ReportAllocs()
	for b.Loop() {
		readMeter(files)
	}
}

// Everything that is read grows, or stays where it is.
func TestReadingsGrow(t *testing.T) {
	r := started(t, "rawtcp")
	if _, _, n := r.ends.between(); n != 0 {
		t.Fatalf("%d goroutines before anybody looked", n)
	}
	r.open()
	for _, c := range raftOf(r).clients {
		for _, key := range []string{"a", "b"} {
			if err := c.Do(context.Background(), &client.Op{Command: kv.AppendPut(nil, []byte(key), nil)}); err != nil {
				t.Fatal(err)
			}
		}
	}
	r.close()
	r.settle()
	out := &reports.Replicate{Window: time.Second}
	r.addCost(out, r.used)
	c := out.Cost
	for name, p := range map[string]*int64{
		"allocs": c.Allocs, "bytes": c.AllocBytes, "reads": c.ReadSyscalls, "writes": c.WriteSyscalls,
		"wire bytes": c.WireBytes, "segments": c.WireSegments, "goroutines": c.GoroutinesMax,
	} {
		if p == nil || *p <= 0 {
			t.Errorf("%s: %v", name, p)
		}
	}
	for name, p := range map[string]*int64{
		"user": c.CPUUser, "system": c.CPUSystem, "GC cycles": c.GCCycles, "GC pause": c.GCPause,
		"voluntary": c.VoluntarySwitches, "involuntary": c.InvoluntarySwitches,
	} {
		if p == nil || *p < 0 {
			t.Errorf("%s: %v", name, p)
		}
	}
	if out.Counters["client_ops"] != 2*uint64(len(raftOf(r).clients)) {
		t.Errorf("counters %v", out.Counters)
	}
	if out.Idle != nil {
		t.Error("an idle cost that was not measured")
	}
	s := r.surroundings()
	if s.usable <= 0 || s.capacity < s.own || s.clockFrom != s.clockTo {
		t.Errorf("%+v", s)
	}
	spreads := map[string]int64{}
	for _, d := range spread(r.used.distributions) {
		spreads[d.Name] = d.Histogram.Count()
	}
	if spreads["client_batch_ops"] != 2*int64(len(raftOf(r).clients)) || spreads["append_entries_per_message"] == 0 {
		t.Errorf("distributions %v", spreads)
	}
}

func TestIdleCluster(t *testing.T) {
	r := started(t, "rawtcp")
	ctx, cancel := context.WithCancel(context.Background())
	use := r.watchIdle(ctx)
	if use.length < r.settings.Idle || use.cost.CPUUser == nil || *use.cost.WireBytes < 0 || *use.cost.GoroutinesMax < 3 {
		t.Fatalf("%v: %+v", use.length, use.cost)
	}
	cancel()
	if use := r.watchIdle(ctx); use.length != 0 {
		t.Fatalf("interrupted, and yet measured for %v", use.length)
	}
}

// What is idle grows with the time; what keeping partial results takes grows with
// their number; what is a height stays.
func TestIdleIsScaled(t *testing.T) {
	u := idleUse{length: 300 * time.Millisecond, cost: reports.Cost{Allocs: new(int64(3)), CPUUser: new(int64(1000)), GoroutinesMax: new(int64(30))}}
	keeping := reports.Cost{Allocs: new(int64(5)), WireBytes: new(int64(7))}
	got := u.over(3*time.Second, keeping, 2)
	want := &reports.Cost{Allocs: new(int64(40)), CPUUser: new(int64(10_000)), GoroutinesMax: new(int64(30))}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("-want +got:\n%s", diff)
	}
	if *u.cost.Allocs != 3 {
		t.Fatal("scaling changed what was measured")
	}
}

func TestIdleTime(t *testing.T) {
	for _, c := range []struct {
		idle, window time.Duration
		operations   uint64
		want         time.Duration
	}{
		{300, 3000, 0, 300},
		{300, 299, 0, 0}, // longer than the window
		{300, 3000, tinyOperations, 0},
		{300, 3000, tinyOperations + 1, 300},
		{0, 3000, 0, 0},
	} {
		s := Settings{Idle: c.idle, Duration: c.window, Operations: c.operations}
		if got := s.idleTime(&Arm{}); got != c.want {
			t.Errorf("idle %d of window %d, %d operations: %d, want %d", c.idle, c.window, c.operations, got, c.want)
		}
	}
}

func TestElectionsOfTheWindow(t *testing.T) {
	opened := time.Now()
	lead := func(node core.NodeID, at time.Duration) cluster.Leadership {
		return cluster.Leadership{Node: node, Term: core.Term(node), At: opened.Add(at)}
	}
	got := elections([]cluster.Leadership{lead(1, -time.Second), lead(2, 0), lead(3, 900*time.Millisecond), lead(4, time.Second)}, []span{{opened, time.Second}})
	want := []reports.Event{{At: 0, Kind: "election", Text: "node 2 leads in term 2"}, {At: 900 * time.Millisecond, Kind: "election", Text: "node 3 leads in term 3"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("-want +got:\n%s", diff)
	}
}

func TestWaits(t *testing.T) {
	before := waits{counts: []uint64{10, 0, 5}, bounds: []float64{0, 1e-6, 1e-3, 1}}
	after := waits{counts: []uint64{108, 1, 6}, bounds: before.bounds}
	// 98 up to 1 us, one up to 1 ms, one longer.
	if got := after.since(before).p99(); got != time.Millisecond {
		t.Fatalf("p99 %v, want 1ms", got)
	}
	if got := after.since(after).p99(); got != 0 {
		t.Fatalf("nobody waited, and p99 is %v", got)
	}
	if w := readWaits(); len(w.counts) == 0 || len(w.bounds) != len(w.counts)+1 {
		t.Fatalf("%d counts and %d bounds", len(w.counts), len(w.bounds))
	}
}

// Distributions of several nodes are one, and only what came in between counts.
func TestSpread(t *testing.T) {
	dist := func(name string, values ...int64) batch.Distribution {
		d := batch.Distribution{Name: name, Unit: "ops"}
		for _, v := range values {
			d.Histogram.Record(v)
		}
		return d
	}
	before := join(nil, []batch.Distribution{dist("a", 1), dist("quiet", 3)})
	after := join(join(nil, []batch.Distribution{dist("a", 1, 2), dist("quiet", 3)}), []batch.Distribution{dist("a", 7), dist("late", 9)})
	got := spread(differences(before, after))
	if len(got) != 2 || got[0].Name != "a" || got[1].Name != "late" || got[0].Unit != "ops" {
		t.Fatalf("%+v", got)
	}
	if h := got[0].Histogram; h.Count() != 2 || h.AtRank(1) != 2 || h.Max() != 7 {
		t.Fatalf("a: %d values, %d to %d", h.Count(), h.AtRank(1), h.Max())
	}
}

// What was told of a replicate so far stays as it is while the replicate goes on: others
// read it meanwhile.
func TestSoFarStaysAsItIs(t *testing.T) {
	r := &replicate{used: &use{counters: map[string]uint64{"appends": 1}, around: new(surroundings)}}
	early := new(reports.Replicate)
	r.addCost(early, r.used)
	r.used.add(&use{counters: map[string]uint64{"appends": 2, "dials": 1}, around: new(surroundings)})
	if diff := cmp.Diff(map[string]uint64{"appends": 1}, early.Counters); diff != "" {
		t.Errorf("-told +now:\n%s", diff)
	}
}
