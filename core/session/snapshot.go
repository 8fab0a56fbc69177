package session

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"

	"github.com/raftbench/raftbench/core"
)

// A snapshot is a head, the table, and then to its end the wrapped machine's
// snapshot. The head is the magic, whose last byte is the version of the format, the
// length of the table in 8 bytes and its CRC-32C in 4, little-endian. The table is its
// two bounds, the block of the last entry, the last write, the number of sessions, and for
// each session, the one used longest ago first: its ID, how far its answers were received,
// the number of answers, and for each of them in order its sequence number, and the length
// and the bytes of its result. All numbers in it are unsigned varints.
const (
	snapshotMagic = "rbss\x03"
	headBytes     = len(snapshotMagic) + 8 + 4
)

// maxTableBytes bounds what a head may claim. A table is that large only if the answers of
// one Block are.
const maxTableBytes = 1 << 40

// ErrSnapshot is what every error of ReadSnapshot about the table matches.
var ErrSnapshot = errors.New("not a snapshot of sessions")

// WriteSnapshot implements core.StateMachine. The same state always gives the same
// bytes, if it is so for the wrapped machine. The table is encoded in memory first.
func (m *Machine) WriteSnapshot(w io.Writer) error {
	if err := writeTable(w, m.encodeTable()); err != nil {
		return err
	}
	return m.inner.WriteSnapshot(w)
}

// Capture implements core.Capturer, whether the wrapped machine does or not
// (core.CaptureOf). The table is encoded at once: its bounds do not depend on the size of
// the state.
func (m *Machine) Capture() core.Capture {
	return &capture{table: m.encodeTable(), Capture: core.CaptureOf(m.inner)}
}

// capture is the encoded table, and a capture of the wrapped machine.
type capture struct {
	core.Capture
	table []byte
}

// WriteSnapshot implements core.Capture.
func (c *capture) WriteSnapshot(w io.Writer) error {
	if err := writeTable(w, c.table); err != nil {
		return err
	}
	return c.Capture.WriteSnapshot(w)
}

func (m *Machine) encodeTable() []byte {
	return m.table.append(nil)
}

// writeTable writes the head of a snapshot and an encoded table.
func writeTable(w io.Writer, table []byte) error {
	head := append([]byte(nil), snapshotMagic...)
	head = binary.LittleEndian.AppendUint64(head, uint64(len(table)))
	head = binary.LittleEndian.AppendUint32(head, sum(table))
	for _, part := range [][]byte{head, table} {
		if _, err := w.Write(part); err != nil {
			return fmt.Errorf("write snapshot of sessions: %w", err)
		}
	}
	return nil
}

// ReadSnapshot implements core.StateMachine. If the table cannot be read, the state
// is as it was before; if the wrapped machine's snapshot cannot, the table is, and the
// wrapped machine is as it leaves itself.
func (m *Machine) ReadSnapshot(r io.Reader) error {
	t, err := readTable(r, m.table.bounds)
	if err != nil {
		return fmt.Errorf("read snapshot of sessions: %w", err)
	}
	if err := m.inner.ReadSnapshot(r); err != nil {
		return err
	}
	m.table = t
	return nil
}

func sum(b []byte) uint32 { return crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)) }

// readTable reads head and table, and nothing of what follows. It takes memory only
// for bytes that arrive, whatever the head claims.
func readTable(r io.Reader, bounds Config) (table, error) {
	var head [headBytes]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return table{}, fmt.Errorf("%w: its head: %w", ErrSnapshot, err)
	}
	magic, length := string(head[:len(snapshotMagic)]), binary.LittleEndian.Uint64(head[len(snapshotMagic):])
	switch {
	case magic != snapshotMagic:
		return table{}, fmt.Errorf("%w: it starts with %q", ErrSnapshot, magic)
	case length > maxTableBytes:
		return table{}, fmt.Errorf("%w: a table of %d bytes, more than %d", ErrSnapshot, length, maxTableBytes)
	}
	var body bytes.Buffer
	if _, err := io.CopyN(&body, r, int64(length)); err != nil {
		return table{}, fmt.Errorf("%w: its table: %w", ErrSnapshot, err)
	}
	if want, got := binary.LittleEndian.Uint32(head[headBytes-4:]), sum(body.Bytes()); got != want {
		return table{}, fmt.Errorf("%w: checksum %08x, its content has %08x", ErrSnapshot, want, got)
	}
	return parseTable(body.Bytes(), bounds)
}

