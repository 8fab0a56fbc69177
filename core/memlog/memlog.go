// Package memlog is a core.Storage in memory: what it holds is gone when the
// process ends. It isolates the transport in a measurement and is the
// reference for other storages, which pass the same suite (core/storagetest).
//
// It starts no goroutine. Like every Storage it has one user at a time.
package memlog

import (
	"fmt"

	"github.com/raftbench/raftbench/core"
)

// Log is a storage in memory. Make one with New.
type Log struct {
	Runs
	hard core.HardState

	snapshot snapshot
	closed   bool
	doubt    *core.Doubt
}

var _ core.Doubter = (*Log)(nil)

// New returns an empty log. It is in doubt, as one on an empty disk is: the memory of
// a process that ended is a disk that was lost.
func New() *Log {
	doubt := core.NewbornDoubt()
	return &Log{doubt: &doubt}
}

// Doubt implements core.Doubter.
func (l *Log) Doubt() *core.Doubt { return l.doubt }

// Settle implements core.Doubter.
func (l *Log) Settle() error {
	l.doubt = nil
	return nil
}

// State implements core.Storage.
func (l *Log) State() (core.HardState, core.SnapshotMeta, error) {
	return l.hard, l.snapshot.manifest.Meta, nil
}

// Write implements core.Storage. It calls done before it returns.
func (l *Log) Write(w core.Write, done func(error)) {
	done(l.write(w))
}

func (l *Log) write(w core.Write) error {
	if l.closed {
		return fmt.Errorf("memlog: write after close: %w", core.ErrClosed)
	}
	if err := l.Replace(w.Entries); err != nil {
		return err
	}
	if w.HardState != nil {
		l.hard = *w.HardState
	}
	return nil
}

// Compact implements core.Storage.
func (l *Log) Compact(i core.Index) error {
	if now := l.snapshot.manifest.Meta; i > now.Index {
		return fmt.Errorf("memlog: compact to %d beyond %v: %w", i, now, core.ErrOutOfRange)
	}
	return l.Runs.Compact(i)
}

// Close implements core.Storage. What was written stays readable, so that a
// test can start a node again on the same log; see Reopen.
func (l *Log) Close() error {
	l.closed = true
	return nil
}

// Reopen makes a closed log writable again, as opening a log on disk would.
func (l *Log) Reopen() *Log {
	l.closed = false
	return l
}
