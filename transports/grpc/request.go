package grpc

import (
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/transports/grpc/raftpb"
)

// errMalformed: what arrived is protobuf, but no message of ours.
var errMalformed = errors.New("malformed message")

// requestEncoder encodes requests. Its messages point into the memory of the
// requests only while encode runs. One user at a time.
type requestEncoder struct {
	pool  mem.BufferPool
	frame frame

	message  raftpb.Requests
	requests slab[raftpb.Request]
	appends  slab[raftpb.AppendEntriesRequest]
	entries  slab[raftpb.Entry]
	proposes slab[raftpb.ProposeRequest]
	reads    slab[raftpb.ReadRequest]
}

// encode puts the requests of batch into the frame, as one message.
func (e *requestEncoder) encode(batch []*pending) error {
	for _, p := range batch {
		m := e.requests.next()
		m.Id = p.id
		e.put(m, p.call.Request)
		e.message.Requests = append(e.message.Requests, m)
	}
	err := e.frame.encode(&e.message, e.pool)
	e.forget()
	return err
}

// put sets the field of m for r. The frequent kinds come from slabs.
func (e *requestEncoder) put(m *raftpb.Request, r core.Request) {
	switch r := r.(type) {
	case *core.AppendEntriesRequest:
		m.AppendEntries = e.appendEntries(r)
	case *core.ProposeRequest:
		m.Propose = e.proposes.next()
		m.Propose.From, m.Propose.Trace, m.Propose.Remaining = uint64(r.From), r.Trace, int64(r.Remaining)
		m.Propose.Commands = r.Commands
	case *core.ReadRequest:
		m.Read = e.reads.next()
		m.Read.From, m.Read.Trace, m.Read.Remaining = uint64(r.From), r.Trace, int64(r.Remaining)
		m.Read.Queries = r.Queries
	case *core.RequestVoteRequest:
		m.RequestVote = requestVote(r)
	case *core.InstallSnapshotRequest:
		m.InstallSnapshot = installSnapshot(r)
	case *core.TimeoutNowRequest:
		m.TimeoutNow = &raftpb.TimeoutNowRequest{From: uint64(r.From), Term: uint64(r.Term)}
	}
}

func (e *requestEncoder) appendEntries(r *core.AppendEntriesRequest) *raftpb.AppendEntriesRequest {
	m := e.appends.next()
	m.From, m.Term = uint64(r.From), uint64(r.Term)
	m.PrevIndex, m.PrevTerm = uint64(r.PrevIndex), uint64(r.PrevTerm)
	m.Commit, m.ReadContext, m.Session = uint64(r.Commit), r.ReadContext, r.Session
	for i := range r.Entries {
		from, to := &r.Entries[i], e.entries.next()
		to.Index, to.Term = uint64(from.Index), uint64(from.Term)
		to.Kind, to.Data = raftpb.EntryKind(from.Kind), from.Data
		m.Entries = append(m.Entries, to)
	}
	return m
}

// forget drops every pointer into the memory of requests.
func (e *requestEncoder) forget() {
	e.requests.reset(func(m *raftpb.Request) {
		m.RequestVote, m.AppendEntries, m.InstallSnapshot = nil, nil, nil
		m.TimeoutNow, m.Propose, m.Read = nil, nil, nil
	})
	e.appends.reset(func(m *raftpb.AppendEntriesRequest) { m.Entries = shorten(m.Entries) })
	e.entries.reset(func(m *raftpb.Entry) { m.Data = nil })
	e.proposes.reset(func(m *raftpb.ProposeRequest) { m.Commands = nil })
	e.reads.reset(func(m *raftpb.ReadRequest) { m.Queries = nil })
	e.message.Requests = shorten(e.message.Requests)
}

// shorten empties list and keeps its memory, if that is not much.
func shorten[T any](list []*T) []*T {
	if cap(list) > slabKeep {
		return nil
	}
	return list[:0]
}

func requestVote(r *core.RequestVoteRequest) *raftpb.RequestVoteRequest {
	return &raftpb.RequestVoteRequest{
		From: uint64(r.From), Term: uint64(r.Term),
		LastIndex: uint64(r.LastIndex), LastTerm: uint64(r.LastTerm),
		PreVote: r.PreVote, Transfer: r.Transfer,
	}
}

