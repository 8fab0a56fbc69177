package batch

import (
	"testing"
	"time"
)

var origin = time.Unix(1000, 0)

func at(d time.Duration) time.Time { return origin.Add(d) }

// Every 100 us two items come 10 us apart; 20 us later they leave, and are done 40 us after that. So
// the mean time is 65 us, of which 40 in flight.
func TestLittleMeasures(t *testing.T) {
	l := newLittle()
	l.climb.pause = [len(steps)]pause{{1 << 30, 0}, {1 << 30, 0}, {1 << 30, 0}}
	for i := range 100 {
		start := time.Duration(i) * 100 * us
		l.arrived(at(start))
		l.arrived(at(start + 10*us))
		l.arrived(at(start + 5*us)) // a clock that was read before the lock was taken
		l.removed(1)                // and whose time was over
		l.left(2, at(start+30*us))
		l.done(2, at(start+70*us))
	}
	near := func(what string, got, want float64) {
		if got < 0.97*want || got > 1.03*want {
			t.Errorf("%s is %.4g, want %.4g", what, got, want)
		}
	}
	near("time", l.seen.time, 65e3)
	near("trip", l.seen.trip, 40e3)
	near("rate", l.seen.rate, 2.0/100e3)
	if l.queued != 0 || l.flying != 0 {
		t.Errorf("%d queued, %d in flight, want none", l.queued, l.flying)
	}
}

func TestLittleHolds(t *testing.T) {
	const forEvent = -1
	for name, c := range map[string]struct {
		gait     int
		rate     float64 // items a round trip, which is 100 us
		inFlight int
		want     time.Duration // after the first item came, at 50 us; a batch left at 40, one was done at 60
	}{
		"natural: at once":                        {1, 10, 0, 0},
		"natural: not while one is in flight":     {1, 10, 1, forEvent},
		"company comes back after what was done":  {0, 10, 0, 60 * us},
		"nobody is expected":                      {0, 0.9, 0, 0},
		"two in flight: spaced by half a trip":    {2, 10, 1, 40 * us},
		"two in flight: no third":                 {2, 10, 2, forEvent},
		"four in flight: spaced by a quarter":     {3, 10, 3, 15 * us},
		"eight in flight: the space is there":     {4, 10, 0, 2500},
		"spaced, though nothing is in flight now": {3, 10, 0, 15 * us},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLittle()
			l.gait, l.leftAt, l.doneAt = c.gait, at(40*us), at(60*us)
			l.seen = measured{trip: 100e3, rate: c.rate / 100e3}
			got := l.hold(at(50*us), Situation{Now: at(60 * us), InFlight: c.inFlight})
			switch {
			case c.want == forEvent && !got.IsZero():
				t.Fatalf("held until %v, want until something happens", got.Sub(at(50*us)))
			case c.want != forEvent && !got.Equal(at(50*us+c.want)):
				t.Fatalf("held until %v after the first item, want %v", got.Sub(at(50*us)), c.want)
			}
		})
	}
}

// trials plays epochs: times says how long things take under each gait.
func trials(epochs, gait int, rate func(epoch int) float64, times func(gait int) (time, trip float64)) (ends int, away int) {
	c := newClimb()
	for i := range epochs {
		time, trip := times(gait)
		if c.away {
			away++
		}
		gait += c.next(gait, measured{time: time, trip: trip, rate: rate(i)})
	}
	if c.away {
		gait -= c.step
	}
	return gait, away
}

func TestClimb(t *testing.T) {
	busy := func(int) float64 { return 1 }
	for name, c := range map[string]struct {
		rate  func(int) float64
		times func(gait int) (time, trip float64)
		want  int
	}{
		"nothing to gain": {busy, func(int) (float64, float64) { return 100, 60 }, 1},
		"a way that is long: more in flight": {busy, func(g int) (float64, float64) {
			return []float64{180, 150, 125, 112, 111}[g], 100
		}, 3},
		"over a flat stretch": {busy, func(g int) (float64, float64) {
			return []float64{100, 100, 100, 80, 80}[g], 60
		}, 3},
		"company pays": {busy, func(g int) (float64, float64) {
			return []float64{60, 100, 100, 100, 100}[g], 50
		}, 0},
		"gained from others": {busy, func(g int) (float64, float64) {
			return []float64{120, 100, 80, 70, 70}[g], []float64{50, 50, 56, 60, 70}[g]
		}, 1},
		"hardly anybody is there": {func(int) float64 { return 1e-4 }, func(g int) (float64, float64) {
			return []float64{180, 150, 125, 112, 111}[g], 100
		}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			if got, _ := trials(400, naturalGait, c.rate, c.times); got != c.want {
				t.Fatalf("ends with gait %d, want %d", got, c.want)
			}
		})
	}
}

// Where there is nothing to find, fewer and fewer epochs are spent on looking: until the
// load is another.
func TestClimbTiresAndWakes(t *testing.T) {
	best := func(g int) (float64, float64) { return []float64{150, 100, 150, 200, 300}[g], 60 }
	steady := func(int) float64 { return 1 }
	_, early := trials(2000, naturalGait, steady, best)
	_, all := trials(22000, naturalGait, steady, best)
	if late := all - early; late > 200 || late < 50 {
		t.Errorf("%d of the last 20000 epochs were trials, want about 120", late)
	}
	doubles := func(i int) float64 { return float64(int(1) << (2 * (i / 2000))) }
	if _, n := trials(22000, naturalGait, doubles, best); n < all+50 {
		t.Errorf("%d trials under a load that grows, %d under one that does not", n, all)
	}
}

// stub holds every batch until an instant.
type stub struct {
	*little
	until time.Time
}

func (s stub) hold(time.Time, Situation) time.Time { return s.until }

func TestDeadlineOfAdaptive(t *testing.T) {
	for name, c := range map[string]struct {
		until  time.Duration // -1: something happens
		linger time.Duration
		want   time.Duration // -1: none
	}{
		"when it is ripe":     {20, 0, 20},
		"linger comes before": {20, 10, 10},
		"ripe comes before":   {5, 10, 5},
		"linger alone":        {-1, 10, 10},
		"neither":             {-1, 0, -1},
	} {
		t.Run(name, func(t *testing.T) {
			q := NewQueue[int](Config{Policy: Adaptive, Linger: c.linger})
			s := stub{little: newLittle()}
			if c.until >= 0 {
				s.until = at(c.until)
			}
			q.adapt = s
			q.Push(1, 1, 1, origin)
			if _, reason := q.Next(Situation{Now: origin, InFlight: 1}); reason != Open {
				t.Fatalf("closed because %v", reason)
			}
			got, ok := q.Deadline()
			if ok != (c.want >= 0) || ok && !got.Equal(at(c.want)) {
				t.Fatalf("deadline %v, %v; want %d ns after the item", got, ok, c.want)
			}
			if c.want < 0 {
				return
			}
			want := Ripe
			if c.linger == c.want {
				want = Expired
			}
			if _, reason := q.Next(Situation{Now: at(c.want), InFlight: 1}); reason != want {
				t.Fatalf("closed because %v, want %v", reason, want)
			}
		})
	}
}
