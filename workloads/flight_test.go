package workloads

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/raftbench/raftbench/core/client"
)

func TestOperationsUnderWayAreIntegratedOverTheWindow(t *testing.T) {
	f := newFlight()
	f.begin(100 * ms)
	f.end(300 * ms)
	f.add(1, 0) // one under way from 0 to 200, two from 150 to 200, one until 350
	f.add(1, 150*ms)
	if got := f.mean(180 * ms); got != (1*50+2*30)/80.0 {
		t.Fatalf("mean operations under way until now %v, want %v", got, (1*50+2*30)/80.0)
	}
	f.add(-1, 200*ms)
	f.add(-1, 350*ms)
	if got, want := f.mean(400*ms), (1*50+2*50+1*100)/200.0; got != want {
		t.Fatalf("mean operations under way %v, want %v", got, want)
	}
}

func TestTheOrderOfEventsDoesNotMatterToTheIntegral(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	type event struct {
		delta int
		at    time.Duration
	}
	var events []event
	want := 0.0 // of operations clipped to the window, one by one
	const from, to = 200 * ms, 700 * ms
	for range 500 {
		sent := time.Duration(rng.IntN(1000)) * ms
		done := sent + time.Duration(rng.IntN(300))*ms
		events = append(events, event{1, sent}, event{-1, done})
		want += float64(max(0, min(done, to)-max(sent, from)))
	}
	want /= float64(to - from)
	for range 20 {
		f := newFlight()
		f.begin(from)
		f.end(to)
		for _, e := range events {
			f.add(e.delta, e.at)
		}
		if got := f.mean(2 * time.Second); math.Abs(got-want) > 1e-9*want {
			t.Fatalf("mean operations under way %v, want %v", got, want)
		}
		rng.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
	}
}

// queue is a target with one server, that takes the same time for each operation.
func queue(service time.Duration) func(sent time.Duration) time.Duration {
	free := time.Duration(0)
	return func(sent time.Duration) time.Duration {
		free = max(free, sent) + service
		return free - sent
	}
}

func TestLittlesLawIsExactAtTheEdges(t *testing.T) {
	stalled := func(sent time.Duration) time.Duration {
		if sent > 500*ms {
			return 2*time.Second - sent // the last answers come long after the window
		}
		return ms
	}
	for name, latency := range map[string]func(time.Duration) time.Duration{
		"a calm target":      answerIn(3 * ms),
		"an overloaded one":  queue(2 * ms),
		"a stall at the end": stalled,
		"longer than known":  answerIn(2 * MaxLatency),
	} {
		m := runVirtual(t, Config{Schedule: open(1000, Poisson), Duration: time.Second, Grace: time.Hour}, latency)
		expected, observed, ok := LittlesLaw(m)
		if !ok || math.Abs(expected-observed) > 0.002*observed || observed == 0 {
			t.Fatalf("%s: %v operations under way, the latencies say %v", name, observed, expected)
		}
		o := m.Window.Total()
		naive := m.Window.ThroughputOpsPerS() * o.Service.Mean() / 1e9
		if edges := name == "a stall at the end" || name == "longer than known"; edges != (math.Abs(naive-observed) > LittleTolerance*observed) {
			t.Fatalf("%s: throughput times mean latency is %v, and %v were under way: the test does not test the edges", name, naive, observed)
		}
	}
}

// handMade is a run with a warm-up, failures and operations that never come back,
// recorded by hand, so that it can be recorded wrongly. In the driver the two
// sides of the law come from different places too: the flight from the hand-over,
// the recorder from slots and samples.
func handMade(record func(r *Recorder, f *flight, i int, s Sample)) *Measurement {
	const from, to = 100 * ms, 1100 * ms
	r, f := NewRecorder(Open, 0, nil, nil), newFlight()
	r.Begin(from)
	f.begin(from)
	r.End(to)
	f.end(to)
	m := &Measurement{Loop: Open}
	m.Window.From, m.Window.To = from, to
	for i := range 1200 {
		at := time.Duration(i) * ms
		s := Sample{Intended: at, Sent: at + ms, Done: at + ms + time.Duration(i%100)*ms}
		f.add(1, s.Sent)
		r.Start(Put, s.Intended)
		switch {
		case i%50 == 0: // never comes back
			m.Window.Sojourn.InFlight += r.within(s.Sent, to)
			continue
		case i%7 == 0:
			s.Outcome, s.Err = client.OutcomeFailed, context.Canceled
		}
		record(r, f, i, s)
	}
	r.AddTo(m)
	m.Window.InFlightMean = f.mean(to)
	return m
}

