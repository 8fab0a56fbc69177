package timer

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// kinds are the timers that there are.
func kinds() map[string]func(func(time.Time)) *Timer {
	return map[string]func(func(time.Time)) *Timer{"exact": New, "coarse": NewCoarse}
}

// each runs a test with a timer of each kind, whose calls go to the channel.
func each(t *testing.T, test func(t *testing.T, tm *Timer, calls <-chan time.Time)) {
	for name, start := range kinds() {
		t.Run(name, func(t *testing.T) {
			calls := make(chan time.Time, 100)
			tm := start(func(now time.Time) { calls <- now })
			defer tm.Close()
			test(t, tm, calls)
		})
	}
}

func TestItIsNeverEarly(t *testing.T) {
	each(t, func(t *testing.T, tm *Timer, calls <-chan time.Time) {
		for _, d := range []time.Duration{-time.Second, 0, 1, time.Microsecond, 70 * time.Microsecond, 3 * time.Millisecond} {
			at := time.Now().Add(d)
			tm.WakeAt(at)
			if now := <-calls; now.Before(at) {
				t.Errorf("%v: called %v too early", d, at.Sub(now))
			}
		}
	})
}

func TestTheEarliestCounts(t *testing.T) {
	each(t, func(t *testing.T, tm *Timer, calls <-chan time.Time) {
		start := time.Now()
		tm.WakeAt(start.Add(time.Hour))
		tm.WakeAt(start.Add(time.Millisecond))
		tm.WakeAt(start.Add(2 * time.Hour))
		if now := <-calls; now.Before(start.Add(time.Millisecond)) || now.After(start.Add(time.Hour)) {
			t.Fatalf("called after %v, want a millisecond", now.Sub(start))
		}
	})
}

// One call answers everybody: what was asked for later is forgotten.
func TestACallIsOnce(t *testing.T) {
	for name, start := range kinds() {
		t.Run(name, func(t *testing.T) {
			var tm *Timer
			ready, calls, asked := make(chan struct{}), make(chan time.Time, 100), false
			tm = start(func(now time.Time) {
				<-ready
				if !asked { // here, where no call can come between the two
					asked = true
					tm.WakeAt(now.Add(time.Millisecond))
					tm.WakeAt(now.Add(2 * time.Millisecond))
				}
				calls <- now
			})
			close(ready)
			defer tm.Close()
			tm.WakeAt(time.Now())
			<-calls
			<-calls
			at := time.Now().Add(5 * time.Millisecond) // after the second would have come
			tm.WakeAt(at)
			if now := <-calls; now.Before(at) {
				t.Fatal("called for what a call had answered")
			}
		})
	}
}

func TestTheFunctionMayAskAgain(t *testing.T) {
	for name, start := range kinds() {
		t.Run(name, func(t *testing.T) {
			var tm *Timer
			left := 50
			ready, done := make(chan struct{}), make(chan struct{})
			tm = start(func(now time.Time) {
				<-ready
				if left--; left == 0 {
					close(done)
					return
				}
				tm.WakeAt(now.Add(20 * time.Microsecond))
			})
			close(ready)
			tm.WakeAt(time.Now())
			<-done
			tm.Close()
		})
	}
}

func TestClose(t *testing.T) {
	for name, start := range kinds() {
		t.Run(name, func(t *testing.T) {
			for i := range 20 {
				calls := 0 // the detector of races sees a call that Close did not await
				tm := start(func(time.Time) { calls++ })
				tm.WakeAt(time.Now().Add(time.Duration(i) * 10 * time.Microsecond))
				if i%4 == 0 {
					tm.WakeAt(time.Now().Add(time.Hour))
				}
				tm.Close()
				calls++
				tm.WakeAt(time.Now()) // late, and in vain
				if calls > 2 {
					t.Fatalf("%d calls, want one at most", calls-1)
				}
			}
		})
	}
}

// Whoever asks is answered, however many ask at once.
func TestManyAsk(t *testing.T) {
	for name, start := range kinds() {
		t.Run(name, func(t *testing.T) {
			var mu sync.Mutex
			waiting := map[time.Time][]chan struct{}{} // by when they are to be woken
			var keeper *Timer
			ready := make(chan struct{})
			keeper = start(func(now time.Time) {
				<-ready
				mu.Lock()
				defer mu.Unlock()
				for at, list := range waiting {
					if now.Before(at) {
						keeper.WakeAt(at)
						continue
					}
					for _, c := range list {
						close(c)
					}
					delete(waiting, at)
				}
			})
			close(ready)
			defer keeper.Close()
			var wg sync.WaitGroup
			for i := range 8 {
				wg.Go(func() {
					for j := range 50 {
						at := time.Now().Add(time.Duration((i*7+j*3)%40) * 10 * time.Microsecond)
						c := make(chan struct{})
						mu.Lock()
						waiting[at] = append(waiting[at], c)
						mu.Unlock()
						keeper.WakeAt(at)
						<-c
					}
				})
			}
			wg.Wait()
		})
	}
}

// BenchmarkLate tells how late calls come on an otherwise idle process: late-ns in
// the mean. The table in docs/batching.md is made from a client and a node.
func BenchmarkLate(b *testing.B) {
	for name, start := range kinds() {
		for _, d := range []time.Duration{50 * time.Microsecond, 200 * time.Microsecond, time.Millisecond} {
			b.Run(fmt.Sprintf("kind=%s/in=%v", name, d), func(b *testing.B) {
				calls := make(chan time.Time)
				tm := start(func(now time.Time) { calls <- now })
				defer tm.Close()
				var late time.Duration
				for range b.N {
					at := time.Now().Add(d)
					tm.WakeAt(at)
					late += (<-calls).Sub(at)
				}
				b.ReportMetric(float64(late.Nanoseconds())/float64(b.N), "late-ns")
			})
		}
	}
}
