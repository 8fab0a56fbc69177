package rawtcp

import (
	"time"

	"github.com/panjf2000/gnet/v2"
)

// loopWriter is how a writer writes with io=gnet: on the loop of its connection.
// Whoever finds that nobody is writing hands what is there to the loop, which
// carries on with what has gathered since; a sender on the loop itself writes at
// once. What the socket does not take gnet keeps; nothing more is given to it until
// that has gone.
type loopWriter struct {
	loops *loops
	conn  gnet.Conn
}

// loopEnd is a connection that may be closed after its loop has stopped.
type loopEnd struct {
	gnet.Conn
	loops *loops
}

// Close implements net.Conn.
func (e loopEnd) Close() error {
	e.loops.close(e.Conn)
	return nil
}

// attachLoop gives the writer its connection. It reports false if the writer is
// dead already.
func (w *writer) attachLoop(l *loops, c gnet.Conn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.dead {
		return false
	}
	w.conn, w.loop = loopEnd{c, l}, &loopWriter{l, c}
	return true
}

// push hands what there is to the loop.
func (w *writer) push() {
	buf := w.next(nil)
	if buf == nil {
		return
	}
	w.counters.writes.Add(1)
	then := func(_ gnet.Conn, err error) error {
		w.pushed(buf, err)
		return nil
	}
	if err := w.loop.loops.write(w.loop.conn, buf, then); err != nil {
		w.failed(err)
	}
}

// pushed runs on the loop when it has written buf, or keeps a copy of the rest.
func (w *writer) pushed(buf []byte, err error) {
	if err != nil {
		w.failed(err)
		return
	}
	w.writeOnLoop(buf)
}

// writeOnLoop writes until nothing is left, or the socket is full. written is the
// buffer before.
func (w *writer) writeOnLoop(written []byte) {
	for range maxInlineWrites {
		if w.loop.conn.OutboundBuffered() > 0 {
			w.askAgain(written)
			return
		}
		buf := w.next(written)
		if buf == nil {
			return
		}
		w.counters.writes.Add(1)
		if _, err := w.loop.conn.Write(buf); err != nil {
			w.failed(err)
			return
		}
		written = buf
	}
	w.again(written) // others on this loop are waiting
}

// askAgain comes back to the loop after a pause.
func (w *writer) askAgain(written []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.dead {
		return
	}
	w.running.Add(1) // not dead, so its owner has not ended
	time.AfterFunc(loopPause, func() {
		defer w.running.Done()
		w.again(written)
	})
}

// again has the loop carry on when it has done what others want of it.
func (w *writer) again(written []byte) {
	then := func(_ gnet.Conn, err error) error {
		w.pushed(written, err)
		return nil
	}
	if err := w.loop.loops.write(w.loop.conn, nil, then); err != nil {
		w.failed(err)
	}
}
