package session

import (
	"encoding/binary"
	"math/bits"

	"github.com/raftbench/raftbench/core"
)

// ID names a session: the index of the entry that registered it, so that no two ever
// have the same. Zero is no session.
type ID core.Index

// Kind tells commands apart. The numbers are part of the log's format: never reuse
// one.
type Kind uint8

// The kinds of command.
const (
	KindRegister Kind = 1 // opens a session; the answer is its ID
	KindWrite    Kind = 2
	KindNext     Kind = 3 // a write, too: the one after that in the entry before
)

// Command is a decoded command. Body points into what it was decoded from.
//
// A register is its kind and nothing else. A write has its kind in the lower two bits of its
// first byte, and in the others how many bytes the session and the sequence number take,
// less one, in three bits each. These two follow, little-endian and as short as can be, then
// in two bytes by how much the latter is beyond Received, and the body. That is 1 to Window:
// there is no way to write a number that is out of the window. In most cases the three numbers
// have eight bytes together at most and are decoded at one stroke.
//
// A next one is its kind and the body. It is a write of the same session as that in the entry
// directly before it, with the number after that one's and the same Received; where there is none,
// it is malformed. So all but the first of a client's batch need one byte each.
type Command struct {
	Kind     Kind
	Session  ID     // of a KindWrite alone, as the next two
	Sequence uint64 // the first write of a session has 1
	Received uint64 // answers of writes through this one will not be asked for again
	Body     []byte // for the wrapped state machine
}

const (
	kindBits  = 2 // of the first byte
	widthBits = 3

	aheadBytes = 2
	wordBytes  = 8
)

// OverheadBytes is the most that AppendWrite adds to a body.
const OverheadBytes = 1 + 2*wordBytes + aheadBytes

// AppendRegister appends the command that opens a session.
func AppendRegister(dst []byte) []byte { return append(dst, byte(KindRegister)) }

// AppendWrite appends the command by which a session has the wrapped state machine
// execute body. The sequence number must be beyond received, by at most Window; Numbers
// gives such ones.
func AppendWrite(dst []byte, session ID, sequence, received uint64, body []byte) []byte {
	ws, wq := width(uint64(session)), width(sequence)
	dst = append(dst, byte(KindWrite)|byte(ws-1)<<kindBits|byte(wq-1)<<(kindBits+widthBits))
	if n := ws + wq + aheadBytes; n <= wordBytes {
		word := uint64(session) | sequence<<(8*ws&63) | (sequence-received)<<(8*(ws+wq)&63)
		dst = binary.LittleEndian.AppendUint64(dst, word)
		return append(dst[:len(dst)-wordBytes+n], body...)
	}
	dst = binary.LittleEndian.AppendUint64(dst, uint64(session))[:len(dst)+ws]
	dst = binary.LittleEndian.AppendUint64(dst, sequence)[:len(dst)+wq]
	dst = binary.LittleEndian.AppendUint16(dst, uint16(sequence-received))
	return append(dst, body...)
}

// AppendNext appends the command that has body executed as the write after the one before it in
// the same core.ProposeRequest, which keeps the two together. It must not be the first there: it
// would be taken for the next write of whoever came before.
func AppendNext(dst, body []byte) []byte {
	return append(append(dst, byte(KindNext)), body...)
}

// width is how many bytes n takes.
func width(n uint64) int { return (bits.Len64(n|1) + 7) / 8 }

// ParseCommand decodes b. It reports false for anything that AppendRegister, AppendWrite and
// AppendNext would not have written.
func ParseCommand(b []byte) (c Command, ok bool) {
	if len(b) == 1 && Kind(b[0]) == KindRegister {
		return Command{Kind: KindRegister}, true
	}
	if isNext(b) {
		return Command{Kind: KindNext, Body: b[1:]}, true
	}
	session, sequence, ahead, body := cutWrite(b)
	if body == nil {
		return Command{}, false
	}
	return Command{Kind: KindWrite, Session: session, Sequence: sequence, Received: sequence - ahead, Body: body}, true
}

func isNext(b []byte) bool { return len(b) > 0 && Kind(b[0]) == KindNext }

// cutWrite decodes a KindWrite. The body is nil if b is none, and only then. It returns words
// rather than a Command: that has too many fields to be kept in registers, and copying it
// in wide words right after its fields were written waits for them. Without this copy and
// that of an entry in Machine.apply a write took 25 ns instead of 37 (BenchmarkApply/null,
// over a log in the cache).
func cutWrite(b []byte) (session ID, sequence, ahead uint64, body []byte) {
	if len(b) == 0 || Kind(b[0]&(1<<kindBits-1)) != KindWrite {
		return 0, 0, 0, nil
	}
	const widthMask = 1<<widthBits - 1
	ws, wq := int(b[0]>>kindBits&widthMask)+1, int(b[0]>>(kindBits+widthBits))+1
	end := 1 + ws + wq + aheadBytes
	var id uint64
	switch {
	case len(b) > wordBytes && end <= 1+wordBytes:
		word := binary.LittleEndian.Uint64(b[1:])
		id, word = split(word, ws)
		sequence, word = split(word, wq)
		ahead = word & (1<<(8*aheadBytes) - 1)
	case len(b) >= end:
		id, sequence, ahead = number(b[1:1+ws]), number(b[1+ws:1+ws+wq]), number(b[1+ws+wq:end])
	}
	if highByte(id, ws) == 0 || highByte(sequence, wq) == 0 || ahead-1 >= min(Window, sequence) {
		return 0, 0, 0, nil // zero, or longer than it needs to be, or out of the window
	}
	return ID(id), sequence, ahead, b[end:]
}

// split takes the lower bytes of a word off, less than all. The compiler need not be careful with
// shifts by less than 64.
func split(word uint64, bytes int) (low, rest uint64) {
	shift := 8 * bytes & 63
	return word & (1<<shift - 1), word >> shift
}

// highByte is the highest byte of a number of so many bytes.
func highByte(n uint64, bytes int) uint64 { return n >> (8 * (bytes - 1) & 63) }

// number decodes a little-endian number of at most eight bytes.
func number(b []byte) (n uint64) {
	for i, c := range b {
		n |= uint64(c) << (8 * i)
	}
	return n
}

// cutUvarint splits b behind a varint as binary.AppendUvarint writes it: the shortest.
func cutUvarint(b []byte) (n uint64, rest []byte, ok bool) {
	n, width := binary.Uvarint(b)
	if width <= 0 || width > 1 && b[width-1] == 0 {
		return 0, nil, false
	}
	return n, b[width:], true
}
