package experiment

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/cluster"
	"github.com/raftbench/raftbench/workloads"
)

const ms = time.Millisecond

func TestCuts(t *testing.T) {
	for _, c := range []struct {
		window, slice time.Duration
		want          []time.Duration
	}{
		{900 * ms, 300 * ms, []time.Duration{300 * ms, 300 * ms, 300 * ms}},
		{1000 * ms, 300 * ms, []time.Duration{300 * ms, 300 * ms, 400 * ms}},
		{650 * ms, 300 * ms, []time.Duration{300 * ms, 350 * ms}},
	} {
		if diff := cmp.Diff(c.want, cuts(c.window, c.slice)); diff != "" {
			t.Errorf("%v in slices of %v (-want +got):\n%s", c.window, c.slice, diff)
		}
	}
}

// Slices are shorter where the window is, down to a bucket of the series, so that there
// are rounds enough to tell who moved.
func TestAutomaticSlices(t *testing.T) {
	for window, want := range map[time.Duration]time.Duration{
		599 * ms: 0, 600 * ms: 100 * ms, 900 * ms: 100 * ms, 1500 * ms: 200 * ms, 1800 * ms: 300 * ms, time.Minute: 300 * ms,
	} {
		s := settings(t, "inproc,rawtcp")
		s.Duration, s.Warmup, s.Slice = window, 100*ms, SliceAuto
		if p, err := s.Plan(); err != nil || p.Slice != want {
			t.Errorf("a window of %v: slices of %v, error %v; want %v", window, p.Slice, err, want)
		}
	}
}

// Clusters that are up at once must not push each other out of a small machine's memory.
func TestClustersFitIntoMemory(t *testing.T) {
	for memory, want := range map[int64]int{0: 4 << 30, 64 << 30: 4 << 30, 8 << 30: 4 << 30, 2 << 30: 1 << 30} {
		if got := togetherBytes(memory); got != want {
			t.Errorf("with %d MiB: %d MiB, want %d", memory>>20, got>>20, want>>20)
		}
	}
	s := settings(t, "inproc,rawtcp")
	s.Duration, s.Warmup, s.Slice, s.Payloads = time.Second, 100*ms, 300*ms, []int{1 << 20}
	_, err := s.Plan()
	want := fmt.Sprintf("want at most %d, and half", togetherBytes(thisMachine().memoryBytes())>>20)
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want %q in it", err, want)
	}
}

// What keeps the arms from taking turns is an error if a length was asked for, and
// otherwise the arms have their windows in one piece.
func TestWhatCannotBeSliced(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*Settings)
		why   string
	}{
		"one arm":       {func(s *Settings) { s.Transports = s.Transports[:1] }, "one arm has nobody to take turns with"},
		"short window":  {func(s *Settings) { s.Duration = 599 * ms }, "a window of 599ms has no two slices"},
		"operations":    {func(s *Settings) { s.Operations = 1000 }, "no length"},
		"open loop":     {func(s *Settings) { s.Rates = []float64{1000} }, "an open loop that is overloaded would begin every slice without the queue of the last one"},
		"stages":        {func(s *Settings) { s.Stages, _ = workloads.ParseStages("1s:10,1s:20") }, "stages take their time in one piece"},
		"cold":          {func(s *Settings) { s.Warmup = 0 }, "one cold start"},
		"fixed port":    {func(s *Settings) { s.BasePort = 9000 }, "the same --port"},
		"long timeout":  {func(s *Settings) { s.Timeout = time.Minute }, "a timeout of 1m0s is too long"},
		"many arms":     {func(s *Settings) { s.Pipelines = []int{1, 2, 3, 4, 5, 6, 7, 8, 9} }, "18 arms cannot all be up at once, want at most 16"},
		"many clients":  {func(s *Settings) { s.Clients = []int{1 << 17} }, "131072 clients"},
		"large entries": {func(s *Settings) { s.Payloads = []int{1 << 20} }, "would hold 1573014 MiB"},
	} {
		s := settings(t, "inproc,rawtcp")
		s.Duration, s.Warmup, s.Slice = time.Second, 100*ms, 300*ms
		if p, err := s.Plan(); err != nil || p.Slice != 300*ms {
			t.Fatalf("before anything was spoilt: %v", err)
		}
		c.spoil(s)
		if _, err := s.Plan(); err == nil || !strings.Contains(err.Error(), "--slice 300ms: ") || !strings.Contains(err.Error(), c.why) {
			t.Errorf("%s: error %v, want %q", name, err, c.why)
		}
		s.Slice = SliceAuto
		if p, err := s.Plan(); err != nil || p.Slice != 0 {
			t.Errorf("%s: %v; want windows in one piece", name, err)
		}
	}
	s := settings(t, "inproc,rawtcp")
	s.Duration = time.Second
	for _, length := range []time.Duration{-ms, 99 * ms, 250 * ms} { // whose series would have holes
		s.Slice = length
		if _, err := s.Plan(); err == nil || err.Error() != fmt.Sprintf("--slice %v: want 0, auto, or a multiple of 100ms", length) {
			t.Errorf("slices of %v: error %v", length, err)
		}
	}
}

