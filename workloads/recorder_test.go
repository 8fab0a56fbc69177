package workloads

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/client"
)

const ms = time.Millisecond

func ok(t OpType, intended, sent, done time.Duration) Sample {
	return Sample{Type: t, Intended: intended, Sent: sent, Done: done}
}

// measured merges recorders.
func measured(recorders ...*Recorder) *Measurement {
	m := &Measurement{}
	for _, r := range recorders {
		r.AddTo(m)
	}
	return m
}

func TestLatencyGoesByIntendedTimeAndThroughputByCompletion(t *testing.T) {
	r := NewRecorder(Open, 100*ms, nil, nil)
	r.Begin(100 * ms)
	r.End(300 * ms)
	for _, s := range []Sample{
		ok(Put, 50*ms, 60*ms, 70*ms),    // all in the warm-up
		ok(Put, 90*ms, 90*ms, 150*ms),   // latency to the warm-up, throughput to the window
		ok(Put, 120*ms, 130*ms, 140*ms), // all in the window
		ok(Put, 299*ms, 299*ms, 450*ms), // latency to the window, throughput to neither
	} {
		r.Start(s.Type, s.Intended)
		r.Record(s)
	}
	m := measured(r)
	w, o := m.Warmup.Ops[Put], m.Window.Ops[Put]
	if w.Succeeded != 2 || w.Completed != 1 || o.Succeeded != 2 || o.Completed != 2 {
		t.Fatalf("warm-up %d by intended time, %d by completion; window %d, %d; want 2, 1, 2, 2", w.Succeeded, w.Completed, o.Succeeded, o.Completed)
	}
	if got := time.Duration(o.Response.Max()); got < 150*ms || got > 152*ms {
		t.Fatalf("the window's longest response is %v, want 151 ms", got)
	}
	if got := time.Duration(o.Service.Min()); got < 9*ms || got > 11*ms {
		t.Fatalf("the window's shortest service is %v, want 10 ms", got)
	}
	var completed, responses []int64
	for _, b := range m.Series.Buckets {
		completed = append(completed, int64(b.Completed[Put]))
		n := int64(0)
		if h := b.Response[Put]; h != nil {
			n = h.TotalCount()
		}
		responses = append(responses, n)
	}
	if diff := cmp.Diff([]int64{1, 2, 0, 0, 1}, completed); diff != "" {
		t.Fatalf("completions by bucket (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]int64{2, 1, 1, 0, 0}, responses); diff != "" {
		t.Fatalf("latencies by bucket (-want +got):\n%s", diff)
	}
}

func TestRecordersAreMergedAndNotAveraged(t *testing.T) {
	fast, slow := NewRecorder(Closed, 0, nil, nil), NewRecorder(Closed, 0, nil, nil)
	for i := range 1000 {
		at := time.Duration(i) * ms
		fast.Record(ok(Get, at, at, at+1*ms))
		if i < 10 {
			slow.Record(ok(Get, at, at, at+1000*ms))
		}
	}
	for _, r := range []*Recorder{fast, slow} {
		r.Begin(0)
	}
	m := measured(fast, slow)
	o := m.Warmup.Ops[Get]
	if o.Succeeded != 1010 || o.Response.TotalCount() != 1010 {
		t.Fatalf("%d successes and %d latencies, want 1010", o.Succeeded, o.Response.TotalCount())
	}
	// The mean of both workers' p90 would be 500 ms.
	if got := quantile(o.Response, 90); got > 2*ms {
		t.Fatalf("p90 is %v: less than 1 %% of the operations took longer than 1 ms", got)
	}
	if got := quantile(o.Response, 99.5); got < 900*ms {
		t.Fatalf("p99.5 is %v: 1 %% of the operations took 1 s", got)
	}
	if again := measured(fast, slow); again.Warmup.Ops[Get].Succeeded != 1010 {
		t.Fatalf("merging changed what was merged")
	}
}

// ghz#325: results beyond a million were dropped without a word, and the percentiles
// were those of the beginning.
func TestResultsAreNotCapped(t *testing.T) {
	r := NewRecorder(Closed, 0, nil, nil)
	r.Begin(0)
	const early, late = 1_000_000, 200_000
	for i := range early + late {
		at, took := time.Duration(i)*time.Microsecond, ms
		if i >= early {
			took = 50 * ms
		}
		r.Record(ok(Put, at, at, at+took))
	}
	o := measured(r).Window.Ops[Put]
	if o.Succeeded != early+late || o.Response.TotalCount() != early+late {
		t.Fatalf("%d successes and %d latencies of %d", o.Succeeded, o.Response.TotalCount(), early+late)
	}
	if got := quantile(o.Response, 90); got < 49*ms {
		t.Fatalf("p90 is %v: one in six took 50 ms", got)
	}
}

func TestLatenciesBeyondTheRangeAreCounted(t *testing.T) {
	r := NewRecorder(Open, time.Minute, nil, nil)
	r.Begin(0)
	r.Record(ok(Put, 0, 2*MaxLatency, 2*MaxLatency+1))
	o := measured(r).Window.Ops[Put]
	if o.Beyond != 1 || o.Response.TotalCount() != 1 || o.Response.Max() < int64(MaxLatency) {
		t.Fatalf("beyond %d, %d recorded, max %v", o.Beyond, o.Response.TotalCount(), time.Duration(o.Response.Max()))
	}
}

func TestErrorClassesAreBounded(t *testing.T) {
	r := NewRecorder(Open, 0, nil, func(err error) string { return err.Error() })
	for i := range 1000 {
		r.Record(Sample{Outcome: client.OutcomeUnknown, Err: fmt.Errorf("error %d", i)})
	}
	o := measured(r).Warmup.Ops[Put]
	if len(o.Errors) > maxErrorKeys+1 || o.Unknown != 1000 || o.Errors[ErrorKey{client.OutcomeUnknown, otherErrors}] < 1000-maxErrorKeys {
		t.Fatalf("%d classes for %d errors: %v", len(o.Errors), o.Unknown, o.Errors)
	}
	if o.Response.TotalCount() != 0 {
		t.Fatalf("an error entered the latency histogram")
	}
}

func TestALongSeriesDoublesItsWidth(t *testing.T) {
	long, short := NewRecorder(Closed, 100*ms, nil, nil), NewRecorder(Closed, 100*ms, nil, nil)
	const n = 5 * MaxSeriesBuckets
	for i := range n {
		at := time.Duration(i) * 100 * ms
		long.Record(ok(Put, at, at, at+1))
	}
	short.Record(ok(Get, 0, 0, 950*ms))
	m := measured(long, short)
	s := m.Series
	if s.Width != 800*ms || len(s.Buckets) != (n+7)/8 {
		t.Fatalf("%d buckets of %v, want %d of 800 ms", len(s.Buckets), s.Width, (n+7)/8)
	}
	for i, b := range s.Buckets {
		if b.Completed[Put] != 8 || b.Response[Put].TotalCount() != 8 {
			t.Fatalf("bucket %d has %d completions and %d latencies, want 8", i, b.Completed[Put], b.Response[Put].TotalCount())
		}
	}
	if s.Buckets[1].Completed[Get] != 1 || s.Buckets[0].Response[Get].TotalCount() != 1 {
		t.Fatalf("the shorter series was not merged into the right buckets")
	}
	if other := measured(short, long).Series; other.Width != s.Width || len(other.Buckets) != len(s.Buckets) {
		t.Fatalf("the order of merging matters: %d buckets of %v", len(other.Buckets), other.Width)
	}
}

func TestTheWiderSeriesDecidesTheWidth(t *testing.T) {
	for _, order := range []string{"wide first", "narrow first"} {
		narrow, wide := newSeries(100*ms, 0), newSeries(400*ms, 0)
		narrow.at(350 * ms).Errors = 1
		narrow.at(450 * ms).Errors = 10
		wide.at(0).Errors = 100
		wide.at(800 * ms).Errors = 1000
		var s Series
		if order == "wide first" {
			s.merge(&wide)
			s.merge(&narrow)
		} else {
			s.merge(&narrow)
			s.merge(&wide)
		}
		var got []uint64
		for _, b := range s.Buckets {
			got = append(got, b.Errors)
		}
		if diff := cmp.Diff([]uint64{101, 10, 1000}, got); diff != "" || s.Width != 400*ms {
			t.Fatalf("%s: width %v, errors by bucket (-want +got):\n%s", order, s.Width, diff)
		}
	}
}

func TestSeriesWidthFitsThePlannedLength(t *testing.T) {
	for planned, want := range map[time.Duration]time.Duration{
		0: 100 * ms, time.Second: 100 * ms, time.Minute: 100 * ms, 61 * time.Second: time.Second,
		10 * time.Minute: time.Second, time.Hour: 10 * time.Second, 24 * time.Hour: time.Minute,
	} {
		if got := seriesWidth(planned); got != want {
			t.Fatalf("a run of %v gets buckets of %v, want %v", planned, got, want)
		}
	}
}

func BenchmarkRecorder(b *testing.B) {
	for name, c := range map[string]struct {
		loop   Loop
		stages Stages
		sample bool
	}{
		"closed":         {loop: Closed},
		"open":           {loop: Open},
		"open, 3 stages": {loop: Open, stages: Stages{{ms, 1, 1}, {ms, 1, 1}, {0, 1, 1}}},
		"open, sampled":  {loop: Open, sample: true},
	} {
		b.Run(name, func(b *testing.B) {
			r := NewRecorder(c.loop, time.Second, c.stages, nil)
			r.Begin(0)
			b.ReportAllocs()
			at := time.Duration(0)
			stages := &client.Stages{1, 2, 3, 4, 5, 6, 7, 8}
			for i := 0; b.Loop(); i++ {
				at += 1000
				r.Start(Put, at)
				if c.loop == Open {
					r.Lag(Put, at, at+50)
				}
				s := ok(Put, at, at+50, at+time.Duration(100_000+i%1000*50))
				if c.sample {
					s.Stages = stages
				}
				r.Record(s)
			}
		})
	}
}

func BenchmarkRecorderErrors(b *testing.B) {
	r := NewRecorder(Open, time.Second, nil, nil)
	err := fmt.Errorf("dial: %w", core.ErrUnavailable)
	other := errors.New("other")
	b.ReportAllocs()
	for b.Loop() {
		r.Record(Sample{Outcome: client.OutcomeFailed, Err: err})
		r.Record(Sample{Outcome: client.OutcomeFailed, Err: other})
	}
}
