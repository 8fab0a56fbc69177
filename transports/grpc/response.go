package grpc

import (
	"fmt"

	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/transports/grpc/raftpb"
)

// responseEncoder encodes answers. Its messages point into the memory of the
// responses only while encode runs. One user at a time.
type responseEncoder struct {
	pool  mem.BufferPool
	frame frame
	limit int // Limits.MessageBytes

	message   raftpb.Responses
	responses slab[raftpb.Response]
	appends   slab[raftpb.AppendEntriesResponse]
	proposes  slab[raftpb.ProposeResponse]
	reads     slab[raftpb.ReadResponse]
}

// encode puts the answers of batch into the frame, as one message.
func (e *responseEncoder) encode(batch []*request) error {
	for _, r := range batch {
		m := e.responses.next()
		m.Id = r.id
		m.Failure = e.answer(m, r)
		e.message.Responses = append(e.message.Responses, m)
	}
	err := e.frame.encode(&e.message, e.pool)
	e.forget()
	return err
}

// answer sets the field of m for the response of r, or says why there is none.
func (e *responseEncoder) answer(m *raftpb.Response, r *request) *raftpb.Failure {
	if r.Err != nil {
		return &raftpb.Failure{Reason: raftpb.Failure_REASON_HANDLER, Text: errorText(r.Err)}
	}
	if err := checkResponse(r.Response, e.limit); err != nil {
		return &raftpb.Failure{Reason: raftpb.Failure_REASON_TOO_LARGE, Text: err.Error()}
	}
	e.put(m, r.Response)
	return nil
}

// put sets the field of m for r. The frequent kinds come from slabs.
func (e *responseEncoder) put(m *raftpb.Response, r core.Response) {
	switch r := r.(type) {
	case *core.AppendEntriesResponse:
		m.AppendEntries = fillAppendEntries(e.appends.next(), r)
	case *core.ProposeResponse:
		m.Propose = fillPropose(e.proposes.next(), r)
	case *core.ReadResponse:
		m.Read = fillRead(e.reads.next(), r)
	case *core.RequestVoteResponse:
		m.RequestVote = fillRequestVote(new(raftpb.RequestVoteResponse), r)
	case *core.InstallSnapshotResponse:
		m.InstallSnapshot = fillInstallSnapshot(new(raftpb.InstallSnapshotResponse), r)
	case *core.TimeoutNowResponse:
		m.TimeoutNow = fillTimeoutNow(new(raftpb.TimeoutNowResponse), r)
	}
}

// newResponse returns r in protobuf. It points into the memory of r.
func newResponse(r core.Response) proto.Message {
	switch r := r.(type) {
	case *core.AppendEntriesResponse:
		return fillAppendEntries(new(raftpb.AppendEntriesResponse), r)
	case *core.ProposeResponse:
		return fillPropose(new(raftpb.ProposeResponse), r)
	case *core.ReadResponse:
		return fillRead(new(raftpb.ReadResponse), r)
	case *core.RequestVoteResponse:
		return fillRequestVote(new(raftpb.RequestVoteResponse), r)
	case *core.InstallSnapshotResponse:
		return fillInstallSnapshot(new(raftpb.InstallSnapshotResponse), r)
	case *core.TimeoutNowResponse:
		return fillTimeoutNow(new(raftpb.TimeoutNowResponse), r)
	}
	return nil
}

func fillAppendEntries(m *raftpb.AppendEntriesResponse, r *core.AppendEntriesResponse) *raftpb.AppendEntriesResponse {
	m.From, m.Term, m.Success = uint64(r.From), uint64(r.Term), r.Success
	m.PrevIndex, m.Match = uint64(r.PrevIndex), uint64(r.Match)
	m.HintIndex, m.HintTerm = uint64(r.HintIndex), uint64(r.HintTerm)
	m.ReadContext, m.Session, m.Clock = r.ReadContext, r.Session, r.Clock
	return m
}

func fillPropose(m *raftpb.ProposeResponse, r *core.ProposeResponse) *raftpb.ProposeResponse {
	m.From, m.Status = uint64(r.From), raftpb.Status(r.Status)
	m.Leader, m.Trace, m.Results = uint64(r.Leader), newTrace(r.Traced, &r.Trace), r.List()
	return m
}

func fillRead(m *raftpb.ReadResponse, r *core.ReadResponse) *raftpb.ReadResponse {
	m.From, m.Status = uint64(r.From), raftpb.Status(r.Status)
	m.Leader, m.Trace, m.Results = uint64(r.Leader), newTrace(r.Traced, &r.Trace), r.List()
	return m
}

func fillRequestVote(m *raftpb.RequestVoteResponse, r *core.RequestVoteResponse) *raftpb.RequestVoteResponse {
	m.From, m.Term = uint64(r.From), uint64(r.Term)
	m.PreVote, m.Granted = r.PreVote, r.Granted
	return m
}

func fillInstallSnapshot(m *raftpb.InstallSnapshotResponse, r *core.InstallSnapshotResponse) *raftpb.InstallSnapshotResponse {
	m.From, m.Term, m.Session = uint64(r.From), uint64(r.Term), r.Session
	m.NextOffset, m.Match = r.NextOffset, uint64(r.Match)
	return m
}

