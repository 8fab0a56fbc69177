package cli

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"sync"
)

// stream is standard output or standard error. It remembers what went wrong
// first, a closed pipe or a full disk, and does not try again: a run goes on
// without it, and its exit code tells.
//
// It may be used concurrently.
type stream struct {
	w io.Writer

	mu  sync.Mutex
	err error
}

// Write implements io.Writer.
func (s *stream) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return 0, s.err
	}
	n, err := s.w.Write(b)
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err // "write /dev/stdout" is said better by who writes
	}
	s.err = err
	return n, err
}

// failure is the first error of Write.
func (s *stream) failure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// fileOf is the file behind a stream, if there is one.
func fileOf(w io.Writer) (*os.File, bool) {
	if s, ok := w.(*stream); ok {
		w = s.w
	}
	f, ok := w.(*os.File)
	return f, ok
}
