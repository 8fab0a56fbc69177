package wal

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
	"path/filepath"
	"strings"

	"github.com/raftbench/raftbench/core"
)

// manifest is the first manifestBytes of a snapshot's file; the content follows. It is
// written when the content is known, and the file gets its name when all of it is
// durable.
//
//	0   checksum, CRC32C of the rest
//	4   "raftsnap"
//	12  version
//	16  cluster
//	24  node
//	32  index
//	40  term
//	48  size of the content in bytes
//	56  SHA-256 of the content
//	88  length of the configuration in bytes
//	92  configuration (core.SnapshotMeta.Config), and zeros
type manifest struct {
	Identity
	meta core.SnapshotMeta
	size uint64
	sum  [sha256.Size]byte
}

const (
	// manifestBytes holds the configuration of core.MaxMembers members.
	manifestBytes  = 2 * sectorBytes
	maxConfigBytes = manifestBytes - 92

	snapshotMagic = "raftsnap"
	snapshotTemp  = "snapshot" + tempSuffix
)

var errSnapshot = errors.New("the snapshot is damaged")

func (m manifest) encode() []byte {
	s := make([]byte, manifestBytes)
	copy(s[4:], snapshotMagic)
	binary.LittleEndian.PutUint32(s[12:], version)
	for i, n := range []uint64{m.Cluster, uint64(m.Node), uint64(m.meta.Index), uint64(m.meta.Term), m.size} {
		binary.LittleEndian.PutUint64(s[16+8*i:], n)
	}
	copy(s[56:], m.sum[:])
	binary.LittleEndian.PutUint32(s[88:], uint32(len(m.meta.Config)))
	copy(s[92:], m.meta.Config)
	sealBlock(s)
	return s
}

// decodeManifest returns what the first manifestBytes say. An error matches ErrForeign if
// the version is another.
func decodeManifest(s []byte) (manifest, error) {
	if err := checkBlock(s, manifestBytes, snapshotMagic); err != nil {
		return manifest{}, err
	}
	configBytes := min(binary.LittleEndian.Uint32(s[88:]), maxConfigBytes) // more is found below
	number := func(i int) uint64 { return binary.LittleEndian.Uint64(s[16+8*i:]) }
	m := manifest{
		Identity: Identity{number(0), core.NodeID(number(1))},
		meta:     core.SnapshotMeta{Index: core.Index(number(2)), Term: core.Term(number(3)), Config: string(s[92 : 92+configBytes])},
		size:     number(4), sum: [sha256.Size]byte(s[56:]),
	}
	if !bytes.Equal(m.encode(), s) || m.meta.Index == 0 {
		return manifest{}, errors.New("the manifest has values that no log writes")
	}
	return m, nil
}

func snapshotName(m core.SnapshotMeta) string {
	return fmt.Sprintf("%020d-%020d%s", m.Index, m.Term, snapshotSuffix)
}

// snapshotMeta is what the name of a snapshot says: all but its configuration.
func snapshotMeta(name string) (m core.SnapshotMeta, ok bool) {
	if !strings.HasSuffix(name, snapshotSuffix) {
		return m, false
	}
	_, err := fmt.Sscanf(name, "%d-%d", &m.Index, &m.Term)
	return m, err == nil && name == snapshotName(m)
}

// writeSnapshot makes a durable file of what content writes. If content fails,
// nothing has changed, and the error is content's alone.
func writeSnapshot(fs fileSystem, dir string, m manifest, content func(io.Writer) error) (refused, failed error) {
	if n := len(m.meta.Config); n > maxConfigBytes {
		return fmt.Errorf("a configuration of %d bytes: at most %d", n, maxConfigBytes), nil
	}
	temp := filepath.Join(dir, snapshotTemp)
	f, err := fs.Create(temp)
	if err != nil {
		return nil, err
	}
	refused, failed = fillSnapshot(f, m, content)
	if err := f.Close(); failed == nil {
		failed = err
	}
	if refused != nil || failed != nil {
		if err := fs.Remove(temp); failed == nil {
			failed = err
		}
		return refused, failed
	}
	if err := fs.Rename(temp, filepath.Join(dir, snapshotName(m.meta))); err != nil {
		return nil, err
	}
	return nil, fs.SyncDir(dir)
}

const snapshotBufferBytes = 256 << 10

func fillSnapshot(f file, m manifest, content func(io.Writer) error) (refused, failed error) {
	out := &summing{out: io.NewOffsetWriter(f, manifestBytes), sum: sha256.New()}
	buffer := bufio.NewWriterSize(out, snapshotBufferBytes)
	if err := content(buffer); err != nil && out.err == nil {
		return err, nil
	}
	if err := buffer.Flush(); err != nil {
		return nil, err
	}
	m.size = out.size
	out.sum.Sum(m.sum[:0])
	if _, err := f.WriteAt(m.encode(), 0); err != nil {
		return nil, err
	}
	return nil, f.Sync()
}

// summing counts and sums what passes through it.
type summing struct {
	out  io.Writer
	sum  hash.Hash
	size uint64
	err  error // of out
}

func (s *summing) Write(b []byte) (int, error) {
	n, err := s.out.Write(b)
	s.sum.Write(b[:n])
	s.size += uint64(n)
	s.err = err
	return n, err
}

// snapshotReader reads the content of a snapshot, and ends with an error instead of
// io.EOF if it is not what was written.
type snapshotReader struct {
	file     file
	content  *io.SectionReader
	sum      hash.Hash
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
	case uint64(size-manifestBytes) != m.size:
		return nil, fmt.Errorf("%w: it has %d bytes of %d", errSnapshot, size-manifestBytes, m.size)
	}
	return &snapshotReader{f, io.NewSectionReader(f, manifestBytes, int64(m.size)), sha256.New(), m}, nil
}

func (r *snapshotReader) Read(b []byte) (int, error) {
	n, err := r.content.Read(b)
	r.sum.Write(b[:n])
	if err == io.EOF && !bytes.Equal(r.sum.Sum(nil), r.manifest.sum[:]) {
		return n, fmt.Errorf("%w: its content does not have the SHA-256 in its manifest", errSnapshot)
	}
	return n, err
}

func (r *snapshotReader) Close() error { return r.file.Close() }
