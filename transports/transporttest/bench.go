package transporttest

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/raftbench/raftbench/core"
)

// Load is how an Echo is driven: closed loop, each caller with one call under
// way.
type Load struct {
	Callers int

	// Callbacks: the completion of a call sends the next. Otherwise each caller
	// is a goroutine that sends a call and waits for it.
	Callbacks bool
}

func (l Load) String() string {
	if l.Callbacks {
		return fmt.Sprintf("callbacks=%d", l.Callers)
	}
	return fmt.Sprintf("callers=%d", l.Callers)
}

// Loads are those that Benchmark runs.
func Loads() []Load {
	return []Load{{Callers: 1}, {Callers: 64}, {Callers: 1000}, {64, true}, {1000, true}}
}

// Benchmark measures nt, with settings as on the command line, under each of
// Loads: calls/s, and allocations a call of caller and server together. The call
// is an AppendEntries with one entry of 128 B, answered at once; caller and
// server are in one process and talk over loopback TCP, or over what sock says.
func Benchmark(b *testing.B, nt core.NamedTransport, settings ...string) {
	e := OpenEcho(b, nt, settings...)
	for _, l := range Loads() {
		b.Run(l.String(), func(b *testing.B) { e.Run(b, l) })
	}
}

// Echo is a caller and a server of one transport. It has one user at a time.
type Echo struct {
	client core.Transport
	load   load
}

// listen opens a listener of the kind that a network wants.
func listen(b *testing.B, socket string) net.Listener {
	b.Helper()
	network, address := core.SocketTCP, "127.0.0.1:0"
	if socket == core.SocketUnix {
		dir, err := os.MkdirTemp("", "echo")
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = os.RemoveAll(dir) })
		network, address = socket, filepath.Join(dir, "socket")
	}
	l, err := net.Listen(network, address)
	if err != nil {
		b.Fatal(err)
	}
	return l
}

// OpenEcho opens both, until b ends.
func OpenEcho(b *testing.B, nt core.NamedTransport, settings ...string) *Echo {
	b.Helper()
	options, err := nt.ParseOptions(settings)
	if err != nil {
		b.Fatal(err)
	}
	network, err := nt.New(options)
	if err != nil {
		b.Fatal(err)
	}
	listener := listen(b, network.Socket)
	dial := func(ctx context.Context, _ core.NodeID) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, listener.Addr().Network(), listener.Addr().String())
	}
	server := new(echoServer)
	server.open.Add(1)
	server.transport, err = network.Open(core.Endpoint{Self: echoNode, Listener: listener, Dial: dial, Handler: server})
	if err != nil {
		b.Fatal(err)
	}
	server.open.Done()
	b.Cleanup(func() { _ = server.transport.Close() })

	e := new(Echo)
	e.client, err = network.Open(core.Endpoint{Self: echoNode - 1, Dial: dial, Handler: e})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = e.client.Close() })
	return e
}

// echoNode is the server.
const echoNode core.NodeID = 2

// echoServer answers at once.
type echoServer struct {
	open      sync.WaitGroup
	transport core.Transport
}

func (s *echoServer) Receive(requests []*core.Incoming) {
	s.open.Wait()
	for _, r := range requests {
		q := r.Request.(*core.AppendEntriesRequest)
		*r.Response.(*core.AppendEntriesResponse) = core.AppendEntriesResponse{
			From: echoNode, Term: q.Term, Success: true, PrevIndex: q.PrevIndex, Match: q.Entries[0].Index, Session: q.Session,
		}
	}
	s.transport.Reply(requests)
}

func (s *echoServer) Complete([]*core.Call) {}

// load is a Load at work.
type load struct {
	callbacks bool
	left      atomic.Int64 // callbacks: calls that are still to be sent
	ended     sync.WaitGroup
	failed    atomic.Pointer[error]
}

// Receive implements core.Handler.
func (e *Echo) Receive([]*core.Incoming) {}

// Complete implements core.Handler.
func (e *Echo) Complete(calls []*core.Call) {
	l := &e.load
	for _, c := range calls {
		if c.Err != nil {
			l.failed.CompareAndSwap(nil, &c.Err)
		}
	}
	if !l.callbacks {
		for _, c := range calls {
			c.Tag.(chan struct{}) <- struct{}{}
		}
		return
	}
	n := min(int64(len(calls)), max(0, l.left.Add(-int64(len(calls)))+int64(len(calls))))
	e.client.Send(calls[:n])
	for range int64(len(calls)) - n {
		l.ended.Done()
	}
}

// Run measures b.N calls under load l.
func (e *Echo) Run(b *testing.B, l Load) {
	calls := make([]*core.Call, l.Callers)
	for i := range calls {
		calls[i] = &core.Call{
			To:       echoNode,
			Request:  appendEntries(uint64(i), 128),
			Response: new(core.AppendEntriesResponse),
			Tag:      make(chan struct{}, 1),
		}
	}
	const warm = 5000
	e.drive(calls, l.Callbacks, warm+10*l.Callers)
	b.ReportAllocs()
	b.ResetTimer()
	e.drive(calls, l.Callbacks, b.N)
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
	if err := e.load.failed.Swap(nil); err != nil {
		b.Fatal(*err)
	}
}

// drive makes n calls.
func (e *Echo) drive(calls []*core.Call, callbacks bool, n int) {
	calls = calls[:min(n, len(calls))]
	l := &e.load
	l.callbacks = callbacks
	l.left.Store(int64(n - len(calls)))
	l.ended.Add(len(calls))
	for i, c := range calls {
		one := calls[i : i+1]
		if callbacks {
			e.client.Send(one)
			continue
		}
		share := n / len(calls)
		if i < n%len(calls) {
			share++
		}
		go func() {
			defer l.ended.Done()
			for range share {
				e.client.Send(one)
				<-c.Tag.(chan struct{})
			}
		}()
	}
	l.ended.Wait()
}