// append appends the encoding of the table.
func (t *table) append(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(t.bounds.Sessions))
	b = binary.AppendUvarint(b, uint64(t.bounds.AnswerBytes))
	b = binary.AppendUvarint(b, uint64(t.block))
	b = t.previous.append(b)
	b = binary.AppendUvarint(b, uint64(len(t.sessions)))
	for e := t.order.Front(); e != nil; e = e.Next() {
		s := e.Value.(*session)
		b = binary.AppendUvarint(b, uint64(s.id))
		b = binary.AppendUvarint(b, s.received)
		b = binary.AppendUvarint(b, uint64(s.answers()))
		b = t.appendAnswers(b, s)
	}
	return b
}

func (t *table) appendAnswers(b []byte, s *session) []byte {
	var short [maxShort]byte
	for n := s.received; n < s.newest; {
		n++
		a := *s.at(n)
		if a == 0 {
			continue
		}
		result := t.result(a, &short)
		b = binary.AppendUvarint(b, n)
		b = binary.AppendUvarint(b, uint64(len(result)))
		b = append(b, result...)
	}
	return b
}

// parseTable decodes what append wrote for a table of the same bounds. The table
// keeps nothing of b.
func parseTable(b []byte, bounds Config) (table, error) {
	p, t := parser{rest: b}, newTable(bounds)
	was := Config{Sessions: int(p.number("bound", MaxSessions)), AnswerBytes: int(p.number("bound in bytes", MaxAnswerBytes))}
	if p.err == nil && was != bounds {
		return t, fmt.Errorf("%w that fits: its table is for %d sessions and %d bytes of answers, and that of this node for %d and %d",
			ErrSnapshot, was.Sessions, was.AnswerBytes, bounds.Sessions, bounds.AnswerBytes)
	}
	t.block = core.Index(p.number("block", math.MaxUint64))
	t.previous = p.previous()
	for count := p.number("number of sessions", uint64(bounds.Sessions)); count > 0 && p.err == nil; count-- {
		p.session(&t)
	}
	if p.err == nil && len(p.rest) > 0 {
		p.fail("%d bytes behind the last session", len(p.rest))
	}
	return t, p.err
}

// parser takes a table apart. After the first error it does nothing more.
type parser struct {
	rest []byte
	err  error
}

func (p *parser) fail(format string, args ...any) {
	p.err = fmt.Errorf("%w: %s", ErrSnapshot, fmt.Sprintf(format, args...))
}

func (p *parser) number(what string, limit uint64) uint64 {
	if p.err != nil {
		return 0
	}
	n, rest, ok := cutUvarint(p.rest)
	switch {
	case !ok:
		p.fail("no %s", what)
	case n > limit:
		p.fail("%s is %d, more than %d", what, n, limit)
	}
	p.rest = rest
	return n
}

// session adds a session to a table.
func (p *parser) session(t *table) {
	s := &session{id: ID(p.number("ID of a session", math.MaxUint64)), received: p.number("number received", math.MaxUint64)}
	switch {
	case p.err != nil:
		return
	case s.id == 0:
		p.fail("a session has no ID")
	case t.sessions[s.id] != nil:
		p.fail("session %d is there twice", s.id)
	}
	s.newest = s.received
	t.add(s)
	for count := p.number("number of answers", Window); count > 0 && p.err == nil; count-- {
		p.answer(t, s)
	}
}

// answer adds an answer to a session.
func (p *parser) answer(t *table, s *session) {
	sequence := p.number("sequence number", math.MaxUint64)
	n := p.number("length of an answer", uint64(len(p.rest)))
	switch {
	case p.err != nil:
		return
	case sequence <= s.newest || sequence-s.received > Window:
		p.fail("answer %d after %d, of a session that has received %d", sequence, s.newest, s.received)
		return
	case n > uint64(len(p.rest)):
		p.fail("answer %d is cut off", sequence)
		return
	}
	s.answer(sequence)
	t.keep(s, sequence, p.rest[:n])
	p.rest = p.rest[n:]
}
