package grpc

import (
	"bytes"
	"context"
	"io"
	"net"
	"testing"
	"time"

	gogrpc "google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/transports/grpc/raftpb"
)

// rawPeer speaks HTTP/2 by hand.
type rawPeer struct {
	*http2.Framer
	t       *testing.T
	headers []byte // of an AppendEntries RPC
	stream  uint32
}

func dialRaw(t *testing.T, address string) *rawPeer {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if _, err := io.WriteString(conn, http2.ClientPreface); err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = io.Copy(io.Discard, conn) }() // ends with the connection
	var block bytes.Buffer
	e := hpack.NewEncoder(&block)
	for _, f := range [][2]string{
		{":method", "POST"}, {":scheme", "http"}, {":authority", "raft"}, {":path", raftpb.Raft_AppendEntries_FullMethodName},
		{"content-type", "application/grpc"}, {"te", "trailers"},
	} {
		if err := e.WriteField(hpack.HeaderField{Name: f[0], Value: f[1], Sensitive: true}); err != nil { // not in a table: the block can be sent again
			t.Fatal(err)
		}
	}
	p := &rawPeer{Framer: http2.NewFramer(conn, nil), t: t, headers: block.Bytes(), stream: 1}
	p.must(p.WriteSettings())
	return p
}

func (p *rawPeer) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

// call starts an RPC with an empty message and returns its stream.
func (p *rawPeer) call() uint32 {
	p.t.Helper()
	id := p.stream
	p.stream += 2
	p.must(p.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: p.headers, EndHeaders: true}))
	p.must(p.WriteData(id, true, make([]byte, 5))) // not compressed, length 0
	return id
}

// CVE-2023-44487, HTTP/2 rapid reset: a stream that is reset counts no more against
// MAX_CONCURRENT_STREAMS, but its handler goes on. A peer that opens and resets streams
// must not start more handlers than there may be.
func TestRapidReset(t *testing.T) {
	const limit = 2 * core.NumClasses // of QueuedCalls: 2
	h := new(holder)
	transport, address := openTest(t, h, core.Limits{QueuedCalls: 2}, "stock")
	p := dialRaw(t, address)
	var held []*core.Incoming
	for calls := range 2 * limit {
		id := p.call()
		patience := 20 * time.Second
		if calls >= limit {
			patience = 20 * time.Millisecond // nothing should come
		}
		for began := time.Now(); len(held) <= calls && time.Since(began) < patience; time.Sleep(100 * time.Microsecond) {
			held = append(held, h.take()...)
		}
		p.must(p.WriteRSTStream(id, http2.ErrCodeCancel))
	}
	if len(held) != limit {
		t.Errorf("%d handlers were started, the limit is %d", len(held), limit)
	}
	transport.Reply(held)

	// Others are served all the while.
	answered := make(chan error, 1)
	client, err := gogrpc.NewClient("passthrough:///"+address, gogrpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	go func() {
		_, err := raftpb.NewRaftClient(client).AppendEntries(ctx, new(raftpb.AppendEntriesRequest))
		answered <- err
	}()
	for {
		select {
		case err := <-answered:
			if err != nil {
				t.Error(err)
			}
			return
		default:
			transport.Reply(h.take())
		}
	}
}
