// Package wal is a core.Storage on disk: a write-ahead log with group commit, and
// snapshots beside it. docs/wal.md has the format, and what recovery can tell apart.
//
// A directory holds segments, which are files that were filled with zeros before
// they are written to, the newest snapshot, a mark that says what was durable, and a
// lock. The entries of the log are in memory too, where they are read from.
//
// A log has one user at a time, like every Storage, and some goroutines: the
// writer, which takes everything that is queued, writes it as one frame, syncs it and
// says so; and now and then one that makes the file of the next segment, and one that
// deletes a snapshot which was replaced. Close waits for all of them.
package wal

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/memlog"
)

// Options say how to open a log. Dir and Identity are required.
type Options struct {
	Dir string // made if it is not there, with its parents

	// Identity is whose log it is: ErrForeign if the directory holds another's.
	Identity Identity

	// NoSync leaves it to the system when to bring the log to the disk. What was
	// acknowledged then outlives the process and not the power.
	NoSync bool

	// SegmentBytes is the size of a segment, a multiple of 4096. Default 64 MiB. A
	// larger one is made for a batch that does not fit.
	SegmentBytes int64

	// Quarantine opens a log that is damaged, on its sound prefix; see Doubt. What
	// is damaged is kept under a name that ends in ".damaged".
	Quarantine bool

	fs       fileSystem // default: the machine's
	inline   bool       // make the next segment when it is needed, not in a goroutine
	maxQueue int64      // default: maxQueuedBytes
}

const (
	defaultSegmentBytes = 64 << 20
	minSegmentBytes     = 4096
	maxSegmentBytes     = 1 << 30
)

func (o Options) withDefaults() Options {
	if o.SegmentBytes == 0 {
		o.SegmentBytes = defaultSegmentBytes
	}
	if o.fs == nil {
		o.fs = machine{}
	}
	if o.NoSync {
		o.fs = unsynced{o.fs}
	}
	if o.maxQueue == 0 {
		o.maxQueue = maxQueuedBytes
	}
	return o
}

func (o Options) validate() error {
	switch {
	case o.Dir == "":
		return errors.New("wal: Dir is required")
	case o.Identity.Node == 0:
		return errors.New("wal: Identity.Node is zero, which means nobody")
	case o.SegmentBytes < minSegmentBytes || o.SegmentBytes > maxSegmentBytes || o.SegmentBytes%minSegmentBytes != 0:
		return fmt.Errorf("wal: SegmentBytes %d: want a multiple of %d up to %d", o.SegmentBytes, minSegmentBytes, maxSegmentBytes)
	}
	return nil
}

// Log is a log on disk. Make one with Open.
type Log struct {
	options  Options
	recovery Recovery
	doubt    *core.Doubt
	hard     core.HardState // when it was opened
	live     memlog.Runs
	snapshot core.SnapshotMeta

	snapshots atomic.Uint64 // that were begun, to tell their temporary files apart

	lock   io.Closer
	writer *writer
	closed sync.Once
}

var _ core.Doubter = (*Log)(nil)

// Recovery says how the log was found when it was opened.
func (l *Log) Recovery() Recovery { return l.recovery }

// Doubt implements core.Doubter.
func (l *Log) Doubt() *core.Doubt { return l.doubt }

// Settle implements core.Doubter. It waits for the disk.
func (l *Log) Settle() error {
	done := make(chan error, 1)
	l.writer.add(item{settle: true, done: func(err error) { done <- err }})
	err := <-done
	if err == nil {
		l.doubt = nil
	}
	return err
}

// FirstIndex implements core.Log.
func (l *Log) FirstIndex() core.Index { return l.live.FirstIndex() }

// LastIndex implements core.Log.
func (l *Log) LastIndex() core.Index { return l.live.LastIndex() }

// Term implements core.Log.
func (l *Log) Term(i core.Index) (core.Term, error) { return l.live.Term(i) }

// Entries implements core.Log.
func (l *Log) Entries(lo, hi core.Index, maxBytes int) ([]core.Entry, error) {
	return l.live.Entries(lo, hi, maxBytes)
}

// State implements core.Storage.
func (l *Log) State() (core.HardState, core.SnapshotMeta, error) {
	return l.hard, l.snapshot, nil
}

// Write implements core.Storage. It does not wait for the disk, unless so much is
// queued already that the queue's bound is reached (see writer).
func (l *Log) Write(w core.Write, done func(error)) {
	if err := l.live.Replace(w.Entries); err != nil {
		done(fmt.Errorf("wal: %w", err))
		return
	}
	l.writer.add(item{write: w, done: done})
}

// Compact implements core.Storage. Segments that hold nothing else are deleted in the
// background, when a record of the compaction is durable.
func (l *Log) Compact(i core.Index) error {
	if i > l.snapshot.Index {
		return fmt.Errorf("wal: compact to %d beyond %v: %w", i, l.snapshot, core.ErrOutOfRange)
	}
	before := l.live.Base()
	if err := l.live.Compact(i); err != nil {
		return err
	}
	if base := l.live.Base(); base != before {
		l.writer.add(item{base: base, done: ignore})
	}
	return nil
}

// ignore is for items whose failure the next write reports.
func ignore(error) {}

// Close implements core.Storage. What was written before is durable when it returns
// without an error. The lock is released.
func (l *Log) Close() error {
	var err error
	l.closed.Do(func() { err = errors.Join(l.writer.close(), l.lock.Close()) })
	return err
}
