package workloads

import (
	"math"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/google/go-cmp/cmp"
)

// piece is a measurement of a target that completes so many operations in each bucket
// of 100 ms, all of the same latency: a warm-up and then a window of so many buckets.
func piece(start time.Time, warmup, window, each int, latency time.Duration) *Measurement {
	const width = DefaultSeriesWidth
	m := &Measurement{Loop: Closed, Workers: 1, Clients: 8, Start: start, WarmupEnd: WarmupFixed, Series: newSeries(width, 0)}
	for i := range warmup + window {
		for range each {
			m.Series.at(time.Duration(i)*width).record(Put, latency)
		}
		m.Series.at(time.Duration(i) * width).Completed[Put] = uint64(each)
	}
	m.Warmup = phase(0, warmup, each, latency)
	m.Window = phase(warmup, window, each, latency)
	return m
}

func phase(from, buckets, each int, latency time.Duration) Phase {
	n := uint64(buckets * each)
	p := Phase{From: time.Duration(from) * DefaultSeriesWidth, To: time.Duration(from+buckets) * DefaultSeriesWidth}
	h := hdrhistogram.New(1, int64(MaxLatency), 3)
	_ = h.RecordValues(int64(latency), int64(n)) // in range
	p.Ops[Put] = OpRecord{Started: n, Succeeded: n, Completed: n, Response: h, ResponseSum: float64(n) * float64(latency)}
	total := time.Duration(n) * latency
	p.Sojourn = Sojourn{Inside: total, Recorded: total}
	if buckets > 0 {
		p.InFlightMean = total.Seconds() / p.Duration().Seconds()
	}
	return p
}

func TestSlicesMakeOneMeasurement(t *testing.T) {
	start := time.Unix(1000, 0)
	m := AsWarmup(piece(start, 7, 1, 10, time.Millisecond))
	if m.Window.Duration() != 0 || m.Warmup.Duration() != 800*ms || m.Warmup.Ops[Put].Started != 80 || m.WarmupEnd != WarmupFixed {
		t.Fatalf("warm-up %v with %d operations, window %v", m.Warmup.Duration(), m.Warmup.Ops[Put].Started, m.Window.Duration())
	}
	second := piece(start.Add(time.Minute), 1, 3, 20, 2*time.Millisecond)
	m.Append(second)
	m.Append(piece(start.Add(2*time.Minute), 1, 1, 40, 4*time.Millisecond))

	if m.Warmup.To != 1000*ms || m.Window.From != 1000*ms || m.Window.To != 1400*ms {
		t.Fatalf("warm-up to %v, window from %v to %v", m.Warmup.To, m.Window.From, m.Window.To)
	}
	// The window begins when the first slice began to be measured.
	if opened, want := m.Start.Add(900*ms), second.Start.Add(100*ms); !opened.Equal(want) {
		t.Errorf("the window opened at %v, want %v", opened, want)
	}
	o := m.Window.Total()
	if o.Completed != 100 || o.Response.TotalCount() != 100 || o.MeanResponse() != 2.8e6 {
		t.Errorf("%d operations, %d latencies, mean %v", o.Completed, o.Response.TotalCount(), o.MeanResponse())
	}
	if got := m.Window.ThroughputOpsPerS(); got != 250 {
		t.Errorf("%v operations per second, want 250", got)
	}
	if err := m.CheckConservation(); err != nil {
		t.Error(err)
	}
	expected, observed, ok := LittlesLaw(m)
	if want := 0.7; !ok || math.Abs(expected-want) > 0.01 || math.Abs(observed-want) > 0.01 {
		t.Errorf("%v operations under way by latency, %v by count, want %v", expected, observed, want)
	}
	if second.Window.Ops[Put].Started != 60 || second.Window.To != 400*ms {
		t.Error("a slice was changed")
	}
}

