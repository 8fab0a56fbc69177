package netrpc

import (
	"net"
	"net/rpc"
	"sync"
	"sync/atomic"
	"time"
)

// clientConn is a connection with net/rpc's client on it. It implements
// unary.Conn.
type clientConn struct {
	client     *rpc.Client
	codec      *clientCodec
	orphans    atomic.Int64
	maxOrphans int64
}

func newClientConn(conn net.Conn, link *linkConfig, writeTimeout time.Duration) *clientConn {
	codec := &clientCodec{stream: newStream(conn, link, writeTimeout), ended: make(chan struct{})}
	return &clientConn{client: rpc.NewClientWithCodec(codec), codec: codec, maxOrphans: link.maxOrphans}
}

// Dead implements unary.Conn.
func (c *clientConn) Dead() bool {
	select {
	case <-c.codec.ended:
		return true
	default:
		return false
	}
}

// Close implements unary.Conn.
func (c *clientConn) Close() error {
	_ = c.codec.Close() // it is being thrown away
	<-c.codec.ended
	return nil
}

// orphaned counts a call that was given up. It stays in the library's table, so
// with too many of them the connection goes.
func (c *clientConn) orphaned() {
	if c.orphans.Add(1) >= c.maxOrphans {
		_ = c.codec.Close() // its reader tells everybody
	}
}

// clientCodec implements rpc.ClientCodec.
type clientCodec struct {
	*stream
	endOnce sync.Once
	ended   chan struct{} // closed when the reader has read its last
}

// WriteRequest implements rpc.ClientCodec.
func (c *clientCodec) WriteRequest(r *rpc.Request, body any) error {
	return c.send(r, body, true)
}

// ReadResponseHeader implements rpc.ClientCodec.
func (c *clientCodec) ReadResponseHeader(r *rpc.Response) error { return c.read(r) }

// ReadResponseBody implements rpc.ClientCodec.
func (c *clientCodec) ReadResponseBody(body any) error { return c.read(body) }

// read ends the connection with the first error: net/rpc's reader stops then.
func (c *clientCodec) read(into any) error {
	err := c.receive(into)
	if err != nil {
		_ = c.Close() // the error that counts is the reader's
		c.endOnce.Do(func() { close(c.ended) })
	}
	return err
}

// Close implements rpc.ClientCodec.
func (c *clientCodec) Close() error { return c.stream.close() }
