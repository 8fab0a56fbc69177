package session_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"runtime"
	"testing"

	"github.com/raftbench/raftbench/core/session"
)

// What can be parsed is what is written.
func FuzzParseCommand(f *testing.F) {
	f.Add(session.AppendRegister(nil))
	f.Add(write(7, 1, 0, "body"))
	f.Add(session.AppendNext(nil, []byte("body")))
	f.Add(write(1<<40, session.Window+9, 9, ""))
	f.Add(write(1<<63, 1<<63, 1<<63-1, "body"))
	f.Add(write(1<<16, 1<<24, 1<<24-1, "a longer body"))
	f.Add([]byte{2 | 1<<2, 1, 0, 1, 1, 0, 'b', 'o', 'd', 'y'})
	f.Fuzz(func(t *testing.T, b []byte) {
		c, ok := session.ParseCommand(b)
		if !ok {
			return
		}
		var again []byte
		switch c.Kind {
		case session.KindRegister:
			again = session.AppendRegister(nil)
		case session.KindNext:
			again = session.AppendNext(nil, c.Body)
		case session.KindWrite:
			again = session.AppendWrite(nil, c.Session, c.Sequence, c.Received, c.Body)
			if c.Sequence <= c.Received || c.Sequence-c.Received > session.Window || len(again) > len(c.Body)+session.OverheadBytes {
				t.Fatalf("out of bounds: %+v in %d bytes", c, len(again))
			}
		}
		if !bytes.Equal(b, again) {
			t.Fatalf("%x was parsed as %+v, which is written %x", b, c, again)
		}
	})
}

// A table that can be read is what is written, whatever the checksum protects
// from.
func FuzzReadSnapshot(f *testing.F) {
	table := func(b []byte) []byte { return b[17 : len(b)-8] } // without head and ledger
	r := newRig(f, 3)
	f.Add(table(r.snapshot()))
	id := r.register()
	r.apply(write(id, 4, 2, "a"), write(id, 3, 2, "bb"), session.AppendRegister(nil), write(id+3, 1, 0, "c"))
	f.Add(table(r.snapshot()))
	f.Add([]byte{3, 0x80, 0x80, 0x80, 0x80, 0x01, 0, 0, 1, 5, 0, 0x80, 0x20})
	f.Add([]byte{3, 0x80, 0x80, 0x80, 0x80, 0x01, 0, 9, 5, 4, 5, 0}) // the last write is further ahead than it can be
	f.Fuzz(func(t *testing.T, table []byte) {
		snapshot := []byte("rbss\x03")
		snapshot = binary.LittleEndian.AppendUint64(snapshot, uint64(len(table)))
		snapshot = binary.LittleEndian.AppendUint32(snapshot, crc32.Checksum(table, crc32.MakeTable(crc32.Castagnoli)))
		snapshot = append(append(snapshot, table...), make([]byte, 8)...)
		r := newRig(t, 3)
		err := r.ReadSnapshot(bytes.NewReader(snapshot))
		if err != nil {
			if !errors.Is(err, session.ErrSnapshot) {
				t.Fatalf("%v", err)
			}
			return
		}
		if !bytes.Equal(r.snapshot(), snapshot) {
			t.Fatalf("%x was read, and is written %x", snapshot, r.snapshot())
		}
		r.apply(write(5, 1, 0, "x"), session.AppendRegister(nil), session.AppendRegister(nil))
	})
}

// A head may claim a gigabyte: memory is taken for what arrives.
func TestSnapshotHeadIsNotBelieved(t *testing.T) {
	head := binary.LittleEndian.AppendUint64([]byte("rbss\x03"), 1<<30)
	snapshot := append(head, make([]byte, 100)...)
	const runs = 10
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range runs {
		if err := newRig(t, 1).ReadSnapshot(bytes.NewReader(snapshot)); !errors.Is(err, session.ErrSnapshot) {
			t.Fatalf("%v", err)
		}
	}
	runtime.ReadMemStats(&after)
	if n := (after.TotalAlloc - before.TotalAlloc) / runs; n > 1<<20 {
		t.Fatalf("%d bytes were taken for 100", n)
	}
}
