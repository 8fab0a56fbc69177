package experiment

import (
	"fmt"
	"math"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/workloads"
)

// result puts a measurement into the form of the result file.
func (r *replicate) result(m *workloads.Measurement, runErr error) *reports.Replicate {
	total := m.Window.Total()
	out := &reports.Replicate{
		Seed:   r.seed,
		Warmup: m.Window.From,
		Window: m.Window.Duration(),
		Operations: reports.Operations{
			Started:   total.Started,
			Succeeded: total.Succeeded,
			Failed:    total.Failed,
			Unknown:   total.Unknown,
			Refused:   total.Refused,
			InFlight:  total.InFlight,
		},
		Errors:     map[string]uint64{},
		Histograms: histograms(m),
		Series:     series(m),
		Elections:  uint64(r.after.elections - r.before.elections),
	}
	if r.watched && out.Window >= minWatched {
		out.Cost = r.after.meter.since(r.before.meter, r.inProcess)
		out.Counters = r.after.counters.since(r.before.counters)
	}
	for key, n := range total.Errors {
		out.Errors[key.Class] += n
	}
	out.Reorders = out.Counters["reorders"]
	out.Reasons = doubts(m, runErr, out.Elections)
	out.Valid = len(out.Reasons) == 0
	return out
}

func histograms(m *workloads.Measurement) []reports.OpHistogram {
	var list []reports.OpHistogram
	for t := range m.Window.Ops {
		rec := &m.Window.Ops[t]
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

// series cuts the window out of the measurement's series: the buckets that lie
// in it as a whole.
func series(m *workloads.Measurement) reports.Series {
	width := m.Series.Width
	s := reports.Series{Bucket: width}
	first := int((m.Window.From + width - 1) / width)
	last := min(len(m.Series.Buckets), int(m.Window.To/width))
	for i := first; i < last; i++ {
		b := &m.Series.Buckets[i]
		completed := uint64(0)
		var all *hdrhistogram.Histogram
		for t := range b.Completed {
			completed += b.Completed[t]
			switch h := b.Response[t]; {
			case h == nil:
			case all == nil:
				all = h
			default:
				all = hdrhistogram.Import(all.Export())
				all.Merge(h)
			}
		}
		s.Completed = append(s.Completed, completed)
		s.Errors = append(s.Errors, b.Errors)
		s.P50 = append(s.P50, quantile(all, 50))
		s.P99 = append(s.P99, quantile(all, 99))
		s.Max = append(s.Max, quantile(all, 100))
	}
	return s
}

func quantile(h *hdrhistogram.Histogram, q float64) int64 {
	if h == nil || h.TotalCount() == 0 {
		return 0
	}
	return h.ValueAtPercentile(q)
}

const (
	// minAchieved is the share of the offered rate that must have been achieved.
	minAchieved = 0.95
	// maxErrors is the share of operations that may end without success: what is
	// left out of the latencies must be too little to matter.
	maxErrors = 0.01
	// minWatched is the shortest window whose cost is known: its opening is seen
	// up to openingInterval late.
	minWatched = 20 * openingInterval
	// maxLittle is how far Little's law may be missed: the operations under way are
	// throughput times mean latency.
	maxLittle = 0.05
)

// doubts are the reasons not to trust a measurement.
func doubts(m *workloads.Measurement, runErr error, elections uint64) []string {
	var list []string
	add := func(format string, args ...any) { list = append(list, fmt.Sprintf(format, args...)) }
	total := m.Window.Total()
	if runErr != nil {
		add("%v", runErr)
	}
	if m.Interrupted {
		add("interrupted after %v of the window", m.Window.Duration().Round(time.Millisecond))
	}
	if raceEnabled {
		add("built with the race detector")
	}
	if total.Succeeded == 0 {
		add("no operation succeeded")
		return list
	}
	if failed := total.Failed + total.Unknown; float64(failed) > maxErrors*float64(total.Started) {
		add("%d of %d operations did not succeed", failed, total.Started)
	}
	if elections > 0 {
		add("%d elections took place within the window", elections)
	}
	throughput := m.Window.ThroughputOpsPerS()
	if m.Loop == workloads.Open && throughput < minAchieved*m.OfferedOpsPerS {
		add("%.0f of %.0f offered operations per second were achieved", throughput, m.OfferedOpsPerS)
	}
	if total.Refused > 0 {
		add("%d operations were refused because %d were outstanding: the percentiles leave them out", total.Refused, m.MaxOutstanding)
	}
	if total.Failed+total.Unknown == 0 {
		latency := total.Response
		if m.Loop == workloads.Open {
			latency = total.Service // from when it was sent: only then is it under way
		}
		expect := throughput * latency.Mean() / float64(time.Second)
		if mean := m.Window.InFlightMean; math.Abs(expect-mean) > maxLittle*mean {
			add("Little's law is missed: throughput times mean latency is %.1f, but %.1f operations were under way", expect, mean)
		}
	}
	return list
}

// counters are what transports, nodes and clients counted, by name.
type counters map[string]uint64

// since is the difference to an earlier reading, without what did not move.
func (c counters) since(before counters) map[string]uint64 {
	out := map[string]uint64{}
	for name, now := range c {
		if d := now - before[name]; d > 0 {
			out[name] = d
		}
	}
	return out
}

// count adds up the counters of all endpoints and nodes.
func (r *replicate) count() counters {
	c := counters{}
	for _, id := range r.cluster.IDs() {
		n := r.cluster.Node(id)
		if n == nil {
			continue
		}
		c.addTransport(n.Transport())
		s := n.Stats()
		c["proposed"] += s.Proposed
		c["propose_batches"] += s.ProposeBatches
		c["appends"] += s.Appends
		c["append_entries"] += s.AppendEntries
		c["append_bytes"] += s.AppendBytes
		c["failed_calls"] += s.FailedCalls
		c["reorders"] += s.Reorders
		c["snapshots"] += s.Snapshots
		c["snapshots_installed"] += s.Installs
	}
	for _, cl := range r.clients {
		c.addTransport(cl.Transport())
		batches, ops := cl.Batches()
		c["client_batches"] += batches
		c["client_ops"] += ops
	}
	return c
}

func (c counters) addTransport(t core.Transport) {
	m, ok := t.(core.Meter)
	if !ok {
		return
	}
	s := m.Stats()
	c["transport_calls"] += s.Calls
	c["transport_requests"] += s.Requests
	c["transport_writes"] += s.Writes
	c["transport_overflows"] += s.Overflows
	c["transport_timeouts"] += s.Timeouts
	c["transport_unavailable"] += s.Unavailable
	c["transport_broken"] += s.Broken
	c["transport_dials"] += s.Dials
	c["transport_dial_failures"] += s.DialFailures
	c["transport_handler_panics"] += s.HandlerPanics
	c["transport_bad_frames"] += s.BadFrames
	for _, p := range s.Peers {
		c["transport_breaker_trips"] += p.BreakerTrips
	}
}
