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
	s := newSnapshotWriter(w, len(m.items))
	var one []byte
	for _, key := range slices.Sorted(maps.Keys(m.items)) {
		one = appendItem(one[:0], key, m.items[key].result[1:])
		if err := s.write(one); err != nil {
			return err
		}
	}
	return s.end()
}

// snapshotWriter writes and sums at once.
type snapshotWriter struct {
	out *bufio.Writer
	to  io.Writer
	sum hash.Hash32
}

func newSnapshotWriter(w io.Writer, keys int) *snapshotWriter {
	sum := crc32.New(crc32.MakeTable(crc32.Castagnoli))
	s := &snapshotWriter{bufio.NewWriterSize(io.MultiWriter(w, sum), pieceBytes), w, sum}
	s.out.WriteString(snapshotMagic) // a bufio.Writer keeps its first error for Flush
	s.out.Write(binary.AppendUvarint(nil, uint64(keys)))
	return s
}

func (s *snapshotWriter) write(items []byte) error {
	if _, err := s.out.Write(items); err != nil {
		return fmt.Errorf("write kv snapshot: %w", err)
	}
	return nil
}

func (s *snapshotWriter) end() error {
	if err := s.out.Flush(); err != nil {
		return fmt.Errorf("write kv snapshot: %w", err)
	}
	if _, err := s.to.Write(binary.LittleEndian.AppendUint32(nil, s.sum.Sum32())); err != nil {
		return fmt.Errorf("write kv snapshot: %w", err)
	}
	return nil
}

func appendItem(dst []byte, key string, value []byte) []byte {
	dst = append(binary.AppendUvarint(dst, uint64(len(key))), key...)
	return append(binary.AppendUvarint(dst, uint64(len(value))), value...)
}

// ReadSnapshot implements core.StateMachine. On an error the state is as it was
// before.
func (m *Machine) ReadSnapshot(r io.Reader) error {
	s := &snapshotReader{r: bufio.NewReader(r), sum: crc32.New(crc32.MakeTable(crc32.Castagnoli))}
	order, err := s.read(m.maxKeys)
	if err != nil {
		return fmt.Errorf("read kv snapshot: %w", err)
	}
	m.items = make(map[string]*item, len(order))
	for _, it := range order {
		m.items[it.key] = it.item
	}
	m.order, m.sorted, m.capture = order, nil, nil // a capture keeps the items that it has
	return nil
}

// snapshotReader reads and sums at once. It takes memory only for bytes that
// arrived, whatever a length claims.
type snapshotReader struct {
	r   *bufio.Reader
	sum hash.Hash32
	one [1]byte
}

func (s *snapshotReader) read(maxKeys int) ([]named, error) {
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
	var order []named
	last := ""
	for i := range count {
		it, err := s.item()
		if err != nil {
			return nil, err
		}
		if i > 0 && it.key <= last {
			return nil, fmt.Errorf("%w: key %q after key %q", ErrSnapshot, it.key, last)
		}
		order, last = append(order, it), it.key
	}
	return order, s.trailer()
}

func (s *snapshotReader) item() (named, error) {
	n, err := s.length("length of a key", MaxKeyBytes)
	if err != nil {
		return named{}, err
	}
	key, err := s.bytes(nil, n)
	if err != nil {
		return named{}, err
	}
	if n, err = s.length("length of a value", maxValueBytes); err != nil {
		return named{}, err
	}
	result, err := s.bytes([]byte{byte(StatusOK)}, n)
	return named{string(key), &item{result: result}}, err
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
