package grpc

import (
	"context"
	"slices"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/transports/grpc/raftpb"
	"github.com/raftbench/raftbench/transports/unary"
)

// The status codes of mode=unary, besides those that grpc-go gives by itself:
// ResourceExhausted for what is too large, Unavailable when a side closes.
const (
	codeHandler  = codes.Unknown            // the handler answered with an error, or panicked
	codeOverflow = codes.FailedPrecondition // the handler never saw the request: too many are being served
)

// unaryService is what the server of an endpoint in mode=unary offers.
type unaryService struct {
	raftpb.UnimplementedRaftServer
	t     *unary.Transport
	limit int // Limits.MessageBytes
}

// RequestVote implements raftpb.RaftServer.
func (s *unaryService) RequestVote(_ context.Context, m *raftpb.RequestVoteRequest) (*raftpb.RequestVoteResponse, error) {
	return handle[*raftpb.RequestVoteResponse](s, core.KindRequestVote, m)
}

// AppendEntries implements raftpb.RaftServer.
func (s *unaryService) AppendEntries(_ context.Context, m *raftpb.AppendEntriesRequest) (*raftpb.AppendEntriesResponse, error) {
	return handle[*raftpb.AppendEntriesResponse](s, core.KindAppendEntries, m)
}

// InstallSnapshot implements raftpb.RaftServer.
func (s *unaryService) InstallSnapshot(_ context.Context, m *raftpb.InstallSnapshotRequest) (*raftpb.InstallSnapshotResponse, error) {
	return handle[*raftpb.InstallSnapshotResponse](s, core.KindInstallSnapshot, m)
}

// TimeoutNow implements raftpb.RaftServer.
func (s *unaryService) TimeoutNow(_ context.Context, m *raftpb.TimeoutNowRequest) (*raftpb.TimeoutNowResponse, error) {
	return handle[*raftpb.TimeoutNowResponse](s, core.KindTimeoutNow, m)
}

// Propose implements raftpb.RaftServer.
func (s *unaryService) Propose(_ context.Context, m *raftpb.ProposeRequest) (*raftpb.ProposeResponse, error) {
	return handle[*raftpb.ProposeResponse](s, core.KindPropose, m)
}

// Read implements raftpb.RaftServer.
func (s *unaryService) Read(_ context.Context, m *raftpb.ReadRequest) (*raftpb.ReadResponse, error) {
	return handle[*raftpb.ReadResponse](s, core.KindRead, m)
}

// handle takes one request to the handler and returns its response.
func handle[R proto.Message](s *unaryService, kind core.Kind, m proto.Message) (r R, err error) {
	in := s.t.Accept(kind)
	defer s.t.Release(in)
	if err := decodeRequest(in.Request, m); err != nil {
		return r, status.Error(codes.InvalidArgument, err.Error())
	}
	if err := s.t.Serve(in); err != nil {
		code, text := unary.CodeOf(err)
		return r, status.Error(statusOf(code), text)
	}
	if err := checkResponse(in.Response, s.limit); err != nil {
		return r, status.Error(codes.ResourceExhausted, err.Error())
	}
	return response(in.Response).(R), nil
}

func statusOf(c unary.Code) codes.Code {
	switch c {
	case unary.CodeOK:
		return codes.OK
	case unary.CodeOverflow:
		return codeOverflow
	case unary.CodeTooLarge:
		return codes.ResourceExhausted
	case unary.CodeClosed:
		return codes.Unavailable
	case unary.CodeRemote:
	}
	return codeHandler
}

// response returns r in protobuf. grpc-go encodes it after r was released, so it
// has copies of what r points to.
func response(r core.Response) proto.Message {
	m := newResponse(r)
	switch m := m.(type) {
	case *raftpb.ProposeResponse:
		m.Results = copyAll(m.Results)
	case *raftpb.ReadResponse:
		m.Results = copyAll(m.Results)
	}
	return m
}

// copyAll copies list and all that is in it.
func copyAll(list [][]byte) [][]byte {
	data := slices.Concat(list...)
	copies := make([][]byte, len(list))
	for i, b := range list {
		copies[i] = data[:len(b):len(b)]
		data = data[len(b):]
	}
	return copies
}
