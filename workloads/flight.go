package workloads

import (
	"sync"
	"time"
)

// flight counts the operations that the target has, as they cross the line
// between driver and target, and integrates that number over the window. It
// knows nothing of single operations or their latencies: Little's law compares it
// with those (LittlesLaw). It may be used concurrently.
type flight struct {
	mu       sync.Mutex
	from, to time.Duration // the window
	n        int
	last     time.Duration // the latest event
	area     float64       // operations times nanoseconds
}

func newFlight() *flight { return &flight{from: never, to: never} }

// add notes that delta more operations are under way from t on. Events need not
// come in order: one that is late is made up for.
func (f *flight) add(delta int, t time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if span := f.within(f.last, t); span > 0 {
		f.area += float64(f.n) * float64(span)
	} else {
		f.area += float64(delta) * float64(f.within(t, f.last))
	}
	f.last = max(f.last, t)
	f.n += delta
}

// within is how much of the window lies between two instants; negative if they
// are the wrong way round.
func (f *flight) within(a, b time.Duration) time.Duration {
	return min(max(b, f.from), f.to) - min(max(a, f.from), f.to)
}

// begin and end set the window. No event within it may have been added before
// begin, nor one after it before end.
func (f *flight) begin(from time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.from = from
}

func (f *flight) end(to time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.to = to
}

// latest is when the last event was.
func (f *flight) latest() time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.last
}

// mean is the number of operations under way, averaged over the part of the
// window that has passed.
func (f *flight) mean(now time.Duration) float64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	length := f.within(f.from, now)
	if length <= 0 {
		return 0
	}
	return (f.area + float64(f.n)*float64(f.within(f.last, now))) / float64(length)
}
