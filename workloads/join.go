package workloads

import (
	"slices"
	"time"
)

// AsWarmup makes a measurement whose warm-up is all that m measured, and whose window
// has not begun: what Append goes on with.
func AsWarmup(m *Measurement) *Measurement {
	out := *m
	out.Stages, out.Warmup, out.Window, out.OfferedOpsPerS = nil, Phase{}, Phase{}, 0
	out.Warmup.lengthen(&m.Warmup)
	out.Warmup.lengthen(&m.Window)
	out.Window.From, out.Window.To = out.Warmup.To, out.Warmup.To
	buckets := m.Series.cut(m.Warmup.From, m.Window.To)
	out.Series = Series{Width: m.Series.Width, Origin: out.Window.From - time.Duration(len(buckets))*m.Series.Width, Buckets: buckets}
	return &out
}

// Append adds what was measured next on the same target under the same load, after a
// pause in which nobody drove it. The time of m leaves pauses out: its window is the
// windows end to end, and everything else that was driven is its warm-up. Start is put
// where the first window begins as it did by the clock on the wall; of later instants
// that is no longer so. Next is left as it is.
func (m *Measurement) Append(next *Measurement) {
	if m.Window.Duration() == 0 {
		m.Start = next.Start.Add(next.Window.From - m.Window.From - next.Warmup.Duration())
	}
	offered := m.OfferedOpsPerS*m.Window.Duration().Seconds() + next.OfferedOpsPerS*next.Window.Duration().Seconds()
	m.Series.append(&next.Series, m.Window.From, m.Window.Duration(), &next.Window)
	m.Interrupted = m.Interrupted || next.Interrupted
	m.Warmup.lengthen(&next.Warmup)
	m.Window.lengthen(&next.Window)
	length := m.Window.Duration()
	m.OfferedOpsPerS = perSecond(offered, length)
	moved := m.Warmup.To - m.Window.From
	m.Window.From, m.Window.To = m.Window.From+moved, m.Window.To+moved
	m.Series.Origin += moved
}

// lengthen adds what was measured in q at the end of p.
func (p *Phase) lengthen(q *Phase) {
	length := p.Duration() + q.Duration()
	underWay := p.InFlightMean*p.Duration().Seconds() + q.InFlightMean*q.Duration().Seconds()
	p.merge(q)
	p.To, p.InFlightMean = p.From+length, perSecond(underWay, length)
}

// append adds the buckets of a window at the end of the window so far, which begins at
// the instant from and has that length. A warm-up whose buckets have another width than
// those of the first window, or that takes the series beyond MaxSeriesBuckets, is left
// out.
func (s *Series) append(next *Series, from, length time.Duration, window *Phase) {
	added := next.cut(window.From, window.To)
	end := int((from + length + time.Duration(len(added))*next.Width - s.Origin) / s.Width)
	if end > MaxSeriesBuckets || length == 0 && s.Width != next.Width {
		s.dropBefore(from, next.Width)
	}
	for i := range added {
		s.at(from + length + time.Duration(i)*next.Width).merge(&added[i])
	}
}

// dropBefore leaves out the buckets before an instant at which one begins. If that is all
// there are, the series goes on with the given width.
func (s *Series) dropBefore(from, width time.Duration) {
	before := min(int((from-s.Origin)/s.Width), len(s.Buckets))
	s.Buckets, s.Origin = slices.Clone(s.Buckets[before:]), from
	if len(s.Buckets) == 0 {
		s.Width = width
	}
}

// cut returns a copy of the buckets that lie between two instants as a whole, also
// those in which nothing was recorded.
func (s *Series) cut(from, to time.Duration) []Bucket {
	first, last := s.Within(from, to)
	buckets := make([]Bucket, last-first)
	for i := range buckets {
		if first+i < len(s.Buckets) {
			buckets[i].merge(&s.Buckets[first+i])
		}
	}
	return buckets
}
