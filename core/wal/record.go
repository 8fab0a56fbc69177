package wal

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/transports/wire"
)

// A record is one change of the storage: its kind, the length of what follows, and
// that. Numbers are little-endian.
const recordHeadBytes = 1 + 4

type recordKind byte

const (
	// recordState: term, vote, commit.
	recordState recordKind = iota + 1
	// recordBase: index and term of the entry before the first (memlog.Runs.Rest).
	recordBase
	// recordDoubt: sound, through, term; zeros when the doubt has ended.
	recordDoubt
	// recordEntries: index of the first, then as in wire.AppendEntries. They replace
	// everything from there on.
	recordEntries
)

var errRecord = errors.New("malformed record")

// record is a decoded record; kind says which of the fields counts.
type record struct {
	kind    recordKind
	state   core.HardState
	base    core.SnapshotMeta
	doubt   core.Doubt
	entries []core.Entry
}

func appendState(buf []byte, s core.HardState) []byte {
	return appendNumbers(buf, recordState, uint64(s.Term), uint64(s.Vote), uint64(s.Commit))
}

func appendBase(buf []byte, m core.SnapshotMeta) []byte {
	return appendNumbers(buf, recordBase, uint64(m.Index), uint64(m.Term))
}

func appendDoubt(buf []byte, d core.Doubt) []byte {
	return appendNumbers(buf, recordDoubt, uint64(d.Sound), uint64(d.Through), uint64(d.Term))
}

func appendNumbers(buf []byte, kind recordKind, numbers ...uint64) []byte {
	buf = append(buf, byte(kind))
	buf = binary.LittleEndian.AppendUint32(buf, uint32(8*len(numbers)))
	for _, n := range numbers {
		buf = binary.LittleEndian.AppendUint64(buf, n)
	}
	return buf
}

func appendEntries(buf []byte, entries []core.Entry) []byte {
	buf = append(buf, byte(recordEntries))
	buf = binary.LittleEndian.AppendUint32(buf, uint32(8+wire.SizeEntries(entries)))
	buf = binary.LittleEndian.AppendUint64(buf, uint64(entries[0].Index))
	return wire.AppendEntries(buf, entries)
}

// nextRecord takes a record off the front of records. Entries alias it.
func nextRecord(records []byte) (record, []byte, error) {
	if len(records) < recordHeadBytes {
		return record{}, nil, fmt.Errorf("%w: %d bytes are no record", errRecord, len(records))
	}
	kind, length := recordKind(records[0]), binary.LittleEndian.Uint32(records[1:])
	records = records[recordHeadBytes:]
	if uint64(length) > uint64(len(records)) {
		return record{}, nil, fmt.Errorf("%w: %d bytes of %d are there", errRecord, len(records), length)
	}
	r, err := decodeRecord(kind, records[:length:length])
	return r, records[length:], err
}

func decodeRecord(kind recordKind, body []byte) (record, error) {
	r := record{kind: kind}
	number := func(i int) uint64 { return binary.LittleEndian.Uint64(body[8*i:]) }
	switch {
	case kind == recordEntries && len(body) > 8:
		return r, r.decodeEntries(core.Index(number(0)), body[8:])
	case kind == recordState && len(body) == 24:
		r.state = core.HardState{Term: core.Term(number(0)), Vote: core.NodeID(number(1)), Commit: core.Index(number(2))}
	case kind == recordBase && len(body) == 16:
		r.base = core.SnapshotMeta{Index: core.Index(number(0)), Term: core.Term(number(1))}
	case kind == recordDoubt && len(body) == 24:
		r.doubt = core.Doubt{Sound: core.Index(number(0)), Through: core.Index(number(1)), Term: core.Term(number(2))}
	default:
		return r, fmt.Errorf("%w: kind %d with %d bytes", errRecord, kind, len(body))
	}
	return r, nil
}

func (r *record) decodeEntries(first core.Index, list []byte) error {
	if first == 0 {
		return fmt.Errorf("%w: an entry with index 0", errRecord)
	}
	var err error
	r.entries, err = wire.DecodeEntries(list, first-1, nil)
	if err == nil && len(r.entries) == 0 {
		err = fmt.Errorf("%w: no entries", errRecord)
	}
	if err == nil && r.entries[len(r.entries)-1].Index < first {
		err = fmt.Errorf("%w: indexes beyond the largest", errRecord)
	}
	return err
}
