// Package storagetest is the conformance suite for core.Storage. Every storage
// passes it; a test is one line:
//
//	storagetest.Run(t, func(t *testing.T) core.Storage { return memlog.New() })
//
// It checks what core/storage.go promises of a storage while it is open. The
// goroutines of a check end with it.
package storagetest

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/raftbench/raftbench/core"
)

// Run checks a storage that open returns empty and new each time.
func Run(t *testing.T, open func(t *testing.T) core.Storage) {
	for name, check := range map[string]func(*testing.T, core.Storage){
		"an empty new log has FirstIndex 1 and LastIndex 0":        checkEmpty,
		"entries can be read as soon as Write has returned":        checkAppend,
		"as many as are at hand without exceeding maxBytes":        checkMaxBytes,
		"a slow follower is not fed one entry at a time":           checkGather,
		"everything from Entries[0].Index on is dropped first":     checkTruncate,
		"entries stay valid also after truncation and compaction":  checkEntriesStayValid,
		"ErrCompacted below, ErrOutOfRange above":                  checkBounds,
		"a write that leaves a gap is refused":                     checkGap,
		"done is called once, in the order of the writes":          checkDone,
		"the hard state is the last one written":                   checkHardState,
		"a snapshot replaces the one before, the log is left":      checkSnapshotKeepsLog,
		"a snapshot beyond the end of the log empties it":          checkSnapshotBeyondLog,
		"a snapshot that differs from the log empties it":          checkSnapshotConflict,
		"a snapshot whose write fails changes nothing":             checkSnapshotFails,
		"the reader stays valid when a newer snapshot is adopted":  checkSnapshotReader,
		"nothing changes for the user before AdoptSnapshot":        checkSnapshotBackground,
		"a manifest says what was written, and its seal is kept":   checkSnapshotManifest,
		"a snapshot that is not sealed is not finished":            checkSnapshotRefused,
		"AdoptSnapshot: unless the one before is newer":            checkSnapshotStale,
		"Compact forgets up to and including, not beyond snapshot": checkCompact,
		"no write after Close":                                     checkClose,
		"a storage that is new begins in doubt, until Settle":      checkNewborn,
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			defer s.Close()
			check(t, s)
		})
	}
}

const noLimit = 1 << 30

// entries makes entries from first on, all of one term.
func entries(first core.Index, term core.Term, data ...string) []core.Entry {
	var list []core.Entry
	for i, d := range data {
		list = append(list, core.Entry{Index: first + core.Index(i), Term: term, Data: []byte(d)})
	}
	return list
}

// write writes and waits until it is durable.
func write(t *testing.T, s core.Storage, w core.Write) {
	t.Helper()
	if err := tryWrite(s, w); err != nil {
		t.Fatalf("write: %v", err)
	}
}

func tryWrite(s core.Storage, w core.Write) error {
	done := make(chan error, 1)
	s.Write(w, func(err error) { done <- err })
	return <-done
}

// wantLog checks that the log holds data, starting at index first.
func wantLog(t *testing.T, s core.Log, first core.Index, data ...string) {
	t.Helper()
	last := first + core.Index(len(data)) - 1
	if s.FirstIndex() != first || s.LastIndex() != last {
		t.Fatalf("log holds %d to %d, want %d to %d", s.FirstIndex(), s.LastIndex(), first, last)
	}
	var got []string
	for next := first; next <= last; {
		list, err := s.Entries(next, last+1, noLimit)
		if err != nil || len(list) == 0 {
			t.Fatalf("Entries(%d, %d) = %d entries, %v", next, last+1, len(list), err)
		}
		for _, e := range list {
			if e.Index != next {
				t.Fatalf("entry has index %d, want %d", e.Index, next)
			}
			got = append(got, string(e.Data))
			next++
		}
	}
	if diff := cmp.Diff(data, got); len(data) > 0 && diff != "" {
		t.Fatalf("entries differ (-want +got):\n%s", diff)
	}
}