func TestElectionsBetweenSlices(t *testing.T) {
	start := time.Now()
	lead := func(node core.NodeID, at time.Duration) cluster.Leadership {
		return cluster.Leadership{Node: node, Term: 1, At: start.Add(at)}
	}
	spans := []span{{start.Add(time.Second), 100 * ms}, {start.Add(2 * time.Second), 200 * ms}}
	var got []time.Duration
	for _, e := range elections([]cluster.Leadership{lead(1, 0), lead(2, 1050*ms), lead(3, 1500*ms), lead(4, 2150*ms), lead(5, 2200*ms)}, spans) {
		got = append(got, e.At)
	}
	if diff := cmp.Diff([]time.Duration{50 * ms, 100 * ms, 250 * ms}, got); diff != "" {
		t.Fatalf("-want +got:\n%s", diff)
	}
}

// An arm that moves by itself is told from one that moves with the others.
func TestAlongside(t *testing.T) {
	arm := func(f func(round int) float64) *sliced {
		s := new(sliced)
		for i := range 20 {
			v := f(i)
			s.levels = append(s.levels, level{operations: 1e6, opsPerS: v, p50: 1 / v, p90: 2 / v})
		}
		return s
	}
	drift := func(i int) float64 { return 1 + float64(i)/20 }
	for name, c := range map[string]struct {
		first, second func(int) float64
		want          bool
	}{
		"both drift":     {drift, func(i int) float64 { return 3 * drift(i) }, true},
		"one drifts":     {drift, func(int) float64 { return 1 }, false},
		"one stops once": {drift, func(i int) float64 { return drift(i) * float64(min(i, 1)) }, false},
	} {
		all := []*sliced{arm(c.first), arm(c.second)}
		if got := newAlongside(all, 0).steady(maxDrift); got != c.want {
			t.Errorf("%s: steady %v", name, got)
		}
	}
	all := []*sliced{arm(drift), arm(drift)}
	all[1].levels = all[1].levels[:3]
	if newAlongside(all, 0).steady(maxDrift) {
		t.Error("three rounds are taken for enough")
	}
}

func TestDriftThatIsShared(t *testing.T) {
	moving := healthy(workloads.Closed)
	moving.measured.Series = fading(0.5)
	if why := checkStationarity(moving); why == "" {
		t.Fatal("a window in one piece: its drift is accepted")
	}
	moving.alongside = &alongside{}
	for range 12 {
		moving.alongside.add(level{operations: 1e6, opsPerS: 1, p50: 1, p90: 1}, [3]float64{})
	}
	if why := checkStationarity(moving); why != "" {
		t.Errorf("all arms went the same way: %s", why)
	}
	if note := noteStationarity(moving); !strings.Contains(note, "the arms that took turns with it went the same way") {
		t.Errorf("note %q", note)
	}
	moving.alongside = &alongside{}
	if why := checkStationarity(moving); why == "" {
		t.Error("nothing is known of the others: its drift is accepted")
	}
}
