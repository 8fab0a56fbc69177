package transporttest

import (
	"bytes"
	"fmt"
	"math"
	"reflect"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/raftbench/raftbench/core"
)

// exchange is a request with the response that it gets.
type exchange struct {
	name     string
	request  core.Request
	response core.Response
}

// exchanges returns messages of every kind, from the emptiest to the fullest.
func exchanges() []exchange {
	big := bytes.Repeat([]byte("0123456789abcdef"), 1<<16) // 1 MiB
	var list []exchange
	for _, k := range core.Kinds() {
		list = append(list, exchange{"zero " + k.String(), k.NewRequest(), k.NewResponse()})
	}
	list = append(list, fullExchanges()...)
	return append(list,
		exchange{"empty slices", &core.AppendEntriesRequest{Entries: []core.Entry{}}, &core.AppendEntriesResponse{}},
		exchange{"entries without data", &core.AppendEntriesRequest{Entries: []core.Entry{
			{Index: 1, Data: nil}, {Index: 2, Data: []byte{}}, {Index: 3, Data: []byte("x")}, {Index: 4},
		}}, &core.AppendEntriesResponse{}},
		exchange{"1 MiB entry", &core.AppendEntriesRequest{Entries: []core.Entry{{Index: 1, Data: big}}}, &core.AppendEntriesResponse{}},
		exchange{"1 MiB chunk", &core.InstallSnapshotRequest{Data: big}, &core.InstallSnapshotResponse{}},
		exchange{"empty chunk", &core.InstallSnapshotRequest{Data: []byte{}, Done: true}, &core.InstallSnapshotResponse{}},
		exchange{"1 MiB command and result", &core.ProposeRequest{Commands: [][]byte{big}}, propose(0, 0, 0, big)},
		exchange{"1 MiB query and result", &core.ReadRequest{Queries: [][]byte{big}}, read(0, 0, 0, big)},
		exchange{"many entries", &core.AppendEntriesRequest{Entries: manyEntries(2000)}, &core.AppendEntriesResponse{Success: true}},
		exchange{"many commands", &core.ProposeRequest{Commands: manyBytes(2000)}, propose(1, 0, 2, manyBytes(2000)...)},
		exchange{"many queries", &core.ReadRequest{Queries: manyBytes(2000)}, read(1, 0, 2, manyBytes(2000)...)},
		exchange{"empty commands", &core.ProposeRequest{Commands: [][]byte{nil, {}, []byte("x"), nil}}, propose(0, 0, 0, nil, []byte("y"), nil)},
		exchange{"not the leader", &core.ProposeRequest{Commands: [][]byte{nil}}, propose(3, core.StatusNotLeader, 7)},
		exchange{"no time left", &core.ReadRequest{Remaining: -1, Queries: [][]byte{nil}}, read(3, core.StatusExpired, 7)},
	)
}

