package grpc

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/raftbench/raftbench/core"
)

// BenchmarkEcho is an AppendEntries with one entry of 128 B over loopback TCP,
// both ends in this process, from blocking callers. cpu-ns/op holds on a busy
// machine, where the rate does not.
func BenchmarkEcho(b *testing.B) {
	for _, settings := range []string{"tuned", "batch=off", "mode=unary", "stock"} {
		for _, callers := range []int{1, 64, 1000} {
			b.Run(fmt.Sprintf("%s/callers=%d", settings, callers), func(b *testing.B) {
				client := openEcho(b, settings)
				b.ReportAllocs()
				start, cpu := time.Now(), cpuTime()
				n := callers * (b.N/callers + 1)
				var all sync.WaitGroup
				for range callers {
					all.Go(func() { callEcho(b, client, n/callers) })
				}
				all.Wait()
				b.ReportMetric(float64(n)/time.Since(start).Seconds(), "calls/s")
				b.ReportMetric(float64(cpuTime()-cpu)/float64(n), "cpu-ns/op")
			})
		}
	}
}

// cpuTime is what this process has used.
func cpuTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // cannot fail with these arguments
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// callEcho makes n calls, one after the other.
func callEcho(b *testing.B, client core.Transport, n int) {
	ended := make(chan struct{}, 1)
	call := &core.Call{
		To:       2,
		Request:  &core.AppendEntriesRequest{From: 1, Term: 3, PrevIndex: 100, PrevTerm: 3, Entries: []core.Entry{{Index: 101, Term: 3, Data: make([]byte, 128)}}},
		Response: new(core.AppendEntriesResponse),
		Timeout:  time.Minute,
		Tag:      ended,
	}
	calls := []*core.Call{call}
	for range n {
		client.Send(calls)
		if <-ended; call.Err != nil {
			b.Error(call.Err)
			return
		}
	}
}

// openEcho opens a node that echoes, and returns one that calls it.
func openEcho(b *testing.B, settings ...string) core.Transport {
	nt := Transport()
	options, err := nt.ParseOptions(strings.Fields(strings.Join(settings, " ")))
	if err != nil {
		b.Fatal(err)
	}
	network, err := nt.New(options)
	if err != nil {
		b.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	dial := func(ctx context.Context, _ core.NodeID) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", listener.Addr().String())
	}
	server, client := &echo{}, &echo{}
	if server.t, err = network.Open(core.Endpoint{Self: 2, Listener: listener, Handler: server}); err != nil {
		b.Fatal(err)
	}
	if client.t, err = network.Open(core.Endpoint{Self: 1, Dial: dial, Handler: client}); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = client.t.Close()
		_ = server.t.Close()
	})
	return client.t
}

// echo answers at once and wakes the callers of what has ended.
type echo struct{ t core.Transport }

func (h *echo) Receive(requests []*core.Incoming) {
	for _, r := range requests {
		from := r.Request.(*core.AppendEntriesRequest)
		*r.Response.(*core.AppendEntriesResponse) = core.AppendEntriesResponse{
			From: 2, Term: from.Term, Success: true, Match: from.PrevIndex + 1, Session: from.Session,
		}
	}
	h.t.Reply(requests)
}

func (h *echo) Complete(calls []*core.Call) {
	for _, c := range calls {
		c.Tag.(chan struct{}) <- struct{}{}
	}
}
