package http

import (
	"errors"
	"io"
	"net"
	"time"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/transports/unary"
)

// conn is a connection that counts its writes and whose writes fail when the
// peer does not read. fasthttp writes from one buffer, so that nothing is lost by
// hiding the *net.TCPConn.
type conn struct {
	net.Conn
	counters     *unary.Counters
	writeTimeout time.Duration
}

// Write implements net.Conn.
func (c *conn) Write(p []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(c.writeTimeout)); err != nil {
		return 0, err
	}
	c.counters.Writes.Add(1)
	return c.Conn.Write(p)
}

// serverConn gathers the responses to pipelined requests into one write, until
// the server has to wait: for more requests, or for the handler. fasthttp gathers
// by itself, but then keeps the answers that it has while a later request waits
// for its handler.
//
// The goroutine that serves the connection uses it.
type serverConn struct {
	*conn
	out      []byte
	maxBytes int
	err      error  // of a flush
	waiting  func() // flush, for unary.Inbound.Waiting
}

func newServerConn(c *conn, maxBytes int) *serverConn {
	s := &serverConn{conn: c, maxBytes: maxBytes}
	s.waiting = func() { _ = s.flush() } // the error comes again with the next Write or Read
	return s
}

// Read implements net.Conn.
func (c *serverConn) Read(p []byte) (int, error) {
	if err := c.flush(); err != nil {
		return 0, err
	}
	return c.conn.Read(p)
}

// Write implements net.Conn.
func (c *serverConn) Write(p []byte) (int, error) {
	c.out = append(c.out, p...)
	if len(c.out) >= c.maxBytes {
		_ = c.flush() // kept in err
	}
	return len(p), c.err
}

// SetWriteDeadline implements net.Conn. Every write has a deadline of its own.
func (c *serverConn) SetWriteDeadline(time.Time) error { return nil }

// Close implements net.Conn.
func (c *serverConn) Close() error {
	return errors.Join(c.flush(), c.conn.Close())
}

func (c *serverConn) flush() error {
	if len(c.out) > 0 && c.err == nil {
		_, c.err = c.conn.Write(c.out)
	}
	c.out = c.out[:0]
	if cap(c.out) > 2*c.maxBytes {
		c.out = nil // one large response must not stay for ever
	}
	return c.err
}

// isTimeout reports whether err is a deadline of a connection.
func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}

// isConnError tells the end of a connection from bytes that are not HTTP.
func isConnError(err error) bool {
	var n net.Error
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, io.ErrClosedPipe) || errors.Is(err, net.ErrClosed) || errors.As(err, &n) ||
		errors.Is(err, core.ErrClosed)
}
