package kv

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"maps"
	"slices"
)

// A snapshot is the magic, the number of keys, for each key in ascending order
// its length, its bytes, the value's length and its bytes, and last the CRC-32C
// of all that came before, little-endian. Numbers are unsigned varints.
const snapshotMagic = "rbkv\x01"

// maxValueBytes bounds what a snapshot may claim a value to be. No command that
// passes a transport comes near it.
const maxValueBytes = 1 << 30

// ErrSnapshot is what every error of ReadSnapshot about the content matches.
var ErrSnapshot = errors.New("not a kv snapshot")

// WriteSnapshot implements core.StateMachine. The same state always gives the
// same bytes.
func (m *Machine) WriteSnapshot(w io.Writer) error {
	sum := crc32.New(crc32.MakeTable(crc32.Castagnoli))
	b := bufio.NewWriter(io.MultiWriter(w, sum))
	var n []byte
	b.WriteString(snapshotMagic) // a bufio.Writer keeps its first error for Flush
	b.Write(binary.AppendUvarint(n, uint64(len(m.items))))
	for _, key := range slices.Sorted(maps.Keys(m.items)) {
		value := m.items[key].result[1:]
		n = binary.AppendUvarint(n[:0], uint64(len(key)))
		b.Write(n)
		b.WriteString(key)
		n = binary.AppendUvarint(n[:0], uint64(len(value)))
		b.Write(n)
		b.Write(value)
	}
	if err := b.Flush(); err != nil {
		return fmt.Errorf("write kv snapshot: %w", err)
	}
	if _, err := w.Write(binary.LittleEndian.AppendUint32(nil, sum.Sum32())); err != nil {
		return fmt.Errorf("write kv snapshot: %w", err)
	}
	return nil
}

// ReadSnapshot implements core.StateMachine. On an error the state is as it was
// before.
func (m *Machine) ReadSnapshot(r io.Reader) error {
	s := &snapshotReader{r: bufio.NewReader(r), sum: crc32.New(crc32.MakeTable(crc32.Castagnoli))}
	items, err := s.read(m.maxKeys)
	if err != nil {
		return fmt.Errorf("read kv snapshot: %w", err)
	}
	m.items = items
	return nil
}

// snapshotReader reads and sums at once. It takes memory only for bytes that
// arrived, whatever a length claims.
type snapshotReader struct {
	r   *bufio.Reader
	sum hash.Hash32
	one [1]byte
}

func (s *snapshotReader) read(maxKeys int) (map[string]*item, error) {
	magic, err := s.bytes(nil, len(snapshotMagic))
	if err != nil {
		return nil, err
	}
	if string(magic) != snapshotMagic {
		return nil, fmt.Errorf("%w: it starts with %q", ErrSnapshot, magic)
	}
	count, err := s.length("number of keys", maxKeys)
	if err != nil {
		return nil, err
	}
	items := map[string]*item{}
	last := ""
	for i := range count {
		key, it, err := s.item()
		if err != nil {
			return nil, err
		}
		if i > 0 && key <= last {
			return nil, fmt.Errorf("%w: key %q after key %q", ErrSnapshot, key, last)
		}
		items[key], last = it, key
	}
	return items, s.trailer()
}

func (s *snapshotReader) item() (string, *item, error) {
	n, err := s.length("length of a key", MaxKeyBytes)
	if err != nil {
		return "", nil, err
	}
	key, err := s.bytes(nil, n)
	if err != nil {
		return "", nil, err
	}
	if n, err = s.length("length of a value", maxValueBytes); err != nil {
		return "", nil, err
	}
	result, err := s.bytes([]byte{byte(StatusOK)}, n)
	return string(key), &item{result: result}, err
}

// trailer checks the sum and that nothing follows it.
func (s *snapshotReader) trailer() error {
	want := s.sum.Sum32()
	b, err := s.bytes(nil, 4)
	if err != nil {
		return err
	}
	if got := binary.LittleEndian.Uint32(b); got != want {
		return fmt.Errorf("%w: checksum %08x, its content has %08x", ErrSnapshot, got, want)
	}
	if _, err := s.r.ReadByte(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: bytes after the checksum", ErrSnapshot)
	}
	return nil
}

func (s *snapshotReader) length(what string, limit int) (int, error) {
	n, err := binary.ReadUvarint(s)
	if err != nil {
		return 0, unexpected(err)
	}
	if n > uint64(limit) {
		return 0, fmt.Errorf("%w: %s is %d, more than %d", ErrSnapshot, what, n, limit)
	}
	return int(n), nil
}

// ReadByte makes the reader an io.ByteReader for varints.
func (s *snapshotReader) ReadByte() (byte, error) {
	c, err := s.r.ReadByte()
	if err == nil {
		s.one[0] = c
		s.sum.Write(s.one[:])
	}
	return c, err
}

// bytes appends n bytes to dst.
func (s *snapshotReader) bytes(dst []byte, n int) ([]byte, error) {
	const step = 64 << 10
	for n > 0 {
		part := min(n, step)
		start := len(dst)
		dst = slices.Grow(dst, part)[:start+part]
		if _, err := io.ReadFull(s.r, dst[start:]); err != nil {
			return nil, unexpected(err)
		}
		s.sum.Write(dst[start:])
		n -= part
	}
	return dst, nil
}

// unexpected makes an end inside a snapshot an error about its content.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: it ends early", ErrSnapshot)
	}
	return fmt.Errorf("%w: %w", ErrSnapshot, err)
}
