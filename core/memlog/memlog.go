// Package memlog is a core.Storage in memory: what it holds is gone when the
// process ends. It isolates the transport in a measurement and is the
// reference for other storages, which pass the same suite (core/storagetest).
//
// It starts no goroutine. Like every Storage it has one user at a time.
package memlog

import (
	"bytes"
	"fmt"
	"io"
	"sort"

	"github.com/raftbench/raftbench/core"
)

// gatherBelow is the number of entries under which Entries copies from several
// runs into one slice rather than return a short piece: a follower that catches
// up must not be fed one entry at a time.
const gatherBelow = 64

// Log is a storage in memory. Make one with New.
type Log struct {
	hard core.HardState

	// Entries are kept as they came, in runs that no one copies.
	//
	// Invariant: runs are not empty, and their indexes follow base.Index and
	// each other without a gap.
	runs [][]core.Entry
	base core.SnapshotMeta // the entry before the first: compacted, or the snapshot's

	snapshot     core.SnapshotMeta
	snapshotData []byte
	closed       bool
}

var _ core.Storage = (*Log)(nil)

// New returns an empty log.
func New() *Log { return new(Log) }

// FirstIndex implements core.Log.
func (l *Log) FirstIndex() core.Index { return l.base.Index + 1 }

// LastIndex implements core.Log.
func (l *Log) LastIndex() core.Index {
	if len(l.runs) == 0 {
		return l.base.Index
	}
	run := l.runs[len(l.runs)-1]
	return run[len(run)-1].Index
}

// Term implements core.Log.
func (l *Log) Term(i core.Index) (core.Term, error) {
	if i == l.base.Index {
		return l.base.Term, nil
	}
	if err := l.check(i, i+1); err != nil {
		return 0, err
	}
	run := l.runs[l.find(i)]
	return run[i-run[0].Index].Term, nil
}

// Entries implements core.Log.
func (l *Log) Entries(lo, hi core.Index, maxBytes int) ([]core.Entry, error) {
	if err := l.check(lo, hi); err != nil || lo == hi {
		return nil, err
	}
	r := l.find(lo)
	piece := cut(l.runs[r], lo, hi)
	entries, full := limit(piece, maxBytes)
	last := entries[len(entries)-1].Index
	if full || last+1 == hi || len(entries) >= gatherBelow {
		return entries, nil
	}
	return l.gather(entries, r+1, hi, maxBytes), nil
}

// gather copies piece and what follows it, from run r on, into one slice.
func (l *Log) gather(piece []core.Entry, r int, hi core.Index, maxBytes int) []core.Entry {
	out := append(make([]core.Entry, 0, 2*gatherBelow), piece...)
	size := core.EntriesSizeBytes(piece)
	for ; r < len(l.runs) && len(out) < gatherBelow; r++ {
		for i := range l.runs[r] {
			e := &l.runs[r][i]
			size += e.SizeBytes()
			if e.Index >= hi || size > maxBytes {
				return out
			}
			out = append(out, *e)
		}
	}
	return out
}

// check tells whether the log holds the entries from lo up to but not including hi.
func (l *Log) check(lo, hi core.Index) error {
	if lo < l.FirstIndex() {
		return fmt.Errorf("memlog: index %d, first is %d: %w", lo, l.FirstIndex(), core.ErrCompacted)
	}
	if lo > hi || hi > l.LastIndex()+1 {
		return fmt.Errorf("memlog: range %d to %d, last is %d: %w", lo, hi, l.LastIndex(), core.ErrOutOfRange)
	}
	return nil
}

// find returns the run that holds index i, which must be in the log.
func (l *Log) find(i core.Index) int {
	// The end of the log is what everybody asks for.
	if last := len(l.runs) - 1; l.runs[last][0].Index <= i {
		return last
	}
	return sort.Search(len(l.runs), func(r int) bool { return l.runs[r][0].Index > i }) - 1
}

// cut returns the part of a run from lo on and before hi; lo lies within the run.
func cut(run []core.Entry, lo, hi core.Index) []core.Entry {
	from := int(lo - run[0].Index)
	to := min(int(hi-run[0].Index), len(run))
	return run[from:to:to]
}

