package wal

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/raftbench/raftbench/core"
)

// A snapshot that was finished and not adopted, because the power went in between, is
// what the log rests on after the next start if it is the newest, and is deleted
// otherwise.
func TestFinishedSnapshotIsFoundAfterACrash(t *testing.T) {
	for index, want := range map[core.Index]core.Index{1: 2, 3: 3, 9: 9} {
		disk := newSimDisk()
		l := open(t, disk)
		write(t, l, &core.HardState{Term: 1, Vote: 1}, 1, []byte("a"), []byte("b"), []byte("c"))
		if err := core.SaveSnapshot(l, core.SnapshotMeta{Index: 2, Term: 1}, func(w io.Writer) error {
			_, err := io.WriteString(w, "two")
			return err
		}); err != nil {
			t.Fatal(err)
		}
		finishSnapshot(t, disk, core.SnapshotMeta{Index: index, Term: 1}, "other")
		l = open(t, disk.powerCut(nil))
		if l.snapshot.Index != want || l.LastIndex() != max(3, want) {
			t.Errorf("snapshot %d finished beside 2: found %v, log through %d; want %d", index, l.snapshot, l.LastIndex(), want)
		}
		l.Close()
	}
}

// What is left of a snapshot that was being written is gone after the next start.
func TestUnfinishedSnapshotIsRemoved(t *testing.T) {
	disk := newSimDisk()
	l := open(t, disk)
	w, err := l.NewSnapshot(core.SnapshotMeta{Index: 9, Term: 1})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(make([]byte, 3*snapshotSyncBytes)); err != nil {
		t.Fatal(err)
	}
	if disk.inode(tempSuffix) == nil {
		t.Fatal("there is no unfinished file")
	}
	disk = disk.killed()
	l = open(t, disk)
	defer l.Close()
	if disk.inode(tempSuffix) != nil {
		t.Fatal("the unfinished file is still there")
	}
}

// A snapshot that is aborted after it was finished leaves no file, unless it is the
// one that the log rests on.
func TestAbortAfterFinish(t *testing.T) {
	disk := newSimDisk()
	l := open(t, disk)
	defer l.Close()
	meta := core.SnapshotMeta{Index: 9, Term: 1}
	for i, adopted := range []bool{false, true, false} {
		w, err := l.NewSnapshot(meta)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Finish(core.Unsigned); err != nil {
			t.Fatal(err)
		}
		if adopted {
			err = l.AdoptSnapshot(w)
		} else {
			err = w.Abort()
		}
		if there := disk.inode(snapshotSuffix) != nil; err != nil || there != (i > 0) {
			t.Fatalf("step %d: %v, and the file is there: %t", i, err, there)
		}
	}
}

// Snapshots that were refused are kept with what they claimed, but only a few.
func TestRefusedSnapshotsAreSetAside(t *testing.T) {
	disk := newSimDisk()
	l := open(t, disk)
	for i := range core.Index(3 * maxRefused) {
		w, err := l.NewSnapshot(core.SnapshotMeta{Index: 7, Term: 1})
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(w, "evidence")
		claimed := core.SnapshotManifest{Meta: core.SnapshotMeta{Index: 100 + i, Term: 2}, SizeBytes: 1 << 40, Signature: core.Signature{9}}
		if i == 0 {
			claimed.Meta.Config = strings.Repeat("x", manifestBytes)
		}
		if err := w.SetAside(claimed); err != nil {
			t.Fatal(err)
		}
	}
	l.Close()
	disk = disk.killed()
	l = open(t, disk)
	defer l.Close()
	var kept []string
	for path := range maps.Keys(disk.names) {
		if strings.HasSuffix(path, refusedSuffix) {
			kept = append(kept, filepath.Base(path))
		}
	}
	newest := baseName(core.SnapshotMeta{Index: 100 + 3*maxRefused - 1, Term: 2}) + refusedSuffix
	if len(kept) != maxRefused || !slices.Contains(kept, newest) {
		t.Fatalf("kept are %v, want %d with %s among them", kept, maxRefused, newest)
	}
	data := disk.names[simDir+"/"+newest].data
	m, err := decodeManifest(data[:manifestBytes])
	if err != nil || m.SizeBytes != 1<<40 || m.Signature != (core.Signature{9}) || !bytes.Equal(data[manifestBytes:], []byte("evidence")) {
		t.Fatalf("kept is %+v, %v, %q", m, err, data[manifestBytes:])
	}
}

// Not a bit of a manifest can be flipped unnoticed, nor can the content be cut,
// lengthened or changed.
func TestSnapshotFileIsChecked(t *testing.T) {
	disk := newSimDisk()
	meta := core.SnapshotMeta{Index: 9, Term: 1, Config: "members"}
	finishSnapshot(t, disk, meta, "content")
	good := disk.inode(snapshotSuffix).data
	check := func(what string, data []byte) {
		t.Helper()
		disk.inode(snapshotSuffix).data = data
		r, err := openSnapshot(disk, filepath.Join(simDir, snapshotName(meta)))
		if err == nil {
			_, err = io.ReadAll(r)
		}
		if !errors.Is(err, errSnapshot) && !errors.Is(err, ErrForeign) {
			t.Fatalf("%s: read with %v", what, err)
		}
	}
	for bit := range 8 * len(good) {
		bad := bytes.Clone(good)
		bad[bit/8] ^= 1 << (bit % 8)
		check("a flipped bit", bad)
	}
	check("cut", good[:len(good)-1])
	check("lengthened", append(bytes.Clone(good), 0))
}
