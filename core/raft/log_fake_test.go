package raft

import "github.com/raftbench/raftbench/core"

// testLog is a core.Log in one slice: the driver's side of the tests here.
type testLog struct {
	snapshot core.SnapshotMeta
	entries  []core.Entry // from first on
	first    core.Index   // zero means 1
}

func (l *testLog) FirstIndex() core.Index { return max(l.first, 1) }
func (l *testLog) LastIndex() core.Index {
	return l.FirstIndex() + core.Index(len(l.entries)) - 1
}

func (l *testLog) Term(i core.Index) (core.Term, error) {
	switch first := l.FirstIndex(); {
	case i+1 < first:
		return 0, core.ErrCompacted
	case i+1 == first:
		return l.snapshot.Term, nil
	case i > l.LastIndex():
		return 0, core.ErrOutOfRange
	default:
		return l.entries[i-first].Term, nil
	}
}

func (l *testLog) Entries(lo, hi core.Index, maxBytes int) ([]core.Entry, error) {
	first := l.FirstIndex()
	if lo < first {
		return nil, core.ErrCompacted
	}
	if hi > l.LastIndex()+1 {
		return nil, core.ErrOutOfRange
	}
	return limitBytes(l.entries[lo-first:hi-first:hi-first], maxBytes), nil
}

func (l *testLog) write(entries []core.Entry) {
	if len(entries) > 0 {
		at := entries[0].Index - l.FirstIndex()
		l.entries = append(l.entries[:at:at], entries...)
	}
}

func (l *testLog) install(s core.SnapshotMeta) {
	if t, err := l.Term(s.Index); err == nil && t == s.Term {
		l.snapshot = s
		return
	}
	l.snapshot, l.entries, l.first = s, nil, s.Index+1
}

// compact forgets the entries through i and keeps a snapshot there.
func (l *testLog) compact(i core.Index) core.SnapshotMeta {
	t, err := l.Term(i)
	if err != nil {
		panic(err)
	}
	l.entries = l.entries[i+1-l.FirstIndex():]
	l.first, l.snapshot = i+1, core.SnapshotMeta{Index: i, Term: t}
	return l.snapshot
}
