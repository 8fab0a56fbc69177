package unary

import (
	"errors"
	"net"
	"sync"
	"time"

	"github.com/raftbench/raftbench/transports/dial"
)

// Listen runs serve, the accept loop of the library's server, until Close. stop
// must make it return, close all connections and wait for the goroutines that
// the server started; when it is called every Serve under way has been told to
// return. Call Listen or ServeConns at most once, before the transport is used.
func (t *Transport) Listen(serve func(), stop func() error) {
	t.stop = stop
	t.goroutine.Go(serve)
}

// ServeConns accepts connections from l until Close and runs serve for each, in
// a goroutine of its own. It is for libraries whose server takes one connection
// at a time. Close closes the listener and the connections, upon which serve
// must return soon, and waits for that.
func (t *Transport) ServeConns(l net.Listener, serve func(net.Conn)) {
	a := &acceptor{
		listener: l,
		serve:    serve,
		pause:    dial.Backoff{Max: t.timeouts.ReconnectMax},
		closing:  make(chan struct{}),
		conns:    map[net.Conn]struct{}{},
	}
	t.Listen(a.run, a.stop)
}

// acceptor is an accept loop and its connections.
type acceptor struct {
	listener net.Listener
	serve    func(net.Conn)
	pause    dial.Backoff
	closing  chan struct{}

	mu      sync.Mutex
	closed  bool
	conns   map[net.Conn]struct{}
	serving sync.WaitGroup
}

// run outlives errors that pass, such as too many open files.
func (a *acceptor) run() {
	for {
		conn, err := a.listener.Accept()
		switch {
		case err == nil:
			a.pause.Reset()
			a.start(conn)
		case errors.Is(err, net.ErrClosed):
			return
		default:
			select {
			case <-time.After(a.pause.Next()):
			case <-a.closing:
				return
			}
		}
	}
}

func (a *acceptor) start(conn net.Conn) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		_ = conn.Close() // nobody has used it
		return
	}
	a.conns[conn] = struct{}{}
	a.serving.Go(func() {
		a.serve(conn)
		_ = conn.Close() // most likely closed already
		a.mu.Lock()
		defer a.mu.Unlock()
		delete(a.conns, conn)
	})
}

func (a *acceptor) stop() error {
	close(a.closing)
	err := a.listener.Close()
	a.mu.Lock()
	a.closed = true
	for conn := range a.conns {
		_ = conn.Close() // whoever serves it finds out
	}
	a.mu.Unlock()
	a.serving.Wait()
	return err
}
