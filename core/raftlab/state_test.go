package raftlab

import (
	"bytes"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/raftbench/raftbench/core"
)

func aState() state {
	return state{
		hard:     core.HardState{Term: 7, Vote: 2, Commit: 12},
		snapshot: core.SnapshotMeta{Index: 10, Term: 5, Config: "members"},
		number:   8,
		entries: []core.Entry{
			{Index: 11, Term: 6, Kind: core.EntryNoOp},
			{Index: 12, Term: 7, Data: []byte("a command")},
		},
	}
}

func TestStateSurvivesItsEncoding(t *testing.T) {
	want := aState()
	got, err := decodeState(want.encode())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(state{})); diff != "" {
		t.Fatal(diff)
	}
}

func TestStateIsWhole(t *testing.T) {
	s := aState()
	whole := s.encode()
	for n := 1; n < len(whole); n++ {
		if _, err := decodeState(whole[:n]); !errors.Is(err, errState) {
			t.Fatalf("%d of %d bytes: %v, want %v", n, len(whole), err, errState)
		}
	}
}

// FuzzState: whatever is not refused encodes to what it was decoded from.
func FuzzState(f *testing.F) {
	s := aState()
	f.Add(s.encode())
	f.Add([]byte{})
	f.Add([]byte{stateVersion})
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := decodeState(data)
		if err != nil || len(data) == 0 {
			return
		}
		if again := s.encode(); !bytes.Equal(again, data) {
			t.Fatalf("% x decodes, and encodes to % x", data, again)
		}
	})
}
