package experiment

import (
	"fmt"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/batch"
	"github.com/raftbench/raftbench/core/client"
	"github.com/raftbench/raftbench/reports"
)

// counters are what transports, nodes and clients counted, by name.
type counters map[string]uint64

// since is the difference to an earlier reading, without what did not move.
func (c counters) since(before counters) map[string]uint64 {
	out := map[string]uint64{}
	for name, now := range c {
		if was := before[name]; now > was {
			out[name] = now - was
		}
	}
	return out
}

// count adds up the counters of all endpoints and nodes.
func (s *raftSystem) count() counters {
	c := counters{}
	for _, n := range s.nodes() {
		c.addTransport(n.Transport())
		stats := n.Stats()
		c["proposed"] += stats.Proposed
		c["propose_batches"] += stats.ProposeBatches
		c["appends"] += stats.Appends
		c["append_entries"] += stats.AppendEntries
		c["append_bytes"] += stats.AppendBytes
		c["failed_calls"] += stats.FailedCalls
		c["reorders"] += stats.Reorders
		c["requests_expired"] += stats.Expired
		c["snapshots"] += stats.Snapshots
		c["snapshots_installed"] += stats.Installs
		c["snapshots_resumed"] += stats.Resumed
		c["snapshots_refused"] += stats.Refused
		c["fast_clocks"] += stats.FastClocks
		c["reads"] += stats.Reads
		c["follower_reads"] += stats.FollowerReads
		c["overloaded"] += stats.Overloaded
		if s.settings.readFromFollowers() != "" {
			c[fmt.Sprintf("reads_by_node_%d", n.Status().ID)] += stats.Reads
		}
	}
	s.logs.count(c)
	c["connections_unaccepted"] += s.cluster.Unaccepted()
	for _, cl := range s.clients {
		for _, t := range cl.Transports() {
			c.addTransport(t)
		}
		batches, ops := cl.Batches()
		c["client_batches"] += batches
		c["client_ops"] += ops
		c.addAttempts(cl.Attempts())
	}
	return c
}

func (c counters) addAttempts(a client.Attempts) {
	c["client_redirects"] += a.Redirects
	c["client_retried_calls"] += a.RetriedCalls
	c["client_retries"] += a.Retries
	c["client_retries_refused"] += a.Refused
	c["client_hedges"] += a.Hedges
	c["client_hedge_wins"] += a.HedgeWins
	c["client_sessions"] += a.Sessions
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
	c["transport_dials_exhausted"] += s.Exhausted
	c["transport_handler_panics"] += s.HandlerPanics
	c["transport_bad_frames"] += s.BadFrames
	for _, p := range s.Peers {
		c["transport_breaker_trips"] += p.BreakerTrips
	}
}

// distributions joins those of all nodes, and those of all clients, by name.
func (s *raftSystem) distributions() []batch.Distribution {
	var all []batch.Distribution
	for _, cl := range s.clients {
		all = join(all, cl.Distributions())
	}
	for _, n := range s.nodes() {
		all = join(all, n.Distributions())
	}
	return join(all, s.logs.distributions())
}

// join adds a list to another, in order of first appearance.
func join(all, list []batch.Distribution) []batch.Distribution {
	for i := range list {
		if d := find(all, list[i].Name); d != nil {
			d.Histogram.Merge(&list[i].Histogram)
			continue
		}
		all = append(all, list[i])
	}
	return all
}

func find(list []batch.Distribution, name string) *batch.Distribution {
	for i := range list {
		if list[i].Name == name {
			return &list[i]
		}
	}
	return nil
}

// differences are the distributions of what happened between two readings.
func differences(before, after []batch.Distribution) []batch.Distribution {
	out := make([]batch.Distribution, len(after))
	for i := range after {
		out[i] = after[i]
		if was := find(before, after[i].Name); was != nil {
			out[i].Histogram = after[i].Histogram.Since(&was.Histogram)
		}
	}
	return out
}

// spread is how things were distributed in the form of the result file, without what
// did not happen.
func spread(list []batch.Distribution) []reports.Distribution {
	var out []reports.Distribution
	for i := range list {
		if d := &list[i]; d.Histogram.Count() > 0 {
			out = append(out, reports.Distribution{Name: d.Name, Unit: d.Unit, Histogram: dense(&d.Histogram)})
		}
	}
	return out
}

const (
	// spreadHighest is the largest value of a batch.Histogram.
	spreadHighest = 1 << 38
	spreadDigits  = 2 // more than a batch.Histogram has
)

// dense is a histogram in the form of the result file.
func dense(h *batch.Histogram) *reports.Histogram {
	d := hdrhistogram.New(1, spreadHighest, spreadDigits)
	for value, n := range h.Buckets() {
		_ = d.RecordValues(value, int64(n)) // in range by construction
	}
	return reports.NewHistogram(d)
}
