package raft

import "github.com/raftbench/raftbench/core"

// Entries and their data live in blocks that are filled from the front and
// never written to a second time once a Ready has given them out. So a log, a
// transport and a state machine can share them without copying, and a batch
// costs no allocation of its own. The price: a block lives for as long as
// anything in it does.

// blockEntries is the least number of entries in a block of them (48 KiB).
const blockEntries = 1 << 10

// blockBytes is the size of a block of data.
const blockBytes = 256 << 10

// reserve returns tail with room for n more entries. What follows tail in its
// block is unused, or was cut from tail before anybody saw it.
func reserve(tail []core.Entry, n int) []core.Entry {
	if cap(tail)-len(tail) >= n {
		return tail
	}
	// Twice what is needed: a tail that outgrows its block again and again is
	// copied a constant number of times.
	block := make([]core.Entry, len(tail), max(blockEntries, 2*(len(tail)+n)))
	copy(block, tail)
	return block
}

// arena copies data into blocks.
type arena struct {
	free []byte // what is left of the current block
}

// copy returns a copy of b; nil if b is empty.
func (a *arena) copy(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	if len(b) > len(a.free) {
		if len(b) > blockBytes/4 {
			return append([]byte(nil), b...) // a block of its own; the current one is still good
		}
		a.free = make([]byte, blockBytes)
	}
	n := copy(a.free, b)
	c := a.free[:n:n]
	a.free = a.free[n:]
	return c
}