func TestTheSeriesOfSlices(t *testing.T) {
	m := AsWarmup(piece(time.Now(), 2, 1, 10, time.Millisecond))
	m.Append(piece(time.Now(), 1, 3, 20, time.Millisecond))
	m.Append(piece(time.Now(), 1, 2, 40, time.Millisecond))
	completed := func(p *Phase) []uint64 {
		var list []uint64
		for _, b := range m.Series.cut(p.From, p.To) {
			list = append(list, b.Completed[Put])
		}
		return list
	}
	if diff := cmp.Diff([]uint64{20, 20, 20, 40, 40}, completed(&m.Window)); diff != "" {
		t.Errorf("window (-want +got):\n%s", diff)
	}
	// What was driven before the slices has no buckets, for it was no whole number.
	if diff := cmp.Diff([]uint64{10, 10, 10}, completed(&Phase{From: m.Series.Origin, To: m.Window.From})); diff != "" {
		t.Errorf("warm-up (-want +got):\n%s", diff)
	}
	if ok, why := m.Stationary(0.25); !ok || why == "" {
		t.Errorf("five buckets: %v, %q; want too few to tell", ok, why)
	}
}

// A long window stays within the bound, and keeps apart what was before it.
func TestTheSeriesOfManySlicesIsBounded(t *testing.T) {
	m := AsWarmup(piece(time.Now(), 2, 1, 1, time.Millisecond))
	const slices = MaxSeriesBuckets
	for range slices {
		m.Append(piece(time.Now(), 1, 3, 2, time.Millisecond))
	}
	if n := len(m.Series.Buckets); n > MaxSeriesBuckets || n < MaxSeriesBuckets/3 || m.Series.Width != 4*DefaultSeriesWidth {
		t.Fatalf("%d buckets of %v", n, m.Series.Width)
	}
	first, last := m.Series.Within(m.Window.From, m.Window.To)
	sum := uint64(0)
	for i, b := range m.Series.Buckets[first:last] {
		if b.Completed[Put] != 8 {
			t.Fatalf("bucket %d of the window: %d operations, want 8", i, b.Completed[Put])
		}
		sum += b.Completed[Put]
	}
	if want := m.Window.Ops[Put].Completed; sum != want {
		t.Fatalf("%d operations in the series, %d in the window", sum, want)
	}
}

func TestAWarmUpOfOtherBucketsIsLeftOut(t *testing.T) {
	long := piece(time.Now(), 20, 1, 1, time.Millisecond)
	long.Series.double()
	m := AsWarmup(long)
	m.Append(piece(time.Now(), 1, 3, 2, time.Millisecond))
	if n := len(m.Series.Buckets); n != 3 || m.Series.From(0) != m.Window.From {
		t.Fatalf("%d buckets from %v, want the 3 of the window from %v", n, m.Series.From(0), m.Window.From)
	}
}

func TestAnInterruptedSliceInterruptsTheWhole(t *testing.T) {
	m := AsWarmup(piece(time.Now(), 2, 1, 1, time.Millisecond))
	cut := piece(time.Now(), 1, 1, 2, time.Millisecond)
	cut.Interrupted = true
	m.Append(cut)
	m.Append(piece(time.Now(), 1, 1, 2, time.Millisecond))
	if !m.Interrupted {
		t.Fatal("the interruption is forgotten")
	}
}

func TestSteadyAmongOthers(t *testing.T) {
	level := func(n int, f func(i int) float64) []float64 {
		list := make([]float64, n)
		for i := range list {
			list[i] = f(i)
		}
		return list
	}
	for name, c := range map[string]struct {
		values []float64
		want   bool
	}{
		"level":   {level(40, func(i int) float64 { return 1 + 0.02*float64(i%3) }), true},
		"trend":   {level(40, func(i int) float64 { return 1 + float64(i)/40 }), false},
		"step":    {level(40, func(i int) float64 { return float64(1 + i/20) }), false},
		"too few": {level(5, func(int) float64 { return 1 }), false},
		"a stop":  {level(40, func(i int) float64 { return 1 / float64(min(i, 1)) }), false},
		"one disturbed": {level(40, func(i int) float64 {
			if i == 17 {
				return 0.2
			}
			return 1
		}), true},
	} {
		if got := Steady(c.values, nil, 0.25); got != c.want {
			t.Errorf("%s: steady %v", name, got)
		}
	}
}
