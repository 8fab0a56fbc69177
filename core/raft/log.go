package raft

import (
	"fmt"
	"sort"

	"github.com/raftbench/raftbench/core"
)

// raftLog is the whole log: the driver's, and after it the tail that no Ready
// has given out yet.
type raftLog struct {
	stable core.Log

	// tail holds the entries up to and including last that stable does not
	// have. If it begins at or before the end of stable, it replaces that.
	tail     []core.Entry
	last     core.Index
	lastTerm core.Term

	// snapshot, if its Index is not zero, replaces all of stable. It has arrived
	// and no Ready has given it out yet.
	snapshot core.SnapshotMeta

	data arena
}

func newLog(stable core.Log) (raftLog, error) {
	l := raftLog{stable: stable, last: stable.LastIndex()}
	var err error
	l.lastTerm, err = stable.Term(l.last)
	if err != nil {
		return l, fmt.Errorf("raft: Log: term of the last entry, %d: %w", l.last, err)
	}
	return l, nil
}

// tailFirst is the index of the first entry of the tail, were there one.
func (l *raftLog) tailFirst() core.Index { return l.last + 1 - core.Index(len(l.tail)) }

// first is the index of the first entry that can be read.
func (l *raftLog) first() core.Index {
	if l.snapshot.Index != 0 {
		return l.snapshot.Index + 1
	}
	return l.stable.FirstIndex()
}

// term returns the term of the entry at i, or an error if it was compacted.
func (l *raftLog) term(i core.Index) (core.Term, error) {
	switch first := l.tailFirst(); {
	case i > l.last:
		return 0, core.ErrOutOfRange
	case i == l.last:
		return l.lastTerm, nil
	case i >= first:
		return l.tail[i-first].Term, nil
	case l.snapshot.Index == 0:
		return l.stable.Term(i)
	case i == l.snapshot.Index:
		return l.snapshot.Term, nil
	}
	return 0, core.ErrCompacted
}

// mustTerm is term for an entry that the log must hold.
func (l *raftLog) mustTerm(i core.Index) core.Term {
	t, err := l.term(i)
	if err != nil {
		panic(fmt.Sprintf("raft: broken invariant: the log cannot tell the term of its entry %d: %v", i, err))
	}
	return t
}

// entries returns entries from lo up to but not including hi: a piece of at
// most maxBytes, but at least one entry if lo < hi.
func (l *raftLog) entries(lo, hi core.Index, maxBytes int) ([]core.Entry, error) {
	first := l.tailFirst()
	if lo >= first {
		return limitBytes(l.tail[lo-first:hi-first:hi-first], maxBytes), nil
	}
	if l.snapshot.Index != 0 {
		return nil, core.ErrCompacted
	}
	return l.stable.Entries(lo, min(hi, first), maxBytes)
}

func limitBytes(entries []core.Entry, maxBytes int) []core.Entry {
	n := 0
	for i := range entries {
		n += entries[i].SizeBytes()
		if n > maxBytes && i > 0 {
			return entries[:i:i]
		}
	}
	return entries
}

// appendCommands adds a copy of each command.
func (l *raftLog) appendCommands(term core.Term, commands [][]byte) {
	l.tail = reserve(l.tail, len(commands))
	for _, c := range commands {
		l.last++
		l.tail = append(l.tail, core.Entry{Index: l.last, Term: term, Kind: core.EntryCommand, Data: l.data.copy(c)})
	}
	l.lastTerm = term
}

// appendOne adds an entry of the leader's own. Its data is the log's from here on.
func (l *raftLog) appendOne(term core.Term, kind core.EntryKind, data []byte) {
	l.last++
	l.tail = append(reserve(l.tail, 1), core.Entry{Index: l.last, Term: term, Kind: kind, Data: data})
	l.lastTerm = term
}

// appendCopies adds a copy of each entry, and reports whether there is a
// configuration among them. They follow last without a gap.
func (l *raftLog) appendCopies(entries []core.Entry) (configuration bool) {
	l.tail = reserve(l.tail, len(entries))
	for i := range entries {
		e := entries[i]
		e.Data = l.data.copy(e.Data)
		configuration = configuration || e.Kind == core.EntryConfiguration
		l.tail = append(l.tail, e)
	}
	l.last += core.Index(len(entries))
	l.lastTerm = entries[len(entries)-1].Term
	return configuration
}

// truncate drops everything after last.
func (l *raftLog) truncate(last core.Index) {
	term := l.mustTerm(last)
	first := l.tailFirst()
	if last+1 >= first {
		l.tail = l.tail[:last+1-first]
	} else {
		l.tail = l.tail[:0]
	}
	l.last, l.lastTerm = last, term
}

// restore replaces the whole log by a snapshot.
func (l *raftLog) restore(s core.SnapshotMeta) {
	l.snapshot = s
	l.tail = l.tail[:0]
	l.last, l.lastTerm = s.Index, s.Term
}

// take gives out the snapshot and the tail: stable has them from here on.
func (l *raftLog) take() (core.SnapshotMeta, []core.Entry) {
	s, n := l.snapshot, len(l.tail)
	entries := l.tail[:n:n]
	l.snapshot, l.tail = core.SnapshotMeta{}, l.tail[n:]
	return s, entries
}

// lastAtOrBefore returns the last index from lo to hi whose term is at most t,
// or lo if there is none. Terms never fall along a log, so it can bisect, and
// a whole term is skipped in one step (dissertation §3.5, at the end).
func (l *raftLog) lastAtOrBefore(t core.Term, lo, hi core.Index) core.Index {
	if hi <= lo {
		return lo
	}
	n := sort.Search(int(hi-lo), func(k int) bool {
		term, err := l.term(lo + 1 + core.Index(k))
		return err == nil && term > t
	})
	return lo + core.Index(n)
}

// isUpToDate reports whether a log that ends with (index, term) is at least as
// complete as this one (dissertation §3.6.1).
func (l *raftLog) isUpToDate(index core.Index, term core.Term) bool {
	return term > l.lastTerm || term == l.lastTerm && index >= l.last
}
