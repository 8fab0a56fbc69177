package wal

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// reserve has the file system find blocks for a file, in one piece if it can.
func reserve(f *os.File, bytes int64) error {
	err := retry(func() error { return unix.Fallocate(int(f.Fd()), 0, 0, bytes) })
	if errors.Is(err, unix.EOPNOTSUPP) {
		return nil // writing zeros will do
	}
	return pathError("fallocate", f, err)
}

// syncData syncs the content and what is needed to find it: not the time of the last
// change, which would cost a write to the journal of the file system.
func syncData(f *os.File) error {
	return pathError("fdatasync", f, retry(func() error { return unix.Fdatasync(int(f.Fd())) }))
}

// hasName asks for the number of links and nothing else. Whoever asks for times, as fstat
// does, makes the next write note a new time, and so change the inode: since Linux 6.13
// (multigrain timestamps) that took a tenth of the throughput of a log of 16 KiB writes.
func hasName(f *os.File) (bool, error) {
	var stat unix.Statx_t
	err := retry(func() error { return unix.Statx(int(f.Fd()), "", unix.AT_EMPTY_PATH, unix.STATX_NLINK, &stat) })
	if errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EPERM) { // Linux before 4.11; old sandboxes
		return true, nil
	}
	return stat.Nlink > 0, pathError("statx", f, err)
}

// retry tries again what a signal has interrupted before it did anything. It is not
// a second attempt after a failure.
func retry(call func() error) error {
	for {
		if err := call(); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

func pathError(op string, f *os.File, err error) error {
	if err == nil {
		return nil
	}
	return &os.PathError{Op: op, Path: f.Name(), Err: err}
}
