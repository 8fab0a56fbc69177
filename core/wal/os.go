package wal

import (
	"errors"
	"io"
	"os"
	"path/filepath"
)

// machine is the file system of the machine. Files and directories are for their
// owner only: a log holds what clients wrote.
type machine struct{}

const (
	dirMode  = 0o700
	fileMode = 0o600
)

func (machine) Mkdir(dir string) (made bool, err error) {
	info, err := os.Stat(dir)
	switch {
	case err == nil && !info.IsDir():
		return false, &os.PathError{Op: "mkdir", Path: dir, Err: errors.New("not a directory")}
	case err == nil || !errors.Is(err, os.ErrNotExist):
		return false, err
	}
	if err := os.Mkdir(dir, dirMode); err != nil && !errors.Is(err, os.ErrExist) {
		return false, err
	}
	return true, nil // by us, or by somebody in the same moment
}

func (machine) ReadDir(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names, err
}

// Lock locks the file, and its directory as well: people remove the lock files of programs
// that they take for dead.
func (machine) Lock(path string) (io.Closer, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, fileMode)
	if err != nil {
		return nil, err
	}
	l := locks{f}
	if err := lockFile(f); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	l = append(l, dir)
	if err := lockFile(dir); errors.Is(err, errLocked) { // some file systems cannot lock directories
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// locks are files that are locked until they are closed.
type locks []*os.File

func (l locks) Close() error {
	var errs []error
	for _, f := range l {
		errs = append(errs, f.Close())
	}
	return errors.Join(errs...)
}

func (machine) Create(path string) (file, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, fileMode)
	if err != nil {
		return nil, err
	}
	return diskFile{f}, nil
}

func (machine) Open(path string) (file, error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	return diskFile{f}, nil
}

func (machine) Rename(old, new string) error { return os.Rename(old, new) }
func (machine) Remove(path string) error     { return os.Remove(path) }

func (machine) SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

type diskFile struct{ *os.File }

func (f diskFile) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// zeroBytes is how much Allocate writes between two syncs: what a sync of the log finds
// before it in the disk's queue at most.
const zeroBytes = 1 << 20

// Allocate reserves the blocks and then writes zeros into them: blocks that were
// only reserved cost a change of metadata at the first write, which the sync after
// that write waits for.
func (f diskFile) Allocate(bytes int64) error {
	if err := reserve(f.File, bytes); err != nil {
		return err
	}
	zeros := make([]byte, min(bytes, zeroBytes))
	for at := int64(0); at < bytes; at += int64(len(zeros)) {
		if _, err := f.WriteAt(zeros[:min(int64(len(zeros)), bytes-at)], at); err != nil {
			return err
		}
		if err := f.Sync(); err != nil {
			return err
		}
	}
	return nil
}

func (f diskFile) Sync() error { return syncData(f.File) }

func (f diskFile) HasName() (bool, error) { return hasName(f.File) }
