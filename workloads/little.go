package workloads

import (
	"math"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Sojourn is the time that operations were under way, as samples tell it. Only
// the part that lies in the window is of use for Little's law: in a short window
// of an overloaded target, most of what latencies are made of lies after its end, so
// that throughput times mean latency says nothing.
type Sojourn struct {
	Inside   time.Duration // within the window, of all operations that were handed back
	InFlight time.Duration // within the window, of those that were not

	// Recorded is what the window's latencies add up to from send to done, those
	// beyond MaxLatency as MaxLatency: what the histograms should have.
	Recorded time.Duration
}

func (j *Sojourn) add(k *Sojourn) {
	j.Inside += k.Inside
	j.InFlight += k.InFlight
	j.Recorded += k.Recorded
}

// LittleTolerance is how far the two sides of Little's law may be apart, as a
// share of the larger.
const LittleTolerance = 0.05

// LittlesLaw checks that the number of operations under way, averaged over the
// window, is the arrival rate times the time that each spends in the target
// (J. D. C. Little, Operations Research 9(3), 1961). Over a finite window the two
// are equal if each operation counts with the part of its time that lies in the
// window (S.-H. Kim and W. Whitt, Operations Research 61(4), 2013), so nothing is
// put down to the edges.
//
// Expected is that time, of all operations, by the length of the window: from the
// stamps of each, and in proportion as the histograms have what was stamped.
// Observed is the integral of a counter that goes up when operations are given to the
// target and down when they are handed back, which knows neither stamps nor
// histograms.
//
// They come apart if completions are lost between the hand-back and the
// histograms, if latencies are stamped or recorded wrongly, or if the target hands
// back what it was not given. That the clock itself runs true cannot be seen here.
func LittlesLaw(m *Measurement) (expected, observed float64, ok bool) {
	length := float64(m.Window.Duration())
	if length <= 0 {
		return 0, 0, true
	}
	total := m.Window.Total()
	latency := total.Response
	if m.Loop == Open {
		latency = total.Service // from when it was sent: only then is it under way
	}
	j := &m.Window.Sojourn
	inside := float64(j.Inside)
	if j.Recorded > 0 {
		inside *= sum(latency) / float64(j.Recorded)
	}
	expected = (inside + float64(j.InFlight)) / length
	observed = m.Window.InFlightMean
	return expected, observed, math.Abs(expected-observed) <= LittleTolerance*max(expected, observed)
}

// sum is what a histogram adds up to.
func sum(h *hdrhistogram.Histogram) float64 {
	if h == nil {
		return 0
	}
	return h.Mean() * float64(h.TotalCount())
}