// fullExchanges returns messages with every field set, each to a value of its own.
func fullExchanges() []exchange {
	const top = math.MaxUint64
	return []exchange{
		{"full RequestVote",
			&core.RequestVoteRequest{From: 1, Term: top, LastIndex: top - 1, LastTerm: top - 2, PreVote: true, Transfer: true},
			&core.RequestVoteResponse{From: top, Term: top - 1, PreVote: true, Granted: true}},
		{"full AppendEntries",
			&core.AppendEntriesRequest{From: 1, Term: 2, PrevIndex: 3, PrevTerm: 4, Commit: 5, ReadContext: 6, Session: 7, Entries: []core.Entry{
				{Index: 4, Term: top, Kind: core.EntryNoOp, Data: []byte("no-op with data")},
				{Index: 5, Term: 2, Kind: core.EntryCommand, Data: []byte{0, 255, 0}},
				{Index: 6, Term: 2, Kind: core.EntryConfiguration, Data: []byte("who is a member")},
			}},
			&core.AppendEntriesResponse{From: 1, Term: 2, Success: true, PrevIndex: 3, Match: 4, HintIndex: 5, HintTerm: 6, ReadContext: 7, Session: 8, Clock: 9}},
		{"full heartbeat",
			&core.AppendEntriesRequest{From: top, Term: top - 1, PrevIndex: top - 2, PrevTerm: top - 3, Commit: top - 4, ReadContext: top - 5, Session: top - 6},
			&core.AppendEntriesResponse{From: top, Term: top - 1, PrevIndex: top - 2, Match: top - 3, HintIndex: top - 4, HintTerm: top - 5, ReadContext: top - 6, Session: top - 7, Clock: top - 8}},
		{"full InstallSnapshot",
			&core.InstallSnapshotRequest{From: 1, Term: 2, Snapshot: core.SnapshotMeta{Index: 3, Term: 4, Config: "who is a member"}, Session: 5, Offset: top, Data: []byte("chunk"), Done: true},
			&core.InstallSnapshotResponse{From: 1, Term: 2, Session: 3, NextOffset: 4, Match: top}},
		{"full TimeoutNow",
			&core.TimeoutNowRequest{From: 1, Term: top},
			&core.TimeoutNowResponse{From: 2, Term: top - 1}},
		{"full Propose",
			&core.ProposeRequest{From: top, Trace: true, Remaining: math.MaxInt64, Commands: [][]byte{[]byte("one"), []byte("two")}},
			propose(top, core.StatusUnknown, top-1, []byte("first"), []byte("second"))},
		{"full Read",
			&core.ReadRequest{From: top, Trace: true, Remaining: math.MinInt64, Queries: [][]byte{[]byte("one"), []byte("two")}},
			read(top, core.StatusOverloaded, top-1, []byte("first"), []byte("second"))},
		{"traced Propose",
			&core.ProposeRequest{Trace: true, Commands: [][]byte{[]byte("one")}},
			traced(propose(1, core.StatusOK, 1, []byte("first")), core.Trace{Clock: top, Received: math.MaxInt64, Inbox: 1, Log: 2, Quorum: 3, Apply: 4})},
		{"traced Read",
			&core.ReadRequest{Trace: true, Queries: [][]byte{[]byte("one")}},
			traced(read(1, core.StatusOK, 1, []byte("first")), core.Trace{Clock: 1, Received: math.MinInt64, Inbox: math.MaxInt64, Log: math.MaxInt64 - 1, Quorum: math.MaxInt64 - 2, Apply: -1})},
		// That there is a trace does not follow from what is in it.
		{"empty trace of a Propose", &core.ProposeRequest{Trace: true}, traced(propose(0, core.StatusOK, 0), core.Trace{})},
		{"empty trace of a Read", &core.ReadRequest{Trace: true}, traced(read(0, core.StatusOK, 0), core.Trace{})},
	}
}

// traced returns r, the answer to a Propose or a Read, with a trace.
func traced(r core.Response, t core.Trace) core.Response {
	switch r := r.(type) {
	case *core.ProposeResponse:
		r.Traced, r.Trace = true, t
	case *core.ReadResponse:
		r.Traced, r.Trace = true, t
	}
	return r
}

func propose(from core.NodeID, s core.Status, leader core.NodeID, results ...[]byte) core.Response {
	r := &core.ProposeResponse{From: from, Status: s, Leader: leader}
	for _, b := range results {
		r.Append(b)
	}
	return r
}

func read(from core.NodeID, s core.Status, leader core.NodeID, results ...[]byte) core.Response {
	r := &core.ReadResponse{From: from, Status: s, Leader: leader}
	for _, b := range results {
		r.Append(b)
	}
	return r
}

func manyBytes(n int) [][]byte {
	list := make([][]byte, n)
	for i := range list {
		list[i] = fmt.Appendf(nil, "item %d", i)
	}
	return list
}

func manyEntries(n int) []core.Entry {
	list := make([]core.Entry, n)
	for i := range list {
		list[i] = core.Entry{Index: core.Index(i + 1), Term: core.Term(i / 100), Data: fmt.Appendf(nil, "entry %d", i)}
	}
	return list
}

// appendEntries returns a request with one entry of n bytes, all the low byte of id.
func appendEntries(id uint64, n int) *core.AppendEntriesRequest {
	return &core.AppendEntriesRequest{Term: 1, Session: id, Entries: []core.Entry{
		{Index: 1, Term: 1, Data: bytes.Repeat([]byte{byte(id)}, n)},
	}}
}

