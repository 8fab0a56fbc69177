package netrpc

import (
	"net"
	"net/rpc"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/transports/unary"
)

// serveConn returns what serves one connection until it ends. Each has its own
// rpc.Server, because the methods must know the stream they answer on.
func serveConn(t *unary.Transport, link *linkConfig) func(net.Conn) {
	return func(conn net.Conn) {
		st := newStream(conn, link, link.longestTimeout())
		r := rpc.NewServer()
		if err := r.RegisterName(serviceName, &service{transport: t, stream: st, messageBytes: link.messageBytes}); err != nil {
			return // cannot happen: the methods of service are what net/rpc asks for
		}
		r.ServeCodec(&serverCodec{stream: st, transport: t})
	}
}

// serverCodec implements rpc.ServerCodec.
type serverCodec struct {
	*stream
	transport *unary.Transport
}

// ReadRequestHeader implements rpc.ServerCodec.
func (c *serverCodec) ReadRequestHeader(r *rpc.Request) error { return c.receive(r) }

// ReadRequestBody implements rpc.ServerCodec.
func (c *serverCodec) ReadRequestBody(body any) error { return c.receive(body) }

// WriteResponse implements rpc.ServerCodec. net/rpc calls it with a body of its
// own for requests that never reached a method, and for errors.
func (c *serverCodec) WriteResponse(r *rpc.Response, body any) error {
	err := c.send(r, body, promised(r.Error))
	if cr, ok := body.(*ClientReply); ok && cr.in != nil {
		c.transport.Release(cr.in)
	}
	return err
}

// promised reports whether the answer comes from a method of service: a success
// does, and an error that begins with a code.
func promised(text string) bool { return text == "" || text[0] >= '0' && text[0] <= '9' }

// Close implements rpc.ServerCodec.
func (c *serverCodec) Close() error { return c.stream.close() }

// service has the methods that net/rpc calls, each in a goroutine of its own.
type service struct {
	transport    *unary.Transport
	stream       *stream
	messageBytes int
}

// RequestVote serves a core.RequestVoteRequest.
func (s *service) RequestVote(a *RequestVoteArgs, r *RequestVoteReply) error {
	return s.serve(core.KindRequestVote, a, r)
}

// AppendEntries serves a core.AppendEntriesRequest.
func (s *service) AppendEntries(a *AppendEntriesArgs, r *AppendEntriesReply) error {
	return s.serve(core.KindAppendEntries, a, r)
}

// InstallSnapshot serves a core.InstallSnapshotRequest.
func (s *service) InstallSnapshot(a *InstallSnapshotArgs, r *InstallSnapshotReply) error {
	return s.serve(core.KindInstallSnapshot, a, r)
}

// TimeoutNow serves a core.TimeoutNowRequest.
func (s *service) TimeoutNow(a *TimeoutNowArgs, r *TimeoutNowReply) error {
	return s.serve(core.KindTimeoutNow, a, r)
}

// Propose serves a core.ProposeRequest.
func (s *service) Propose(a *ProposeArgs, r *ClientReply) error {
	return s.serve(core.KindPropose, a, r)
}

// Read serves a core.ReadRequest.
func (s *service) Read(a *ReadArgs, r *ClientReply) error {
	return s.serve(core.KindRead, a, r)
}

func (s *service) serve(kind core.Kind, a args, r reply) error {
	in := s.transport.Accept(kind)
	a.store(in.Request)
	err := s.transport.Serve(in)
	if err == nil && responseBytes(in.Response) > s.messageBytes {
		err = core.ErrTooLarge
	}
	s.stream.promise()
	if err != nil {
		s.transport.Release(in)
		return serverError(err)
	}
	r.load(in.Response)
	if cr, ok := r.(*ClientReply); ok {
		cr.in = in // WriteResponse releases it
	} else {
		s.transport.Release(in)
	}
	return nil
}
