package cluster

import (
	"errors"
	"net"
	"os"
	"syscall"
	"testing"
)

// refusing is a listener whose Accept fails.
type refusing struct {
	net.Listener
	err error
}

func (r refusing) Accept() (net.Conn, error) { return nil, r.err }

// A connection that could not be accepted for want of descriptors is counted: who dialed
// has one, as far as it knows.
func TestUnacceptedConnectionsAreCounted(t *testing.T) {
	for err, counted := range map[error]bool{
		syscall.EMFILE: true, syscall.ENFILE: true, syscall.ECONNABORTED: false, net.ErrClosed: false,
	} {
		c := new(Cluster)
		wrapped := &net.OpError{Op: "accept", Err: os.NewSyscallError("accept4", err)}
		l := &tap{Listener: refusing{err: wrapped}, wires: &c.wires}
		if _, got := l.Accept(); !errors.Is(got, wrapped) {
			t.Errorf("%v became %v", err, got)
		}
		if got := c.Unaccepted(); (got == 1) != counted || got > 1 {
			t.Errorf("%v: %d counted", err, got)
		}
	}
}
