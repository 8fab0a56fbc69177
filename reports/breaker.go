package reports

import "time"

// BreakerClosed is the state of a circuit breaker that lets calls through.
const BreakerClosed = "closed"

// link is a breaker: whose, and towards whom.
type link struct {
	from string
	peer int
}

// BreakersShut is for how long circuit breakers were not closed within the window, all
// links added up.
func (r *Replicate) BreakersShut() time.Duration {
	total := time.Duration(0)
	since := map[link]time.Duration{} // when those that are not closed were closed last
	for _, c := range r.Breakers {
		l := link{c.From, c.Peer}
		was, shut := since[l]
		switch {
		case c.State == BreakerClosed && shut:
			total += c.At - was
			delete(since, l)
		case c.State != BreakerClosed && !shut:
			since[l] = c.At
		}
	}
	for _, was := range since {
		total += r.Window - was
	}
	return total
}

// BreakerBand joins the replicates' numbers of links whose circuit breaker was not
// closed at some time in each bucket of the series; nil if no replicate was watched.
func (a *Arm) BreakerBand() []BandPoint {
	counts := map[*Replicate][]float64{}
	watched := false
	for i := range a.Replicates {
		r := &a.Replicates[i]
		counts[r] = r.shutBreakers()
		watched = watched || len(r.Breakers) > 0
	}
	if !watched {
		return nil
	}
	return a.band(func(r *Replicate, bucket int) (float64, bool) { return counts[r][bucket], true })
}

// shutBreakers counts, for each whole bucket of the series, the links whose breaker
// was not closed at some time in it.
func (r *Replicate) shutBreakers() []float64 {
	s := &r.Series
	counts := make([]float64, s.Whole(r.Window))
	shut := map[link]bool{}
	next := 0
	for b := range counts {
		seen := map[link]bool{}
		for l := range shut {
			seen[l] = true
		}
		for ; next < len(r.Breakers) && r.Breakers[next].At < s.from(b+1); next++ {
			c := &r.Breakers[next]
			l := link{c.From, c.Peer}
			if c.State == BreakerClosed {
				delete(shut, l)
				continue
			}
			shut[l], seen[l] = true, true
		}
		counts[b] = float64(len(seen))
	}
	return counts
}
