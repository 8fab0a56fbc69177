package memlog

import (
	"fmt"
	"sort"

	"github.com/raftbench/raftbench/core"
)

// gatherBelow is the number of entries under which Entries copies from several
// runs into one slice rather than return a short piece: a follower that catches
// up must not be fed one entry at a time.
const gatherBelow = 64

// Runs are the entries of a log, in memory: the core.Log in this package's Log and
// in others that also write to a disk (core/wal). The zero value is an empty log.
type Runs struct {
	// Entries are kept as they came, in runs that no one copies.
	//
	// Invariant: runs are not empty, and their indexes follow base.Index and
	// each other without a gap.
	runs [][]core.Entry
	base core.SnapshotMeta // the entry before the first: compacted, or the snapshot's
}

var _ core.Log = (*Runs)(nil)

// FirstIndex implements core.Log.
func (l *Runs) FirstIndex() core.Index { return l.base.Index + 1 }

// LastIndex implements core.Log.
func (l *Runs) LastIndex() core.Index {
	if len(l.runs) == 0 {
		return l.base.Index
	}
	run := l.runs[len(l.runs)-1]
	return run[len(run)-1].Index
}

// Term implements core.Log.
func (l *Runs) Term(i core.Index) (core.Term, error) {
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
func (l *Runs) Entries(lo, hi core.Index, maxBytes int) ([]core.Entry, error) {
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
func (l *Runs) gather(piece []core.Entry, r int, hi core.Index, maxBytes int) []core.Entry {
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
func (l *Runs) check(lo, hi core.Index) error {
	if lo < l.FirstIndex() {
		return fmt.Errorf("log: index %d, first is %d: %w", lo, l.FirstIndex(), core.ErrCompacted)
	}
	if lo > hi || hi > l.LastIndex()+1 {
		return fmt.Errorf("log: range %d to %d, last is %d: %w", lo, hi, l.LastIndex(), core.ErrOutOfRange)
	}
	return nil
}

// find returns the run that holds index i, which must be in the log.
func (l *Runs) find(i core.Index) int {
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

// Base returns the entry before the first: the last one compacted, or the one that a
// snapshot ends with.
func (l *Runs) Base() core.SnapshotMeta { return l.base }

// Replace appends entries, which follow the log without a gap or replace its end:
// everything from entries[0].Index on is dropped first. It keeps the slice.
func (l *Runs) Replace(entries []core.Entry) error {
	if len(entries) == 0 {
		return nil
	}
	first := entries[0].Index
	if first < l.FirstIndex() || first > l.LastIndex()+1 {
		return fmt.Errorf("log: append at %d to a log from %d to %d: %w", first, l.FirstIndex(), l.LastIndex(), core.ErrOutOfRange)
	}
	l.truncate(first)
	l.append(entries)
	return nil
}

// truncate drops the entries from index i on. Slices handed out before keep
// what they hold.
func (l *Runs) truncate(i core.Index) {
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
func (l *Runs) append(entries []core.Entry) {
	if n := len(l.runs); n > 0 {
		run := l.runs[n-1]
		if end := len(run); cap(run) >= end+len(entries) && &run[:end+1][end] == &entries[0] {
			l.runs[n-1] = run[:end+len(entries)]
			return
		}
	}
	l.runs = append(l.runs, entries)
}

// Rest makes the log rest on a snapshot: it is left as it is, unless it ends before
// meta.Index or differs from it there: then it becomes empty. It reports whether it
// did. A base whose term is zero is one whose term is not known, and takes meta's.
func (l *Runs) Rest(meta core.SnapshotMeta) (emptied bool) {
	if meta.Index == l.base.Index && l.base.Term == 0 {
		l.base = meta
		return false
	}
	if term, err := l.Term(meta.Index); err == nil && term == meta.Term {
		return false
	}
	l.runs, l.base = nil, meta
	return true
}

// Compact forgets the entries up to and including i, if it has not done so already.
func (l *Runs) Compact(i core.Index) error {
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
