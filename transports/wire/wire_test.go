package wire_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/transports/wire"
)

var update = flag.Bool("update", false, "rewrite the golden files")

const top = math.MaxUint64

// requests returns at least two of each kind, one with every field set to a
// value of its own.
func requests() []core.Request {
	list := []core.Request{}
	for _, k := range core.Kinds() {
		list = append(list, k.NewRequest())
	}
	return append(list,
		&core.RequestVoteRequest{From: 1, Term: top, LastIndex: 3, LastTerm: 4, PreVote: true},
		&core.RequestVoteRequest{From: 1, Term: 2, LastIndex: 3, LastTerm: 4, Transfer: true},
		&core.AppendEntriesRequest{From: 1, Term: 2, PrevIndex: 3, PrevTerm: 4, Commit: 5, ReadContext: 6, Session: top, Entries: []core.Entry{
			{Index: 4, Term: 9, Kind: core.EntryNoOp},
			{Index: 5, Term: top, Data: []byte("data")},
		}},
		&core.InstallSnapshotRequest{From: 1, Term: 2, Snapshot: core.SnapshotMeta{Index: 3, Term: 4, Config: "members"}, Session: 5, Offset: top, Data: []byte("chunk"), Done: true},
		&core.TimeoutNowRequest{From: 1, Term: 2},
		&core.ProposeRequest{From: 1, Commands: [][]byte{[]byte("one"), nil, []byte("three")}},
		&core.ProposeRequest{From: 1, Trace: true, Commands: [][]byte{[]byte("one")}},
		&core.ProposeRequest{From: 1, Remaining: 5e9, Commands: [][]byte{[]byte("one")}},
		&core.ReadRequest{From: 1, Queries: [][]byte{nil, []byte("two")}},
		&core.ReadRequest{From: 1, Trace: true},
		&core.ReadRequest{From: 1, Remaining: -1, Queries: [][]byte{[]byte("two")}},
	)
}

func responses() []core.Response {
	list := []core.Response{}
	for _, k := range core.Kinds() {
		list = append(list, k.NewResponse())
	}
	propose := &core.ProposeResponse{From: 1, Status: core.StatusUnknown, Leader: 2}
	propose.Append([]byte("one"))
	propose.Append(nil)
	read := &core.ReadResponse{From: 1, Status: core.StatusNotLeader, Leader: top}
	read.Append([]byte("result"))
	traced := &core.ProposeResponse{From: 1, Traced: true, Trace: core.Trace{Clock: top, Received: math.MinInt64, Inbox: 3, Log: -4, Quorum: 5, Apply: math.MaxInt64}}
	traced.Append([]byte("one"))
	return append(list,
		&core.RequestVoteResponse{From: 1, Term: 2, PreVote: true},
		&core.RequestVoteResponse{From: 1, Term: 2, Granted: true},
		&core.AppendEntriesResponse{From: 1, Term: 2, Success: true, PrevIndex: 3, Match: 4, HintIndex: 5, HintTerm: 6, ReadContext: 7, Session: top},
		&core.AppendEntriesResponse{From: 1, Term: 2, PrevIndex: 3, Match: 4, HintIndex: 5, HintTerm: 6, ReadContext: 7, Session: 8, Clock: top},
		&core.InstallSnapshotResponse{From: 1, Term: 2, Session: 3, NextOffset: 4, Match: 5},
		&core.TimeoutNowResponse{From: 1, Term: 2},
		propose, read, traced,
		&core.ReadResponse{From: 1, Traced: true, Trace: core.Trace{Clock: 1, Received: 2, Inbox: 3, Log: 4, Quorum: 5, Apply: 6}},
		&core.ReadResponse{Traced: true},
		&core.ReadResponse{From: 1, Status: core.StatusExpired, Leader: 2},
	)
}

// equal compares messages; nil and empty are the same on the wire.
func equal(a, b any) string {
	return cmp.Diff(a, b, cmpopts.EquateEmpty(), cmp.Transformer("results", func(r core.Results) [][]byte { return r.List() }))
}

