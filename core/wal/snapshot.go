package wal

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"path/filepath"

	"github.com/raftbench/raftbench/core"
)

var errSnapshot = errors.New("the snapshot is damaged")

// NewSnapshot implements core.Storage.
func (l *Log) NewSnapshot(meta core.SnapshotMeta) (core.SnapshotWriter, error) {
	if err := l.writer.failure(); err != nil {
		return nil, err
	}
	if n := len(meta.Config); n > maxConfigBytes {
		return nil, fmt.Errorf("wal: a snapshot with a configuration of %d bytes: at most %d", n, maxConfigBytes)
	}
	w, err := newSnapshotWriter(l, meta)
	if err != nil {
		return nil, l.writer.fail(fmt.Errorf("wal: begin %v: %w", meta, err))
	}
	return w, nil
}

// AdoptSnapshot implements core.Storage. The file of the one before is deleted in the
// background.
func (l *Log) AdoptSnapshot(w core.SnapshotWriter) error {
	s, ok := w.(*snapshotWriter)
	switch {
	case !ok || s.log != l || s.state != snapshotFinished:
		return errors.New("wal: adopt a snapshot that is not a finished one of this log")
	case s.Meta.Index < l.snapshot.Index:
		return fmt.Errorf("wal: adopt %v over %v: %w", s.Meta, l.snapshot, core.ErrOutOfRange)
	}
	old := l.snapshot
	l.snapshot, s.state = s.Meta, snapshotEnded
	if l.live.Rest(s.Meta) {
		l.writer.add(item{base: s.Meta, emptied: true, done: ignore})
	}
	if old.Index == 0 || snapshotName(old) == snapshotName(s.Meta) {
		return nil
	}
	return l.remove(snapshotName(old))
}

// remove deletes a snapshot's file in the background: that of a large one takes long.
func (l *Log) remove(name string) error {
	remove := func() error {
		if err := l.options.fs.Remove(filepath.Join(l.options.Dir, name)); err != nil {
			return l.writer.fail(fmt.Errorf("wal: %w", err))
		}
		return nil
	}
	if l.options.inline {
		return remove()
	}
	l.writer.work.Go(func() { _ = remove() }) // the next write reports the failure
	return nil
}

// OpenSnapshot implements core.Storage. The reader checks what it reads: read from the
// beginning, it ends with an error instead of io.EOF if the content is not what was
// written.
func (l *Log) OpenSnapshot() (core.SnapshotManifest, io.ReadSeekCloser, error) {
	if l.snapshot.Index == 0 {
		return core.SnapshotManifest{}, nil, nil
	}
	r, err := openSnapshot(l.options.fs, filepath.Join(l.options.Dir, snapshotName(l.snapshot)))
	if err != nil {
		return core.SnapshotManifest{}, nil, fmt.Errorf("wal: open %v: %w", l.snapshot, err)
	}
	return r.manifest.SnapshotManifest, r, nil
}

// snapshotReader reads the content of a snapshot.
type snapshotReader struct {
	file     file
	content  *io.SectionReader
	sum      hash.Hash
	skipped  bool // something was left out, or read twice: the sum says nothing
	manifest manifest
}

// openSnapshot opens a file and checks its manifest and its size. An error matches
// ErrForeign or errSnapshot, or is one of the file system.
func openSnapshot(fs fileSystem, path string) (*snapshotReader, error) {
	f, err := fs.Open(path)
	if err != nil {
		return nil, err
	}
	r, err := checkSnapshot(f)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), f.Close())
	}
	return r, nil
}

func checkSnapshot(f file) (*snapshotReader, error) {
	size, err := f.Size()
	if err != nil {
		return nil, err
	}
	s := make([]byte, min(max(size, 0), manifestBytes))
	if _, err := f.ReadAt(s, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	m, err := decodeManifest(s)
	switch {
	case errors.Is(err, ErrForeign):
		return nil, err
	case err != nil:
		return nil, fmt.Errorf("%w: %w", errSnapshot, err)
	case uint64(size-manifestBytes) != m.SizeBytes:
		return nil, fmt.Errorf("%w: it has %d bytes of %d", errSnapshot, size-manifestBytes, m.SizeBytes)
	}
	content := io.NewSectionReader(f, manifestBytes, int64(m.SizeBytes))
	return &snapshotReader{file: f, content: content, sum: sha256.New(), manifest: m}, nil
}

func (r *snapshotReader) Read(b []byte) (int, error) {
	n, err := r.content.Read(b)
	if r.skipped {
		return n, err
	}
	r.sum.Write(b[:n])
	if err == io.EOF && !bytes.Equal(r.sum.Sum(nil), r.manifest.SHA256[:]) {
		return n, fmt.Errorf("%w: its content does not have the SHA-256 in its manifest", errSnapshot)
	}
	return n, err
}

func (r *snapshotReader) Seek(offset int64, whence int) (int64, error) {
	before, _ := r.content.Seek(0, io.SeekCurrent) // it always can
	after, err := r.content.Seek(offset, whence)
	r.skipped = r.skipped || after != before
	return after, err
}

func (r *snapshotReader) Close() error { return r.file.Close() }
