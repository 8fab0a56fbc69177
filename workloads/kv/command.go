package kv

import "encoding/binary"

// Kind tells commands apart. The numbers are part of the log's format: never
// reuse one.
type Kind uint8

// The kinds of command. KindGet is also the only query.
const (
	KindPut Kind = 1
	KindGet Kind = 2
)

func (k Kind) String() string {
	switch k {
	case KindPut:
		return "put"
	case KindGet:
		return "get"
	default:
		return "unknown"
	}
}

// MaxKeyBytes is the longest key that a command may carry.
const MaxKeyBytes = 1 << 10

// Command is a decoded command or query. Key and Value point into what it was
// decoded from.
//
// The encoding is one byte of kind, the length of the key as an unsigned
// varint, the key, and, for a put, everything that is left as the value: one
// length less to write, and nothing that could disagree with it.
type Command struct {
	Kind  Kind
	Key   []byte
	Value []byte // of a put
}

// AppendPut appends the command that stores value under key, which must not be
// longer than MaxKeyBytes.
func AppendPut(dst, key, value []byte) []byte {
	dst = append(dst, byte(KindPut))
	dst = binary.AppendUvarint(dst, uint64(len(key)))
	dst = append(dst, key...)
	return append(dst, value...)
}

// AppendGet appends the command, or query, that reads key.
func AppendGet(dst, key []byte) []byte {
	dst = append(dst, byte(KindGet))
	dst = binary.AppendUvarint(dst, uint64(len(key)))
	return append(dst, key...)
}

// ParseCommand decodes b. It reports false for anything that AppendPut and
// AppendGet would not have written.
func ParseCommand(b []byte) (Command, bool) {
	if len(b) < 2 {
		return Command{}, false
	}
	n, width := binary.Uvarint(b[1:])
	if width <= 0 || n > MaxKeyBytes || n > uint64(len(b)-1-width) || width > 1 && n < 1<<(7*(width-1)) {
		return Command{}, false
	}
	start := 1 + width
	end := start + int(n)
	c := Command{Kind: Kind(b[0]), Key: b[start:end:end], Value: b[end:]}
	switch c.Kind {
	case KindPut:
		return c, true
	case KindGet:
		c.Value = nil
		return c, end == len(b)
	default:
		return Command{}, false
	}
}
