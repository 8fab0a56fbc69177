package wal

import (
	"bytes"
	"errors"
	"runtime"
	"testing"

	"github.com/raftbench/raftbench/core"
)

// Every decoder is fed what it may find on a disk. What it accepts, it writes again
// the same; what it allocates is bounded by what it was given.

func FuzzHeader(f *testing.F) {
	f.Add(header{Identity: testIdentity, number: 3, bytes: 8 << 10, tail: tail{5, 6}, last: 9}.encode())
	f.Add(make([]byte, sectorBytes))
	f.Add([]byte{1, 2, 3})
	f.Fuzz(func(t *testing.T, s []byte) {
		reseal(s)
		h, seed, err := decodeHeader(s)
		if err == nil && (!bytes.Equal(h.encode(), s) || seed == 0 && !isEmpty(s)) {
			t.Fatalf("%+v is not what %x says", h, s)
		}
	})
}

func FuzzMark(f *testing.F) {
	f.Add(mark{Identity: testIdentity, generation: 3, frame: 8, segment: 2, last: 7, term: 6, vote: 5, closed: true}.encode())
	f.Fuzz(func(t *testing.T, s []byte) {
		reseal(s)
		if m, err := decodeMark(s); err == nil && !bytes.Equal(m.encode(), s) {
			t.Fatalf("%+v is not what %x says", m, s)
		}
	})
}

func FuzzManifest(f *testing.F) {
	f.Add(manifest{testIdentity, core.SnapshotManifest{Meta: core.SnapshotMeta{Index: 4, Term: 2}, SizeBytes: 10}}.encode())
	f.Add(manifest{testIdentity, core.SnapshotManifest{Meta: core.SnapshotMeta{Index: 4, Term: 2, Config: "members"}, Signature: core.Signature{7}}}.encode())
	f.Fuzz(func(t *testing.T, s []byte) {
		reseal(s)
		if m, err := decodeManifest(s); err == nil && !bytes.Equal(m.encode(), s) {
			t.Fatalf("%+v is not what %x says", m, s)
		}
	})
}

// reseal makes the checksum of a header right, so that the fuzzer gets past it.
func reseal(s []byte) {
	if len(s) == sectorBytes || len(s) == manifestBytes {
		sealBlock(s)
	}
}

func FuzzFrame(f *testing.F) {
	frame := func(records []byte) []byte {
		return appendFrame(nil, append(make([]byte, frameHeadBytes), records...), 7, &tail{frame: 3, chain: 9})
	}
	records := appendBase(appendState(nil, core.HardState{Term: 2, Vote: 1, Commit: 3}), core.SnapshotMeta{Index: 3, Term: 2})
	f.Add(frame(appendEntries(records, []core.Entry{{Index: 4, Term: 2, Data: []byte("data")}, {Index: 5, Term: 2}})))
	f.Add(frame(make([]byte, 2000)))
	f.Add(make([]byte, sectorBytes))
	f.Fuzz(func(t *testing.T, sectors []byte) {
		for at := 0; at+sectorBytes <= len(sectors); at += sectorBytes {
			s := sectors[at : at+sectorBytes]
			if h, state := readSector(s, 7); state == sectorDamaged && h.frame != 0 && h.part < h.sectors {
				sealSector(s, 7, h)
			}
		}
		var end tail
		var records []byte
		var size int
		var err error
		bounded(t, len(sectors), 2*len(sectors)+4096, func() {
			end = tail{frame: 3, chain: 9}
			records, size, err = readFrame(sectors, 7, &end)
		})
		if err != nil {
			if end != (tail{frame: 3, chain: 9}) {
				t.Fatal("a frame that is wrong moved the tail")
			}
			return
		}
		if again := frame(records); len(again) != size {
			t.Fatalf("a frame of %d bytes, which has %d when it is written", size, len(again))
		}
	})
}

func FuzzRecords(f *testing.F) {
	records := appendBase(appendState(nil, core.HardState{Term: 2, Vote: 1, Commit: 3}), core.SnapshotMeta{Index: 3, Term: 2})
	records = appendDoubt(records, core.Doubt{Sound: 1, Through: 2, Term: 3})
	f.Add(appendEntries(records, []core.Entry{{Index: 4, Term: 2, Data: []byte("data")}, {Index: 5, Term: 2}}))
	f.Add(appendNumbers(nil, recordEntries, ^uint64(0), 1<<32-1))
	f.Add([]byte{byte(recordEntries), 255, 255, 255, 255})
	f.Fuzz(func(t *testing.T, records []byte) {
		var err error
		bounded(t, len(records), 16*len(records)+8192, func() {
			var r replay
			err = r.frame(records)
		})
		if err != nil && !errors.Is(err, errRecord) && !errors.Is(err, core.ErrOutOfRange) && err.Error() == "" {
			t.Fatal("an error without a text")
		}
		for len(records) > 0 {
			rec, rest, err := nextRecord(records)
			if err != nil {
				return
			}
			if again := appendRecord(rec); !bytes.Equal(again, records[:len(records)-len(rest)]) {
				t.Fatalf("%+v is not what %x says", rec, records)
			}
			records = rest
		}
	})
}

func appendRecord(r record) []byte {
	switch r.kind {
	case recordState:
		return appendState(nil, r.state)
	case recordBase:
		return appendBase(nil, r.base)
	case recordDoubt:
		return appendDoubt(nil, r.doubt)
	default:
		return appendEntries(nil, r.entries)
	}
}

// bounded wants f to allocate no more than limit for so many bytes of input. What is
// counted is of the whole process, the fuzzer's own goroutines included, so f has a few
// tries: what it allocates itself is there every time.
func bounded(t *testing.T, input, limit int, f func()) {
	t.Helper()
	var least uint64
	for try := range 5 {
		if n := allocates(f); try == 0 || n < least {
			least = n
		}
		if least <= uint64(limit) {
			return
		}
	}
	t.Fatalf("%d bytes were allocated for %d", least, input)
}

func allocates(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}
