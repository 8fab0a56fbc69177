package wal

import (
	"bufio"
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"path/filepath"
	"slices"
	"strings"

	"github.com/raftbench/raftbench/core"
)

const (
	snapshotBufferBytes = 256 << 10

	// snapshotSyncBytes is how much of a snapshot is written between two syncs: what
	// a sync of the log finds before it in the disk's queue at most, as with segments
	// (diskFile.Allocate).
	snapshotSyncBytes = 1 << 20

	// maxRefused is how many snapshots that were set aside are kept.
	maxRefused = 4
)

// snapshotState is how far a snapshotWriter has come.
type snapshotState int

const (
	snapshotWritten  snapshotState = iota // it is being written, without a name
	snapshotFinished                      // it is durable and has its name
	snapshotEnded                         // adopted, set aside or aborted
)

// snapshotWriter is a core.SnapshotWriter. A failure of the disk is the log's.
type snapshotWriter struct {
	manifest
	log    *Log
	temp   string
	file   file
	buffer *bufio.Writer // into body
	body   body
	state  snapshotState
}

func newSnapshotWriter(l *Log, meta core.SnapshotMeta) (*snapshotWriter, error) {
	temp := filepath.Join(l.options.Dir, fmt.Sprintf("snapshot-%d%s", l.snapshots.Add(1), tempSuffix))
	f, err := l.options.fs.Create(temp)
	if err != nil {
		return nil, err
	}
	w := &snapshotWriter{
		manifest: manifest{l.options.Identity, core.SnapshotManifest{Meta: meta}},
		log:      l, temp: temp, file: f, body: body{file: f, sum: sha256.New()},
	}
	w.buffer = bufio.NewWriterSize(&w.body, snapshotBufferBytes)
	return w, nil
}

// failed makes err the log's.
func (w *snapshotWriter) failed(err error) error {
	return w.log.writer.fail(fmt.Errorf("wal: save %v: %w", w.Meta, err))
}

func (w *snapshotWriter) Write(b []byte) (int, error) {
	n, err := w.buffer.Write(b)
	if err != nil {
		return n, w.failed(err)
	}
	return n, nil
}

// Finish implements core.SnapshotWriter.
func (w *snapshotWriter) Finish(seal func(core.SnapshotManifest) (core.Signature, error)) error {
	if err := w.log.writer.failure(); err != nil {
		return err
	}
	if err := w.buffer.Flush(); err != nil {
		return w.failed(err)
	}
	w.SizeBytes = w.body.size
	w.body.sum.Sum(w.SHA256[:0])
	var err error
	if w.Signature, err = seal(w.SnapshotManifest); err != nil {
		return fmt.Errorf("wal: seal %v: %w", w.Meta, err)
	}
	if err := w.close(w.manifest); err != nil {
		return w.failed(err)
	}
	if err := w.log.name(w.temp, snapshotName(w.Meta)); err != nil {
		return w.failed(err)
	}
	w.state = snapshotFinished
	return nil
}

// close writes the manifest and makes the file durable, still without its name.
func (w *snapshotWriter) close(m manifest) error {
	_, err := w.file.WriteAt(m.encode(), 0)
	if err == nil {
		err = w.file.Sync()
	}
	return errors.Join(err, w.file.Close())
}

// name gives a file its name, durably.
func (l *Log) name(temp, name string) error {
	if err := l.options.fs.Rename(temp, filepath.Join(l.options.Dir, name)); err != nil {
		return err
	}
	return l.options.fs.SyncDir(l.options.Dir)
}

// SetAside implements core.SnapshotWriter. A snapshot with the index and the term of
// one that was set aside before takes its place.
func (w *snapshotWriter) SetAside(claimed core.SnapshotManifest) error {
	if w.state != snapshotWritten {
		return nil
	}
	w.state = snapshotEnded
	if len(claimed.Meta.Config) > maxConfigBytes {
		claimed.Meta.Config = ""
	}
	err := errors.Join(w.buffer.Flush(), w.close(manifest{w.Identity, claimed}))
	if err == nil {
		err = w.log.name(w.temp, baseName(claimed.Meta)+refusedSuffix)
	}
	if err == nil {
		err = w.log.tidyRefused()
	}
	if err != nil {
		return fmt.Errorf("wal: set %v aside: %w", claimed.Meta, err)
	}
	return nil
}

// tidyRefused deletes snapshots that were set aside until few are left, those with the
// lowest index first.
func (l *Log) tidyRefused() error {
	names, err := l.options.fs.ReadDir(l.options.Dir)
	if err != nil {
		return err
	}
	names = slices.DeleteFunc(names, func(n string) bool { return !strings.HasSuffix(n, refusedSuffix) })
	slices.SortFunc(names, func(a, b string) int { return cmp.Compare(b, a) })
	for _, name := range names[min(maxRefused, len(names)):] {
		if err := l.options.fs.Remove(filepath.Join(l.options.Dir, name)); err != nil {
			return err
		}
	}
	return nil
}

// Abort implements core.SnapshotWriter.
func (w *snapshotWriter) Abort() error {
	was := w.state
	w.state = snapshotEnded
	switch {
	case was == snapshotWritten:
		_ = w.file.Close() // whatever it holds is deleted
		if err := w.log.options.fs.Remove(w.temp); err != nil {
			return w.failed(err)
		}
	case was == snapshotFinished && snapshotName(w.Meta) != snapshotName(w.log.snapshot):
		return w.log.remove(snapshotName(w.Meta))
	}
	return nil
}

// body is the content of a snapshot's file, behind the manifest. It is counted, summed
// and now and then synced.
type body struct {
	file   file
	sum    hash.Hash
	size   uint64
	synced uint64
}

func (b *body) Write(p []byte) (int, error) {
	n, err := b.file.WriteAt(p, manifestBytes+int64(b.size))
	b.sum.Write(p[:n])
	b.size += uint64(n)
	if err == nil && b.size-b.synced >= snapshotSyncBytes {
		b.synced, err = b.size, b.file.Sync()
	}
	return n, err
}
