package experiment

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/workloads"
)

// histograms are the latencies of a phase, for each operation type that it has.
func histograms(p *workloads.Phase) []reports.OpHistogram {
	var list []reports.OpHistogram
	for t := range p.Ops {
		rec := &p.Ops[t]
		if rec.Started == 0 {
			continue
		}
		for _, k := range []struct {
			kind reports.Kind
			h    *hdrhistogram.Histogram
		}{{reports.KindResponse, rec.Response}, {reports.KindService, rec.Service}, {reports.KindLag, rec.Lag}} {
			if k.h != nil {
				list = append(list, reports.OpHistogram{Op: workloads.OpType(t).String(), Kind: k.kind, Histogram: reports.NewHistogram(k.h)})
			}
		}
	}
	return list
}

// series cuts a phase out of the measurement's series: the buckets that lie in it
// as a whole. Those of a window begin with it (workloads.Series); the end of one that is
// no multiple of the width is left out, as it would look like a drop.
func series(all *workloads.Series, p *workloads.Phase) reports.Series {
	first, last := all.Within(p.From, p.To)
	s := reports.Series{Bucket: all.Width, Start: all.From(first) - p.From}
	for i := first; i < last; i++ {
		b := new(workloads.Bucket) // nothing happened
		if i < len(all.Buckets) {
			b = &all.Buckets[i]
		}
		completed := uint64(0)
		var response *hdrhistogram.Histogram
		for t := range b.Completed {
			completed += b.Completed[t]
			switch h := b.Response[t]; {
			case h == nil:
			case response == nil:
				response = h
			default:
				response = response.Clone()
				response.Merge(h)
			}
		}
		s.Completed = append(s.Completed, completed)
		s.Errors = append(s.Errors, b.Errors)
		s.P50 = append(s.P50, int64(quantile(response, 50)))
		s.P99 = append(s.P99, int64(quantile(response, 99)))
		s.Max = append(s.Max, int64(quantile(response, 100)))
	}
	return s
}

// quantile of a histogram of nanoseconds; zero if there is nothing in it.
func quantile(h *hdrhistogram.Histogram, q float64) time.Duration {
	if h == nil || h.TotalCount() == 0 {
		return 0
	}
	return time.Duration(h.ValueAtPercentile(q))
}
