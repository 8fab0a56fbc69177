//go:build unix

package rawtcp_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/transports/rawtcp"
)

// entryBytes is the size of the entry in a call.
const entryBytes = 128

// BenchmarkEcho is one RPC shaped like AppendEntries with one entry of 128 B,
// answered at once, over loopback TCP, both ends in this process: by callers that
// wait for each call, and by callbacks that send the next call from Complete.
// BenchmarkPingPong is what the machine gives at the same time.
func BenchmarkEcho(b *testing.B) {
	for _, callers := range []int{1, 64, 1000} {
		b.Run(fmt.Sprintf("blocking/callers=%d", callers), func(b *testing.B) { benchmarkBlocking(b, callers, entryBytes) })
	}
	for _, callers := range []int{1, 64, 1000} {
		b.Run(fmt.Sprintf("callback/callers=%d", callers), func(b *testing.B) { benchmarkCallback(b, callers) })
	}
}

// BenchmarkOptions compares the settings that the design claims to be worth it.
func BenchmarkOptions(b *testing.B) {
	for _, settings := range [][]string{
		{"tuned"}, {"stock"}, {"yield=off"}, {"writer=flusher"}, {"checksum=off"}, {"conns=4"},
		{"readbuf=16KiB"}, {"readbuf=64KiB"}, {"readbuf=256KiB"},
	} {
		for _, callers := range []int{64, 1000} {
			b.Run(fmt.Sprintf("%s/callers=%d", settings[0], callers), func(b *testing.B) { benchmarkBlocking(b, callers, entryBytes, settings...) })
		}
	}
}

// BenchmarkSize is the same with larger entries and 8 callers that wait.
func BenchmarkSize(b *testing.B) {
	for _, size := range []int{16 << 10, 256 << 10, 1 << 20} {
		b.Run(core.FormatSize(size), func(b *testing.B) {
			b.SetBytes(int64(size))
			benchmarkBlocking(b, 8, size)
		})
	}
}

// BenchmarkPingPong is a bare exchange of as many bytes over loopback TCP.
func BenchmarkPingPong(b *testing.B) {
	l := listen(b)
	defer l.Close()
	const size = 220
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		_, _ = io.CopyBuffer(struct{ io.Writer }{c}, struct{ io.Reader }{c}, make([]byte, size))
	}()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	buf := make([]byte, size)
	b.ResetTimer()
	for range b.N {
		if _, err := c.Write(buf); err != nil {
			b.Fatal(err)
		}
		if _, err := io.ReadFull(c, buf); err != nil {
			b.Fatal(err)
		}
	}
}

// pair is a caller and an echo server.
type pair struct {
	caller, server core.Transport
	complete       func([]*core.Call)
}

// Receive implements core.Handler.
func (p *pair) Receive(requests []*core.Incoming) {
	for _, r := range requests {
		req := r.Request.(*core.AppendEntriesRequest)
		resp := r.Response.(*core.AppendEntriesResponse)
		resp.From, resp.Term, resp.Success = 2, req.Term, true
		resp.Match = req.PrevIndex + core.Index(len(req.Entries))
	}
	p.server.Reply(requests)
}

// Complete implements core.Handler.
func (p *pair) Complete(calls []*core.Call) { p.complete(calls) }

func listen(tb testing.TB) net.Listener {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	return l
}

func openPair(b *testing.B, settings []string) *pair {
	b.Helper()
	options, err := rawtcp.Transport().ParseOptions(settings)
	if err != nil {
		b.Fatal(err)
	}
	network, err := rawtcp.Transport().New(options)
	if err != nil {
		b.Fatal(err)
	}
	p := &pair{}
	l := listen(b)
	dial := func(ctx context.Context, _ core.NodeID) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", l.Addr().String())
	}
	if p.server, err = network.Open(core.Endpoint{Self: 2, Listener: l, Dial: dial, Handler: p}); err != nil {
		b.Fatal(err)
	}
	if p.caller, err = network.Open(core.Endpoint{Self: 1, Dial: dial, Handler: p}); err != nil {
		b.Fatal(err)
	}
	return p
}

func (p *pair) close(b *testing.B) {
	for _, t := range []core.Transport{p.caller, p.server} {
		if err := t.Close(); err != nil {
			b.Error(err)
		}
	}
}

func newCall(size int) *core.Call {
	return &core.Call{
		To: 2,
		Request: &core.AppendEntriesRequest{From: 1, Term: 3, PrevIndex: 1 << 20, PrevTerm: 3, Commit: 1 << 20, Session: 7,
			Entries: []core.Entry{{Index: 1<<20 + 1, Term: 3, Data: make([]byte, size)}}},
		Response: new(core.AppendEntriesResponse),
	}
}

func benchmarkBlocking(b *testing.B, callers, size int, settings ...string) {
	p := openPair(b, settings)
	defer p.close(b)
	p.complete = func(calls []*core.Call) {
		for _, c := range calls {
			c.Tag.(chan struct{}) <- struct{}{}
		}
	}
	var left atomic.Int64
	left.Store(int64(b.N))
	var start, done sync.WaitGroup
	start.Add(1)
	for range callers {
		done.Go(func() {
			call, ended := newCall(size), make(chan struct{}, 1)
			call.Tag = ended
			calls := []*core.Call{call}
			start.Wait()
			for left.Add(-1) >= 0 {
				p.caller.Send(calls)
				<-ended
				if call.Err != nil {
					b.Error(call.Err)
					return
				}
			}
		})
	}
	measure(b, p, func() {
		start.Done()
		done.Wait()
	})
}

func benchmarkCallback(b *testing.B, callers int, settings ...string) {
	p := openPair(b, settings)
	defer p.close(b)
	var left atomic.Int64
	left.Store(int64(b.N))
	ended := make(chan struct{}, callers)
	p.complete = func(calls []*core.Call) {
		more := calls
		if n := left.Add(-int64(len(calls))); n < 0 {
			more = calls[:max(0, int64(len(calls))+n)]
		}
		for _, c := range calls {
			if c.Err != nil {
				b.Error(c.Err)
			}
		}
		p.caller.Send(more)
		for range calls[len(more):] {
			ended <- struct{}{}
		}
	}
	calls := make([]*core.Call, callers)
	for i := range calls {
		calls[i] = newCall(entryBytes)
	}
	measure(b, p, func() {
		p.caller.Send(calls)
		for range callers {
			<-ended
		}
	})
}

// measure runs f and reports what the contract of the issue speaks of.
func measure(b *testing.B, p *pair, f func()) {
	runtime.GC()
	b.ReportAllocs()
	before := cpuTime(b)
	b.ResetTimer()
	f()
	b.StopTimer()
	calls := float64(b.N)
	b.ReportMetric(float64(cpuTime(b)-before)/calls, "cpu-ns/call")
	b.ReportMetric(calls/b.Elapsed().Seconds(), "calls/s")
	s, r := p.caller.(core.Meter).Stats(), p.server.(core.Meter).Stats()
	b.ReportMetric(calls/float64(s.Writes), "calls/write")
	b.ReportMetric(calls/float64(r.Writes), "replies/write")
}

// cpuTime is what this process has used of its processors: the figure to compare
// when others use the machine, too.
func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
