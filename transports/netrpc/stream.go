package netrpc

import (
	"bufio"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/transports/unary"
)

// stream is one connection with gob in both directions: what the client's and
// the server's codec share. net/rpc lets one goroutine read and one write.
type stream struct {
	conn         net.Conn
	counters     *unary.Counters
	writeTimeout time.Duration

	dec *gob.Decoder
	enc *gob.Encoder
	buf *bufio.Writer

	// senders are the goroutines that are about to write a message. With a shared
	// flush only the last of them writes to the connection.
	shared  bool
	senders atomic.Int64

	closeOnce sync.Once
	closeErr  error
	badOnce   sync.Once
}

func newStream(conn net.Conn, link *linkConfig, writeTimeout time.Duration) *stream {
	s := &stream{conn: conn, counters: link.counters, writeTimeout: writeTimeout, shared: link.sharedFlush}
	s.dec = gob.NewDecoder(newGobLimit(conn, link.bufferBytes, link.messageBytes))
	s.buf = bufio.NewWriterSize(s, link.bufferBytes)
	s.enc = gob.NewEncoder(s.buf)
	return s
}

// Write implements io.Writer for buf. A peer that does not read makes it fail.
func (s *stream) Write(p []byte) (int, error) {
	if err := s.conn.SetWriteDeadline(time.Now().Add(s.writeTimeout)); err != nil {
		return 0, err
	}
	s.counters.Writes.Add(1)
	return s.conn.Write(p)
}

// promise announces a send, so that the ones before it need not flush. It must
// be followed by one, unless the stream is dead.
func (s *stream) promise() { s.senders.Add(1) }

// send writes a header and a body, and flushes unless another sender will. An
// error leaves the stream closed.
func (s *stream) send(header, body any, promised bool) error {
	err := s.enc.Encode(header)
	if err == nil {
		err = s.enc.Encode(body)
	}
	if promised {
		s.senders.Add(-1)
	}
	if err == nil && s.last() {
		err = s.buf.Flush()
	}
	if err != nil {
		_ = s.close() // the error that counts is the first one
	}
	return err
}

// last reports whether this sender has to flush. Before it says so it lets
// others run once, so that they can join.
func (s *stream) last() bool {
	if !s.shared {
		return true
	}
	if s.senders.Load() > 0 {
		return false
	}
	runtime.Gosched()
	return s.senders.Load() <= 0
}

// receive decodes one value; nil skips it.
func (s *stream) receive(into any) error {
	err := s.dec.Decode(into)
	if err != nil && !isConnError(err) {
		s.badOnce.Do(func() { s.counters.BadFrames.Add(1) })
	}
	return err
}

func isConnError(err error) bool {
	var n net.Error
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, io.ErrClosedPipe) || errors.Is(err, net.ErrClosed) || errors.As(err, &n)
}

func (s *stream) close() error {
	s.closeOnce.Do(func() { s.closeErr = s.conn.Close() })
	return s.closeErr
}

// gobLimit reads a gob stream and fails where a message announces more than
// maxBytes: the decoder never hears of it. It also is the decoder's buffer.
type gobLimit struct {
	r        *bufio.Reader
	maxBytes int
	left     int // of the current message and its length
}

func newGobLimit(r io.Reader, bufferBytes, maxBytes int) *gobLimit {
	return &gobLimit{r: bufio.NewReaderSize(r, bufferBytes), maxBytes: maxBytes}
}

// Read implements io.Reader.
func (g *gobLimit) Read(p []byte) (int, error) {
	if err := g.begin(); err != nil {
		return 0, err
	}
	n, err := g.r.Read(p[:min(len(p), g.left)])
	g.left -= n
	return n, err
}

// ReadByte implements io.ByteReader, which keeps gob from adding a buffer.
func (g *gobLimit) ReadByte() (byte, error) {
	if err := g.begin(); err != nil {
		return 0, err
	}
	b, err := g.r.ReadByte()
	if err == nil {
		g.left--
	}
	return b, err
}

// begin looks at the length of the next message if the last one is used up. Gob
// writes a number below 128 as one byte, any other as the negated count of its
// bytes and then the bytes, the highest first.
func (g *gobLimit) begin() error {
	if g.left > 0 {
		return nil
	}
	head, err := g.r.Peek(1)
	if err != nil {
		return err
	}
	size, digits := uint64(head[0]), 0
	if head[0] >= 0x80 {
		digits = -int(int8(head[0]))
		if head, err = g.r.Peek(1 + min(digits, 8)); err != nil {
			return err
		}
		size = 0
		for _, b := range head[1:] {
			size = size<<8 | uint64(b)
		}
	}
	if digits > 8 || size > uint64(g.maxBytes) {
		return fmt.Errorf("gob message: %w: limit %d B", core.ErrTooLarge, g.maxBytes)
	}
	g.left = 1 + digits + int(size)
	return nil
}

// gobUintBytes is how long gob writes n.
func gobUintBytes(n uint64) int {
	if n < 0x80 {
		return 1
	}
	return 1 + (bits.Len64(n)+7)/8
}