func fillTimeoutNow(m *raftpb.TimeoutNowResponse, r *core.TimeoutNowResponse) *raftpb.TimeoutNowResponse {
	m.From, m.Term = uint64(r.From), uint64(r.Term)
	return m
}

// forget drops every pointer into the memory of responses.
func (e *responseEncoder) forget() {
	e.responses.reset(func(m *raftpb.Response) {
		m.RequestVote, m.AppendEntries, m.InstallSnapshot = nil, nil, nil
		m.TimeoutNow, m.Propose, m.Read, m.Failure = nil, nil, nil, nil
	})
	e.appends.reset(func(*raftpb.AppendEntriesResponse) {})
	e.proposes.reset(func(m *raftpb.ProposeResponse) { m.Trace, m.Results = nil, nil })
	e.reads.reset(func(m *raftpb.ReadResponse) { m.Trace, m.Results = nil, nil })
	e.message.Responses = shorten(e.message.Responses)
}

// innerResponse returns the message that is set in m, or nil.
func innerResponse(m *raftpb.Response) proto.Message {
	switch {
	case m.AppendEntries != nil:
		return m.AppendEntries
	case m.Propose != nil:
		return m.Propose
	case m.Read != nil:
		return m.Read
	case m.RequestVote != nil:
		return m.RequestVote
	case m.InstallSnapshot != nil:
		return m.InstallSnapshot
	case m.TimeoutNow != nil:
		return m.TimeoutNow
	}
	return nil
}

// checkResponse is what checkRequest is for requests.
func checkResponse(r core.Response, limit int) error {
	if 2*r.SizeBytes() <= limit {
		return nil
	}
	if n := proto.Size(newResponse(r)); n > limit {
		return fmt.Errorf("response of %d B, the limit is %d B", n, limit)
	}
	return nil
}

// decodeAnswer fills dst, which is empty, with the response in m, or returns the
// error that m carries.
func decodeAnswer(dst core.Response, m *raftpb.Response) error {
	if f := m.Failure; f != nil {
		if f.Reason == raftpb.Failure_REASON_TOO_LARGE {
			return fmt.Errorf("%w: %s", core.ErrTooLarge, f.Text)
		}
		return &core.RemoteError{Text: f.Text}
	}
	return decodeResponse(dst, innerResponse(m))
}

// decodeResponse fills dst, which is empty, with a copy of m.
func decodeResponse(dst core.Response, m proto.Message) error {
	switch m := m.(type) {
	case *raftpb.AppendEntriesResponse:
		if d, ok := dst.(*core.AppendEntriesResponse); ok {
			*d = appendEntriesResponse(m)
			return nil
		}
	case *raftpb.ProposeResponse:
		if d, ok := dst.(*core.ProposeResponse); ok {
			d.From, d.Leader = core.NodeID(m.From), core.NodeID(m.Leader)
			d.Traced, d.Trace = decodeTrace(m.Trace)
			return decodeResults(&d.Status, &d.Results, m.Status, m.Results)
		}
	case *raftpb.ReadResponse:
		if d, ok := dst.(*core.ReadResponse); ok {
			d.From, d.Leader = core.NodeID(m.From), core.NodeID(m.Leader)
			d.Traced, d.Trace = decodeTrace(m.Trace)
			return decodeResults(&d.Status, &d.Results, m.Status, m.Results)
		}
	case *raftpb.RequestVoteResponse:
		if d, ok := dst.(*core.RequestVoteResponse); ok {
			*d = core.RequestVoteResponse{
				From: core.NodeID(m.From), Term: core.Term(m.Term), PreVote: m.PreVote, Granted: m.Granted,
			}
			return nil
		}
	case *raftpb.InstallSnapshotResponse:
		if d, ok := dst.(*core.InstallSnapshotResponse); ok {
			*d = core.InstallSnapshotResponse{
				From: core.NodeID(m.From), Term: core.Term(m.Term), Session: m.Session,
				NextOffset: m.NextOffset, Match: core.Index(m.Match),
			}
			return nil
		}
	case *raftpb.TimeoutNowResponse:
		if d, ok := dst.(*core.TimeoutNowResponse); ok {
			*d = core.TimeoutNowResponse{From: core.NodeID(m.From), Term: core.Term(m.Term)}
			return nil
		}
	}
	return fmt.Errorf("%w: %T answers %v", errMalformed, m, dst.Kind())
}

func appendEntriesResponse(m *raftpb.AppendEntriesResponse) core.AppendEntriesResponse {
	return core.AppendEntriesResponse{
		From: core.NodeID(m.From), Term: core.Term(m.Term), Success: m.Success,
		PrevIndex: core.Index(m.PrevIndex), Match: core.Index(m.Match),
		HintIndex: core.Index(m.HintIndex), HintTerm: core.Term(m.HintTerm),
		ReadContext: m.ReadContext, Session: m.Session, Clock: m.Clock,
	}
}

func decodeResults(status *core.Status, results *core.Results, s raftpb.Status, list [][]byte) error {
	if s < 0 || s > raftpb.Status_STATUS_EXPIRED {
		return fmt.Errorf("%w: status %d", errMalformed, s)
	}
	*status = core.Status(s)
	for _, b := range list {
		results.Append(b)
	}
	return nil
}
