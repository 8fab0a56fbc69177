package transports

import (
	"io"
	"net"
	"testing"

	"github.com/raftbench/raftbench/transports/transporttest"
)

// BenchmarkEcho runs the echo of transporttest over all transports, load by load,
// so that what is compared is measured within seconds. Beside each at its best
// stand the variants that its users know: one gRPC stream message a call, unary
// calls, net/rpc as it comes, HTTP on one connection. The floor is a bare
// ping-pong over loopback TCP: what no transport with a connection can beat when
// there is one caller.
func BenchmarkEcho(b *testing.B) {
	specs, err := ParseList(All(), "all,grpc:batch=off,grpc:mode=unary,http:conns=1,netrpc:stock")
	if err != nil {
		b.Fatal(err)
	}
	var echoes []*transporttest.Echo
	for _, s := range specs {
		var settings []string
		for _, o := range s.Options.All() {
			settings = append(settings, o.Name+"="+o.Value)
		}
		echoes = append(echoes, transporttest.OpenEcho(b, s.Named, settings...))
	}
	b.Run("callers=1/transport=floor", pingPong)
	for _, l := range transporttest.Loads() {
		for i, s := range specs {
			b.Run(l.String()+"/transport="+s.Label, func(b *testing.B) { echoes[i].Run(b, l) })
		}
	}
}

// pingPong sends 128 B over loopback TCP and waits for them to come back.
func pingPong(b *testing.B) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		message := make([]byte, 128)
		for {
			if _, err := io.ReadFull(c, message); err != nil {
				return
			}
			if _, err := c.Write(message); err != nil {
				return
			}
		}
	}()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	message := make([]byte, 128)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Write(message); err != nil {
			b.Fatal(err)
		}
		if _, err := io.ReadFull(c, message); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
}
