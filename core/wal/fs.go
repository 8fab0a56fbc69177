package wal

import "io"

// fileSystem is the handful of operations that a log is kept with, so that a test
// can fail any of them or take the power away after it. Its methods may be called
// concurrently.
type fileSystem interface {
	// Mkdir makes a directory, whose parent is there. It reports whether it did: false
	// without an error if there is one.
	Mkdir(dir string) (made bool, err error)

	// ReadDir returns the names in a directory, in any order.
	ReadDir(dir string) ([]string, error)

	// Lock takes the exclusive lock of the file at path until Close, or the end of
	// the process. errLocked if somebody holds it.
	Lock(path string) (io.Closer, error)

	// Create makes a file, which must not be there yet, to read and write.
	Create(path string) (file, error)

	// Open opens a file to read and write.
	Open(path string) (file, error)

	// Rename replaces new by old, whole at every instant.
	Rename(old, new string) error

	Remove(path string) error

	// SyncDir makes durable which files a directory has, under which names.
	SyncDir(dir string) error
}

// file is an open file. It has one user at a time.
type file interface {
	io.ReaderAt
	io.WriterAt

	// Size is the number of bytes in it.
	Size() (int64, error)

	// Allocate makes an empty file that many zeros long, and has the blocks for
	// them: what is written there later is found without a change of metadata, and
	// does not fail for want of space.
	Allocate(bytes int64) error

	// Sync returns when what was written survives a loss of power.
	Sync() error

	// HasName reports whether a directory has the file. Without one, what is written
	// and synced ends when it is closed.
	HasName() (bool, error)

	Close() error
}

// unsynced is a file system that promises nothing about a loss of power, for
// Options.NoSync.
type unsynced struct{ fileSystem }

func (u unsynced) Create(path string) (file, error) {
	f, err := u.fileSystem.Create(path)
	return unsyncedFile{f}, err
}

func (u unsynced) Open(path string) (file, error) {
	f, err := u.fileSystem.Open(path)
	return unsyncedFile{f}, err
}

func (unsynced) SyncDir(string) error { return nil }

type unsyncedFile struct{ file }

func (unsyncedFile) Sync() error { return nil }
