package session

import (
	"encoding/binary"

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
)

// Command is a decoded command. Body points into what it was decoded from.
//
// A register is its kind and nothing else. A write is its kind, three unsigned varints
// and its body: the session, the sequence number, and by how much that is beyond
// Received, which is 1 to Window. There is no way to write a number that is out of
// the window.
type Command struct {
	Kind     Kind
	Session  ID
	Sequence uint64 // the first write of a session has 1
	Received uint64 // answers of writes through this one will not be asked for again
	Body     []byte // for the wrapped state machine
}

// OverheadBytes is the most that AppendWrite adds to a body.
const OverheadBytes = 1 + 2*binary.MaxVarintLen64 + 2

// AppendRegister appends the command that opens a session.
func AppendRegister(dst []byte) []byte { return append(dst, byte(KindRegister)) }

// AppendWrite appends the command by which a session has the wrapped state machine
// execute body. The sequence number must be beyond received, by at most Window; Numbers
// gives such ones.
func AppendWrite(dst []byte, session ID, sequence, received uint64, body []byte) []byte {
	dst = append(dst, byte(KindWrite))
	dst = binary.AppendUvarint(dst, uint64(session))
	dst = binary.AppendUvarint(dst, sequence)
	dst = binary.AppendUvarint(dst, sequence-received)
	return append(dst, body...)
}

// ParseCommand decodes b. It reports false for anything that AppendRegister and
// AppendWrite would not have written.
func ParseCommand(b []byte) (Command, bool) {
	if len(b) == 0 {
		return Command{}, false
	}
	kind, b := Kind(b[0]), b[1:]
	switch kind {
	case KindRegister:
		return Command{Kind: kind}, len(b) == 0
	case KindWrite:
		return parseWrite(b)
	}
	return Command{}, false
}

func parseWrite(b []byte) (Command, bool) {
	var numbers [3]uint64
	for i := range numbers {
		var ok bool
		if numbers[i], b, ok = cutUvarint(b); !ok {
			return Command{}, false
		}
	}
	session, sequence, ahead := numbers[0], numbers[1], numbers[2]
	if session == 0 || ahead == 0 || ahead > Window || ahead > sequence {
		return Command{}, false
	}
	return Command{Kind: KindWrite, Session: ID(session), Sequence: sequence, Received: sequence - ahead, Body: b}, true
}

// cutUvarint splits b behind a varint as binary.AppendUvarint writes it: the shortest.
func cutUvarint(b []byte) (n uint64, rest []byte, ok bool) {
	n, width := binary.Uvarint(b)
	if width <= 0 || width > 1 && b[width-1] == 0 {
		return 0, nil, false
	}
	return n, b[width:], true
}
