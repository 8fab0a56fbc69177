package wal

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
)

// ErrLocked: another log, in this process or another, has the directory open.
var ErrLocked = errors.New("the directory is in use")

// errLocked is what a file system says.
var errLocked = errors.New("locked")

const lockName = "lock"

// lockDir keeps others out of a directory. The lock ends with the process, so that
// none is left behind by a crash; the file stays.
func lockDir(fs fileSystem, dir string) (io.Closer, error) {
	lock, err := fs.Lock(filepath.Join(dir, lockName))
	if errors.Is(err, errLocked) {
		return nil, fmt.Errorf("wal: %s: %w by another process or log", dir, ErrLocked)
	}
	if err != nil {
		return nil, fmt.Errorf("wal: lock %s: %w", dir, err)
	}
	return lock, nil
}
