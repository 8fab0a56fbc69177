package cluster

import (
	"errors"
	"net"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/raftbench/raftbench/core"
)

// wires knows the cluster's connections, both ends, without standing between
// them and the transport: a transport is given the bare *net.TCPConn or
// *net.UnixConn.
type wires struct {
	mu    sync.Mutex
	ends  []end
	ended Traffic // of connections that are closed
	lost  int     // of those, how many nobody has ever looked at
	dark  bool    // nobody can say what was sent over one of them

	exhausted uint64 // connections that could not be accepted for want of file descriptors
}

// end is one end of a connection.
type end struct {
	conn net.Conn
	from core.NodeID // who dialed; zero on the accepting end
	to   core.NodeID // who accepted
	last Traffic     // when it was last looked at
}

// maxLost is how many ends may close before anybody has looked at them, as when
// connections are made again after a failure, without the sum losing its meaning.
// Where every call has a connection of its own there are many more.
const maxLost = 64

// maxEnds bounds how many ends are kept before those closed are looked for.
const maxEnds = 1024

// Traffic counts what the kernel sent over the cluster's connections (TCP_INFO).
// Both ends of every connection are in this process, so that sending counts
// everything once.
type Traffic struct {
	Bytes    uint64 // TCP payload, retransmissions included
	Segments uint64 // segments, pure acknowledgements included

	// Unknown: the sum says nothing. The kernel does not count for Unix-domain
	// sockets, nor can it be asked about a socket that is closed already, or that a
	// transport has taken (core.Network.TakesSockets).
	Unknown bool
}

func (t *Traffic) add(o Traffic) {
	t.Bytes += o.Bytes
	t.Segments += o.Segments
}

// add keeps one end of a connection.
func (w *wires) add(conn net.Conn, from, to core.NodeID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, counted := conn.(*net.TCPConn); !counted {
		w.dark = true
	}
	w.ends = append(w.ends, end{conn: conn, from: from, to: to})
	if len(w.ends)%maxEnds == 0 {
		w.look()
	}
}

// look reads the counters of every end and forgets those that are closed, whose
// last bytes go uncounted. The lock is held.
func (w *wires) look() Traffic {
	total := w.ended
	open := w.ends[:0]
	for _, e := range w.ends {
		now, err := traffic(e.conn)
		if err != nil {
			w.ended.add(e.last)
			total.add(e.last)
			if e.last == (Traffic{}) {
				w.lost++
			}
			continue
		}
		e.last = now
		total.add(now)
		open = append(open, e)
	}
	clear(w.ends[len(open):])
	w.ends = open
	total.Unknown = w.dark || w.lost > maxLost
	return total
}

// cut closes the connections from and to a node.
func (w *wires) cut(id core.NodeID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.look()
	for _, e := range w.ends {
		if e.from == id || e.to == id {
			_ = e.conn.Close() // its owner may have closed it already
		}
	}
}

// Traffic returns what the cluster's connections carried so far.
func (c *Cluster) Traffic() Traffic {
	c.wires.mu.Lock()
	defer c.wires.mu.Unlock()
	return c.wires.look()
}

// Unaccepted returns how often a connection could not be accepted, because this process or
// this machine was out of file descriptors. Who dialed does not notice: the kernel has
// made the connection.
func (c *Cluster) Unaccepted() uint64 { return c.wires.unaccepted() }

func (w *wires) unaccepted() uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.exhausted
}

// failed notes why a connection could not be accepted.
func (w *wires) failed(err error) {
	if errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.exhausted++
	}
}

// traffic returns what was sent over an open connection, as far as it is counted.
func traffic(conn net.Conn) (t Traffic, err error) {
	sc, ok := conn.(syscall.Conn)
	if !ok {
		return t, net.ErrClosed
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return t, err
	}
	_, counted := conn.(*net.TCPConn)
	var infoErr error
	err = raw.Control(func(fd uintptr) {
		if !counted {
			return // it is open: that is all there is to learn
		}
		var info *unix.TCPInfo
		if info, infoErr = unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO); infoErr == nil {
			t = Traffic{Bytes: info.Bytes_sent, Segments: uint64(info.Segs_out)}
		}
	})
	if err != nil || infoErr != nil {
		return Traffic{}, net.ErrClosed
	}
	return t, nil
}

// tap is a listener that lets the cluster know the connections it hands out.
type tap struct {
	net.Listener
	wires *wires
	id    core.NodeID
}

// Accept implements net.Listener.
func (t *tap) Accept() (net.Conn, error) {
	conn, err := t.Listener.Accept()
	if err != nil {
		t.wires.failed(err)
		return nil, err
	}
	t.wires.add(conn, 0, t.id)
	return conn, nil
}
