package kv

import (
	"cmp"
	"io"
	"slices"
	"sync"

	"github.com/raftbench/raftbench/core"
)

// capture is the state of a Machine at one moment. Nothing is copied when it is made:
// a put that changes a value which the capture has not written yet leaves the old one
// to it (copy on write).
//
// The machine's user and the goroutine that writes the capture share mu: a batch of
// puts waits for the pieces of at most pieceBytes that are copied at a time.
type capture struct {
	machine *Machine
	id      uint64
	items   []named // those that there were, in order of their first put
	sorted  []named // by key; at first, of the capture before, which has some of them

	mu    sync.Mutex
	saved map[*item][]byte // results that were replaced since, and are not written
}

// pieceBytes is how much is copied while puts wait: 64 KiB take some 10 us.
const pieceBytes = 64 << 10

var _ core.Capturer = (*Machine)(nil)

// Capture implements core.Capturer.
func (m *Machine) Capture() core.Capture {
	m.captures++
	c := &capture{machine: m, id: m.captures, items: m.order[:len(m.order):len(m.order)], sorted: m.sorted, saved: map[*item][]byte{}}
	m.capture = c
	return c
}

// Release implements core.Capture.
func (c *capture) Release() {
	if c.machine.capture == c {
		c.machine.capture, c.machine.sorted = nil, c.sorted
	}
}

// keep saves a value that a put is going to replace, unless the capture has it.
func (c *capture) keep(it *item) {
	if it.captured != c.id {
		it.captured = c.id
		c.saved[it], it.result = it.result, nil
	}
}

// WriteSnapshot implements core.Capture.
func (c *capture) WriteSnapshot(w io.Writer) error {
	c.sort()
	s := newSnapshotWriter(w, len(c.sorted))
	var piece []byte
	for rest := c.sorted; len(rest) > 0; {
		n := 0
		piece, n = c.copy(piece[:0], rest)
		if err := s.write(piece); err != nil {
			return err
		}
		rest = rest[n:]
	}
	return s.end()
}

// sort sorts the items, unless the capture before had all of them.
func (c *capture) sort() {
	if len(c.sorted) == len(c.items) {
		return
	}
	c.sorted = slices.Clone(c.items)
	slices.SortFunc(c.sorted, func(a, b named) int { return cmp.Compare(a.key, b.key) })
}

// copy appends the first items to piece, as they stand in a snapshot, and returns how
// many they are.
func (c *capture) copy(piece []byte, items []named) ([]byte, int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for n, it := range items {
		if len(piece) >= pieceBytes {
			return piece, n
		}
		result := it.result
		if it.captured == c.id {
			result = c.saved[it.item]
			delete(c.saved, it.item)
		}
		it.captured = c.id
		piece = appendItem(piece, it.key, result[1:])
	}
	return piece, len(items)
}
