package storagetest

import (
	"crypto/sha256"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/raftbench/raftbench/core"
)

// begin begins a snapshot and writes its content.
func begin(t *testing.T, s core.Storage, meta core.SnapshotMeta, content string) core.SnapshotWriter {
	t.Helper()
	w, err := s.NewSnapshot(meta)
	if err == nil {
		_, err = io.WriteString(w, content)
	}
	if err != nil {
		t.Fatalf("write %v: %v", meta, err)
	}
	return w
}

func finish(t *testing.T, w core.SnapshotWriter) {
	t.Helper()
	if err := w.Finish(core.Unsigned); err != nil {
		t.Fatalf("finish: %v", err)
	}
}

// A snapshot is written, finished and read while others use the storage, and nothing
// changes for them before it is adopted.
func checkSnapshotBackground(t *testing.T, s core.Storage) {
	write(t, s, core.Write{Entries: entries(1, 1, "a", "b", "c")})
	save(t, s, core.SnapshotMeta{Index: 1, Term: 1}, "one")
	finished, read := make(chan core.SnapshotWriter), make(chan bool)
	content := strings.Repeat("two", 1<<20)
	go func() {
		w := begin(t, s, core.SnapshotMeta{Index: 2, Term: 1}, content)
		finish(t, w)
		finished <- w
	}()
	var w core.SnapshotWriter
	for next := core.Index(4); w == nil; next++ {
		write(t, s, core.Write{Entries: entries(next, 1, "x")})
		select {
		case w = <-finished:
		default:
		}
	}
	if got := readSnapshot(t, s); got != "one" {
		t.Fatalf("snapshot %q before the next one was adopted, want %q", got, "one")
	}
	if err := s.AdoptSnapshot(w); err != nil {
		t.Fatalf("adopt: %v", err)
	}
	_, r, err := s.OpenSnapshot()
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	go func() {
		defer close(read)
		defer r.Close()
		if got, err := io.ReadAll(r); string(got) != content || err != nil {
			t.Errorf("another goroutine read %d bytes, %v, want %d", len(got), err, len(content))
		}
	}()
	write(t, s, core.Write{Entries: entries(s.LastIndex()+1, 1, "y")})
	<-read
}

func checkSnapshotManifest(t *testing.T, s core.Storage) {
	meta := core.SnapshotMeta{Index: 10, Term: 3, Config: "who is a member"}
	w := begin(t, s, meta, "content")
	want := core.SnapshotManifest{Meta: meta, SizeBytes: 7, SHA256: sha256.Sum256([]byte("content"))}
	signature := core.Signature{1, 2, 63: 3}
	err := w.Finish(func(m core.SnapshotManifest) (core.Signature, error) {
		if m != want {
			t.Errorf("to be sealed: %+v, want %+v", m, want)
		}
		return signature, nil
	})
	if err == nil {
		err = s.AdoptSnapshot(w)
	}
	if err != nil {
		t.Fatal(err)
	}
	want.Signature = signature
	got, r, err := s.OpenSnapshot()
	if err != nil || got != want {
		t.Fatalf("OpenSnapshot() = %+v, %v, want %+v", got, err, want)
	}
	defer r.Close()
	if _, err := r.Seek(3, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	if rest, err := io.ReadAll(r); string(rest) != "tent" || err != nil {
		t.Fatalf("from byte 3 on: %q, %v", rest, err)
	}
}

func checkSnapshotRefused(t *testing.T, s core.Storage) {
	save(t, s, core.SnapshotMeta{Index: 5, Term: 1}, "good")
	refused := errors.New("refused")
	for i, end := range []func(core.SnapshotWriter) error{
		core.SnapshotWriter.Abort,
		func(w core.SnapshotWriter) error { return w.SetAside(core.SnapshotManifest{}) },
	} {
		w := begin(t, s, core.SnapshotMeta{Index: 6, Term: 1}, "bad")
		if err := w.Finish(func(core.SnapshotManifest) (core.Signature, error) { return core.Signature{}, refused }); !errors.Is(err, refused) {
			t.Fatalf("%d: finished with %v, want %v", i, err, refused)
		}
		if err := s.AdoptSnapshot(w); err == nil {
			t.Fatalf("%d: a snapshot that was not sealed was adopted", i)
		}
		if err := end(w); err != nil {
			t.Fatalf("%d: %v", i, err)
		}
		if got := readSnapshot(t, s); got != "good" {
			t.Fatalf("%d: snapshot %q, want %q", i, got, "good")
		}
	}
}

func checkSnapshotStale(t *testing.T, s core.Storage) {
	older := begin(t, s, core.SnapshotMeta{Index: 4, Term: 1}, "older")
	finish(t, older)
	save(t, s, core.SnapshotMeta{Index: 5, Term: 1}, "newer")
	if err := s.AdoptSnapshot(older); err == nil {
		t.Fatal("an older snapshot was adopted over a newer one")
	}
	if err := older.Abort(); err != nil {
		t.Fatal(err)
	}
	if got := readSnapshot(t, s); got != "newer" {
		t.Fatalf("snapshot %q, want %q", got, "newer")
	}
	wantLog(t, s, 6)
}