// heartbeat returns a request of class control.
func heartbeat(id uint64) *core.AppendEntriesRequest {
	return &core.AppendEntriesRequest{Term: 1, Session: id}
}

// ofClass returns a small request of each class.
func ofClass(c core.Class, id uint64) core.Request {
	switch c {
	case core.ClassControl:
		return heartbeat(id)
	case core.ClassAppend:
		return appendEntries(id, 16)
	case core.ClassSnapshot:
		return &core.InstallSnapshotRequest{Session: id, Data: []byte("chunk")}
	default:
		return &core.ProposeRequest{Commands: [][]byte{fmt.Append(nil, id)}}
	}
}

// echoResponse fills a response so that its request can be told from it.
func echoResponse(response core.Response, request core.Request, self core.NodeID) {
	switch q := request.(type) {
	case *core.RequestVoteRequest:
		*response.(*core.RequestVoteResponse) = core.RequestVoteResponse{From: self, Term: q.Term, PreVote: q.PreVote, Granted: true}
	case *core.AppendEntriesRequest:
		a := response.(*core.AppendEntriesResponse)
		*a = core.AppendEntriesResponse{From: self, Term: q.Term, Success: true, PrevIndex: q.PrevIndex, Session: q.Session, ReadContext: q.ReadContext}
		a.Match = q.PrevIndex + core.Index(len(q.Entries))
	case *core.InstallSnapshotRequest:
		*response.(*core.InstallSnapshotResponse) = core.InstallSnapshotResponse{From: self, Term: q.Term, Session: q.Session, NextOffset: q.Offset + uint64(len(q.Data))}
	case *core.TimeoutNowRequest:
		*response.(*core.TimeoutNowResponse) = core.TimeoutNowResponse{From: self, Term: q.Term}
	case *core.ProposeRequest:
		a := response.(*core.ProposeResponse)
		a.From = self
		for _, b := range q.Commands {
			a.Append(b)
		}
	case *core.ReadRequest:
		a := response.(*core.ReadResponse)
		a.From = self
		for _, b := range q.Queries {
			a.Append(b)
		}
	}
}

// echoDiff compares the response of an ended call with what echo answers.
func echoDiff(c *core.Call) string {
	want := c.Request.Kind().NewResponse()
	echoResponse(want, c.Request, c.To)
	return diff(want, c.Response)
}

// diff compares two messages. Nil and empty slices are equal.
func diff(want, got any) string {
	return cmp.Diff(want, got,
		cmp.Comparer(bytes.Equal), // a message of 1 MiB byte by byte would take seconds
		cmp.FilterValues(func(_, _ []core.Entry) bool { return true }, cmpopts.EquateEmpty()),
		cmp.FilterValues(func(_, _ [][]byte) bool { return true }, cmpopts.EquateEmpty()),
		cmp.Transformer("results", func(r core.Results) [][]byte { return r.List() }))
}

// assign copies the fields of src to dst, which is of the same kind and empty.
func assign(dst, src core.Response) {
	switch s := src.(type) {
	case *core.ProposeResponse:
		d := dst.(*core.ProposeResponse)
		d.From, d.Status, d.Leader = s.From, s.Status, s.Leader
		d.Traced, d.Trace = s.Traced, s.Trace
		for _, b := range s.List() {
			d.Append(b)
		}
	case *core.ReadResponse:
		d := dst.(*core.ReadResponse)
		d.From, d.Status, d.Leader = s.From, s.Status, s.Leader
		d.Traced, d.Trace = s.Traced, s.Trace
		for _, b := range s.List() {
			d.Append(b)
		}
	default:
		reflect.ValueOf(dst).Elem().Set(reflect.ValueOf(src).Elem())
	}
}

// isEmpty reports whether r says nothing.
func isEmpty(r core.Response) bool {
	switch r := r.(type) {
	case *core.ProposeResponse:
		return r.From == 0 && r.Status == 0 && r.Leader == 0 && !r.Traced && r.Trace == (core.Trace{}) && len(r.List()) == 0
	case *core.ReadResponse:
		return r.From == 0 && r.Status == 0 && r.Leader == 0 && !r.Traced && r.Trace == (core.Trace{}) && len(r.List()) == 0
	default:
		return reflect.ValueOf(r).Elem().IsZero()
	}
}
