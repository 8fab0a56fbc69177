package netrpc

import (
	"time"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/transports/unary"
)

// reply is a response. load may point into the response; store copies. Reset
// makes it ready for gob, which leaves fields alone that were not sent.
type reply interface {
	load(resp core.Response)
	store(resp core.Response)
	reset()
}

// RequestVoteReply is core.RequestVoteResponse on the wire.
type RequestVoteReply struct {
	From, Term       uint64
	PreVote, Granted bool
}

func (a *RequestVoteReply) reset() { *a = RequestVoteReply{} }

func (a *RequestVoteReply) load(resp core.Response) {
	r := resp.(*core.RequestVoteResponse)
	*a = RequestVoteReply{uint64(r.From), uint64(r.Term), r.PreVote, r.Granted}
}

func (a *RequestVoteReply) store(resp core.Response) {
	*resp.(*core.RequestVoteResponse) = core.RequestVoteResponse{
		From: core.NodeID(a.From), Term: core.Term(a.Term), PreVote: a.PreVote, Granted: a.Granted,
	}
}

// AppendEntriesReply is core.AppendEntriesResponse on the wire.
type AppendEntriesReply struct {
	From, Term                                                         uint64
	Success                                                            bool
	PrevIndex, Match, HintIndex, HintTerm, ReadContext, Session, Clock uint64
}

func (a *AppendEntriesReply) reset() { *a = AppendEntriesReply{} }

func (a *AppendEntriesReply) load(resp core.Response) {
	r := resp.(*core.AppendEntriesResponse)
	*a = AppendEntriesReply{
		uint64(r.From), uint64(r.Term), r.Success, uint64(r.PrevIndex), uint64(r.Match),
		uint64(r.HintIndex), uint64(r.HintTerm), r.ReadContext, r.Session, r.Clock,
	}
}

func (a *AppendEntriesReply) store(resp core.Response) {
	*resp.(*core.AppendEntriesResponse) = core.AppendEntriesResponse{
		From: core.NodeID(a.From), Term: core.Term(a.Term), Success: a.Success,
		PrevIndex: core.Index(a.PrevIndex), Match: core.Index(a.Match),
		HintIndex: core.Index(a.HintIndex), HintTerm: core.Term(a.HintTerm),
		ReadContext: a.ReadContext, Session: a.Session, Clock: a.Clock,
	}
}

// InstallSnapshotReply is core.InstallSnapshotResponse on the wire.
type InstallSnapshotReply struct{ From, Term, Session, NextOffset, Match uint64 }

func (a *InstallSnapshotReply) reset() { *a = InstallSnapshotReply{} }

func (a *InstallSnapshotReply) load(resp core.Response) {
	r := resp.(*core.InstallSnapshotResponse)
	*a = InstallSnapshotReply{uint64(r.From), uint64(r.Term), r.Session, r.NextOffset, uint64(r.Match)}
}

func (a *InstallSnapshotReply) store(resp core.Response) {
	*resp.(*core.InstallSnapshotResponse) = core.InstallSnapshotResponse{
		From: core.NodeID(a.From), Term: core.Term(a.Term),
		Session: a.Session, NextOffset: a.NextOffset, Match: core.Index(a.Match),
	}
}

// TimeoutNowReply is core.TimeoutNowResponse on the wire.
type TimeoutNowReply struct{ From, Term uint64 }

func (a *TimeoutNowReply) reset() { *a = TimeoutNowReply{} }

func (a *TimeoutNowReply) load(resp core.Response) {
	r := resp.(*core.TimeoutNowResponse)
	*a = TimeoutNowReply{uint64(r.From), uint64(r.Term)}
}

func (a *TimeoutNowReply) store(resp core.Response) {
	*resp.(*core.TimeoutNowResponse) = core.TimeoutNowResponse{From: core.NodeID(a.From), Term: core.Term(a.Term)}
}

// ClientReply is core.ProposeResponse and core.ReadResponse on the wire. On the
// server Results points into the response, which must therefore outlive it.
type ClientReply struct {
	From, Leader uint64
	Status       uint8
	Trace        *TraceReply // nil: there is none
	Results      [][]byte

	in *unary.Inbound // what Results points into; gob does not see it
}

func (a *ClientReply) reset() { *a = ClientReply{Results: a.Results[:0]} }

func (a *ClientReply) load(resp core.Response) {
	switch r := resp.(type) {
	case *core.ProposeResponse:
		a.From, a.Leader, a.Status, a.Results = uint64(r.From), uint64(r.Leader), uint8(r.Status), r.List()
		a.Trace = newTraceReply(r.Traced, &r.Trace)
	case *core.ReadResponse:
		a.From, a.Leader, a.Status, a.Results = uint64(r.From), uint64(r.Leader), uint8(r.Status), r.List()
		a.Trace = newTraceReply(r.Traced, &r.Trace)
	}
}

func (a *ClientReply) store(resp core.Response) {
	switch r := resp.(type) {
	case *core.ProposeResponse:
		r.From, r.Leader, r.Status = core.NodeID(a.From), core.NodeID(a.Leader), core.Status(a.Status)
		r.Traced, r.Trace = a.Trace.trace()
		a.storeResults(&r.Results)
	case *core.ReadResponse:
		r.From, r.Leader, r.Status = core.NodeID(a.From), core.NodeID(a.Leader), core.Status(a.Status)
		r.Traced, r.Trace = a.Trace.trace()
		a.storeResults(&r.Results)
	}
}

func (a *ClientReply) storeResults(into *core.Results) {
	for _, b := range a.Results {
		into.Append(b)
	}
}

// TraceReply is core.Trace on the wire; times are in nanoseconds.
type TraceReply struct {
	Clock                               uint64
	Received, Inbox, Log, Quorum, Apply int64
}

func newTraceReply(traced bool, t *core.Trace) *TraceReply {
	if !traced {
		return nil
	}
	return &TraceReply{t.Clock, int64(t.Received), int64(t.Inbox), int64(t.Log), int64(t.Quorum), int64(t.Apply)}
}

func (a *TraceReply) trace() (traced bool, t core.Trace) {
	if a == nil {
		return false, core.Trace{}
	}
	return true, core.Trace{
		Clock: a.Clock, Received: time.Duration(a.Received),
		Inbox: time.Duration(a.Inbox), Log: time.Duration(a.Log),
		Quorum: time.Duration(a.Quorum), Apply: time.Duration(a.Apply),
	}
}
