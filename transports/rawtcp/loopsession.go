package rawtcp

import (
	"fmt"
	"net"
	"time"

	"github.com/panjf2000/gnet/v2"

	"github.com/raftbench/raftbench/core"
)

// loopSession is the answering side of a connection on an event loop. It is a
// line. It cannot wait while the session is full, so it leaves what arrives to
// gnet until there is room, and ends when that is too much.
type loopSession struct {
	*session
	reader *reader
	gc     gnet.Conn
	over   bool
	ended  chan error
}

// serveOnLoop has a loop serve the connection, until it ends.
func (s *session) serveOnLoop() error {
	if err := needSocket(s.conn); err != nil {
		return err
	}
	l := &loopSession{session: s, ended: make(chan error, 1)}
	patience := time.AfterFunc(helloPatience*s.t.timeouts.Connect, func() {
		if !s.greeted.Load() {
			s.fail(errNoHello)
		}
	})
	defer patience.Stop()
	err := s.t.loops.run(s.conn, l, l.ended)
	if l.reader != nil {
		s.leave(l.reader.b)
	}
	return err
}

// opened implements line.
func (l *loopSession) opened(gc gnet.Conn) error {
	l.gc = gc
	l.reader = newReader(gc, l.t.blocksOf(core.ClassControl), l.t.limits.MessageBytes, l.leave)
	l.carryOn = func() {
		then := func(gnet.Conn, error) error {
			l.again()
			return nil
		}
		_ = l.t.loops.write(gc, nil, then) // if that fails, the connection has ended
	}
	if !l.w.attachLoop(l.t.loops, gc) {
		return net.ErrClosed
	}
	return nil
}

// again goes on when there may be room.
func (l *loopSession) again() {
	if err := l.arrived(); err != nil {
		l.closed(err)
		l.fail(err)
	}
}

// arrived implements line.
func (l *loopSession) arrived() error {
	for !l.over {
		full, dead := l.noRoom()
		switch {
		case dead:
			return net.ErrClosed
		case full && l.gc.InboundBuffered() > maxLoopBytes(l.t.limits):
			return fmt.Errorf("%d bytes wait to be served", l.gc.InboundBuffered())
		case full:
			return nil // until there is room
		}
		more, err := l.serveSome()
		if err != nil || !more {
			return err
		}
	}
	return nil
}

// noRoom reports whether to stop. If so, carryOn is called when there is room.
func (l *loopSession) noRoom() (full, dead bool) {
	if full, dead = l.full(); full && !dead {
		l.stalled.Store(true)
		full, dead = l.full() // again: an answer may have come before stalled was set
	}
	if !full {
		l.stalled.Store(false)
	}
	return full, dead
}

// serveSome serves what was read, or reads. It reports false if there is nothing
// more now.
func (l *loopSession) serveSome() (more bool, err error) {
	if served, err := l.serveRead(); served || err != nil {
		return served, err
	}
	if l.gc.InboundBuffered() == 0 {
		return false, nil
	}
	return true, l.reader.fill()
}

func (l *loopSession) serveRead() (served bool, err error) {
	if !l.greeted.Load() {
		h, ok, err := takeHello(l.reader)
		if ok {
			l.welcome(l.reader, h)
			l.w.flush()
		}
		return ok, err
	}
	if err := l.requests(l.reader); err != nil || len(l.batch) == 0 {
		return false, err
	}
	l.deliver(l.reader.b)
	return true, nil
}

// closed implements line.
func (l *loopSession) closed(err error) {
	l.over = true
	endOf(l.ended, err)
}
