package cluster_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/client"
	"github.com/raftbench/raftbench/core/cluster"
	"github.com/raftbench/raftbench/core/session"
	"github.com/raftbench/raftbench/transports"
	"github.com/raftbench/raftbench/transports/inproc"
	"github.com/raftbench/raftbench/transports/rawtcp"
)

// BenchmarkCommit commits 16-byte commands on three nodes with callback clients:
// the node and the client without a driver or a recorder.
func BenchmarkCommit(b *testing.B) {
	for _, nt := range []core.NamedTransport{inproc.Transport(), rawtcp.Transport()} {
		for _, clients := range []int{1, 64, 1024} {
			b.Run(fmt.Sprintf("transport=%s/clients=%d", nt.Name, clients), func(b *testing.B) {
				benchmarkCommit(b, nt, clients, client.Config{})
			})
		}
	}
}

// BenchmarkCommitSampled is BenchmarkCommit with traces: of every batch, and of
// one in a hundred.
func BenchmarkCommitSampled(b *testing.B) {
	for _, every := range []int{1, 100} {
		for _, clients := range []int{1, 1024} {
			b.Run(fmt.Sprintf("every=%d/clients=%d", every, clients), func(b *testing.B) {
				benchmarkCommit(b, inproc.Transport(), clients, client.Config{SampleEvery: every})
			})
		}
	}
}

// BenchmarkCommitSessions is BenchmarkCommit with and without sessions, which add most to
// where there are many small commands.
func BenchmarkCommitSessions(b *testing.B) {
	for name, sessions := range map[string]bool{"off": false, "1024": true} {
		b.Run("sessions="+name, func(b *testing.B) {
			benchmarkCommit(b, rawtcp.Transport(), 1024, client.Config{Sessions: sessions})
		})
	}
}

func benchmarkCommit(b *testing.B, nt core.NamedTransport, clients int, config client.Config) {
	machine := newSum
	if config.Sessions {
		machine = newSumWithSessions
	}
	c := start(b, cluster.Config{Nodes: 3, Network: network(b, nt), NewStateMachine: machine})
	var cl *client.Client
	var mu sync.Mutex
	left := b.N
	finished := make(chan struct{})
	running := clients
	done := func(ops []*client.Op) {
		mu.Lock()
		for _, op := range ops {
			if op.Err != nil {
				panic(op.Err)
			}
		}
		next := min(left, len(ops))
		left -= next
		running -= len(ops) - next
		if running == 0 {
			close(finished)
		}
		mu.Unlock()
		cl.Submit(ops[:next])
	}
	config.Done = done
	cl = openClient(b, c, config)
	ops := make([]*client.Op, clients)
	for i := range ops {
		ops[i] = &client.Op{Command: make([]byte, 16)}
	}
	b.ReportAllocs()
	before := cpuTime(b)
	b.ResetTimer()
	cl.Submit(ops)
	<-finished
	b.StopTimer()
	b.ReportMetric(float64(cpuTime(b)-before)/float64(b.N), "cpu-ns/op")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "ops/s")
	calls, sent := cl.Batches()
	b.ReportMetric(float64(sent)/float64(calls), "ops/call")
	s := c.Node(c.Leader()).Stats()
	b.ReportMetric(float64(s.AppendEntries)/float64(s.Appends), "entries/append")
}

func newSumWithSessions() core.StateMachine {
	m, err := session.New(newSum(), session.Config{})
	if err != nil {
		panic(err)
	}
	return m
}

// BenchmarkIdle is what three nodes cost that have nothing to do: heartbeats and
// ticks. An iteration is a second.
func BenchmarkIdle(b *testing.B) {
	for _, nt := range transports.All() {
		b.Run("transport="+nt.Name, func(b *testing.B) {
			start(b, cluster.Config{Nodes: 3, Network: network(b, nt), NewStateMachine: newSum})
			before := cpuTime(b)
			b.ResetTimer()
			for range b.N {
				<-time.After(time.Second)
			}
			b.ReportMetric(100*(cpuTime(b)-before).Seconds()/b.Elapsed().Seconds(), "%core")
		})
	}
}

func cpuTime(b *testing.B) time.Duration {
	var usage unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
