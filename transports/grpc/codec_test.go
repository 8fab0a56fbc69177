package grpc

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/transports/grpc/raftpb"
)

// largest returns requests and responses that take the most bytes on the wire
// for what they count in SizeBytes.
func largest() ([]core.Request, []core.Response) {
	const m = math.MaxUint64
	entries, empty := make([]core.Entry, 50), make([][]byte, 50)
	for i := range entries {
		entries[i] = core.Entry{Index: m, Term: m, Kind: core.EntryNoOp}
	}
	trace := core.Trace{Clock: m, Received: -1, Inbox: -1, Log: -1, Quorum: -1, Apply: -1} // ten bytes each
	propose := &core.ProposeResponse{From: m, Status: core.StatusUnknown, Leader: m, Traced: true, Trace: trace}
	read := &core.ReadResponse{From: m, Status: core.StatusUnknown, Leader: m, Traced: true, Trace: trace}
	for range empty {
		propose.Append(nil)
		read.Append(nil)
	}
	return []core.Request{
			&core.RequestVoteRequest{From: m, Term: m, LastIndex: m, LastTerm: m, PreVote: true, Transfer: true},
			&core.AppendEntriesRequest{From: m, Term: m, PrevIndex: m, PrevTerm: m, Commit: m, ReadContext: m, Session: m},
			&core.AppendEntriesRequest{From: m, Term: m, PrevIndex: m, PrevTerm: m, Commit: m, ReadContext: m, Session: m, Entries: entries},
			&core.InstallSnapshotRequest{From: m, Term: m, Snapshot: core.SnapshotMeta{Index: m, Term: m}, Session: m, Offset: m, Data: []byte{1}, Done: true},
			&core.TimeoutNowRequest{From: m, Term: m},
			&core.ProposeRequest{From: m, Trace: true, Remaining: -1, Commands: empty},
			&core.ReadRequest{From: m, Trace: true, Remaining: -1, Queries: empty},
		}, []core.Response{
			&core.RequestVoteResponse{From: m, Term: m, PreVote: true, Granted: true},
			&core.AppendEntriesResponse{From: m, Term: m, Success: true, PrevIndex: m, Match: m, HintIndex: m, HintTerm: m, ReadContext: m, Session: m, Clock: m},
			&core.InstallSnapshotResponse{From: m, Term: m, Session: m, NextOffset: m, Match: m},
			&core.TimeoutNowResponse{From: m, Term: m},
			propose,
			read,
		}
}

// The limits of messages and batches rest on this.
func TestEncodingIsAtMostTwiceSizeBytes(t *testing.T) {
	requests, responses := largest()
	for _, r := range requests {
		e := requestEncoder{pool: newPool()}
		if err := e.encode([]*pending{{call: &core.Call{Request: r}, id: math.MaxUint64}}); err != nil {
			t.Fatal(err)
		}
		if n := e.frame.data.Len(); n > 2*r.SizeBytes() {
			t.Errorf("%T of SizeBytes %d is %d B on the wire", r, r.SizeBytes(), n)
		}
	}
	for _, r := range responses {
		e := responseEncoder{pool: newPool(), limit: 1 << 20}
		if err := e.encode([]*request{{Incoming: core.Incoming{Response: r}, id: math.MaxUint64}}); err != nil {
			t.Fatal(err)
		}
		if n := e.frame.data.Len(); n > 2*r.SizeBytes() {
			t.Errorf("%T of SizeBytes %d is %d B on the wire", r, r.SizeBytes(), n)
		}
	}
}

