package wal

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/raftbench/raftbench/core"
)

// The mark is what the log knew to be durable, kept outside the log: a second
// witness of its end, and of the term and the vote. It is written after every sync
// of the log and before anybody is told that something is durable, so that it never
// runs ahead. It is itself synced only when it has a new term, vote or segment, and
// by Close: a process that dies leaves it exact, a loss of power leaves it late.
//
// There are two slots, of which the newer sound one counts, in pages of their own.
//
//	0   checksum, CRC32C of the rest
//	4   "raftmark"
//	12  version
//	16  cluster
//	24  node
//	32  generation: the higher is the newer
//	40  the last durable frame
//	48  the segment that is written to
//	56  index of the last entry in the log
//	64  term
//	72  vote
//	80  1 if the log was closed: nothing follows that frame
//	88  zeros
type mark struct {
	Identity
	generation uint64
	frame      uint64
	segment    uint64
	last       core.Index
	term       core.Term
	vote       core.NodeID
	closed     bool
}

const (
	markName      = "mark"
	markMagic     = "raftmark"
	markSlots     = 2
	markSlotBytes = 4096
)

func (m mark) encode() []byte {
	s := make([]byte, sectorBytes)
	copy(s[4:], markMagic)
	binary.LittleEndian.PutUint32(s[12:], version)
	var closed uint64
	if m.closed {
		closed = 1
	}
	for i, n := range []uint64{m.Cluster, uint64(m.Node), m.generation, m.frame, m.segment, uint64(m.last), uint64(m.term), uint64(m.vote), closed} {
		binary.LittleEndian.PutUint64(s[16+8*i:], n)
	}
	sealBlock(s)
	return s
}

// decodeMark returns what a slot says. An error matches ErrForeign if the version is
// another.
func decodeMark(s []byte) (mark, error) {
	if err := checkBlock(s, sectorBytes, markMagic); err != nil {
		return mark{}, err
	}
	number := func(i int) uint64 { return binary.LittleEndian.Uint64(s[16+8*i:]) }
	m := mark{
		Identity: Identity{number(0), core.NodeID(number(1))}, generation: number(2), frame: number(3), segment: number(4),
		last: core.Index(number(5)), term: core.Term(number(6)), vote: core.NodeID(number(7)), closed: number(8) == 1,
	}
	if !bytes.Equal(m.encode(), s) {
		return mark{}, errors.New("the mark has values that no log writes")
	}
	return m, nil
}

// slots counts what the slots of a mark are. A loss of power leaves each sound or empty.
type slots struct{ sound, empty, damaged int }

// readMark returns the newer sound slot of the file, if there is one.
func readMark(f file) (m mark, found slots, err error) {
	for slot := range markSlots {
		s := make([]byte, sectorBytes)
		if _, err := f.ReadAt(s, int64(slot)*markSlotBytes); err != nil && !errors.Is(err, io.EOF) {
			return mark{}, found, err
		}
		if isEmpty(s) {
			found.empty++
			continue
		}
		one, err := decodeMark(s)
		switch {
		case errors.Is(err, ErrForeign):
			return mark{}, found, err
		case err != nil:
			found.damaged++
			continue
		}
		if found.sound++; one.generation > m.generation {
			m = one
		}
	}
	return m, found, nil
}

// writeMark writes the next generation of m into the slot that it does not have.
func writeMark(f file, m *mark) error {
	m.generation++
	_, err := f.WriteAt(m.encode(), int64(m.generation%markSlots)*markSlotBytes)
	return err
}

// createMark makes the file of a new log: before anything else, so that a directory
// with a segment and no mark is known to have lost it.
func createMark(fs fileSystem, dir string, m *mark) (file, error) {
	f, err := fs.Create(filepath.Join(dir, markName))
	if err != nil {
		return nil, err
	}
	if err = f.Allocate(markSlots * markSlotBytes); err == nil {
		err = establishMark(fs, dir, f, m)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("wal: create %s: %w", filepath.Join(dir, markName), err), f.Close())
	}
	return f, nil
}

// establishMark makes a mark durable, with its name.
func establishMark(fs fileSystem, dir string, f file, m *mark) error {
	err := writeMark(f, m)
	if err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = fs.SyncDir(dir)
	}
	return err
}
