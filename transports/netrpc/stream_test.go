package netrpc

import (
	"bytes"
	"encoding/gob"
	"errors"
	"io"
	"math"
	"testing"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/transports/unary"
)

func TestGobLimitPassesAStreamAndStopsAtALargeMessage(t *testing.T) {
	var stream bytes.Buffer
	enc := gob.NewEncoder(&stream)
	for _, n := range []int{0, 1, 100, 127, 128, 300, 900} {
		if err := enc.Encode(&InstallSnapshotArgs{From: 1, Data: make([]byte, n)}); err != nil {
			t.Fatal(err)
		}
	}
	dec := gob.NewDecoder(newGobLimit(&stream, 16, 1000))
	for _, n := range []int{0, 1, 100, 127, 128, 300, 900} {
		var got InstallSnapshotArgs
		if err := dec.Decode(&got); err != nil || len(got.Data) != n {
			t.Fatalf("message with %d B: %d B, error %v", n, len(got.Data), err)
		}
	}
	if err := enc.Encode(&InstallSnapshotArgs{Data: make([]byte, 1000)}); err != nil {
		t.Fatal(err)
	}
	if err := dec.Decode(new(InstallSnapshotArgs)); !errors.Is(err, core.ErrTooLarge) {
		t.Fatalf("a message over the limit: %v, want ErrTooLarge", err)
	}
}

func TestGobLimitRefusesAnnouncementsBeforeTheirBytes(t *testing.T) {
	for _, head := range [][]byte{
		{0xfc, 0x40, 0, 0, 0},                      // 1 GiB
		{0xf8, 0xff, 0, 0, 0, 0, 0, 0, 0},          // beyond an int
		{0x80, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, // a number of 128 bytes
		{0xf7, 0, 0, 0, 0, 0, 0, 0, 0, 1},          // a number of nine
	} {
		if _, err := newGobLimit(bytes.NewReader(head), 64, 1<<20).ReadByte(); !errors.Is(err, core.ErrTooLarge) {
			t.Fatalf("% x: %v, want ErrTooLarge", head, err)
		}
	}
}

func TestSizesAreUpperBoundsOfGob(t *testing.T) {
	huge := ^uint64(0)
	entries := make([]core.Entry, 50)
	for i := range entries {
		entries[i] = core.Entry{Term: core.Term(huge), Kind: core.EntryNoOp, Data: make([]byte, 97*i)}
	}
	list := [][]byte{nil, make([]byte, 127), make([]byte, 128), make([]byte, 70_000)}
	for _, req := range []core.Request{
		&core.AppendEntriesRequest{
			From: core.NodeID(huge), Term: core.Term(huge), PrevIndex: core.Index(huge), PrevTerm: core.Term(huge),
			Commit: core.Index(huge), ReadContext: huge, Session: huge, Entries: entries,
		},
		&core.InstallSnapshotRequest{
			From: core.NodeID(huge), Term: core.Term(huge), Session: huge, Offset: huge, Data: make([]byte, 70_000), Done: true,
			Snapshot: core.SnapshotMeta{Index: core.Index(huge), Term: core.Term(huge)},
		},
		&core.ProposeRequest{From: core.NodeID(huge), Remaining: math.MinInt64, Commands: list},
		&core.ReadRequest{From: core.NodeID(huge), Remaining: math.MinInt64, Queries: list},
	} {
		a := methodOf(req.Kind()).newArgs()
		a.load(req, nil)
		if got, bound := gobBytes(t, a), requestBytes(req); got > bound || bound > got+got/50+fixedBytes {
			t.Fatalf("%v: gob makes %d B, the bound is %d B", req.Kind(), got, bound)
		}
	}
}

// gobBytes is the size of the second message of a kind: the first carries the types.
func gobBytes(t *testing.T, v any) int {
	t.Helper()
	var b bytes.Buffer
	enc := gob.NewEncoder(&b)
	for range 2 {
		b.Reset()
		if err := enc.Encode(v); err != nil {
			t.Fatal(err)
		}
	}
	return b.Len()
}

func TestLoadedArgsShareNoMemoryWithTheRequest(t *testing.T) {
	req := &core.AppendEntriesRequest{Entries: []core.Entry{{Data: []byte("before")}}}
	a := new(AppendEntriesArgs)
	a.load(req, nil)
	copy(req.Entries[0].Data, "after!")
	if got := string(a.Entries[0].Data); got != "before" {
		t.Fatalf("the args say %q", got)
	}
}

func TestErrorsSurviveAsStrings(t *testing.T) {
	for _, tt := range []struct{ sent, want error }{
		{&core.RemoteError{Text: "3 is not a code"}, core.ErrRemote},
		{core.ErrOverflow, core.ErrOverflow},
		{core.ErrTooLarge, core.ErrTooLarge},
		{core.ErrClosed, core.ErrBroken},
	} {
		if got := parseServerError(serverError(tt.sent).Error()); !errors.Is(got, tt.want) {
			t.Fatalf("%v arrived as %v, want %v", tt.sent, got, tt.want)
		}
	}
	if got := parseServerError("rpc: can't find service Raft.X"); !errors.Is(got, core.ErrRemote) {
		t.Fatalf("an error of net/rpc arrived as %v", got)
	}
}

func FuzzReceive(f *testing.F) {
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(&AppendEntriesArgs{Entries: []Entry{{Term: 1, Data: []byte("x")}}}); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add([]byte{0xfc, 0x40, 0, 0, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		s := &stream{
			counters: new(unary.Counters),
			dec:      gob.NewDecoder(newGobLimit(bytes.NewReader(data), 64, 4<<10)),
		}
		for range 16 {
			var a AppendEntriesArgs
			if err := s.receive(&a); errors.Is(err, io.EOF) {
				return
			}
		}
	})
}
