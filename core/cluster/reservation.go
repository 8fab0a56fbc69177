package cluster

import (
	"net/netip"
	"syscall"
)

// reservation keeps the address of a node that is down: a socket that is bound to it
// and does not listen. Whoever connects is refused, as with a node that is gone; but the
// kernel gives the port to nobody who asks for any free one, be it a node of another
// cluster on this machine, which those who look for the old node would then talk to, or a
// connection that leaves, which would keep the node from coming back. The zero value
// keeps nothing.
type reservation struct {
	fd   int
	held bool
}

// reserve keeps a TCP address. It does what it can: an address of another kind, or one
// that somebody has taken already, is not kept.
func reserve(address string) (r reservation) {
	at, err := netip.ParseAddrPort(address)
	if err != nil || !at.Addr().Is4() {
		return reservation{}
	}
	syscall.ForkLock.RLock()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err == nil {
		syscall.CloseOnExec(fd)
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return reservation{}
	}
	r = reservation{fd, true}
	// As net does for listeners: connections of the node that was there may linger on.
	err = syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1)
	if err == nil {
		err = syscall.Bind(fd, &syscall.SockaddrInet4{Port: int(at.Port()), Addr: at.Addr().As4()})
	}
	if err != nil {
		r.release()
	}
	return r
}

// release gives the address back, if it is held.
func (r *reservation) release() {
	if r.held {
		_ = syscall.Close(r.fd) // there is nothing in it to lose
		r.held = false
	}
}
