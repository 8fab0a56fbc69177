package memnet

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/raftbench/raftbench/core"
)

// streamBytes is what one direction of a connection holds before writes wait. A
// little less than a fresh TCP socket takes on Linux.
const streamBytes = 64 << 10

// conn is one end of a connection.
type conn struct {
	network *Network
	node    core.NodeID // who listens
	server  bool
	in, out *stream
	once    sync.Once
}

func (c *conn) Read(p []byte) (int, error) {
	n, err := c.in.read(p)
	return n, c.wrap("read", err)
}

func (c *conn) Write(p []byte) (int, error) {
	n, err := c.out.write(p)
	return n, c.wrap("write", err)
}

// Close ends this side: the peer reads what was written and then EOF, and its
// writes fail.
func (c *conn) Close() error {
	c.once.Do(func() {
		c.out.end(io.EOF, net.ErrClosed)
		c.in.end(net.ErrClosed, syscall.EPIPE)
		c.network.forget(c)
	})
	return nil
}

// reset breaks both directions, dropping what was written.
func (c *conn) reset() {
	c.in.abort(syscall.ECONNRESET)
	c.out.abort(syscall.ECONNRESET)
}

func (c *conn) wrap(op string, err error) error {
	if err == nil || errors.Is(err, io.EOF) {
		return err
	}
	return &net.OpError{Op: op, Net: "mem", Source: c.LocalAddr(), Addr: c.RemoteAddr(), Err: err}
}

func (c *conn) LocalAddr() net.Addr  { return addr(c.node) }
func (c *conn) RemoteAddr() net.Addr { return addr(c.node) }

func (c *conn) SetDeadline(t time.Time) error {
	c.in.readBy.set(c.in, t)
	c.out.writeBy.set(c.out, t)
	return nil
}

func (c *conn) SetReadDeadline(t time.Time) error {
	c.in.readBy.set(c.in, t)
	return nil
}

func (c *conn) SetWriteDeadline(t time.Time) error {
	c.out.writeBy.set(c.out, t)
	return nil
}

// stream is one direction of a connection.
type stream struct {
	mu      sync.Mutex
	changed *sync.Cond
	buf     []byte
	readErr error // what a read gets when buf is empty
	lost    bool  // buf is not to be read any more

	writeErr        error
	readBy, writeBy deadline
	behaviour       behaviour // of the reader
}

func newStream() *stream {
	s := new(stream)
	s.changed = sync.NewCond(&s.mu)
	return s
}

func (s *stream) read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		switch {
		case errors.Is(s.readErr, net.ErrClosed) || s.lost:
			return 0, s.readErr
		case s.readBy.passed():
			return 0, os.ErrDeadlineExceeded
		case len(s.buf) > 0 && !s.behaviour.frozen:
			return s.consume(p), nil
		case s.readErr != nil && len(s.buf) == 0:
			return 0, s.readErr
		case len(p) == 0:
			return 0, nil
		}
		s.changed.Wait()
	}
}

// consume reads what there is, slowly if so told. s.mu is held.
func (s *stream) consume(p []byte) int {
	if s.behaviour.perRead > 0 && len(p) > s.behaviour.perRead {
		p = p[:s.behaviour.perRead]
	}
	n := copy(p, s.buf)
	s.buf = s.buf[:copy(s.buf, s.buf[n:])]
	s.changed.Broadcast()
	if pause := s.behaviour.pause; pause > 0 {
		s.mu.Unlock()
		time.Sleep(pause)
		s.mu.Lock()
	}
	return n
}

func (s *stream) write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	written := 0
	for {
		switch {
		case s.writeErr != nil:
			return written, s.writeErr
		case s.writeBy.passed():
			return written, os.ErrDeadlineExceeded
		}
		n := min(len(p)-written, streamBytes-len(s.buf))
		s.buf = append(s.buf, p[written:written+n]...)
		written += n
		if n > 0 {
			s.changed.Broadcast()
		}
		if written == len(p) {
			return written, nil
		}
		s.changed.Wait()
	}
}

// end makes later reads, once the buffer is empty, and writes fail.
func (s *stream) end(readErr, writeErr error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.readErr == nil || errors.Is(readErr, net.ErrClosed) {
		s.readErr = readErr
	}
	if s.writeErr == nil || errors.Is(writeErr, net.ErrClosed) {
		s.writeErr = writeErr
	}
	s.readBy.stop()
	s.writeBy.stop()
	s.changed.Broadcast()
}

// abort makes later reads and writes fail at once.
func (s *stream) abort(err error) {
	s.mu.Lock()
	s.lost, s.buf = true, nil
	s.mu.Unlock()
	s.end(err, err)
}

func (s *stream) behave(b behaviour) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.behaviour = b
	s.changed.Broadcast()
}

// deadline is the read or the write deadline of a stream, guarded by its mutex.
type deadline struct {
	at    time.Time
	timer *time.Timer
}

func (d *deadline) passed() bool { return !d.at.IsZero() && !time.Now().Before(d.at) }

func (d *deadline) set(s *stream, t time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d.stop()
	d.at = t
	if !t.IsZero() && time.Until(t) > 0 {
		d.timer = time.AfterFunc(time.Until(t), func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.changed.Broadcast()
		})
	}
	s.changed.Broadcast()
}

func (d *deadline) stop() {
	if d.timer != nil {
		d.timer.Stop()
	}
}
