package transporttest

import (
	"net"
	"sync"
)

// valve is a listener whose connections, while it is shut, let half of what is written
// pass, and the rest when it is opened again.
type valve struct {
	net.Listener
	mu     sync.Mutex
	opened chan struct{} // nil while it is open; closed when it opens
}

func (v *valve) shut() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.opened = make(chan struct{})
}

func (v *valve) open() {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.opened != nil {
		close(v.opened)
		v.opened = nil
	}
}

func (v *valve) waiting() <-chan struct{} {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.opened
}

// Accept implements net.Listener.
func (v *valve) Accept() (net.Conn, error) {
	c, err := v.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return throttled{c, v}, nil
}

// throttled is a connection behind a valve.
type throttled struct {
	net.Conn
	valve *valve
}

// Write implements net.Conn.
func (c throttled) Write(p []byte) (int, error) {
	opened := c.valve.waiting()
	if opened == nil {
		return c.Conn.Write(p)
	}
	n, err := c.Conn.Write(p[:len(p)/2])
	if err != nil {
		return n, err
	}
	<-opened
	m, err := c.Conn.Write(p[n:])
	return n + m, err
}