func TestRequestsRoundTrip(t *testing.T) {
	for i, req := range requests() {
		b := wire.AppendRequest([]byte("before"), req)
		body := b[len("before"):]
		if got := wire.SizeRequest(req); got != len(body) {
			t.Errorf("request %d: SizeRequest of %v = %d, encoded %d bytes", i, req.Kind(), got, len(body))
		}
		if len(body) > req.SizeBytes() {
			t.Errorf("request %d: %v encodes to %d bytes, more than its SizeBytes of %d", i, req.Kind(), len(body), req.SizeBytes())
		}
		into := req.Kind().NewRequest()
		if err := wire.DecodeRequest(req.Kind(), body, into); err != nil {
			t.Fatalf("request %d: %v", i, err)
		}
		if d := equal(req, into); d != "" {
			t.Errorf("request %d changed (-sent +decoded):\n%s", i, d)
		}
	}
}

func TestResponsesRoundTrip(t *testing.T) {
	for i, resp := range responses() {
		body := wire.AppendResponse(nil, resp)
		if got := wire.SizeResponse(resp); got != len(body) {
			t.Errorf("response %d: SizeResponse of %v = %d, encoded %d bytes", i, resp.Kind(), got, len(body))
		}
		into := resp.Kind().NewResponse()
		if err := wire.DecodeResponse(resp.Kind(), body, into); err != nil {
			t.Fatalf("response %d: %v", i, err)
		}
		clear(body) // results are copies
		if d := equal(resp, into); d != "" {
			t.Errorf("response %d changed (-sent +decoded):\n%s", i, d)
		}
	}
}

// TestDecodingReplacesEverything decodes every message over every other of its kind.
func TestDecodingReplacesEverything(t *testing.T) {
	for _, old := range requests() {
		for _, req := range requests() {
			if old.Kind() != req.Kind() {
				continue
			}
			into := req.Kind().NewRequest()
			for _, r := range []core.Request{old, req} {
				if err := wire.DecodeRequest(r.Kind(), wire.AppendRequest(nil, r), into); err != nil {
					t.Fatal(err)
				}
			}
			if d := equal(req, into); d != "" {
				t.Errorf("%v kept something of the one before (-sent +decoded):\n%s", req.Kind(), d)
			}
		}
	}
	for _, old := range responses() {
		for _, resp := range responses() {
			if old.Kind() != resp.Kind() {
				continue
			}
			into := resp.Kind().NewResponse()
			for _, r := range []core.Response{old, resp} {
				if err := wire.DecodeResponse(r.Kind(), wire.AppendResponse(nil, r), into); err != nil {
					t.Fatal(err)
				}
			}
			if d := equal(resp, into); d != "" {
				t.Errorf("%v kept something of the one before (-sent +decoded):\n%s", resp.Kind(), d)
			}
		}
	}
}

// TestFormatDoesNotChange compares every message with the bytes it had when
// Version was given out. A difference needs a new Version.
func TestFormatDoesNotChange(t *testing.T) {
	var b strings.Builder
	fmt.Fprintf(&b, "version %d\n", wire.Version)
	for _, req := range requests() {
		fmt.Fprintf(&b, "%v request %s\n", req.Kind(), hex.EncodeToString(wire.AppendRequest(nil, req)))
	}
	for _, resp := range responses() {
		fmt.Fprintf(&b, "%v response %s\n", resp.Kind(), hex.EncodeToString(wire.AppendResponse(nil, resp)))
	}
	name := filepath.Join("testdata", "format.golden")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), b.String()); d != "" {
		t.Errorf("the format changed (-golden +now):\n%s", d)
	}
}

func TestEveryCutAndEveryExtraByteIsRefused(t *testing.T) {
	for _, req := range requests() {
		body := wire.AppendRequest(nil, req)
		for n := range body {
			if err := wire.DecodeRequest(req.Kind(), body[:n:n], req.Kind().NewRequest()); !errors.Is(err, wire.ErrMalformed) {
				t.Errorf("%v request cut to %d of %d bytes: %v", req.Kind(), n, len(body), err)
			}
		}
		if err := wire.DecodeRequest(req.Kind(), append(body, 0), req.Kind().NewRequest()); !errors.Is(err, wire.ErrMalformed) {
			t.Errorf("%v request with a byte too many: %v", req.Kind(), err)
		}
	}
	for _, resp := range responses() {
		body := wire.AppendResponse(nil, resp)
		for n := range body {
			if err := wire.DecodeResponse(resp.Kind(), body[:n:n], resp.Kind().NewResponse()); !errors.Is(err, wire.ErrMalformed) {
				t.Errorf("%v response cut to %d of %d bytes: %v", resp.Kind(), n, len(body), err)
			}
		}
		if err := wire.DecodeResponse(resp.Kind(), append(body, 0), resp.Kind().NewResponse()); !errors.Is(err, wire.ErrMalformed) {
			t.Errorf("%v response with a byte too many: %v", resp.Kind(), err)
		}
	}
}

