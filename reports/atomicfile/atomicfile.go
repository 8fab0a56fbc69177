// Package atomicfile replaces a file so that a crash at any instant leaves
// either the old content or the new one whole: a temporary file in the same
// directory, written, synced, renamed, and the directory synced.
//
// It does not lock: of two writers of one path the last one wins. It starts no
// goroutine.
package atomicfile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Write replaces path by what content writes. If content or the disk fails, path
// is left as it was and the temporary file is removed.
func Write(path string, content func(io.Writer) error) error {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, "."+filepath.Base(path)+".*.tmp")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := fill(f, content); err != nil {
		return fmt.Errorf("write %s: %w", path, errors.Join(err, os.Remove(f.Name())))
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return fmt.Errorf("write %s: %w", path, errors.Join(err, os.Remove(f.Name())))
	}
	if err := syncDir(dir); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// fill writes, syncs and closes f.
func fill(f *os.File, content func(io.Writer) error) error {
	b := bufio.NewWriterSize(f, 64<<10)
	err := content(b)
	if err == nil {
		err = b.Flush()
	}
	if err == nil {
		err = f.Chmod(0o644) // CreateTemp makes it private; results are to be shared
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
