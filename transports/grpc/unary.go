package grpc

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	gogrpc "google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/transports/dial"
	"github.com/raftbench/raftbench/transports/grpc/raftpb"
	"github.com/raftbench/raftbench/transports/unary"
)

// openUnary starts an endpoint in mode=unary. ep has its defaults filled in.
func openUnary(c config, ep core.Endpoint) core.Transport {
	n := new(unary.Counters)
	client := &unaryClient{config: c, endpoint: ep, counters: n, pool: newPool(), peers: map[core.NodeID]*pool{}}
	lifted := unary.Config{Client: client, Counters: n}
	if c.conns == 0 {
		lifted.Workers = dial.ShortCalls
	}
	t := unary.New(ep, lifted)
	if ep.Listener != nil {
		server := newServer(c, &ep, n)
		raftpb.RegisterRaftServer(server, &unaryService{t: t, limit: ep.Limits.MessageBytes})
		t.Listen(func() { serve(server, &ep) }, func() error { server.Stop(); return nil })
	}
	return t
}

// unaryClient is the calling side of mode=unary.
type unaryClient struct {
	config   config
	endpoint core.Endpoint
	counters *unary.Counters
	attempts sync.Pool // of *attempt
	pool     mem.BufferPool

	mu     sync.Mutex
	closed bool
	peers  map[core.NodeID]*pool
}

// Prepare implements unary.Client.
func (u *unaryClient) Prepare(to core.NodeID, req core.Request) (unary.Attempt, error) {
	if err := checkRequest(req, req.SizeBytes(), u.endpoint.Limits.MessageBytes); err != nil {
		return nil, err
	}
	a, ok := u.attempts.Get().(*attempt)
	if !ok {
		a = &attempt{client: u}
	}
	a.to, a.class, a.kind = to, req.Class(), req.Kind()
	return a, a.encode(req)
}

// conns returns the connections to a peer, new ones if there are none.
func (u *unaryClient) conns(to core.NodeID) (*pool, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.closed {
		return nil, core.ErrClosed
	}
	if p := u.peers[to]; p != nil {
		return p, nil
	}
	p, err := newConns(u.config, &u.endpoint, to, u.counters)
	if err == nil {
		u.peers[to] = p
	}
	return p, err
}

// Close implements unary.Client.
func (u *unaryClient) Close() (err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.closed = true
	for _, p := range u.peers {
		err = errors.Join(err, p.close())
	}
	return err
}

// attempt is one RPC.
type attempt struct {
	client  *unaryClient
	to      core.NodeID
	class   core.Class
	kind    core.Kind
	encoder requestEncoder
	frame   frame // freed by Do, or by Release if there was none
	reply   proto.Message
}

func (a *attempt) encode(req core.Request) error {
	m := a.encoder.requests.next()
	a.encoder.put(m, req)
	defer a.encoder.forget()
	return a.frame.encode(innerRequest(m), a.client.pool)
}

// Do implements unary.Attempt.
func (a *attempt) Do(ctx context.Context, deadline time.Time) error {
	ctx, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	if a.client.config.conns == 0 {
		return a.doShort(ctx)
	}
	conns, err := a.client.conns(a.to)
	if err != nil {
		return err
	}
	return a.call(ctx, conns.pick(a.class))
}

// doShort is an RPC on a ClientConn of its own.
func (a *attempt) doShort(ctx context.Context) error {
	c, err := connect(a.client.config, &a.client.endpoint, a.to, a.client.counters)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }() // with the call everything on it has ended
	return a.call(ctx, c)
}

// call does what ClientConn.Invoke does, in two steps, because an error of the
// first promises that the request was not sent.
func (a *attempt) call(ctx context.Context, c *conn) error {
	method, reply := methodOf(a.kind)
	stream, err := c.NewStream(ctx, &gogrpc.StreamDesc{}, method)
	if status.Code(err) == codes.Unavailable {
		return c.unavailable(err)
	}
	if err != nil {
		return a.failed(err, core.ErrUnavailable)
	}
	sent := a.frame
	a.frame = frame{}
	// An error of SendMsg that is the stream's comes back from RecvMsg.
	_ = stream.SendMsg(&sent)
	if err := stream.RecvMsg(reply); err != nil {
		return a.failed(err, core.ErrBroken)
	}
	a.reply = reply
	return nil
}

// failed translates an error of grpc-go or of the peer. lost is for what is
// neither a timeout nor an answer.
func (a *attempt) failed(err, lost error) error {
	s := status.Convert(err)
	switch s.Code() {
	case codes.DeadlineExceeded:
		lost = core.ErrTimeout
	case codes.Canceled:
		lost = core.ErrClosed // nothing but Close cancels
	case codes.ResourceExhausted:
		lost = core.ErrTooLarge
	case codeOverflow:
		lost = core.ErrOverflow
	case codeHandler:
		return &core.RemoteError{Text: s.Message()}
	}
	return fmt.Errorf("%v: %w: %s", a.to, lost, s.Message())
}

// Decode implements unary.Attempt.
func (a *attempt) Decode(resp core.Response) error { return decodeResponse(resp, a.reply) }

// Release implements unary.Attempt.
func (a *attempt) Release() {
	a.frame.data.Free()
	a.frame, a.reply = frame{}, nil
	a.client.attempts.Put(a)
}

// methodOf returns the method for requests of kind k, and memory for its reply.
func methodOf(k core.Kind) (method string, reply proto.Message) {
	switch k {
	case core.KindRequestVote:
		return raftpb.Raft_RequestVote_FullMethodName, new(raftpb.RequestVoteResponse)
	case core.KindAppendEntries:
		return raftpb.Raft_AppendEntries_FullMethodName, new(raftpb.AppendEntriesResponse)
	case core.KindInstallSnapshot:
		return raftpb.Raft_InstallSnapshot_FullMethodName, new(raftpb.InstallSnapshotResponse)
	case core.KindTimeoutNow:
		return raftpb.Raft_TimeoutNow_FullMethodName, new(raftpb.TimeoutNowResponse)
	case core.KindPropose:
		return raftpb.Raft_Propose_FullMethodName, new(raftpb.ProposeResponse)
	}
	return raftpb.Raft_Read_FullMethodName, new(raftpb.ReadResponse)
}
