package main

import (
	"encoding/binary"
	"fmt"
	"io"
	"sync"

	"github.com/raftbench/raftbench/core"
)

// tally is every node's state machine: it counts the commands that were applied, and
// keeps a sum that depends on their order. It costs next to nothing, so that what
// is measured is the engine. It may be used concurrently.
type tally struct {
	mu     sync.Mutex
	counts counts
}

// counts say what was applied.
type counts struct {
	Commands uint64
	Sum      uint64
}

func (c *counts) add(command []byte) {
	c.Commands++
	c.Sum = c.Sum*1099511628211 ^ binary.LittleEndian.Uint64(command)
}

// read returns what was applied so far.
func (t *tally) read() counts {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.counts
}

// each applies n commands.
func (t *tally) each(n int, command func(int) []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range n {
		t.counts.add(command(i))
	}
}

// Apply implements core.StateMachine.
func (t *tally) Apply(entries []core.Entry, results *core.Results) {
	t.each(len(entries), func(i int) []byte { return entries[i].Data })
	for range entries {
		results.Append(nil)
	}
}

// Query implements core.StateMachine.
func (t *tally) Query(_ []byte, results *core.Results) { results.Append(nil) }

// WriteSnapshot implements core.StateMachine.
func (t *tally) WriteSnapshot(w io.Writer) error {
	if err := binary.Write(w, binary.LittleEndian, t.read()); err != nil {
		return fmt.Errorf("write a tally: %w", err)
	}
	return nil
}

// ReadSnapshot implements core.StateMachine.
func (t *tally) ReadSnapshot(r io.Reader) error {
	var c counts
	if err := binary.Read(r, binary.LittleEndian, &c); err != nil {
		return fmt.Errorf("read a tally: %w", err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.counts = c
	return nil
}
