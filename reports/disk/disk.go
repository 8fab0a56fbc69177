// Package disk is the handful of file operations that results are written with,
// as an interface, so that a test can make any one of them fail: see disktest.
//
// It reads nothing, for reading loses nothing. It starts no goroutine.
package disk

import (
	"errors"
	"io"
	"os"
)

// FS is where results are written. Its methods may be called concurrently.
type FS interface {
	// Create makes a file, which must not be there yet. Every write goes to its end.
	Create(path string) (File, error)

	// Rename replaces new by old, whole at every instant.
	Rename(old, new string) error

	Remove(path string) error

	// SyncDir makes durable which files a directory has, under which names.
	SyncDir(dir string) error
}

// File is a file that is being written. It has one user at a time.
type File interface {
	io.Writer

	// Truncate cuts the file off, so that what a failed write left is gone.
	Truncate(size int64) error

	// Sync returns when what was written survives a loss of power.
	Sync() error

	// Lock marks the file as being written by a process that lives (Locked). The
	// mark ends with the process, or with Close.
	Lock() error

	Close() error
}

// OS returns the file system of the machine.
func OS() FS { return system{} }

type system struct{}

func (system) Create(path string) (File, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL|os.O_APPEND, 0o644)
	if err != nil {
		return nil, err
	}
	return file{f}, nil
}

func (system) Rename(old, new string) error { return os.Rename(old, new) }
func (system) Remove(path string) error     { return os.Remove(path) }

func (system) SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

type file struct{ *os.File }

func (f file) Lock() error { return lock(f.File) }

// Cause is err without the operation and the path, if that is the one given: the
// name of a temporary file says nothing to the reader of a message.
func Cause(err error, path string) error {
	var of *os.PathError
	if errors.As(err, &of) && of.Path == path {
		return of.Err
	}
	var link *os.LinkError
	if errors.As(err, &link) && link.Old == path {
		return link.Err
	}
	return err
}