func save(t *testing.T, s core.Storage, meta core.SnapshotMeta, content string) {
	t.Helper()
	err := core.SaveSnapshot(s, meta, func(w io.Writer) error {
		_, err := io.WriteString(w, content)
		return err
	})
	if err != nil {
		t.Fatalf("save snapshot: %v", err)
	}
}

func readSnapshot(t *testing.T, s core.Storage) string {
	t.Helper()
	meta, r, err := s.OpenSnapshot()
	if err != nil || r == nil {
		t.Fatalf("OpenSnapshot() = %v, %v, %v", meta, r, err)
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatalf("read snapshot: %v", err)
	}
	return string(data)
}

func checkEmpty(t *testing.T, s core.Storage) {
	wantLog(t, s, 1)
	if term, err := s.Term(0); term != 0 || err != nil {
		t.Fatalf("Term(0) = %d, %v, want 0", term, err)
	}
	if hard, meta, err := s.State(); hard != (core.HardState{}) || meta.Index != 0 || err != nil {
		t.Fatalf("State() = %+v, %v, %v, want nothing", hard, meta, err)
	}
	if m, r, err := s.OpenSnapshot(); m != (core.SnapshotManifest{}) || r != nil || err != nil {
		t.Fatalf("OpenSnapshot() = %+v, %v, %v, want nothing", m, r, err)
	}
}

func checkAppend(t *testing.T, s core.Storage) {
	write(t, s, core.Write{Entries: entries(1, 1, "a", "b")})
	write(t, s, core.Write{Entries: entries(3, 2, "c")})
	wantLog(t, s, 1, "a", "b", "c")
	for i, want := range []core.Term{0, 1, 1, 2} {
		if term, err := s.Term(core.Index(i)); term != want || err != nil {
			t.Fatalf("Term(%d) = %d, %v, want %d", i, term, err, want)
		}
	}
}

func checkMaxBytes(t *testing.T, s core.Storage) {
	write(t, s, core.Write{Entries: entries(1, 1, "aaaa", "bbbb", "cccc")})
	one := core.EntryOverheadBytes + 4
	for _, c := range []struct{ maxBytes, want int }{{0, 1}, {one, 1}, {2*one - 1, 1}, {2 * one, 2}, {noLimit, 3}} {
		list, err := s.Entries(1, 4, c.maxBytes)
		if err != nil || len(list) != c.want {
			t.Fatalf("Entries(1, 4, %d) gave %d entries, %v; want %d", c.maxBytes, len(list), err, c.want)
		}
	}
	if list, err := s.Entries(2, 2, noLimit); len(list) != 0 || err != nil {
		t.Fatalf("Entries(2, 2) = %d entries, %v; want none", len(list), err)
	}
}

func checkGather(t *testing.T, s core.Storage) {
	for i := range 40 {
		write(t, s, core.Write{Entries: entries(core.Index(i+1), 1, fmt.Sprint(i))})
	}
	list, err := s.Entries(5, 41, noLimit)
	if err != nil || len(list) != 36 {
		t.Fatalf("Entries(5, 41) gave %d of 36 entries that were written one by one, %v", len(list), err)
	}
	size := core.EntriesSizeBytes(list[:7])
	if list, err = s.Entries(5, 41, size); err != nil || len(list) != 7 {
		t.Fatalf("Entries(5, 41, %d) gave %d entries, %v; want 7", size, len(list), err)
	}
	if list, err = s.Entries(5, 9, noLimit); err != nil || len(list) != 4 {
		t.Fatalf("Entries(5, 9) gave %d entries, %v; want 4", len(list), err)
	}
}

func checkTruncate(t *testing.T, s core.Storage) {
	write(t, s, core.Write{Entries: entries(1, 1, "a", "b")})
	write(t, s, core.Write{Entries: entries(3, 1, "c", "d")})
	write(t, s, core.Write{Entries: entries(2, 2, "B")})
	wantLog(t, s, 1, "a", "B")
	write(t, s, core.Write{Entries: entries(3, 2, "C")})
	wantLog(t, s, 1, "a", "B", "C")
	write(t, s, core.Write{Entries: entries(1, 3, "A")})
	wantLog(t, s, 1, "A")
}

