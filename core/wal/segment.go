package wal

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/raftbench/raftbench/core"
)

// version numbers the format of everything in the directory. It has the version of
// the encoding of entries in it.
const version = 1

// Identity says whose log it is. A log is opened as nobody else's.
type Identity struct {
	Cluster uint64
	Node    core.NodeID
}

func (i Identity) String() string { return fmt.Sprintf("%v of cluster %016x", i.Node, i.Cluster) }

// ErrForeign: the directory holds the log of another node or cluster, or one of a
// format that this program does not know, or something that is no log.
var ErrForeign = errors.New("not the log of this node")

// header is the first sector of a segment. It is durable before the segment has its
// name.
//
//	0   checksum, CRC32C of the rest; the seed of the segment's sectors
//	4   "raftwal\0"
//	12  version
//	16  cluster
//	24  node
//	32  number of the segment, from 1
//	40  size of the segment in bytes, this sector included
//	48  sequence number of its first frame
//	56  what that frame's chain continues
//	60  index of the last entry before it
//	68  zeros
type header struct {
	Identity
	number, bytes uint64
	tail          tail
	last          core.Index
}

const segmentMagic = "raftwal\x00"

func (h header) encode() []byte {
	s := make([]byte, sectorBytes)
	copy(s[4:], segmentMagic)
	binary.LittleEndian.PutUint32(s[12:], version)
	binary.LittleEndian.PutUint64(s[16:], h.Cluster)
	binary.LittleEndian.PutUint64(s[24:], uint64(h.Node))
	binary.LittleEndian.PutUint64(s[32:], h.number)
	binary.LittleEndian.PutUint64(s[40:], h.bytes)
	binary.LittleEndian.PutUint64(s[48:], h.tail.frame)
	binary.LittleEndian.PutUint32(s[56:], h.tail.chain)
	binary.LittleEndian.PutUint64(s[60:], uint64(h.last))
	sealBlock(s)
	return s
}

// decodeHeader returns a segment's header and its seed. The identity is the caller's
// to compare. An error matches ErrForeign if the version is another.
func decodeHeader(s []byte) (h header, seed uint32, err error) {
	if err := checkBlock(s, sectorBytes, segmentMagic); err != nil {
		return h, 0, err
	}
	h = header{
		Identity: Identity{binary.LittleEndian.Uint64(s[16:]), core.NodeID(binary.LittleEndian.Uint64(s[24:]))},
		number:   binary.LittleEndian.Uint64(s[32:]),
		bytes:    binary.LittleEndian.Uint64(s[40:]),
		tail:     tail{binary.LittleEndian.Uint64(s[48:]), binary.LittleEndian.Uint32(s[56:])},
		last:     core.Index(binary.LittleEndian.Uint64(s[60:])),
	}
	if !bytes.Equal(h.encode(), s) || h.number == 0 || h.tail.frame == 0 || h.bytes%sectorBytes != 0 {
		return header{}, 0, errors.New("the header has values that no log writes")
	}
	return h, binary.LittleEndian.Uint32(s), nil
}

// sealBlock fills in the checksum of a sector that is a header of something.
func sealBlock(s []byte) {
	binary.LittleEndian.PutUint32(s, crc32.Checksum(s[4:], castagnoli))
}

// checkBlock looks for damage, what it is, and its version.
func checkBlock(s []byte, size int, magic string) error {
	switch {
	case len(s) != size:
		return fmt.Errorf("the header has %d bytes of %d", len(s), size)
	case binary.LittleEndian.Uint32(s) != crc32.Checksum(s[4:], castagnoli):
		return errors.New("the header is damaged")
	case string(s[4:12]) != magic:
		return fmt.Errorf("%w: the header is one of something else", ErrForeign)
	}
	if v := binary.LittleEndian.Uint32(s[12:]); v != version {
		return fmt.Errorf("%w: format version %d, this program knows %d", ErrForeign, v, version)
	}
	return nil
}

const (
	segmentSuffix  = ".wal"
	snapshotSuffix = ".snapshot"
	tempSuffix     = ".tmp"
	damagedSuffix  = ".damaged"
	refusedSuffix  = ".refused"

	nextName = "next" + tempSuffix
)

func segmentName(number uint64) string { return fmt.Sprintf("%010d%s", number, segmentSuffix) }

// segmentNumber is the number in the name of a segment.
func segmentNumber(name string) (uint64, bool) {
	digits, ok := strings.CutSuffix(name, segmentSuffix)
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, 10, 64)
	return n, err == nil && name == segmentName(n)
}

// segment is one that has its name.
type segment struct {
	path   string
	number uint64
	seed   uint32

	// highest index of an entry in it: it can go when everything up to there has
	// been compacted.
	highest core.Index
}

// allocate makes the file of a segment to come, which begin gives its header and
// its name.
func allocate(fs fileSystem, dir string, bytes int64) (file, error) {
	path := filepath.Join(dir, nextName)
	f, err := fs.Create(path)
	if err != nil {
		return nil, err
	}
	if err = f.Allocate(bytes); err == nil {
		err = f.Sync()
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// begin makes an allocated file the segment that h says.
func begin(fs fileSystem, dir string, f file, h header) (segment, error) {
	s := h.encode()
	if _, err := f.WriteAt(s, 0); err != nil {
		return segment{}, err
	}
	if err := f.Sync(); err != nil {
		return segment{}, err
	}
	path := filepath.Join(dir, segmentName(h.number))
	if err := fs.Rename(filepath.Join(dir, nextName), path); err != nil {
		return segment{}, err
	}
	return segment{path: path, number: h.number, seed: binary.LittleEndian.Uint32(s)}, fs.SyncDir(dir)
}

// maxFileBytes bounds what is read of a file whose header does not say how large it is.
// No segment is larger: see makeRoom, and maxWriteBytes.
const maxFileBytes = 4 << 30

// readSegment reads the file of a segment, into buf if it fits: all that it should have, and
// a sector more of one that has grown.
func readSegment(fs fileSystem, path string, buf []byte) ([]byte, error) {
	f, err := fs.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	size, err := f.Size()
	if err != nil {
		return nil, err
	}
	size = min(size, maxFileBytes)
	head := make([]byte, min(size, sectorBytes))
	if n, err := f.ReadAt(head, 0); n < len(head) {
		return nil, fmt.Errorf("read %s: %d bytes of %d: %w", path, n, len(head), err)
	}
	if h, _, err := decodeHeader(head); err == nil {
		size = min(size, int64(min(h.bytes, maxFileBytes))+sectorBytes)
	}
	if int64(cap(buf)) < size {
		buf = make([]byte, size)
	}
	buf = buf[:size]
	if n, err := f.ReadAt(buf, 0); int64(n) < size {
		return nil, fmt.Errorf("read %s: %d bytes of %d: %w", path, n, size, err)
	}
	return buf, nil
}
