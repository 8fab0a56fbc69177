package grpc

import (
	"net"
	"sync"
	"time"
)

// listener closes, together with itself, the connections that have not said yet
// that they speak HTTP/2. Server.Stop would wait for them. It hands out bare
// connections, so it cannot tell which of them have; it remembers those that are
// young enough.
type listener struct {
	net.Listener
	patience time.Duration // after which grpc-go closes a connection that has not

	mu     sync.Mutex
	closed bool
	young  []accepted // the oldest first
}

type accepted struct {
	conn net.Conn
	at   time.Time
}

// Accept implements net.Listener.
func (l *listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		_ = c.Close()
		return nil, net.ErrClosed
	}
	now, grown := time.Now(), 0
	for grown < len(l.young) && now.Sub(l.young[grown].at) > l.patience {
		grown++
	}
	l.young = append(l.young[:0], l.young[grown:]...)
	l.young = append(l.young, accepted{c, now})
	return c, nil
}

// Close implements net.Listener.
func (l *listener) Close() error {
	err := l.Listener.Close()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	for _, a := range l.young {
		_ = a.conn.Close()
	}
	l.young = nil
	return err
}
