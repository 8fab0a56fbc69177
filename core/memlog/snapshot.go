package memlog

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/raftbench/raftbench/core"
)

// pieceBytes is the size of the pieces in which a snapshot is kept: a large one
// grows without being copied.
const pieceBytes = 1 << 20

// snapshot is a finished snapshot. The zero value is none.
type snapshot struct {
	manifest core.SnapshotManifest
	pieces   [][]byte // all of pieceBytes, but for the last
}

// snapshotWriter is a snapshot that is being written.
type snapshotWriter struct {
	snapshot
	sum      hash.Hash
	finished bool
}

// NewSnapshot implements core.Storage.
func (l *Log) NewSnapshot(meta core.SnapshotMeta) (core.SnapshotWriter, error) {
	return &snapshotWriter{snapshot: snapshot{manifest: core.SnapshotManifest{Meta: meta}}, sum: sha256.New()}, nil
}

// Write implements core.SnapshotWriter.
func (w *snapshotWriter) Write(b []byte) (int, error) {
	w.sum.Write(b)
	w.manifest.SizeBytes += uint64(len(b))
	for rest := b; len(rest) > 0; {
		last := len(w.pieces) - 1
		if last < 0 || len(w.pieces[last]) == pieceBytes {
			w.pieces = append(w.pieces, nil)
			last++
		}
		n := min(len(rest), pieceBytes-len(w.pieces[last]))
		w.pieces[last] = append(w.pieces[last], rest[:n]...)
		rest = rest[n:]
	}
	return len(b), nil
}

// Finish implements core.SnapshotWriter.
func (w *snapshotWriter) Finish(seal func(core.SnapshotManifest) (core.Signature, error)) error {
	w.sum.Sum(w.manifest.SHA256[:0])
	var err error
	w.manifest.Signature, err = seal(w.manifest)
	w.finished = err == nil
	return err
}

// SetAside implements core.SnapshotWriter.
func (w *snapshotWriter) SetAside(core.SnapshotManifest) error { return w.Abort() }

// Abort implements core.SnapshotWriter.
func (w *snapshotWriter) Abort() error {
	w.pieces = nil
	return nil
}

// AdoptSnapshot implements core.Storage.
func (l *Log) AdoptSnapshot(w core.SnapshotWriter) error {
	s, ok := w.(*snapshotWriter)
	if !ok || !s.finished {
		return errors.New("memlog: adopt a snapshot that is not a finished one")
	}
	meta, now := s.manifest.Meta, l.snapshot.manifest.Meta
	if meta.Index < now.Index {
		return fmt.Errorf("memlog: adopt %v over %v: %w", meta, now, core.ErrOutOfRange)
	}
	l.snapshot = s.snapshot
	l.Rest(meta)
	return nil
}

// OpenSnapshot implements core.Storage.
func (l *Log) OpenSnapshot() (core.SnapshotManifest, io.ReadSeekCloser, error) {
	if l.snapshot.manifest.Meta.Index == 0 {
		return core.SnapshotManifest{}, nil, nil
	}
	s := l.snapshot // which the log replaces and never changes
	return s.manifest, reader{io.NewSectionReader(&s, 0, int64(s.manifest.SizeBytes))}, nil
}

// reader reads a snapshot.
type reader struct{ *io.SectionReader }

// Close implements io.Closer.
func (reader) Close() error { return nil }

// ReadAt implements io.ReaderAt.
func (s *snapshot) ReadAt(b []byte, at int64) (int, error) {
	n := 0
	for n < len(b) {
		piece, within := (at+int64(n))/pieceBytes, (at+int64(n))%pieceBytes
		if piece >= int64(len(s.pieces)) || within >= int64(len(s.pieces[piece])) {
			return n, io.EOF
		}
		n += copy(b[n:], s.pieces[piece][within:])
	}
	return n, nil
}
