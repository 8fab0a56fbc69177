package netrpc

import (
	"slices"
	"time"

	"github.com/raftbench/raftbench/core"
)

// The messages as gob sees them: flat, concrete, without maps or interfaces,
// independent of core's types. net/rpc wants them exported. Gob leaves out
// fields that are zero.

// args is a request. load copies everything, byte strings into arena, which it
// returns grown. store fills a request that points into the args.
type args interface {
	load(req core.Request, arena []byte) []byte
	store(req core.Request)
}

// RequestVoteArgs is core.RequestVoteRequest on the wire.
type RequestVoteArgs struct {
	From, Term, LastIndex, LastTerm uint64
	PreVote, Transfer               bool
}

func (a *RequestVoteArgs) load(req core.Request, arena []byte) []byte {
	r := req.(*core.RequestVoteRequest)
	*a = RequestVoteArgs{uint64(r.From), uint64(r.Term), uint64(r.LastIndex), uint64(r.LastTerm), r.PreVote, r.Transfer}
	return arena
}

func (a *RequestVoteArgs) store(req core.Request) {
	*req.(*core.RequestVoteRequest) = core.RequestVoteRequest{
		From: core.NodeID(a.From), Term: core.Term(a.Term),
		LastIndex: core.Index(a.LastIndex), LastTerm: core.Term(a.LastTerm),
		PreVote: a.PreVote, Transfer: a.Transfer,
	}
}

// Entry is core.Entry on the wire. Its index follows from its place.
type Entry struct {
	Term uint64
	Kind uint8
	Data []byte
}

// AppendEntriesArgs is core.AppendEntriesRequest on the wire.
type AppendEntriesArgs struct {
	From, Term, PrevIndex, PrevTerm, Commit, ReadContext, Session uint64
	Entries                                                       []Entry
}

func (a *AppendEntriesArgs) load(req core.Request, arena []byte) []byte {
	r := req.(*core.AppendEntriesRequest)
	arena = slices.Grow(arena, entriesDataBytes(r.Entries))
	*a = AppendEntriesArgs{
		uint64(r.From), uint64(r.Term), uint64(r.PrevIndex), uint64(r.PrevTerm),
		uint64(r.Commit), r.ReadContext, r.Session, a.Entries[:0],
	}
	for i := range r.Entries {
		e := &r.Entries[i]
		entry := Entry{Term: uint64(e.Term), Kind: uint8(e.Kind)}
		entry.Data, arena = copyInto(arena, e.Data)
		a.Entries = append(a.Entries, entry)
	}
	return arena
}

func (a *AppendEntriesArgs) store(req core.Request) {
	r := req.(*core.AppendEntriesRequest)
	*r = core.AppendEntriesRequest{
		From: core.NodeID(a.From), Term: core.Term(a.Term),
		PrevIndex: core.Index(a.PrevIndex), PrevTerm: core.Term(a.PrevTerm), Commit: core.Index(a.Commit),
		ReadContext: a.ReadContext, Session: a.Session, Entries: r.Entries[:0],
	}
	for i := range a.Entries {
		e := &a.Entries[i]
		r.Entries = append(r.Entries, core.Entry{
			Index: r.PrevIndex + core.Index(i) + 1, Term: core.Term(e.Term), Kind: core.EntryKind(e.Kind), Data: e.Data,
		})
	}
}

// InstallSnapshotArgs is core.InstallSnapshotRequest on the wire.
type InstallSnapshotArgs struct {
	From, Term, SnapshotIndex, SnapshotTerm, Session, Offset uint64
	Config                                                   string
	Data                                                     []byte
	Done                                                     bool
}

func (a *InstallSnapshotArgs) load(req core.Request, arena []byte) []byte {
	r := req.(*core.InstallSnapshotRequest)
	*a = InstallSnapshotArgs{
		From: uint64(r.From), Term: uint64(r.Term),
		SnapshotIndex: uint64(r.Snapshot.Index), SnapshotTerm: uint64(r.Snapshot.Term),
		Config: r.Snapshot.Config, Session: r.Session, Offset: r.Offset, Done: r.Done,
	}
	arena = slices.Grow(arena, len(r.Data))
	a.Data, arena = copyInto(arena, r.Data)
	return arena
}

func (a *InstallSnapshotArgs) store(req core.Request) {
	*req.(*core.InstallSnapshotRequest) = core.InstallSnapshotRequest{
		From: core.NodeID(a.From), Term: core.Term(a.Term),
		Snapshot: core.SnapshotMeta{Index: core.Index(a.SnapshotIndex), Term: core.Term(a.SnapshotTerm), Config: a.Config},
		Session:  a.Session, Offset: a.Offset, Data: a.Data, Done: a.Done,
	}
}

// TimeoutNowArgs is core.TimeoutNowRequest on the wire.
type TimeoutNowArgs struct{ From, Term uint64 }

func (a *TimeoutNowArgs) load(req core.Request, arena []byte) []byte {
	r := req.(*core.TimeoutNowRequest)
	*a = TimeoutNowArgs{uint64(r.From), uint64(r.Term)}
	return arena
}

func (a *TimeoutNowArgs) store(req core.Request) {
	*req.(*core.TimeoutNowRequest) = core.TimeoutNowRequest{From: core.NodeID(a.From), Term: core.Term(a.Term)}
}

// ProposeArgs is core.ProposeRequest on the wire.
type ProposeArgs struct {
	From      uint64
	Trace     bool
	Remaining int64 // nanoseconds
	Commands  [][]byte
}

func (a *ProposeArgs) load(req core.Request, arena []byte) []byte {
	r := req.(*core.ProposeRequest)
	a.From, a.Trace, a.Remaining = uint64(r.From), r.Trace, int64(r.Remaining)
	a.Commands, arena = copyList(a.Commands[:0], r.Commands, arena)
	return arena
}

func (a *ProposeArgs) store(req core.Request) {
	*req.(*core.ProposeRequest) = core.ProposeRequest{
		From: core.NodeID(a.From), Trace: a.Trace, Remaining: time.Duration(a.Remaining), Commands: a.Commands,
	}
}

// ReadArgs is core.ReadRequest on the wire.
type ReadArgs struct {
	From      uint64
	Trace     bool
	Remaining int64 // nanoseconds
	Queries   [][]byte
}

func (a *ReadArgs) load(req core.Request, arena []byte) []byte {
	r := req.(*core.ReadRequest)
	a.From, a.Trace, a.Remaining = uint64(r.From), r.Trace, int64(r.Remaining)
	a.Queries, arena = copyList(a.Queries[:0], r.Queries, arena)
	return arena
}

func (a *ReadArgs) store(req core.Request) {
	*req.(*core.ReadRequest) = core.ReadRequest{
		From: core.NodeID(a.From), Trace: a.Trace, Remaining: time.Duration(a.Remaining), Queries: a.Queries,
	}
}

func entriesDataBytes(entries []core.Entry) int {
	n := 0
	for i := range entries {
		n += len(entries[i].Data)
	}
	return n
}

// copyInto appends b to arena, which has room, and returns the copy.
func copyInto(arena, b []byte) (copied, grown []byte) {
	start := len(arena)
	arena = append(arena, b...)
	return arena[start:len(arena):len(arena)], arena
}

func copyList(dst, list [][]byte, arena []byte) (copied [][]byte, grown []byte) {
	n := 0
	for _, b := range list {
		n += len(b)
	}
	arena = slices.Grow(arena, n)
	for _, b := range list {
		var c []byte
		c, arena = copyInto(arena, b)
		dst = append(dst, c)
	}
	return dst, arena
}