func installSnapshot(r *core.InstallSnapshotRequest) *raftpb.InstallSnapshotRequest {
	return &raftpb.InstallSnapshotRequest{
		From: uint64(r.From), Term: uint64(r.Term),
		SnapshotIndex: uint64(r.Snapshot.Index), SnapshotTerm: uint64(r.Snapshot.Term), SnapshotConfig: []byte(r.Snapshot.Config),
		Session: r.Session, Offset: r.Offset, Data: r.Data, Done: r.Done,
	}
}

// inner returns the message that is set in m, or nil.
func innerRequest(m *raftpb.Request) proto.Message {
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

// checkRequest returns an error if r is larger than limit once it is encoded.
// size is its SizeBytes: no encoding of ours is more than twice that, so that
// only what comes near the limit needs a closer look.
func checkRequest(r core.Request, size, limit int) error {
	if 2*size <= limit {
		return nil
	}
	var e requestEncoder
	var m raftpb.Request
	e.put(&m, r)
	if n := proto.Size(innerRequest(&m)); n > limit {
		return fmt.Errorf("%w: %v of %d B, the limit is %d B", core.ErrTooLarge, r.Kind(), n, limit)
	}
	return nil
}

// requestKind returns the kind of m, zero if it is none of ours.
func requestKind(m proto.Message) core.Kind {
	switch m.(type) {
	case *raftpb.RequestVoteRequest:
		return core.KindRequestVote
	case *raftpb.AppendEntriesRequest:
		return core.KindAppendEntries
	case *raftpb.InstallSnapshotRequest:
		return core.KindInstallSnapshot
	case *raftpb.TimeoutNowRequest:
		return core.KindTimeoutNow
	case *raftpb.ProposeRequest:
		return core.KindPropose
	case *raftpb.ReadRequest:
		return core.KindRead
	}
	return 0
}

// decodeRequest fills dst, a request of the kind of m, which it may point into.
func decodeRequest(dst core.Request, m proto.Message) error {
	switch m := m.(type) {
	case *raftpb.AppendEntriesRequest:
		return decodeAppendEntries(dst.(*core.AppendEntriesRequest), m)
	case *raftpb.ProposeRequest:
		*dst.(*core.ProposeRequest) = core.ProposeRequest{
			From: core.NodeID(m.From), Trace: m.Trace, Remaining: time.Duration(m.Remaining), Commands: m.Commands,
		}
	case *raftpb.ReadRequest:
		*dst.(*core.ReadRequest) = core.ReadRequest{
			From: core.NodeID(m.From), Trace: m.Trace, Remaining: time.Duration(m.Remaining), Queries: m.Queries,
		}
	case *raftpb.RequestVoteRequest:
		*dst.(*core.RequestVoteRequest) = core.RequestVoteRequest{
			From: core.NodeID(m.From), Term: core.Term(m.Term),
			LastIndex: core.Index(m.LastIndex), LastTerm: core.Term(m.LastTerm),
			PreVote: m.PreVote, Transfer: m.Transfer,
		}
	case *raftpb.InstallSnapshotRequest:
		*dst.(*core.InstallSnapshotRequest) = core.InstallSnapshotRequest{
			From: core.NodeID(m.From), Term: core.Term(m.Term),
			Snapshot: core.SnapshotMeta{Index: core.Index(m.SnapshotIndex), Term: core.Term(m.SnapshotTerm), Config: string(m.SnapshotConfig)},
			Session:  m.Session, Offset: m.Offset, Data: m.Data, Done: m.Done,
		}
	case *raftpb.TimeoutNowRequest:
		*dst.(*core.TimeoutNowRequest) = core.TimeoutNowRequest{From: core.NodeID(m.From), Term: core.Term(m.Term)}
	}
	return nil
}

func decodeAppendEntries(dst *core.AppendEntriesRequest, m *raftpb.AppendEntriesRequest) error {
	entries := dst.Entries[:0]
	for _, from := range m.Entries {
		if from.Kind < 0 || from.Kind > raftpb.EntryKind_ENTRY_KIND_CONFIGURATION {
			return fmt.Errorf("%w: entry kind %d", errMalformed, from.Kind)
		}
		entries = append(entries, core.Entry{
			Index: core.Index(from.Index), Term: core.Term(from.Term),
			Kind: core.EntryKind(from.Kind), Data: from.Data,
		})
	}
	*dst = core.AppendEntriesRequest{
		From: core.NodeID(m.From), Term: core.Term(m.Term),
		PrevIndex: core.Index(m.PrevIndex), PrevTerm: core.Term(m.PrevTerm),
		Commit: core.Index(m.Commit), ReadContext: m.ReadContext, Session: m.Session,
		Entries: entries,
	}
	return nil
}