func TestLittlesLawFindsWhatIsBroken(t *testing.T) {
	tenth := func(i int) bool { return i%10 == 3 }
	for _, tt := range []struct {
		name   string
		record func(r *Recorder, f *flight, i int, s Sample)
		ok     bool
	}{
		{"nothing", func(r *Recorder, f *flight, _ int, s Sample) { f.add(-1, s.Done); r.Record(s) }, true},
		{"a tenth of the completions is lost", func(r *Recorder, f *flight, i int, s Sample) {
			f.add(-1, s.Done)
			if !tenth(i) {
				r.Record(s)
			}
		}, false},
		{"a tenth of the completions is counted twice", func(r *Recorder, f *flight, i int, s Sample) {
			f.add(-1, s.Done)
			r.Record(s)
			if tenth(i) {
				r.Record(s)
			}
		}, false},
		{"latencies are a tenth too long", func(r *Recorder, f *flight, _ int, s Sample) {
			f.add(-1, s.Done)
			s.Done += (s.Done - s.Sent) / 10
			r.Record(s)
		}, false},
		{"latencies are a tenth too short", func(r *Recorder, f *flight, _ int, s Sample) {
			f.add(-1, s.Done)
			s.Done -= (s.Done - s.Sent) / 10
			r.Record(s)
		}, false},
		{"the counter drifts", func(r *Recorder, f *flight, i int, s Sample) {
			f.add(-1, s.Done)
			r.Record(s)
			if tenth(i) {
				f.add(-1, s.Done)
			}
		}, false},
	} {
		expected, observed, ok := LittlesLaw(handMade(tt.record))
		if ok != tt.ok {
			t.Fatalf("broken: %s: %v operations under way, the latencies say %v, accepted: %v", tt.name, observed, expected, ok)
		}
		if tt.ok && math.Abs(expected-observed) > 0.002*observed {
			t.Fatalf("nothing is broken, but %v operations were under way and the latencies say %v", observed, expected)
		}
	}
}

func TestLittlesLawFindsABrokenHistogram(t *testing.T) {
	for name, broken := range map[string]func(i int) time.Duration{
		"a tenth is missing": func(i int) time.Duration { return 3 * ms * time.Duration(min(i%10, 1)) },
		"a tenth too long":   func(int) time.Duration { return 3300 * time.Microsecond },
	} {
		m := runVirtual(t, Config{Schedule: open(1000, Constant), Duration: time.Second}, answerIn(3*ms))
		h := newHistogram()
		for i := range 1000 {
			if d := broken(i); d > 0 {
				_ = h.RecordValue(int64(d)) // in range
			}
		}
		m.Window.Ops[Put].Service = h
		if expected, observed, ok := LittlesLaw(m); ok {
			t.Fatalf("%s: %v operations under way, the latencies say %v", name, observed, expected)
		}
	}
}

// Operations that never come back are under way until the end.
func TestLittlesLawCountsWhatIsLost(t *testing.T) {
	v := &virtualTime{latency: answerIn(3 * ms)}
	n := 0
	c := Config{Schedule: open(1000, Constant), Operations: 1000, Grace: ms}
	m := runOn(t, c, v, func(worker int, done func([]*client.Op)) (Target, error) {
		target, err := v.connect(worker, done)
		return targetFunc(func(ops []*client.Op) {
			if n++; n%10 != 0 {
				target.Submit(ops)
			}
		}), err
	})
	expected, observed, ok := LittlesLaw(m)
	if !ok || observed < 40 || math.Abs(expected-observed) > 0.002*observed {
		t.Fatalf("%v operations under way, the latencies say %v; want about 50, half of the 100 lost", observed, expected)
	}
}

// A target that hands a tenth of the operations back twice makes the counter drift.
func TestLittlesLawFindsATargetThatAnswersTwice(t *testing.T) {
	v := &virtualTime{latency: answerIn(5 * ms)}
	n := 0
	m := runOn(t, Config{Schedule: open(1000, Constant), Duration: time.Second}, v, func(worker int, done func([]*client.Op)) (Target, error) {
		return v.connect(worker, func(ops []*client.Op) {
			done(ops)
			if n++; n%10 == 0 {
				done(ops)
			}
		})
	})
	if expected, observed, ok := LittlesLaw(m); ok {
		t.Fatalf("%v operations under way, the latencies say %v", observed, expected)
	}
}

func TestAnEmptyWindowKeepsLittlesLaw(t *testing.T) {
	if _, _, ok := LittlesLaw(&Measurement{}); !ok {
		t.Fatalf("a measurement of nothing is not against the law")
	}
}
