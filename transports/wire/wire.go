// Package wire is the binary encoding of the messages of package core: what the
// raw TCP and HTTP transports put on a connection and the write-ahead log on a
// disk.
//
// It appends to and decodes from byte slices. It does no I/O, starts no
// goroutine, and knows neither frames nor checksums: the length of a message,
// its kind and its integrity are its carrier's business.
//
// Numbers are little-endian and of fixed width. With uvarint an AppendEntries
// with one entry of 128 B is 57 bytes shorter and its response 52, but encoding
// and decoding the pair takes 77 ns of CPU instead of 45 (a throw-away copy next
// to BenchmarkAppendEntries, medians of 6 on an AMD EPYC), and the size on the
// wire would depend on the run: terms and indexes grow.
//
// A value has exactly one encoding: what decodes without an error encodes to the
// same bytes again.
package wire

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/raftbench/raftbench/core"
)

// Version numbers the format. Carriers send or store it and refuse any other.
// 2 brought traces to Propose and Read, 3 the configuration to InstallSnapshot, 4 the
// time that is left to Propose and Read, 5 the clock to the response of AppendEntries.
const Version = 5

// ErrMalformed is matched by every decoding error: the bytes end too early, go on
// after the message, or hold a value that no encoder writes.
var ErrMalformed = errors.New("malformed message")

func malformed(kind core.Kind, what string) error {
	return fmt.Errorf("%w: %v %s", ErrMalformed, kind, what)
}

// listHeadBytes stands before the data of each item of a list, and before the list.
const listHeadBytes = 4

func appendBytes(buf, b []byte) []byte {
	buf = binary.LittleEndian.AppendUint32(buf, uint32(len(b)))
	return append(buf, b...)
}

func appendList(buf []byte, list [][]byte) []byte {
	buf = binary.LittleEndian.AppendUint32(buf, uint32(len(list)))
	for _, b := range list {
		buf = appendBytes(buf, b)
	}
	return buf
}

func sizeList(list [][]byte) int {
	n := listHeadBytes * (1 + len(list))
	for _, b := range list {
		n += len(b)
	}
	return n
}

// flags packs booleans, the first into the lowest bit.
func flags(bits ...bool) byte {
	var f byte
	for i, bit := range bits {
		if bit {
			f |= 1 << i
		}
	}
	return f
}

// cursor takes values off the front of a message. The first value that is not
// there sets short, and everything after it reads as zero.
type cursor struct {
	rest  []byte
	short bool
}

func (c *cursor) uint64() uint64 {
	if len(c.rest) < 8 {
		c.short, c.rest = true, nil
		return 0
	}
	v := binary.LittleEndian.Uint64(c.rest)
	c.rest = c.rest[8:]
	return v
}

// nonzero takes a number that would not be there if it were zero.
func (c *cursor) nonzero() uint64 {
	v := c.uint64()
	if v == 0 {
		c.short, c.rest = true, nil
	}
	return v
}

func (c *cursor) uint32() uint32 {
	if len(c.rest) < 4 {
		c.short, c.rest = true, nil
		return 0
	}
	v := binary.LittleEndian.Uint32(c.rest)
	c.rest = c.rest[4:]
	return v
}

func (c *cursor) byte() byte {
	if len(c.rest) < 1 {
		c.short = true
		return 0
	}
	v := c.rest[0]
	c.rest = c.rest[1:]
	return v
}

// flags takes a byte of which only the lowest n bits may be set.
func (c *cursor) flags(n int) byte {
	f := c.byte()
	if f>>n != 0 {
		c.short, c.rest = true, nil
	}
	return f
}

// bytes takes a length and that many bytes, which alias the message. Empty is nil.
func (c *cursor) bytes() []byte {
	n := uint64(c.uint32())
	if n > uint64(len(c.rest)) {
		c.short, c.rest = true, nil
		return nil
	}
	if n == 0 {
		return nil
	}
	b := c.rest[:n:n]
	c.rest = c.rest[n:]
	return b
}

// count takes a number of items of at least itemBytes each, and refuses one that
// the bytes present cannot hold, before anybody allocates for it.
func (c *cursor) count(itemBytes int) int {
	n := uint64(c.uint32())
	if n > uint64(len(c.rest)/itemBytes) {
		c.short, c.rest = true, nil
		return 0
	}
	return int(n)
}

func (c *cursor) end(kind core.Kind) error {
	if c.short {
		return malformed(kind, "is cut short or holds a value out of range")
	}
	if len(c.rest) > 0 {
		return malformed(kind, "has bytes after its end")
	}
	return nil
}
