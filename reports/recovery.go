package reports

import (
	"slices"
	"time"
)

// The kinds of events.
const (
	EventElection = "election" // a node began to lead
	EventFault    = "fault"    // something was taken from the cluster, as asked for
	EventRepair   = "repair"   // it was given back
	EventChange   = "change"   // the members of the cluster were changed, as asked for
)

const (
	// RecoveredShare is the part of its level before the first fault that throughput
	// must reach to count as recovered.
	RecoveredShare = 0.9

	// recoveredBuckets is for how many buckets of the series in a row it must: after an
	// outage one of them holds all that had waited.
	recoveredBuckets = 2

	// baselineBuckets is how many there must be before the first fault to know a
	// level.
	baselineBuckets = 3
)

// Recovery is what followed a fault, a repair or a change of the members, until the next
// fault or change or the end of the window.
type Recovery struct {
	Event

	// Level is the median throughput of the buckets before the first fault, in
	// operations per second; zero: there were too few of them to say, or none between
	// this fault and the next.
	Level float64

	// Lost says that throughput fell below RecoveredShare of Level. Buckets are short,
	// and on a busy machine some fall below it by themselves.
	Lost bool

	// Back is from At until throughput was there again, in steps of the series'
	// buckets. Nil: it was not lost, or not back before the next fault or the end.
	Back *time.Duration
}

// Recoveries returns what followed each fault, repair and change, in order.
func (r *Replicate) Recoveries() []Recovery {
	var list []Recovery
	level := r.levelBefore(r.firstFault(0))
	for i, e := range r.Events {
		if e.Fault == nil {
			continue
		}
		rec := Recovery{Event: e}
		if first, last := r.between(e.At, r.firstFault(i+1)); first < last && level > 0 {
			rec.Level = level
			rec.Lost, rec.Back = r.back(e.At, first, last, RecoveredShare*level)
		}
		list = append(list, rec)
	}
	return list
}

// firstFault is when the first fault or change of the events from the i-th on was, or
// when the window ended.
func (r *Replicate) firstFault(i int) time.Duration {
	for _, e := range r.Events[i:] {
		if e.Kind == EventFault || e.Kind == EventChange {
			return e.At
		}
	}
	return r.Window
}

// levelBefore is the median throughput of the whole buckets before an instant.
func (r *Replicate) levelBefore(end time.Duration) float64 {
	var rates []float64
	for b := range r.Series.Whole(end) {
		rates = append(rates, r.Series.rate(b))
	}
	if len(rates) < baselineBuckets {
		return 0
	}
	return median(rates)
}

// between returns the first of the buckets from an instant on, which is the one that it
// lies in, and the one after the last that is whole before end.
func (r *Replicate) between(at, end time.Duration) (first, last int) {
	s := &r.Series
	if s.Bucket <= 0 {
		return 0, 0
	}
	return max(0, int((at-s.Start)/s.Bucket)), s.Whole(min(end, r.Window))
}

// back finds when throughput is at a level again after an instant, within buckets.
func (r *Replicate) back(at time.Duration, first, last int, level float64) (lost bool, after *time.Duration) {
	s := &r.Series
	inARow := 0
	for b := first; b < last; b++ {
		if s.rate(b) < level {
			lost, inARow = true, 0
			continue
		}
		if inARow++; lost && inARow == recoveredBuckets {
			return true, new(max(0, s.from(b-recoveredBuckets+1)-at))
		}
	}
	return lost, nil
}

// RecoverySummary is what followed one kind of fault to one arm.
type RecoverySummary struct {
	What  string // "cut", "heal" and so on
	Times int

	Served  Spread // ns from a fault to the first success of what had begun after it
	Unknown int    // times after which no level was known
	Lost    int    // times after which throughput was lost
	Back    Spread // ns until it was back, of those
}

// Recoveries sums up what followed the faults, repairs and changes of all replicates,
// for each verb in order of appearance.
func (a *Arm) Recoveries() []RecoverySummary {
	var list []RecoverySummary
	var served, back [][]float64
	for i := range a.Replicates {
		for _, rec := range a.Replicates[i].Recoveries() {
			at := slices.IndexFunc(list, func(s RecoverySummary) bool { return s.What == rec.Fault.Verb })
			if at < 0 {
				at = len(list)
				list = append(list, RecoverySummary{What: rec.Fault.Verb})
				served, back = append(served, nil), append(back, nil)
			}
			s := &list[at]
			s.Times++
			if d := rec.Fault.FirstSuccess; d != nil {
				served[at] = append(served[at], float64(*d))
			}
			switch {
			case rec.Level == 0:
				s.Unknown++
			case rec.Lost:
				s.Lost++
			}
			if rec.Back != nil {
				back[at] = append(back[at], float64(*rec.Back))
			}
		}
	}
	for i := range list {
		list[i].Served, list[i].Back = NewSpread(served[i]), NewSpread(back[i])
	}
	return list
}