// An encoder keeps its messages for the next batch; nothing of one may show in
// another.
func TestEncodersForget(t *testing.T) {
	requests, responses := largest()
	used := requestEncoder{pool: newPool()}
	usedResponses := responseEncoder{pool: newPool(), limit: 1 << 20}
	for range 2 {
		for _, r := range requests {
			fresh, batch := requestEncoder{pool: newPool()}, []*pending{{call: &core.Call{Request: r}, id: 1}}
			if err := used.encode(batch); err != nil {
				t.Fatal(err)
			}
			if err := fresh.encode(batch); err != nil {
				t.Fatal(err)
			}
			if !cmp.Equal(used.frame.data.Materialize(), fresh.frame.data.Materialize()) {
				t.Errorf("%T is encoded differently by an encoder that was used before", r)
			}
		}
		for _, r := range responses {
			fresh, batch := responseEncoder{pool: newPool(), limit: 1 << 20}, []*request{{Incoming: core.Incoming{Response: r}, id: 1}}
			if err := usedResponses.encode(batch); err != nil {
				t.Fatal(err)
			}
			if err := fresh.encode(batch); err != nil {
				t.Fatal(err)
			}
			if !cmp.Equal(usedResponses.frame.data.Materialize(), fresh.frame.data.Materialize()) {
				t.Errorf("%T is encoded differently by an encoder that was used before", r)
			}
		}
	}
}

// FuzzRequests decodes what may arrive at a server, and what it makes of it once more.
func FuzzRequests(f *testing.F) {
	requests, _ := largest()
	for i, r := range requests {
		e := requestEncoder{pool: newPool()}
		if err := e.encode([]*pending{{call: &core.Call{Request: r}, id: uint64(i)}}); err != nil {
			f.Fatal(err)
		}
		f.Add(e.frame.data.Materialize())
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var pools incomingPools
		e := requestEncoder{pool: newPool()}
		for _, r := range decodeRequests(t, &pools, b) {
			if err := e.encode([]*pending{{call: &core.Call{Request: r.Request}, id: 7}}); err != nil {
				t.Fatal(err)
			}
			again := decodeRequests(t, &pools, e.frame.data.Materialize())
			if d := cmp.Diff(r.Request, again[0].Request, equalEmpty()); d != "" {
				t.Errorf("a request changed on its second way (-first +second):\n%s", d)
			}
			pools.put(again[0])
		}
	})
}

// decodeRequests returns the requests in b that are well-formed.
func decodeRequests(t *testing.T, pools *incomingPools, b []byte) (list []*request) {
	t.Helper()
	var m raftpb.Requests
	if proto.Unmarshal(b, &m) != nil {
		return nil
	}
	for _, one := range m.Requests {
		r, err := pools.decode(innerRequest(one))
		if err == nil {
			list = append(list, r)
		} else if !isMalformed(err) {
			t.Fatalf("decode: %v", err)
		}
	}
	return list
}

// equalEmpty makes cmp take nil and empty slices as equal: protobuf does not
// tell them apart.
func equalEmpty() cmp.Option {
	return cmp.FilterValues(func(a, b []byte) bool { return len(a) == 0 && len(b) == 0 }, cmp.Comparer(func([]byte, []byte) bool { return true }))
}

// FuzzResponses decodes what may arrive at a caller, into each kind of response.
func FuzzResponses(f *testing.F) {
	_, responses := largest()
	for i, r := range responses {
		e := responseEncoder{pool: newPool(), limit: 1 << 20}
		if err := e.encode([]*request{{Incoming: core.Incoming{Response: r}, id: uint64(i)}}); err != nil {
			f.Fatal(err)
		}
		f.Add(e.frame.data.Materialize())
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var m raftpb.Responses
		if proto.Unmarshal(b, &m) != nil {
			return
		}
		for _, one := range m.Responses {
			for _, k := range core.Kinds() {
				decoded := k.NewResponse()
				if decodeAnswer(decoded, one) != nil {
					continue
				}
				again := k.NewResponse()
				if err := decodeResponse(again, newResponse(decoded)); err != nil {
					t.Fatal(err)
				}
				if !proto.Equal(newResponse(decoded), newResponse(again)) {
					t.Errorf("%v changed on its second way: %v, then %v", k, decoded, again)
				}
			}
		}
	})
}
