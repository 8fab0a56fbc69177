package rawtcp

import (
	"fmt"
	"net"
	"runtime"
	"sync"
	"time"

	"github.com/panjf2000/gnet/v2"
	"github.com/panjf2000/gnet/v2/pkg/pool/goroutine"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/transports/dial"
)

// loops are the event loops of an endpoint with io=gnet, one for each processor.
// They read and write its connections, both those that it dialed and those that it
// accepted, by edge-triggered epoll; Go's poller never sees them. What runs on a
// loop must not wait: it would hold up every connection there.
//
// gnet takes the socket out of a net.Conn, which looks closed from then on.
type loops struct {
	gnet.BuiltinEventEngine
	client *gnet.Client

	mu      sync.RWMutex // nobody may speak to a loop that has stopped: its descriptors may be another's
	stopped bool
}

// line is one end of a connection on a loop, which calls all of these.
type line interface {
	opened(gnet.Conn) error
	arrived() error // there is something to read
	closed(error)   // there will not be; it may be called again
}

// startLoops starts the loops of an endpoint. They end with stop.
func startLoops(set settings) (*loops, error) {
	l := new(loops)
	client, err := gnet.NewClient(l,
		gnet.WithNumEventLoop(runtime.GOMAXPROCS(0)),
		gnet.WithEdgeTriggeredIO(true),
		gnet.WithReadBufferCap(set.readSize),
		gnet.WithLogger(silence{}),
	)
	if err != nil {
		return nil, err
	}
	l.client = client
	return l, client.Start()
}

// stop ends the loops. Their connections have ended before.
func (l *loops) stop() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stopped = true
	return l.client.Stop()
}

// seat is the place of a line on its loop.
type seat struct {
	line
	taken bool // opened was called
}

// needSocket closes conn and returns an error if a loop cannot take it.
func needSocket(conn net.Conn) error {
	switch conn.(type) {
	case *net.TCPConn, *net.UnixConn:
		return nil
	}
	_ = conn.Close() // it is of no use
	return fmt.Errorf("%w: io=gnet works on sockets of the kernel and not on a %T: use io=netpoll", core.ErrUnavailable, conn)
}

// run puts a connection on a loop and returns when it has ended there, with the
// reason. The error matches core.ErrUnavailable if it has never come there, for want
// of a file descriptor say: gnet makes a second one of every socket that it takes.
func (l *loops) run(conn net.Conn, side line, ended <-chan error) error {
	s := &seat{line: side}
	if _, err := l.client.EnrollContext(conn, s); err != nil {
		return fmt.Errorf("%w: no place on an event loop: %w", core.ErrUnavailable, dial.Explain(err))
	}
	if !s.taken {
		return fmt.Errorf("%w: the event loop has not taken the socket", core.ErrUnavailable)
	}
	return <-ended
}

// OnOpen implements gnet.EventHandler.
func (l *loops) OnOpen(c gnet.Conn) ([]byte, gnet.Action) {
	s := c.Context().(*seat)
	s.taken = true
	return nil, s.after(s.opened(c))
}

// OnTraffic implements gnet.EventHandler.
func (l *loops) OnTraffic(c gnet.Conn) gnet.Action {
	s := c.Context().(*seat)
	return s.after(s.arrived())
}

// OnClose implements gnet.EventHandler.
func (l *loops) OnClose(c gnet.Conn, err error) gnet.Action {
	c.Context().(*seat).closed(err)
	return gnet.None
}

// after ends a connection on which something went wrong. OnClose hears nothing of
// the error, so the line does first.
func (s *seat) after(err error) gnet.Action {
	if err == nil {
		return gnet.None
	}
	s.closed(err)
	return gnet.Close
}

// write has a loop write b, or nothing, and then call then. It does not wait.
func (l *loops) write(c gnet.Conn, b []byte, then gnet.AsyncCallback) error {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if l.stopped {
		return net.ErrClosed
	}
	return c.AsyncWrite(b, then)
}

// close has the loop of c close it.
func (l *loops) close(c gnet.Conn) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if !l.stopped {
		_ = c.Close() // it may have ended already
	}
}

// endOf makes the first reason for which a connection ended reach run.
func endOf(ended chan<- error, err error) {
	if err == nil {
		err = net.ErrClosed
	}
	select {
	case ended <- err:
	default:
	}
}

// silence is the logger of gnet: what it has to say goes to standard output, which
// is data, and every error reaches us besides.
type silence struct{}

func (silence) Debugf(string, ...any) {}
func (silence) Infof(string, ...any)  {}
func (silence) Warnf(string, ...any)  {}
func (silence) Errorf(string, ...any) {}
func (silence) Fatalf(string, ...any) {}

// gnet starts a pool of goroutines when it is imported. Nothing here uses it, but
// its clock would tick in every process that measures, and its goroutines be left
// over in every test: so it ends when this package is imported. This is the one
// thing that happens on import, and it undoes another.
var _ = goroutine.DefaultWorkerPool.ReleaseTimeout(time.Second)

// loopPause is how long a writer waits before it asks again whether a socket that
// was full has taken what gnet holds for it: gnet does not say when it has.
const loopPause = 500 * time.Microsecond

// maxLoopBytes bounds what gnet may hold for a session that does not read on,
// beyond what the session itself may hold: gnet cannot be told to stop reading.
func maxLoopBytes(l core.Limits) int { return heldPerQueued*l.QueuedBytes + minHeldBytes }
