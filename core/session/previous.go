package session

import (
	"encoding/binary"
	"math"

	"github.com/raftbench/raftbench/core"
)

// previous is the last write in the log: a KindNext directly behind it continues it. It is
// part of the snapshot, which may be of the moment between the two.
type previous struct {
	index           core.Index // zero: there was none
	session         ID
	sequence, ahead uint64 // as in cutWrite
}

// next becomes the write after it, if there can be one in the entry at an index.
func (p *previous) next(at core.Index) bool {
	if p.index == 0 || at != p.index+1 || p.ahead == Window || p.sequence == math.MaxUint64 {
		return false
	}
	p.index, p.sequence, p.ahead = at, p.sequence+1, p.ahead+1
	return true
}

// append appends the encoding: the index, and if there was a write, the rest.
func (p *previous) append(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(p.index))
	if p.index == 0 {
		return b
	}
	b = binary.AppendUvarint(b, uint64(p.session))
	b = binary.AppendUvarint(b, p.sequence)
	return binary.AppendUvarint(b, p.ahead)
}

// previous decodes what previous.append wrote.
func (p *parser) previous() (last previous) {
	last.index = core.Index(p.number("index of the last write", math.MaxUint64))
	if last.index == 0 {
		return last
	}
	last.session = ID(p.number("session of the last write", math.MaxUint64))
	last.sequence = p.number("number of the last write", math.MaxUint64)
	last.ahead = p.number("distance of the last write", min(Window, last.sequence))
	if p.err == nil && (last.session == 0 || last.ahead == 0) {
		p.fail("the last write has number %d of session %d, %d beyond what was received", last.sequence, last.session, last.ahead)
	}
	return last
}
