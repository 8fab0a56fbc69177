// Package atomicfile replaces a file so that a crash at any instant leaves
// either the old content or the new one whole: a temporary file in the same
// directory, written, synced, renamed, and the directory synced.
//
// A process that is killed may leave its temporary file, .NAME.XXXXXXXX.tmp, which
// nobody reads. It does not lock: of two writers of one path the last one wins. It
// starts no goroutine.
package atomicfile

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"

	"github.com/raftbench/raftbench/reports/disk"
)

// Write replaces path by what content writes. If content or the disk fails, path
// is left as it was and the temporary file is removed; if the disk fails only at
// making the new name durable, path is already replaced.
func Write(path string, content func(io.Writer) error) error {
	return WriteOn(disk.OS(), path, content)
}

// WriteOn is Write on a disk of the caller's.
func WriteOn(fs disk.FS, path string, content func(io.Writer) error) error {
	temporary := Temporary(path)
	f, err := fs.Create(temporary)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, disk.Cause(err, temporary))
	}
	if err = fill(f, content); err == nil {
		err = fs.Rename(temporary, path)
	}
	if err != nil {
		_ = fs.Remove(temporary) // what was wrong first is what there is to say
		return fmt.Errorf("write %s: %w", path, disk.Cause(err, temporary))
	}
	if err := fs.SyncDir(filepath.Dir(path)); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// Temporary is a name for a file that is to become path. No two are the same.
func Temporary(path string) string {
	dir, name := filepath.Split(path)
	return filepath.Join(dir, fmt.Sprintf(".%s.%016x.tmp", name, rand.Uint64()))
}

// fill writes, syncs and closes f.
func fill(f disk.File, content func(io.Writer) error) error {
	b := bufio.NewWriterSize(f, 64<<10)
	err := content(b)
	if err == nil {
		err = b.Flush()
	}
	if err == nil {
		err = f.Sync()
	}
	if closing := f.Close(); err == nil {
		err = closing
	}
	return err
}
