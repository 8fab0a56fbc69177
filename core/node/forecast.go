package node

import (
	"slices"
	"time"
)

const (
	// forecastInterval is long enough for what is answered in it to be a rate, although the
	// answers come in bursts, one for each write to a disk.
	forecastInterval = 100 * time.Millisecond

	// forecastIntervals are how many have to be known, so that a disk that stood still is
	// forgotten while what gathered meanwhile is worked off.
	forecastIntervals = 8

	// forecastShare: what is before a write may take half of the time that it has left, at
	// the best rate. The log is worked off at the mean rate, and a queue that made all
	// writes just too late would be of no use to anybody.
	forecastShare = 2

	// forecastWait: a log is not judged before the first write in it has waited for an eighth
	// of the time that the new one has left. What a cluster did lately is then what it can do, and not only what was asked of
	// it: answers that are far away, or a slow disk, keep something in the log all the time.
	forecastWait = 8
)

// forecast says whether a write would be answered in time: by what is before it in the
// log, and how fast the log was worked off lately. Otherwise a log that takes longer
// than clients wait for fills with writes that are executed for nobody, and goes on to do
// so for as long as more is asked than can be done (a "metastable failure": Bronson et
// al., HotOS 2021). What is in the log is never taken out, so that they have to be refused
// before.
//
// It believes the best of the last intervals in which there was always something to do. A
// log that is empty now and then is not judged at all, nor is one in which nothing has waited
// long: what gathers in it once, because a disk stood still, say, is let in.
type forecast struct {
	pending int64         // bytes of requests that are in the log and not answered
	from    time.Duration // when the interval began, while anything is pending
	done    int64         // bytes answered in it
	rates   [forecastIntervals]float64
	known   int // intervals that were added to rates, a ring
}

// proposed notes that a request has got into the log.
func (f *forecast) proposed(bytes int64, now time.Duration) {
	if f.pending == 0 {
		f.from, f.done = now, 0
	}
	f.pending += bytes
}

// answered notes that a request in the log was answered.
func (f *forecast) answered(bytes int64, now time.Duration) {
	f.pending -= bytes
	f.done += bytes
	if length := now - f.from; f.pending > 0 && length >= forecastInterval {
		f.rates[f.known%forecastIntervals] = float64(f.done) / float64(length)
		f.known++
		f.from, f.done = now, 0
	}
}

// late reports whether a request that gets into the log now is going to be answered too late,
// or nearly so, if it has so much time left, and the first one in the log has waited so long.
func (f *forecast) late(left, waited time.Duration) bool {
	if f.known < forecastIntervals || forecastWait*waited < left {
		return false
	}
	best := slices.Max(f.rates[:])
	return forecastShare*float64(f.pending) > best*float64(left)
}
