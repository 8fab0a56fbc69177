package grpc

import (
	"context"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	gogrpc "google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/transports/grpc/raftpb"
)

// holder is a handler that keeps the requests it gets.
type holder struct {
	mu   sync.Mutex
	held []*core.Incoming
}

func (h *holder) Receive(requests []*core.Incoming) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.held = append(h.held, requests...)
}

func (h *holder) Complete([]*core.Call) {}

func (h *holder) take() []*core.Incoming {
	h.mu.Lock()
	defer h.mu.Unlock()
	held := h.held
	h.held = nil
	return held
}

// openTest opens an endpoint and says where it listens.
func openTest(t *testing.T, h core.Handler, limits core.Limits, settings ...string) (_ core.Transport, address string) {
	t.Helper()
	nt := Transport()
	options, err := nt.ParseOptions(settings)
	if err != nil {
		t.Fatal(err)
	}
	network, err := nt.New(options)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	transport, err := network.Open(core.Endpoint{
		Self: 1, Listener: listener, Handler: h, Limits: limits, Timeouts: core.Timeouts{Connect: time.Minute}, // the machine may be busy
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = transport.Close() })
	return transport, listener.Addr().String()
}

// serveTest opens an endpoint and a plain gRPC client of it.
func serveTest(t *testing.T, h core.Handler, limits core.Limits, settings ...string) (core.Transport, raftpb.RaftClient) {
	t.Helper()
	transport, address := openTest(t, h, limits, settings...)
	client, err := gogrpc.NewClient("passthrough:///"+address, gogrpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return transport, raftpb.NewRaftClient(client)
}

func exchange(t *testing.T, c raftpb.RaftClient) raftpb.Raft_ExchangeClient {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	t.Cleanup(cancel)
	s, err := c.Exchange(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestMalformedRequestEndsTheStream(t *testing.T) {
	for name, m := range map[string]*raftpb.Request{
		"empty":              {Id: 1},
		"unknown entry kind": {Id: 1, AppendEntries: &raftpb.AppendEntriesRequest{Entries: []*raftpb.Entry{{Kind: 7}}}},
	} {
		transport, client := serveTest(t, new(holder), core.Limits{})
		s := exchange(t, client)
		if err := s.Send(&raftpb.Requests{Requests: []*raftpb.Request{m}}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Recv(); status.Code(err) != codes.InvalidArgument {
			t.Errorf("%s: the stream ended with %v, want InvalidArgument", name, err)
		}
		if n := transport.(core.Meter).Stats().BadFrames; n != 1 {
			t.Errorf("%s: %d bad frames counted, want 1", name, n)
		}
	}
}

func TestMalformedUnaryRequest(t *testing.T) {
	_, client := serveTest(t, new(holder), core.Limits{}, "mode=unary")
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	_, err := client.AppendEntries(ctx, &raftpb.AppendEntriesRequest{Entries: []*raftpb.Entry{{Kind: 7}}})
	if status.Code(err) != codes.InvalidArgument {
		t.Errorf("the RPC ended with %v, want InvalidArgument", err)
	}
}

// What a stream may have under way at the server is bounded, whatever its peer does.
func TestStreamIsNotReadBeyondTheBound(t *testing.T) {
	const limit, total = 10, 50
	h := new(holder)
	transport, client := serveTest(t, h, core.Limits{QueuedCalls: limit})
	s := exchange(t, client)
	for id := range uint64(total) {
		m := &raftpb.Request{Id: id, TimeoutNow: &raftpb.TimeoutNowRequest{Term: id}}
		if err := s.Send(&raftpb.Requests{Requests: []*raftpb.Request{m}}); err != nil {
			t.Fatal(err)
		}
	}
	held, answered := []*core.Incoming(nil), 0
	for deadline := time.Now().Add(20 * time.Second); answered < total; {
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d requests have come", answered+len(held), total)
		}
		held = append(held, h.take()...)
		if len(held) > limit {
			t.Fatalf("%d requests are under way, the limit is %d", len(held), limit)
		}
		if len(held) == limit {
			transport.Reply(held)
			for n := 0; n < limit; {
				m, err := s.Recv()
				if err != nil {
					t.Fatal(err)
				}
				n += len(m.Responses)
			}
			held, answered = nil, answered+limit
		}
	}
}

// protobuf refuses text that is not UTF-8; an error may well have such.
func TestErrorTextOfAnyBytes(t *testing.T) {
	h := new(holder)
	transport, client := serveTest(t, h, core.Limits{})
	s := exchange(t, client)
	m := &raftpb.Request{Id: 1, TimeoutNow: new(raftpb.TimeoutNowRequest)}
	if err := s.Send(&raftpb.Requests{Requests: []*raftpb.Request{m}}); err != nil {
		t.Fatal(err)
	}
	var held []*core.Incoming
	for deadline := time.Now().Add(20 * time.Second); len(held) == 0 && time.Now().Before(deadline); {
		held = h.take()
	}
	held[0].Err = badText("bad \xff text" + strings.Repeat("x", 1<<20))
	transport.Reply(held)
	answer, err := s.Recv()
	if err != nil {
		t.Fatal(err)
	}
	f := answer.Responses[0].Failure
	if f.GetReason() != raftpb.Failure_REASON_HANDLER || !strings.HasPrefix(f.GetText(), "bad ? text") || len(f.GetText()) > errorTextBytes {
		t.Errorf("got %v %.20q of %d B", f.GetReason(), f.GetText(), len(f.GetText()))
	}
}

type badText string

func (b badText) Error() string { return string(b) }