func checkEntriesStayValid(t *testing.T, s core.Storage) {
	write(t, s, core.Write{Entries: entries(1, 1, "a", "b", "c")})
	held, err := s.Entries(1, 4, noLimit)
	if err != nil {
		t.Fatalf("Entries: %v", err)
	}
	want := fmt.Sprint(held)
	write(t, s, core.Write{Entries: entries(2, 2, "X", "Y", "Z")})
	save(t, s, core.SnapshotMeta{Index: 3, Term: 2}, "")
	if err := s.Compact(3); err != nil {
		t.Fatalf("compact: %v", err)
	}
	write(t, s, core.Write{Entries: entries(5, 3, "n", "m")})
	if got := fmt.Sprint(held); got != want {
		t.Fatalf("entries held since before changed from %s to %s", want, got)
	}
}

func checkBounds(t *testing.T, s core.Storage) {
	write(t, s, core.Write{Entries: entries(1, 1, "a", "b", "c", "d")})
	save(t, s, core.SnapshotMeta{Index: 2, Term: 1}, "")
	if err := s.Compact(2); err != nil {
		t.Fatalf("compact: %v", err)
	}
	for _, c := range []struct {
		lo, hi core.Index
		want   error
	}{{2, 4, core.ErrCompacted}, {1, 2, core.ErrCompacted}, {3, 6, core.ErrOutOfRange}, {6, 7, core.ErrOutOfRange}, {3, 5, nil}, {5, 5, nil}} {
		if _, err := s.Entries(c.lo, c.hi, noLimit); !errors.Is(err, c.want) {
			t.Fatalf("Entries(%d, %d): %v, want %v", c.lo, c.hi, err, c.want)
		}
	}
	for i, want := range map[core.Index]error{1: core.ErrCompacted, 2: nil, 4: nil, 5: core.ErrOutOfRange} {
		if _, err := s.Term(i); !errors.Is(err, want) {
			t.Fatalf("Term(%d): %v, want %v", i, err, want)
		}
	}
}

func checkGap(t *testing.T, s core.Storage) {
	write(t, s, core.Write{Entries: entries(1, 1, "a")})
	if err := tryWrite(s, core.Write{Entries: entries(3, 1, "c")}); err == nil {
		t.Fatal("a write at 3 to a log that ends at 1 was accepted")
	}
	wantLog(t, s, 1, "a")
}

func checkDone(t *testing.T, s core.Storage) {
	order := make(chan int, 100)
	for i := range 100 {
		s.Write(core.Write{Entries: entries(core.Index(i+1), 1, "x"), Sync: i%3 == 0}, func(err error) {
			if err != nil {
				t.Errorf("write %d: %v", i, err)
			}
			order <- i
		})
	}
	for want := range 100 {
		if got := <-order; got != want {
			t.Fatalf("done of write %d came when that of %d was due", got, want)
		}
	}
}

func checkHardState(t *testing.T, s core.Storage) {
	write(t, s, core.Write{HardState: &core.HardState{Term: 1, Vote: 1}, Sync: true})
	write(t, s, core.Write{HardState: &core.HardState{Term: 2, Vote: 3, Commit: 0}, Entries: entries(1, 2, "a"), Sync: true})
	wantLog(t, s, 1, "a")
}

func checkSnapshotKeepsLog(t *testing.T, s core.Storage) {
	write(t, s, core.Write{Entries: entries(1, 1, "a", "b", "c")})
	save(t, s, core.SnapshotMeta{Index: 1, Term: 1}, "one")
	newer := core.SnapshotMeta{Index: 2, Term: 1, Config: "who is a member"}
	save(t, s, newer, "two")
	wantLog(t, s, 1, "a", "b", "c")
	if got := readSnapshot(t, s); got != "two" {
		t.Fatalf("snapshot %q, want the newer, %q", got, "two")
	}
	m, r, err := s.OpenSnapshot()
	if err != nil || m.Meta != newer {
		t.Fatalf("OpenSnapshot() = %+v, %v, want %+v", m, err, newer)
	}
	if err := r.Close(); err != nil {
		t.Fatalf("close the reader: %v", err)
	}
}

