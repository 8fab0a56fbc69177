package node_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/batch"
	"github.com/raftbench/raftbench/core/client"
	"github.com/raftbench/raftbench/core/cluster"
	"github.com/raftbench/raftbench/core/node"
)

// alone is a cluster of one node and a client whose operations come one at a time,
// though nobody has told either of them.
type alone struct {
	cluster *cluster.Cluster
	client  *client.Client
	done    chan struct{}
}

func startAlone(tb testing.TB, link, leader batch.Config) *alone {
	tb.Helper()
	a := &alone{done: make(chan struct{}, 16)}
	var err error
	a.cluster, err = cluster.Start(tb.Context(), cluster.Config{
		Nodes: 1, Network: network(tb, plain), Node: node.Config{Batch: leader},
		NewStateMachine: func() core.StateMachine { return &journal{} },
	})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = a.cluster.Close() })
	a.client, err = a.cluster.Client(client.Config{Batch: link, Done: func(ops []*client.Op) {
		for _, op := range ops {
			if op.Err != nil {
				tb.Error(op.Err)
			}
			a.done <- struct{}{}
		}
	}})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = a.client.Close() })
	return a
}

// put waits for one operation.
func (a *alone) put() {
	a.client.Submit([]*client.Op{{Command: []byte("x")}})
	<-a.done
}

// where is either place at which batches linger, and what came of it.
func where(linger time.Duration) map[string]func(testing.TB) (*alone, func(*alone) batch.Stats) {
	c := batch.Config{Linger: linger}
	return map[string]func(testing.TB) (*alone, func(*alone) batch.Stats){
		"link": func(tb testing.TB) (*alone, func(*alone) batch.Stats) {
			return startAlone(tb, c, batch.Config{}), func(a *alone) batch.Stats { return a.client.BatchStats() }
		},
		"leader": func(tb testing.TB) (*alone, func(*alone) batch.Stats) {
			return startAlone(tb, batch.Config{}, c), func(a *alone) batch.Stats { return a.cluster.Node(1).BatchStats() }
		},
	}
}

// A batch that nobody joins lingers, however short that is, and never for less.
func TestLingerPasses(t *testing.T) {
	for _, linger := range []time.Duration{50 * time.Microsecond, 3 * time.Millisecond} {
		for place, start := range where(linger) {
			t.Run(fmt.Sprintf("%s/%v", place, linger), func(t *testing.T) {
				a, stats := start(t)
				for range 20 {
					a.put()
				}
				s := stats(a)
				if s.Closed[batch.Expired] != 20 {
					t.Errorf("batches closed because %v, want 20 expired", s.Reasons())
				}
				for ns := range s.LingerNs.Buckets() {
					if float64(ns) < 0.96*float64(linger) { // a bucket's middle
						t.Errorf("a batch lingered for %v, want %v at least", time.Duration(ns), linger)
					}
				}
			})
		}
	}
}

// BenchmarkLinger tells how long batches really linger on an otherwise idle cluster.
// The table in docs/batching.md is its output.
func BenchmarkLinger(b *testing.B) {
	for _, us := range []time.Duration{50, 100, 200, 500, 1000, 5000} {
		linger := us * time.Microsecond
		for _, place := range []string{"link", "leader"} {
			b.Run(fmt.Sprintf("linger=%v/at=%s", linger, place), func(b *testing.B) {
				a, stats := where(linger)[place](b)
				for range b.N {
					a.put()
				}
				h := stats(a).LingerNs
				b.ReportMetric(h.Mean()/1e3, "mean-us")
				b.ReportMetric(quantile(&h, 0.5)/1e3, "p50-us")
				b.ReportMetric(quantile(&h, 0.9)/1e3, "p90-us")
				b.ReportMetric(quantile(&h, 0.99)/1e3, "p99-us")
			})
		}
	}
}

func quantile(h *batch.Histogram, q float64) float64 {
	left := q * float64(h.Count())
	for v, n := range h.Buckets() {
		if left -= float64(n); left <= 0 {
			return float64(v)
		}
	}
	return 0
}

// BenchmarkOneClient is what a policy costs a client that is alone: nothing, if it is to
// be the default.
func BenchmarkOneClient(b *testing.B) {
	for _, p := range []batch.Policy{batch.None, batch.Natural, batch.Adaptive} {
		b.Run("policy="+string(p), func(b *testing.B) {
			a := startAlone(b, batch.Config{Policy: p}, batch.Config{Policy: p})
			b.ReportAllocs()
			b.ResetTimer()
			for range b.N {
				a.put()
			}
		})
	}
}

// A sole synchronous caller does not linger: neither if it is known that there is one,
// nor if it waits in Do.
func TestASoleCallerDoesNotLinger(t *testing.T) {
	forever := batch.Config{Linger: time.Hour}
	for name, c := range map[string]struct {
		callers int
		leader  batch.Config
	}{
		"callers are known at both places": {1, forever},
		"Do, on the link":                  {0, batch.Config{}},
	} {
		t.Run(name, func(t *testing.T) {
			clu, err := cluster.Start(t.Context(), cluster.Config{
				Nodes: 1, Network: network(t, plain), Node: node.Config{Batch: c.leader, Callers: c.callers},
				NewStateMachine: func() core.StateMachine { return &journal{} },
			})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = clu.Close() }()
			cl, err := clu.Client(client.Config{Batch: forever, Callers: c.callers, Done: func([]*client.Op) {}})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = cl.Close() }()
			for range 3 {
				do(t, cl, &client.Op{Command: []byte("x")})
			}
			if s := cl.BatchStats(); s.Closed[batch.SoleItem] != 3 {
				t.Errorf("the link's batches closed because %v, want 3 for a sole item", s.Reasons())
			}
			if s := clu.Node(1).BatchStats(); c.callers > 0 && s.Closed[batch.SoleItem] != 3 {
				t.Errorf("the leader's batches closed because %v, want 3 for a sole item", s.Reasons())
			}
		})
	}
}

// TestAdaptive carries many clients' load under policy adaptive at both places, through
// changes of its gait.
func TestAdaptive(t *testing.T) {
	adaptive := batch.Config{Policy: batch.Adaptive, Linger: 2 * time.Millisecond}
	a := startAlone(t, adaptive, adaptive)
	const ops, atOnce = 20_000, 8
	for range atOnce {
		a.client.Submit([]*client.Op{{Command: []byte("x")}})
	}
	for range ops {
		<-a.done
		a.client.Submit([]*client.Op{{Command: []byte("x")}})
	}
	for range atOnce {
		<-a.done
	}
	for place, s := range map[string]batch.Stats{"link": a.client.BatchStats(), "leader": a.cluster.Node(1).BatchStats()} {
		if s.Batches() == 0 || s.Closed[batch.Single]+s.Closed[batch.SoleItem] > 0 {
			t.Errorf("%s: batches closed because %v", place, s.Reasons())
		}
	}
	if _, n := a.client.Batches(); n != ops+atOnce {
		t.Errorf("%d operations sent, want %d", n, ops+atOnce)
	}
}
