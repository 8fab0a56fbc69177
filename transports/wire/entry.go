package wire

import (
	"encoding/binary"
	"slices"

	"github.com/raftbench/raftbench/core"
)

// entryHeadBytes stands before the data of each entry: term, kind, length.
const entryHeadBytes = 8 + 1 + 4

// SizeEntries returns the number of bytes that AppendEntries would append.
func SizeEntries(entries []core.Entry) int {
	n := listHeadBytes + entryHeadBytes*len(entries)
	for i := range entries {
		n += len(entries[i].Data)
	}
	return n
}

// AppendEntries appends the encoding of entries to buf. Their indexes are not
// part of it: they follow each other, and the reader knows the first.
func AppendEntries(buf []byte, entries []core.Entry) []byte {
	buf = binary.LittleEndian.AppendUint32(buf, uint32(len(entries)))
	for i := range entries {
		e := &entries[i]
		var head [entryHeadBytes]byte
		binary.LittleEndian.PutUint64(head[0:], uint64(e.Term))
		head[8] = byte(e.Kind)
		binary.LittleEndian.PutUint32(head[9:], uint32(len(e.Data)))
		buf = append(buf, head[:]...)
		buf = append(buf, e.Data...)
	}
	return buf
}

// DecodeEntries decodes body, which must be one whole list of entries following
// prev, into the memory of old. Data aliases body and is valid for as long as
// body is. Errors match ErrMalformed.
func DecodeEntries(body []byte, prev core.Index, old []core.Entry) ([]core.Entry, error) {
	c := cursor{rest: body}
	entries := c.entries(prev, old)
	return entries, c.end(core.KindAppendEntries)
}

// entries takes entries that follow prev into the memory of old.
func (c *cursor) entries(prev core.Index, old []core.Entry) []core.Entry {
	n := c.count(entryHeadBytes)
	entries := slices.Grow(old[:0], n)[:n]
	for i := range entries {
		e := &entries[i]
		e.Index = prev + 1 + core.Index(i)
		e.Term = core.Term(c.uint64())
		e.Kind = core.EntryKind(c.byte())
		e.Data = c.bytes()
	}
	return entries
}
