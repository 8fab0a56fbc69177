package reportstest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/raftbench/raftbench/reports"
)

// Rates invents a run of an open loop: each of the shapes at each of the rates.
// Latency rises as the rate nears the shape's own; beyond it the rate is not
// sustained and the replicate is invalid.
func Rates(shapes []Shape, rates []float64, replicates int) *reports.Run {
	r := Run(nil, replicates)
	for i, s := range shapes {
		for j, rate := range rates {
			busy := rate / s.Rate
			loaded := s
			loaded.Label = fmt.Sprintf("%s r=%s", s.Label, reports.FormatCompact(rate))
			loaded.Rate = math.Min(rate, s.Rate)
			loaded.Median = time.Duration(float64(s.Median) * (0.4 + 0.25/math.Max(0.02, 1-busy)))
			a := arm(loaded, uint64(100*i+j+1), replicates)
			a.Workload.Loop, a.Workload.Rate, a.Workload.Arrivals, a.Workload.Clients = reports.LoopOpen, rate, "poisson", 0
			for k := range a.Replicates {
				if busy > 1 {
					a.Replicates[k].Valid = false
					a.Replicates[k].Reasons = []string{fmt.Sprintf("%.0f of %.0f offered operations per second were achieved", s.Rate, rate)}
				}
			}
			r.Arms = append(r.Arms, a)
		}
	}
	return r
}

// Steps invents a run of an open loop in which every arm goes through all the rates,
// a second each, like the arms of Rates.
func Steps(shapes []Shape, rates []float64, replicates int) *reports.Run {
	matrix := Rates(shapes, rates, replicates)
	r := Run(nil, replicates)
	for i, s := range shapes {
		a := matrix.Arms[i*len(rates)]
		a.Label = s.Label
		a.Workload.Rate = 0
		a.Workload.Stages = ""
		for j, rate := range rates {
			a.Workload.Rate += rate / float64(len(rates))
			a.Workload.Stages = strings.TrimPrefix(a.Workload.Stages+fmt.Sprintf(",1s:%s", reports.FormatCompact(rate)), ",")
			for k := range a.Replicates {
				step := &matrix.Arms[i*len(rates)+j].Replicates[k]
				a.Replicates[k].Steps = append(a.Replicates[k].Steps, reports.Step{
					Name: "1s:" + reports.FormatCompact(rate), At: time.Duration(j) * time.Second, Length: time.Second,
					Offered: rate, Achieved: math.Min(rate, s.Rate), Sustained: rate <= s.Rate, Operations: step.Operations,
					Histograms: []reports.OpHistogram{{Op: reports.AllOps, Kind: reports.KindResponse, Histogram: step.Histograms[0].Histogram}},
				})
			}
		}
		r.Arms = append(r.Arms, a)
	}
	return r
}

// Clients invents a run of a closed loop: each of the shapes with each number of
// clients, up to what the shape carries.
func Clients(shapes []Shape, clients []int, replicates int) *reports.Run {
	r := Run(nil, replicates)
	for i, s := range shapes {
		alone := s.Median / 4 // of one client
		for j, n := range clients {
			loaded := s
			loaded.Label = fmt.Sprintf("%s c=%d", s.Label, n)
			loaded.Rate = math.Min(float64(n)/alone.Seconds(), s.Rate)
			loaded.Median = time.Duration(float64(n) / loaded.Rate * 1e9)
			a := arm(loaded, uint64(100*i+j+1), replicates)
			a.Workload.Clients = n
			r.Arms = append(r.Arms, a)
		}
	}
	return r
}

// Faulty invents a run in which a node is killed in every replicate: a second
// without a leader, an election, and the node's return.
func Faulty(shapes []Shape, replicates int) *reports.Run {
	r := Run(shapes, replicates)
	for i := range r.Arms {
		r.Arms[i].Workload.Faults = "at 900ms: kill leader; at 2.4s: restart all"
		for j := range r.Arms[i].Replicates {
			fail(&r.Arms[i].Replicates[j], rand.New(rand.NewPCG(uint64(i), uint64(j))))
		}
	}
	return r
}

func fail(r *reports.Replicate, rng *rand.Rand) {
	killed := 900*time.Millisecond + time.Duration(rng.IntN(20))*time.Millisecond
	elected := killed + 600*time.Millisecond + time.Duration(rng.IntN(200))*time.Millisecond
	r.Events = []reports.Event{
		{At: killed, Kind: reports.EventFault, Text: "node 1 was killed",
			Fault: &reports.Fault{Verb: "kill", Node: 1, Took: 2 * time.Millisecond, FirstSuccess: new(elected - killed + time.Millisecond)}},
		{At: elected, Kind: reports.EventElection, Text: fmt.Sprintf("node %d leads in term 3", 2+rng.IntN(2))},
		{At: 2400 * time.Millisecond, Kind: reports.EventRepair, Text: "node 1 was restarted",
			Fault: &reports.Fault{Verb: "restart", Node: 1, Took: time.Millisecond, FirstSuccess: new(300 * time.Microsecond)}},
	}
	for _, c := range []struct {
		after time.Duration
		state string
	}{{20 * time.Millisecond, "open"}, {120 * time.Millisecond, "half-open"}, {140 * time.Millisecond, "open"}, {1520 * time.Millisecond, "closed"}} {
		for _, from := range []string{"node 2", "node 3", "client 1"} {
			r.Breakers = append(r.Breakers, reports.BreakerChange{At: killed + c.after, From: from, Peer: 1, State: c.state})
		}
	}
	r.Counters["transport_breaker_trips"], r.Counters["client_retries"], r.Counters["client_retried_calls"] = 3, 128, 4
	r.Elections = 1
	for b := range r.Series.Completed {
		at := time.Duration(b) * r.Series.Bucket
		if at < killed || at > elected {
			continue
		}
		r.Series.Completed[b] = 0
		r.Series.Errors[b] = uint64(rng.IntN(30))
		wait := int64(elected - at)
		r.Series.P50[b], r.Series.P99[b], r.Series.Max[b] = wait, wait+wait/10, wait+wait/8
	}
}
