package rawtcp

import (
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/panjf2000/gnet/v2"

	"github.com/raftbench/raftbench/core"
)

// loopConn is the calling side of a connection on an event loop. It is a line.
type loopConn struct {
	*conn
	reader *reader
	gc     gnet.Conn
	ended  chan error
}

// carryOnLoop has a loop read the connection, until it ends.
func (c *conn) carryOnLoop(conn net.Conn) error {
	if err := needSocket(conn); err != nil {
		return fmt.Errorf("dial %v: %w", c.link.peer.id, err)
	}
	l := &loopConn{conn: c, ended: make(chan error, 1)}
	patience := time.AfterFunc(helloPatience*c.t.timeouts.Connect, func() {
		if !c.greeted.Load() {
			c.fail(c.broken(errNoHello))
		}
	})
	defer patience.Stop()
	err := c.t.loops.run(conn, l, l.ended)
	if l.reader != nil {
		l.reader.b.put()
	}
	if errors.Is(err, core.ErrUnavailable) { // nothing was sent
		c.t.counters.dialFailed(err)
		return fmt.Errorf("dial %v: %w", c.link.peer.id, err)
	}
	return c.over(err)
}

// opened implements line.
func (l *loopConn) opened(gc gnet.Conn) error {
	l.gc = gc
	l.reader = newReader(gc, l.t.blocksOf(l.link.class), l.t.limits.MessageBytes, (*block).put)
	if !l.w.attachLoop(l.t.loops, gc) {
		return l.link.whenClosed
	}
	l.w.flush()
	return nil
}

// arrived implements line.
func (l *loopConn) arrived() error {
	for l.gc.InboundBuffered() > 0 {
		if err := l.reader.fill(); err != nil {
			return err
		}
		if err := l.take(); err != nil {
			return err
		}
	}
	return nil
}

// take ends the calls that were answered.
func (l *loopConn) take() error {
	if !l.greeted.Load() {
		h, ok, err := takeHello(l.reader)
		if err != nil || !ok {
			return err
		}
		if err := l.welcome(l.reader, h); err != nil {
			return err
		}
	}
	for {
		if err := l.answersOf(l.reader); err != nil {
			return err
		}
		if len(l.answers) == 0 && l.repaid == 0 {
			return nil
		}
		if err := l.deliver(); err != nil {
			return err
		}
	}
}

// closed implements line.
func (l *loopConn) closed(err error) { endOf(l.ended, err) }
