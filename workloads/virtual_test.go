package workloads

import (
	"context"
	"testing"
	"time"

	"github.com/raftbench/raftbench/core/client"
)

// runVirtual runs an open loop against a target of known latency, in no time.
func runVirtual(t testing.TB, c Config, latency func(sent time.Duration) time.Duration) *Measurement {
	t.Helper()
	v := &virtualTime{latency: latency}
	return runOn(t, c, v, v.connect)
}

// runOn runs against a target that is, or wraps, virtual time.
func runOn(t testing.TB, c Config, v *virtualTime, connect Connect) *Measurement {
	t.Helper()
	c.Connect = connect
	if c.Generate == nil {
		c.Generate = puts
	}
	d, err := newDriver(c, v)
	if err != nil {
		t.Fatal(err)
	}
	m, err := d.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// answerIn is a target that always takes the same time.
func answerIn(d time.Duration) func(time.Duration) time.Duration {
	return func(time.Duration) time.Duration { return d }
}

// measurement.md, rule 1, at full length: a target that stands still for 1 s of
// 10 s delays a tenth of the operations, which wait from 0 to 1 s, evenly.
func TestAStallOfASecondShowsFromP90(t *testing.T) {
	stalled := func(sent time.Duration) time.Duration {
		if sent >= 4*time.Second && sent < 5*time.Second {
			return 5*time.Second - sent + ms
		}
		return ms
	}
	chance := map[Arrivals]time.Duration{Poisson: 100 * ms, Constant: 2 * ms}
	for _, arrivals := range []Arrivals{Poisson, Constant} {
		m := runVirtual(t, Config{Schedule: open(1000, arrivals), Duration: 10 * time.Second}, stalled)
		o := m.Window.Total()
		for q, want := range map[float64]time.Duration{50: ms, 85: ms, 92: 200 * ms, 95: 500 * ms, 99: 900 * ms} {
			// The number of operations in the stall is random too: 1000, give or take 32, and
			// 100 of them take a tenth of a second of waiting.
			if got := quantile(o.Response, q); (got - want).Abs() > want/100+chance[arrivals] {
				t.Fatalf("%v: response p%v is %v, want %v", arrivals, q, got, want)
			}
		}
	}
}

// A target that keeps the dispatcher in Submit after it has answered.
func TestTheThreeHistogramsSeparateWaitingFromService(t *testing.T) {
	v := &virtualTime{latency: answerIn(ms)}
	blocked := false
	m := runOn(t, Config{Schedule: open(2000, Constant), Duration: 500 * ms}, v, func(worker int, done func([]*client.Op)) (Target, error) {
		target, err := v.connect(worker, done)
		return targetFunc(func(ops []*client.Op) {
			target.Submit(ops)
			if !blocked && v.now() >= 200*ms {
				blocked = true
				v.until(300 * ms)
			}
		}), err
	})
	// Nothing was served slowly, and a fifth of all operations, those due in the 100 ms,
	// were sent late: by up to 100 ms, evenly.
	o := m.Window.Total()
	for _, tt := range []struct {
		name      string
		got, want time.Duration
	}{
		{"lag p80", quantile(o.Lag, 79), 0},
		{"lag p90", quantile(o.Lag, 90), 50 * ms},
		{"response p90", quantile(o.Response, 90), 51 * ms},
		{"service max", time.Duration(o.Service.Max()), ms},
	} {
		if (tt.got - tt.want).Abs() > 600*time.Microsecond {
			t.Fatalf("%s is %v, want %v", tt.name, tt.got, tt.want)
		}
	}
	if o.Lag.TotalCount() != int64(o.Started) || o.Service.TotalCount() != int64(o.Succeeded) || o.Response.TotalCount() != int64(o.Succeeded) {
		t.Fatalf("%d started, %d succeeded; histograms have lag %d, service %d, response %d",
			o.Started, o.Succeeded, o.Lag.TotalCount(), o.Service.TotalCount(), o.Response.TotalCount())
	}
}

func TestWhatTheBoundRefusesIsCounted(t *testing.T) {
	// Nothing is answered within the window, so no more than the first 10 are started.
	v := &virtualTime{latency: answerIn(300 * ms)}
	c := Config{Generate: scripted(Put, Get), Schedule: open(1000, Constant), MaxOutstanding: 10, Duration: 200 * ms}
	m := runOn(t, c, v, v.connect)
	o := m.Window.Total()
	if o.Started != 10 || o.Succeeded != 10 || o.Refused != 190 || o.Completed != 0 {
		t.Fatalf("%d started, %d succeeded, %d refused; want 10, 10, 190", o.Started, o.Succeeded, o.Refused)
	}
	if p := m.Window.Ops[Put]; p.Refused != 95 {
		t.Fatalf("%d puts refused, want every second of 190", p.Refused)
	}
	if n := o.Response.TotalCount(); n != 10 {
		t.Fatalf("%d latencies recorded: refused operations have none", n)
	}
	refused := uint64(0)
	for _, b := range m.Series.Buckets {
		refused += b.Refused
	}
	if refused != 190 {
		t.Fatalf("the series has %d refused, want 190", refused)
	}
}

// What a schedule has in the window does not depend on how long the warm-up took.
func TestTheWindowHasTheSameArrivalsWhateverTheWarmup(t *testing.T) {
	s := &Schedule{Seed: 3, Stages: Stages{{time.Second, 100, 500}, {0, 500, 500}}}
	arrivals := func(window time.Duration) (offsets []time.Duration, before int) {
		a, err := newAgenda(s, 0, 1, window > 0)
		if err != nil {
			t.Fatal(err)
		}
		known := never // the window's start becomes known 10 ms before
		for len(offsets) < 300 {
			due, ok := a.next(known)
			if !ok {
				t.Fatal("the schedule has no end")
			}
			if known == never && due >= window-10*ms {
				known = window
				continue
			}
			if due < window {
				before++
			} else {
				offsets = append(offsets, due-window)
			}
			a.advance()
		}
		return offsets, before
	}
	want, none := arrivals(0)
	if none != 0 {
		t.Fatalf("%d operations before a window without a warm-up", none)
	}
	for _, warmup := range []time.Duration{300 * ms, 777 * ms} {
		got, before := arrivals(warmup)
		if len(got) != len(want) || got[0] != want[0] || got[299] != want[299] {
			t.Fatalf("after a warm-up of %v: from %v to %v, without one from %v to %v", warmup, got[0], got[299], want[0], want[299])
		}
		if mean := 100 * warmup.Seconds(); float64(before) < mean/2 || float64(before) > 2*mean {
			t.Fatalf("%d operations in a warm-up of %v at 100 a second", before, warmup)
		}
	}
}