func TestMalformedIsRefused(t *testing.T) {
	vote := wire.AppendRequest(nil, &core.RequestVoteRequest{})
	vote[len(vote)-1] = 4
	if err := wire.DecodeRequest(core.KindRequestVote, vote, new(core.RequestVoteRequest)); !errors.Is(err, wire.ErrMalformed) {
		t.Errorf("unknown flag: %v", err)
	}
	propose := wire.AppendRequest(nil, &core.ProposeRequest{})
	propose[8] = 2
	if err := wire.DecodeRequest(core.KindPropose, propose, new(core.ProposeRequest)); !errors.Is(err, wire.ErrMalformed) {
		t.Errorf("unknown flag of a Propose: %v", err)
	}
	read := wire.AppendResponse(nil, &core.ReadResponse{Traced: true})
	read[17] = 3
	if err := wire.DecodeResponse(core.KindRead, read, new(core.ReadResponse)); !errors.Is(err, wire.ErrMalformed) {
		t.Errorf("unknown flag of a Read response: %v", err)
	}
	clock := wire.AppendResponse(nil, &core.AppendEntriesResponse{Clock: 1})
	clock[len(clock)-8] = 0
	if err := wire.DecodeResponse(core.KindAppendEntries, clock, new(core.AppendEntriesResponse)); !errors.Is(err, wire.ErrMalformed) {
		t.Errorf("a clock that is told and says nothing: %v", err)
	}
	for _, into := range []core.Request{nil, new(core.ReadRequest)} {
		if err := wire.DecodeRequest(core.KindPropose, nil, into); !errors.Is(err, wire.ErrMalformed) {
			t.Errorf("a Propose into %T: %v", into, err)
		}
	}
	for _, into := range []core.Response{nil, new(core.ReadResponse)} {
		if err := wire.DecodeResponse(core.KindPropose, nil, into); !errors.Is(err, wire.ErrMalformed) {
			t.Errorf("a Propose response into %T: %v", into, err)
		}
	}
}

// TestAnUntracedResponseCarriesNoTrace: it takes one byte to say so, whatever a
// handler left in Trace.
func TestAnUntracedResponseCarriesNoTrace(t *testing.T) {
	plain, left := new(core.ProposeResponse), &core.ProposeResponse{Trace: core.Trace{Received: 1}}
	body := wire.AppendResponse(nil, left)
	if want := wire.AppendResponse(nil, plain); !bytes.Equal(body, want) || len(body) != wire.SizeResponse(left) {
		t.Errorf("encodes to %x, %d bytes announced; want %x", body, wire.SizeResponse(left), want)
	}
	if traced := (&core.ProposeResponse{Traced: true}); wire.SizeResponse(traced) != len(body)+6*8 {
		t.Errorf("a trace takes %d bytes, want 48", wire.SizeResponse(traced)-len(body))
	}
}

// TestAClockThatIsNotToldTakesNoBytes: where nobody holds leases, nobody pays for them.
func TestAClockThatIsNotToldTakesNoBytes(t *testing.T) {
	plain := wire.AppendResponse(nil, &core.AppendEntriesResponse{ReadContext: 1})
	told := wire.AppendResponse(nil, &core.AppendEntriesResponse{ReadContext: 1, Clock: 2})
	if len(plain) != 8*8+1 || len(told) != len(plain)+8 {
		t.Errorf("%d bytes, with a clock %d; want 65 and 73", len(plain), len(told))
	}
}

