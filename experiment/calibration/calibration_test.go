package calibration

import (
	"context"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/experiment"
	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/transports"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func settings(t *testing.T, list string) *experiment.Settings {
	t.Helper()
	specs, err := transports.ParseList(transports.All(), list)
	if err != nil {
		t.Fatal(err)
	}
	return &experiment.Settings{
		Transports: specs, Nodes: []int{3}, Clients: []int{4}, Payloads: []int{16}, BatchSizes: []int{16 << 10}, Lingers: []time.Duration{0}, Pipelines: []int{4},
		ReadMode: experiment.ReadIndex, Keys: 100, Duration: 20 * time.Millisecond, MaxOutstanding: 100, Repeat: MinPairs, Seed: 1,
		Timeout: 5 * time.Second, Timeouts: core.Timeouts{}.WithDefaults(),
	}
}

func TestPlanHasTwoEqualArms(t *testing.T) {
	p, err := Plan(settings(t, "rawtcp"))
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Arms) != 2 || p.Arms[0].Label != "rawtcp A" || p.Arms[1].Label != "rawtcp B" || len(p.Blocks) != MinPairs {
		t.Fatalf("%d blocks of %+v", len(p.Blocks), p.Arms)
	}
	first := map[int]bool{}
	for _, b := range p.Blocks {
		first[b[0]] = true
	}
	if len(first) != 2 {
		t.Error("one arm always comes first")
	}
	if _, err := Plan(settings(t, "rawtcp,http")); err == nil || !strings.Contains(err.Error(), "2 arms") {
		t.Errorf("two arms: %v", err)
	}
	if _, err := Plan(&experiment.Settings{}); err == nil {
		t.Error("a plan of nothing")
	}
}

// The whole way, with a transport that needs no network.
func TestCalibrationOfThisMachine(t *testing.T) {
	s := settings(t, "inproc")
	p, err := Plan(s)
	if err != nil {
		t.Fatal(err)
	}
	run, err := experiment.Run(context.Background(), s, p, experiment.Header{}, nil, Discard{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range run.Arms {
		for j := range run.Arms[i].Replicates {
			if run.Arms[i].Replicates[j].Operations.Succeeded == 0 {
				t.Skip("the machine is too busy to measure anything in 20 ms")
			}
		}
	}
	floors, pairs, err := Floors(run, true)
	if err != nil || pairs != MinPairs || floors[0].Metric.Name != reports.Throughput().Name || floors[0].Noise <= 0 {
		t.Fatalf("%d pairs, %d floors, error %v", pairs, len(floors), err)
	}
	c := New(run, floors, pairs, nil)
	if c.Machine != experiment.Machine() || c.NoiseFloor["throughput_ops_per_s"] != floors[0].Noise {
		t.Errorf("%+v of %s", c, experiment.Machine())
	}
}

// equalArms makes a run of arms whose throughput differs within pairs with the given
// standard deviation.
func equalArms(pairs int, deviation float64) *reports.Run {
	rng := rand.New(rand.NewPCG(1, 1))
	run := &reports.Run{Arms: []reports.Arm{{Label: "A"}, {Label: "B"}}, Plan: reports.Plan{Replicates: pairs}}
	for i := range 2 * pairs {
		n := uint64(1e9 * math.Exp(deviation/math.Sqrt2*rng.NormFloat64()))
		a := &run.Arms[i%2]
		a.Replicates = append(a.Replicates, reports.Replicate{
			Block: i/2 + 1, Window: time.Second, Valid: true, Operations: reports.Operations{Started: n, Succeeded: n},
		})
	}
	return run
}

// With normal noise theory says what ten pairs of equal arms exceed one time in twenty: 1.96
// standard errors of the Hodges-Lehmann estimate, which is 0.955 as efficient as the mean.
func TestFloorIsWhatTheorySays(t *testing.T) {
	for _, deviation := range []float64{0.01, 0.05, 0.2} {
		floors, pairs, err := Floors(equalArms(400, deviation), false)
		if err != nil || pairs != 400 || len(floors) != 1 {
			t.Fatalf("%d pairs, %d floors, error %v", pairs, len(floors), err)
		}
		f := floors[0]
		want := 1.96 * deviation / math.Sqrt(pairsCompared*0.955)
		if got := math.Log1p(f.Noise); math.Abs(got/want-1) > 0.12 {
			t.Errorf("deviation %v: floor %.4f, theory says %.4f", deviation, got, want)
		}
		if got := math.Log1p(f.Pair); math.Abs(got/deviation-1) > 0.12 {
			t.Errorf("deviation %v: within a pair %.4f", deviation, got)
		}
		// Found nine times in ten: at least what is significant and 1.28 standard errors.
		least := (2.24 + 1.28) * deviation / math.Sqrt(pairsCompared)
		if got := math.Log1p(f.Resolution); got < max(least, math.Log1p(reports.DefaultMinEffect)) || got > 1.5*least+0.05 {
			t.Errorf("deviation %v: resolution %.4f, want somewhat above %.4f", deviation, got, least)
		}
	}
	if floors, _, err := Floors(equalArms(100, 2), false); err != nil || !math.IsInf(floors[0].Resolution, 1) {
		t.Errorf("hopeless noise: %+v, error %v", floors, err)
	}
}

func TestFloorsLeaveOutTheInvalid(t *testing.T) {
	run := equalArms(MinPairs+1, 0.01)
	bad := &run.Arms[1].Replicates[2]
	bad.Valid, bad.Reasons, bad.Operations.Succeeded = false, []string{"disturbed"}, 1
	floors, pairs, err := Floors(run, false)
	if err != nil || pairs != MinPairs || floors[0].Pair > 0.02 {
		t.Fatalf("%d pairs, %+v, error %v", pairs, floors, err)
	}
	floors, pairs, err = Floors(run, true)
	if err != nil || pairs != MinPairs+1 || floors[0].Pair < 1 {
		t.Fatalf("allowed: %d pairs, %+v, error %v", pairs, floors, err)
	}
	run.Arms[0].Replicates[5].Valid = false
	if _, _, err := Floors(run, false); err == nil || !strings.Contains(err.Error(), "5 of 7 pairs are VALID, want 6: disturbed") {
		t.Fatalf("error %v", err)
	}
	for i := range run.Arms[0].Replicates {
		run.Arms[0].Replicates[i].Window = 0
	}
	if _, _, err := Floors(run, true); err == nil || !strings.Contains(err.Error(), "measured anything") {
		t.Fatalf("nothing measured: %v", err)
	}
	run.Arms = run.Arms[:1]
	if _, _, err := Floors(run, true); err == nil {
		t.Fatal("one arm")
	}
}

func TestDispatchLag(t *testing.T) {
	const length = 100 * time.Millisecond
	h, err := DispatchLag(t.Context(), length)
	if err != nil {
		t.Fatal(err)
	}
	want := LagRate * length.Seconds()
	if n := float64(h.Count()); n < 0.8*want || n > 1.2*want {
		t.Fatalf("%v operations, want about %v", n, want)
	}
	if h.Max() <= 0 || !h.Percentile(0.99).Carried {
		t.Errorf("max %d, p99 %+v", h.Max(), h.Percentile(0.99))
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := DispatchLag(ctx, time.Hour); err == nil {
		t.Error("no error after a cancellation")
	}
}