// limit cuts entries to maxBytes, but not to nothing, and says whether it did.
func limit(entries []core.Entry, maxBytes int) ([]core.Entry, bool) {
	size := 0
	for i := range entries {
		size += entries[i].SizeBytes()
		if size > maxBytes && i > 0 {
			return entries[:i:i], true
		}
	}
	return entries, size >= maxBytes
}

// State implements core.Storage.
func (l *Log) State() (core.HardState, core.SnapshotMeta, error) {
	return l.hard, l.snapshot, nil
}

// Write implements core.Storage. It calls done before it returns.
func (l *Log) Write(w core.Write, done func(error)) {
	done(l.write(w))
}

func (l *Log) write(w core.Write) error {
	if l.closed {
		return fmt.Errorf("memlog: write after close: %w", core.ErrClosed)
	}
	if len(w.Entries) > 0 {
		first := w.Entries[0].Index
		if first < l.FirstIndex() || first > l.LastIndex()+1 {
			return fmt.Errorf("memlog: append at %d to a log from %d to %d: %w", first, l.FirstIndex(), l.LastIndex(), core.ErrOutOfRange)
		}
		l.truncate(first)
		l.append(w.Entries)
	}
	if w.HardState != nil {
		l.hard = *w.HardState
	}
	return nil
}

// truncate drops the entries from index i on. Slices handed out before keep
// what they hold.
func (l *Log) truncate(i core.Index) {
	for len(l.runs) > 0 {
		last := len(l.runs) - 1
		run := l.runs[last]
		if run[0].Index < i {
			if n := int(i - run[0].Index); n < len(run) {
				l.runs[last] = run[:n:n]
			}
			return
		}
		l.runs[last] = nil
		l.runs = l.runs[:last]
	}
}

// append adds a run, or lengthens the last one when the new entries follow it
// in the same array, as they do when raft fills a slab.
func (l *Log) append(entries []core.Entry) {
	if n := len(l.runs); n > 0 {
		run := l.runs[n-1]
		if end := len(run); cap(run) >= end+len(entries) && &run[:end+1][end] == &entries[0] {
			l.runs[n-1] = run[:end+len(entries)]
			return
		}
	}
	l.runs = append(l.runs, entries)
}

// SaveSnapshot implements core.Storage.
func (l *Log) SaveSnapshot(meta core.SnapshotMeta, write func(io.Writer) error) error {
	var buf bytes.Buffer
	if err := write(&buf); err != nil {
		return fmt.Errorf("memlog: write %v: %w", meta, err)
	}
	l.snapshot, l.snapshotData = meta, buf.Bytes()
	if term, err := l.Term(meta.Index); err != nil || term != meta.Term {
		l.runs, l.base = nil, meta
	}
	return nil
}

// OpenSnapshot implements core.Storage.
func (l *Log) OpenSnapshot() (core.SnapshotMeta, io.ReadCloser, error) {
	if l.snapshot.Index == 0 {
		return core.SnapshotMeta{}, nil, nil
	}
	return l.snapshot, io.NopCloser(bytes.NewReader(l.snapshotData)), nil
}

// Compact implements core.Storage.
func (l *Log) Compact(i core.Index) error {
	if i > l.snapshot.Index {
		return fmt.Errorf("memlog: compact to %d beyond %v: %w", i, l.snapshot, core.ErrOutOfRange)
	}
	if i <= l.base.Index {
		return nil
	}
	term, err := l.Term(i)
	if err != nil {
		return err
	}
	l.base = core.SnapshotMeta{Index: i, Term: term}
	keep := sort.Search(len(l.runs), func(r int) bool { run := l.runs[r]; return run[len(run)-1].Index > i })
	// A fresh slice, so that the dropped runs can be collected.
	l.runs = append([][]core.Entry(nil), l.runs[keep:]...)
	if len(l.runs) > 0 && l.runs[0][0].Index <= i {
		l.runs[0] = l.runs[0][i+1-l.runs[0][0].Index:]
	}
	return nil
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
