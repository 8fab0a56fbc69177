package reports

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// LoadLine is one transport with its options and tuning, under several loads: what latency
// against load is drawn of.
type LoadLine struct {
	Label     string
	Transport string
	Load      Load // of all, without rate and clients
	Points    []LoadPoint
}

// LoadPoint is what was measured under one load: an arm, or a step of an arm's schedule.
type LoadPoint struct {
	Asked    float64 // operations/s in an open loop, clients in a closed one
	Achieved float64 // operations/s, the median of the replicates
	Response *Histogram
	Each     []*Histogram // of the replicates
	Doubt    string       // why it is less than it seems: "INVALID", "not sustained", "lower bound"; may be empty
}

// loadKey is what the points of a line have in common: all but how much is asked for.
type loadKey struct {
	transport, options, label string
	workload                  Workload
}

// LoadLines joins the arms that differ in their rate, or in their number of clients, only,
// and the steps of an arm whose schedule has several. Arms without such a companion are in
// none. Lines are in the order of their first arms, points by what was asked for.
func LoadLines(groups []Group) []LoadLine {
	var keys []loadKey
	points := map[loadKey][]LoadPoint{}
	for i := range groups {
		for j := range groups[i].Summaries {
			s := &groups[i].Summaries[j]
			if s.Samples == 0 {
				continue
			}
			k := loadKey{s.Arm.Transport, fmt.Sprint(s.Arm.Options), withoutLoad(s.Arm.Label), s.Arm.Workload}
			k.workload.Rate, k.workload.Clients = 0, 0
			if points[k] == nil {
				keys = append(keys, k)
			}
			points[k] = append(points[k], loadPoints(s)...)
		}
	}
	var lines []LoadLine
	for _, k := range keys {
		if list := points[k]; len(list) > 1 {
			slices.SortStableFunc(list, func(a, b LoadPoint) int { return cmp.Compare(a.Asked, b.Asked) })
			lines = append(lines, LoadLine{k.label, k.transport, k.workload.Load, list})
		}
	}
	return lines
}

// loadPoints is an arm as a point, or the steps of its schedule.
func loadPoints(s *Summary) []LoadPoint {
	if steps := s.Arm.Steps(); len(steps) > 1 {
		var list []LoadPoint
		for _, step := range steps {
			p := LoadPoint{Asked: step.Offered, Achieved: step.Achieved.Median, Response: step.Response, Each: step.Each}
			switch {
			case !step.Valid:
				p.Doubt = "INVALID"
			case !step.Sustained:
				p.Doubt = "not sustained"
			}
			list = append(list, p)
		}
		return list
	}
	p := LoadPoint{Asked: float64(s.Arm.Workload.Clients), Achieved: s.Throughput.Median, Response: s.Arm.Response()}
	if s.Arm.Workload.Loop == LoopOpen {
		p.Asked = s.Arm.Workload.Rate
	}
	for i := range s.Arm.Replicates {
		p.Each = append(p.Each, s.Arm.Replicates[i].Response())
	}
	switch {
	case !s.Valid:
		p.Doubt = "INVALID"
	case s.Censored:
		p.Doubt = "lower bound"
	}
	return []LoadPoint{p}
}

// withoutLoad drops from a label what the points of a line differ in.
func withoutLoad(label string) string {
	kept := slices.DeleteFunc(strings.Fields(label), func(w string) bool {
		return strings.HasPrefix(w, "r=") || strings.HasPrefix(w, "c=")
	})
	if len(kept) == 0 {
		return label
	}
	return strings.Join(kept, " ")
}

// Range is that of a percentile over the replicates, in nanoseconds, of the n that carry it.
func (p *LoadPoint) Range(q float64) (low, high int64, n int) {
	for _, h := range p.Each {
		v := h.Percentile(q)
		if !v.Carried {
			continue
		}
		if n == 0 || v.Value < low {
			low = v.Value
		}
		high = max(high, v.Value)
		n++
	}
	return low, high, n
}
