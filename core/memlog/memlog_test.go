package memlog_test

import (
	"testing"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/memlog"
	"github.com/raftbench/raftbench/core/storagetest"
)

func TestStorage(t *testing.T) {
	storagetest.Run(t, func(*testing.T) core.Storage { return memlog.New() })
}

// Entries that follow each other in one array make one run, which Entries
// returns without copying; a rewrite in the same array must not.
func TestRunsGrowInPlace(t *testing.T) {
	l := memlog.New()
	slab := make([]core.Entry, 0, 200)
	done := func(err error) {
		if err != nil {
			t.Fatalf("write: %v", err)
		}
	}
	for i := range 200 {
		slab = append(slab, core.Entry{Index: core.Index(i + 1), Term: 1})
		l.Write(core.Write{Entries: slab[i : i+1]}, done)
	}
	list, err := l.Entries(1, 201, 1<<30)
	if err != nil || len(list) != 200 || &list[0] != &slab[0] {
		t.Fatalf("Entries gave %d entries, %v; want the 200 of the slab itself", len(list), err)
	}
	// 101 is rewritten elsewhere; the slab's next entry then has the wrong place.
	l.Write(core.Write{Entries: []core.Entry{{Index: 101, Term: 2}}}, done)
	l.Write(core.Write{Entries: []core.Entry{{Index: 102, Term: 2}}}, done)
	for i, want := range map[core.Index]core.Term{100: 1, 101: 2, 102: 2} {
		if term, err := l.Term(i); term != want || err != nil {
			t.Fatalf("Term(%d) = %d, %v; want %d", i, term, err, want)
		}
	}
	if l.LastIndex() != 102 || slab[100].Term != 1 {
		t.Fatalf("log ends at %d with slab term %d, want 102 and an untouched slab", l.LastIndex(), slab[100].Term)
	}
}

func BenchmarkWriteAndRead(b *testing.B) {
	l := memlog.New()
	slab := make([]core.Entry, 0, 1<<16)
	done := func(error) {}
	next := core.Index(1)
	for b.Loop() {
		if cap(slab)-len(slab) < 400 {
			slab = make([]core.Entry, 0, 1<<16)
		}
		from := len(slab)
		for range 400 {
			slab = append(slab, core.Entry{Index: next, Term: 1})
			next++
		}
		l.Write(core.Write{Entries: slab[from:]}, done)
		if _, err := l.Entries(next-400, next, 16<<10); err != nil {
			b.Fatal(err)
		}
	}
}