func checkSnapshotBeyondLog(t *testing.T, s core.Storage) {
	write(t, s, core.Write{Entries: entries(1, 1, "a", "b")})
	save(t, s, core.SnapshotMeta{Index: 10, Term: 2}, "ten")
	wantLog(t, s, 11)
	if term, err := s.Term(10); term != 2 || err != nil {
		t.Fatalf("Term(10) = %d, %v, want the snapshot's term 2", term, err)
	}
	write(t, s, core.Write{Entries: entries(11, 2, "k")})
	wantLog(t, s, 11, "k")
}

func checkSnapshotConflict(t *testing.T, s core.Storage) {
	write(t, s, core.Write{Entries: entries(1, 1, "a", "b", "c")})
	save(t, s, core.SnapshotMeta{Index: 2, Term: 5}, "")
	wantLog(t, s, 3)
}

func checkSnapshotFails(t *testing.T, s core.Storage) {
	write(t, s, core.Write{Entries: entries(1, 1, "a", "b")})
	save(t, s, core.SnapshotMeta{Index: 1, Term: 1}, "good")
	broken := errors.New("broken")
	err := core.SaveSnapshot(s, core.SnapshotMeta{Index: 2, Term: 1}, func(w io.Writer) error {
		_, _ = io.WriteString(w, "half")
		return broken
	})
	if !errors.Is(err, broken) {
		t.Fatalf("SaveSnapshot: %v, want %v", err, broken)
	}
	if got := readSnapshot(t, s); got != "good" {
		t.Fatalf("snapshot %q after a failed one, want %q", got, "good")
	}
	wantLog(t, s, 1, "a", "b")
}

func checkSnapshotReader(t *testing.T, s core.Storage) {
	write(t, s, core.Write{Entries: entries(1, 1, "a", "b")})
	content := strings.Repeat("old", 100)
	save(t, s, core.SnapshotMeta{Index: 1, Term: 1}, content)
	_, r, err := s.OpenSnapshot()
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	defer r.Close()
	save(t, s, core.SnapshotMeta{Index: 2, Term: 1}, "new")
	if got, err := io.ReadAll(r); string(got) != content || err != nil {
		t.Fatalf("the open reader gave %d bytes, %v; want the %d of the old snapshot", len(got), err, len(content))
	}
}

func checkCompact(t *testing.T, s core.Storage) {
	write(t, s, core.Write{Entries: entries(1, 1, "a", "b")})
	write(t, s, core.Write{Entries: entries(3, 1, "c", "d", "e")})
	if err := s.Compact(1); err == nil {
		t.Fatal("compaction beyond the snapshot was accepted")
	}
	save(t, s, core.SnapshotMeta{Index: 4, Term: 1}, "")
	for _, to := range []core.Index{1, 3, 2} {
		if err := s.Compact(to); err != nil {
			t.Fatalf("Compact(%d): %v", to, err)
		}
	}
	wantLog(t, s, 4, "d", "e")
	if err := s.Compact(4); err != nil {
		t.Fatalf("Compact(4): %v", err)
	}
	wantLog(t, s, 5, "e")
	write(t, s, core.Write{Entries: entries(6, 1, "f")})
	wantLog(t, s, 5, "e", "f")
}

func checkClose(t *testing.T, s core.Storage) {
	write(t, s, core.Write{Entries: entries(1, 1, "a")})
	if err := s.Close(); err != nil {
		t.Fatalf("close: %v", err)
	}
	if err := tryWrite(s, core.Write{Entries: entries(2, 1, "b")}); err == nil {
		t.Fatal("a write after Close was accepted")
	}
}
