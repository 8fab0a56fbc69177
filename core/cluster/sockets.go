package cluster

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"

	"github.com/raftbench/raftbench/core"
)

// maxSocketPath is the longest path that a Unix-domain socket can have, in bytes:
// sun_path holds 108 on Linux and 104 elsewhere, with a zero at its end.
const maxSocketPath = 103

// sockets makes listeners and connections of the kind that a Network wants: TCP on
// loopback, or Unix-domain sockets in a temporary directory.
type sockets struct {
	kind string
	dir  string // of Unix-domain sockets; removed by close
}

func newSockets(n *core.Network) (sockets, error) {
	switch n.Socket {
	case "", core.SocketTCP:
		return sockets{kind: core.SocketTCP}, nil
	case core.SocketUnix:
		dir, err := os.MkdirTemp("", "raftbench")
		if err != nil {
			return sockets{}, fmt.Errorf("directory of sockets: %w", err)
		}
		return sockets{core.SocketUnix, dir}, nil
	}
	return sockets{}, fmt.Errorf("socket %q: want %s or %s", n.Socket, core.SocketTCP, core.SocketUnix)
}

// address is where a node is to listen. The port is TCP's; zero: any free one.
func (s sockets) address(id core.NodeID, port int) string {
	if s.kind == core.SocketUnix {
		return filepath.Join(s.dir, fmt.Sprintf("%d.sock", uint64(id)))
	}
	return fmt.Sprintf("127.0.0.1:%d", port)
}

func (s sockets) listen(address string) (net.Listener, error) {
	if s.kind == core.SocketUnix && len(address) > maxSocketPath {
		return nil, fmt.Errorf("socket %s: its path has %d bytes, the kernel takes %d: set TMPDIR to a shorter directory", address, len(address), maxSocketPath)
	}
	return net.Listen(s.kind, address)
}

func (s sockets) dial(ctx context.Context, address string) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, s.kind, address)
}

// close removes what the listeners have left. Close them before.
func (s sockets) close() error {
	if s.dir == "" {
		return nil
	}
	return os.RemoveAll(s.dir)
}