// TestACountDoesNotAllocate: a count is believed only as far as the bytes go that
// are there.
func TestACountDoesNotAllocate(t *testing.T) {
	body := wire.AppendRequest(nil, &core.AppendEntriesRequest{})
	copy(body[len(body)-4:], []byte{0xff, 0xff, 0xff, 0x0f})
	into := new(core.AppendEntriesRequest)
	if err := wire.DecodeRequest(core.KindAppendEntries, body, into); !errors.Is(err, wire.ErrMalformed) || cap(into.Entries) > 0 {
		t.Errorf("268 million entries in %d bytes: %v, room for %d", len(body), err, cap(into.Entries))
	}
}

func TestRequestDataAliasesTheBody(t *testing.T) {
	body := wire.AppendRequest(nil, &core.ProposeRequest{Commands: [][]byte{[]byte("ab"), []byte("c")}})
	into := new(core.ProposeRequest)
	if err := wire.DecodeRequest(core.KindPropose, body, into); err != nil {
		t.Fatal(err)
	}
	_ = append(into.Commands[0], "overwrites?"...)
	if got := string(into.Commands[1]); got != "c" {
		t.Errorf("appending to one command changed the next to %q", got)
	}
	body[len(body)-1] = 'd'
	if got := string(into.Commands[1]); got != "d" {
		t.Errorf("command %q does not alias the body", got)
	}
}

func TestEntriesAlone(t *testing.T) {
	entries := []core.Entry{{Index: 8, Term: 1, Data: []byte("x")}, {Index: 9, Term: 2, Kind: core.EntryNoOp}}
	b := wire.AppendEntries(nil, entries)
	if got := wire.SizeEntries(entries); got != len(b) {
		t.Errorf("SizeEntries = %d, encoded %d bytes", got, len(b))
	}
	got, err := wire.DecodeEntries(b, 7, nil)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(entries, got); d != "" {
		t.Errorf("entries changed (-sent +decoded):\n%s", d)
	}
	if _, err := wire.DecodeEntries(b[:len(b)-1], 7, nil); !errors.Is(err, wire.ErrMalformed) {
		t.Errorf("entries cut short: %v", err)
	}
}

// FuzzDecodeRequest: decoding never panics, allocates no more than a multiple of
// its input, and accepts only what encodes to the same bytes again.
func FuzzDecodeRequest(f *testing.F) {
	for _, req := range requests() {
		f.Add(byte(req.Kind()), wire.AppendRequest(nil, req))
	}
	f.Fuzz(func(t *testing.T, k byte, body []byte) {
		kind := core.Kind(k)
		into := kind.NewRequest()
		err := wire.DecodeRequest(kind, body, into)
		if err != nil && !errors.Is(err, wire.ErrMalformed) {
			t.Fatalf("the error does not match ErrMalformed: %v", err)
		}
		if items := itemsOf(into); items > len(body)/4 {
			t.Fatalf("%d bytes made room for %d items", len(body), items)
		}
		if err != nil {
			return
		}
		if again := wire.AppendRequest(nil, into); !bytes.Equal(again, body) {
			t.Fatalf("encodes differently again:\n%x\n%x", body, again)
		}
	})
}

// itemsOf returns how many items the lists of req have room for, beyond what a
// slice grows by on its own.
func itemsOf(req core.Request) int {
	n := 0
	switch r := req.(type) {
	case *core.AppendEntriesRequest:
		n = cap(r.Entries)
	case *core.ProposeRequest:
		n = cap(r.Commands)
	case *core.ReadRequest:
		n = cap(r.Queries)
	}
	return n - n/4 - 8
}

// FuzzDecodeResponse: as FuzzDecodeRequest.
func FuzzDecodeResponse(f *testing.F) {
	for _, resp := range responses() {
		f.Add(byte(resp.Kind()), wire.AppendResponse(nil, resp))
	}
	f.Fuzz(func(t *testing.T, k byte, body []byte) {
		kind := core.Kind(k)
		into := kind.NewResponse()
		err := wire.DecodeResponse(kind, body, into)
		if err != nil && !errors.Is(err, wire.ErrMalformed) {
			t.Fatalf("the error does not match ErrMalformed: %v", err)
		}
		if err != nil {
			return
		}
		if again := wire.AppendResponse(nil, into); !bytes.Equal(again, body) {
			t.Fatalf("encodes differently again:\n%x\n%x", body, again)
		}
	})
}
