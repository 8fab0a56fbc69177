package wal

import (
	"errors"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/raftbench/raftbench/core"
)

func options(dir string) Options {
	return Options{Dir: dir, Identity: testIdentity, SegmentBytes: 64 << 10}
}

// A second opener is kept out, in this process and in another, until the first one
// has closed the log or died.
func TestLock(t *testing.T) {
	if dir := os.Getenv("WAL_TEST_LOCK"); dir != "" {
		_, err := Open(options(dir))
		if !errors.Is(err, ErrLocked) {
			t.Fatalf("opened with %v, want %v", err, ErrLocked)
		}
		return
	}
	dir := filepath.Join(t.TempDir(), "not", "there", "yet")
	l, err := Open(options(dir))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(options(dir)); !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), dir) {
		t.Fatalf("opened with %v, want %v", err, ErrLocked)
	}
	other := exec.Command(os.Args[0], "-test.run=^TestLock$")
	other.Env = append(os.Environ(), "WAL_TEST_LOCK="+dir)
	if out, err := other.CombinedOutput(); err != nil {
		t.Fatalf("another process: %v\n%s", err, out)
	}
	if err := os.Remove(filepath.Join(dir, lockName)); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(options(dir)); !errors.Is(err, ErrLocked) {
		t.Fatalf("the lock file was removed: opened with %v, want %v", err, ErrLocked)
	}
	write(t, l, &core.HardState{Term: 1}, 1, []byte("x"))
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if l, err = Open(options(dir)); err != nil || l.LastIndex() != 1 {
		t.Fatalf("opened after it was closed: %v", err)
	}
	l.Close()
}

// The members at a snapshot are durable with it: the entry that made them so may be
// compacted.
func TestTheConfigurationOfASnapshotIsDurable(t *testing.T) {
	dir := t.TempDir()
	var all []core.NodeID
	for id := range core.NodeID(core.MaxMembers) {
		all = append(all, id+1)
	}
	metas := []core.SnapshotMeta{
		{Index: 1, Term: 1, Config: (&core.Configuration{Voters: []core.NodeID{1, 2, 3}}).Encode()},
		{Index: 2, Term: 1, Config: (&core.Configuration{Voters: all}).Encode()},
	}
	l, err := Open(options(dir))
	if err != nil {
		t.Fatal(err)
	}
	write(t, l, &core.HardState{Term: 1}, 1, []byte("x"), []byte("y"), []byte("z"))
	for _, meta := range metas {
		content := func(w io.Writer) error { _, err := io.WriteString(w, "state"); return err }
		if err := errors.Join(core.SaveSnapshot(l, meta, content), l.Compact(meta.Index), l.Close()); err != nil {
			t.Fatal(err)
		}
		for range 2 { // a restart leaves it where it is
			if l, err = Open(options(dir)); err != nil {
				t.Fatal(err)
			}
			if _, got, err := l.State(); err != nil || got != meta {
				t.Fatalf("snapshot %+v after a restart, error %v; want %+v", got, err, meta)
			}
			if l.Recovery().Verdict != Clean || l.FirstIndex() != meta.Index+1 {
				t.Fatalf("%+v, from entry %d", l.Recovery(), l.FirstIndex())
			}
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if l, err = Open(options(dir)); err != nil {
			t.Fatal(err)
		}
	}
	tooLong := core.SnapshotMeta{Index: 3, Term: 1, Config: strings.Repeat("x", maxConfigBytes+1)}
	if err := core.SaveSnapshot(l, tooLong, func(io.Writer) error { return nil }); err == nil {
		t.Fatal("a configuration that does not fit was stored")
	}
	l.Close()
}

// A directory of another node, of another cluster, of another format or of somebody
// else is refused with one line that says so and names the file, and left as it is.
func TestForeignDirectory(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Options, *simDisk)
		want   string
	}{
		"another node":    {func(o *Options, _ *simDisk) { o.Identity.Node = 2 }, "mark: not the log of this node: it belongs to node 1 of cluster 0000000000000007, and this is node 2 of cluster 0000000000000007"},
		"another cluster": {func(o *Options, _ *simDisk) { o.Identity.Cluster = 8 }, "mark: not the log of this node: it belongs to node 1 of cluster 0000000000000007, and this is node 1 of cluster 0000000000000008"},
		"only its segments are another's": {func(_ *Options, d *simDisk) {
			other := newSimDisk()
			o := simOptions(other)
			o.Identity.Node = 9
			l, _ := Open(o)
			l.Close()
			d.inode(segmentSuffix).data = other.inode(segmentSuffix).data
		}, "0000000001.wal: not the log of this node: it belongs to node 9"},
		"a later format": {func(_ *Options, d *simDisk) {
			s := d.inode(segmentSuffix).data[:sectorBytes]
			s[12] = 9
			sealBlock(s)
		}, "0000000001.wal: not the log of this node: format version 9, this program knows 1"},
		"a mark in the place of a segment": {func(_ *Options, d *simDisk) {
			d.inode(segmentSuffix).data = d.inode(markName).data
		}, "0000000001.wal: not the log of this node: the header is one of something else"},
		"no log at all": {func(_ *Options, d *simDisk) {
			maps.DeleteFunc(d.names, func(_ string, n *simInode) bool { return !n.isDir })
			_, _ = d.Create(simDir + "/thesis.tex")
		}, "it holds thesis.tex"},
	} {
		t.Run(name, func(t *testing.T) {
			disk := newSimDisk()
			l := open(t, disk)
			write(t, l, &core.HardState{Term: 1}, 1, []byte("x"))
			l.Close()
			o := simOptions(disk)
			c.change(&o, disk)
			before := disk.killed()
			_, err := Open(o)
			if !errors.Is(err, ErrForeign) || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Fatalf("opened with %v, want one line with %q", err, c.want)
			}
			if len(disk.names) != len(before.names) {
				t.Fatal("the directory was changed")
			}
		})
	}
}

func TestOptions(t *testing.T) {
	for name, o := range map[string]Options{
		"Dir is required":  {Identity: testIdentity},
		"Identity.Node":    {Dir: "x"},
		"SegmentBytes 100": {Dir: "x", Identity: testIdentity, SegmentBytes: 100},
		"SegmentBytes -1":  {Dir: "x", Identity: testIdentity, SegmentBytes: -1},
	} {
		if _, err := Open(o); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("Open(%+v): %v, want an error with %q", o, err, name)
		}
	}
	if _, err := Open(options(os.Args[0])); err == nil || !strings.Contains(err.Error(), "not a directory") {
		t.Errorf("a file as Dir: %v", err)
	}
}

// Files and directories are for their owner only.
func TestPermissions(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "log")
	l, err := Open(options(dir))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	err = filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// What was written is there in the next process, with and without syncs, through many
// segments; those that hold only compacted entries are deleted.
func TestReopen(t *testing.T) {
	for _, noSync := range []bool{false, true} {
		o := options(t.TempDir())
		o.NoSync = noSync
		w := newWorkload(nil, 6, newModel())
		for range 5 {
			l, err := Open(o)
			if err != nil {
				t.Fatal(err)
			}
			w.log = l
			if _, err := w.found(l); err != nil {
				t.Fatal(err)
			}
			for range 60 {
				w.step()
			}
			if err := errors.Join(w.failed, l.Close()); err != nil {
				t.Fatal(err)
			}
		}
		if w.now.base == 0 {
			t.Fatal("nothing was compacted")
		}
		if found, err := list(machine{}, o.Dir); err != nil || len(found.segments) > 4 || found.segments[0] == 1 || len(found.snapshots) != 1 {
			t.Fatalf("NoSync: %v: the directory holds %+v, %v", noSync, found, err)
		}
	}
}

// A batch that is larger than a segment gets a larger one.
func TestLargeWrite(t *testing.T) {
	for _, inline := range []bool{false, true} {
		o := options(t.TempDir())
		o.inline = inline
		l, err := Open(o)
		if err != nil {
			t.Fatal(err)
		}
		for i := range core.Index(5) {
			write(t, l, nil, 1+i, make([]byte, 40<<10)) // the next segment is being made
		}
		write(t, l, nil, 6, make([]byte, 1<<20))
		l.Close()
		if l, err = Open(o); err != nil || l.LastIndex() != 6 {
			t.Fatalf("%v: log ends at %d", err, l.LastIndex())
		}
		l.Close()
	}
}

// A segment's file that has grown beyond all bounds is damage, and is not read into memory.
func TestSegmentThatHasGrown(t *testing.T) {
	dir := t.TempDir()
	l, err := Open(options(dir))
	if err != nil {
		t.Fatal(err)
	}
	write(t, l, &core.HardState{Term: 1}, 1, []byte("x"))
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(filepath.Join(dir, segmentName(1)), 1<<40); err != nil {
		t.Skip("no file of that size can be had:", err)
	}
	var damage *DamageError
	if _, err := Open(options(dir)); !errors.As(err, &damage) || !strings.HasSuffix(damage.Path, segmentName(1)) {
		t.Fatalf("opened with %v, want a DamageError", err)
	}
}
