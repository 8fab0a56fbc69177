package cluster_test

import (
	"context"
	"errors"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/client"
	"github.com/raftbench/raftbench/core/cluster"
	"github.com/raftbench/raftbench/transports/rawtcp"
)

// exclusive asks for an address that nobody else is bound to, as the kernel does when it
// looks for a free port.
func exclusive(address string) (net.Listener, error) {
	lc := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) (err error) {
		controlErr := c.Control(func(fd uintptr) { err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 0) })
		return errors.Join(controlErr, err)
	}}
	return lc.Listen(context.Background(), "tcp", address)
}

// watched is a network that tells at which addresses its endpoints listen.
func watched(t *testing.T) (*core.Network, <-chan string) {
	t.Helper()
	n, addresses := *network(t, rawtcp.Transport()), make(chan string, 100)
	open := n.Open
	n.Open = func(ep core.Endpoint) (core.Transport, error) {
		if ep.Listener != nil {
			addresses <- ep.Listener.Addr().String()
		}
		return open(ep)
	}
	return &n, addresses
}

// Two clusters that are mixed up (etcd learned to compare their IDs) would overwrite
// each other's logs: here a node that is down keeps its address, so that no node of
// another cluster can be found there, and it can always come back to it.
func TestAddressOfADeadNodeIsKept(t *testing.T) {
	n, addresses := watched(t)
	c := start(t, cluster.Config{Nodes: 3, Network: n, NewStateMachine: newSum, Node: fastNode()})
	cl := openClient(t, c, client.Config{Timeout: 20 * time.Second})
	address := <-addresses // of node 1, which is started first
	for range 3 {
		if err := c.Kill(1); err != nil {
			t.Fatal(err)
		}
		if l, err := exclusive(address); !errors.Is(err, syscall.EADDRINUSE) {
			if err == nil {
				_ = l.Close()
			}
			t.Errorf("somebody else asked for the address and got %v", err)
		}
		if conn, err := net.Dial("tcp", address); !errors.Is(err, syscall.ECONNREFUSED) {
			if err == nil {
				_ = conn.Close()
			}
			t.Errorf("the dead node answered the phone: %v", err)
		}
		if err := c.Restart(1); err != nil {
			t.Fatal(err)
		}
		if again := restarted(addresses); again != address {
			t.Errorf("it came back at %s, it was at %s", again, address)
		}
		do(t, cl, &client.Op{Read: true})
	}
}

// restarted returns the address of the node that was started last.
func restarted(addresses <-chan string) (last string) {
	for len(addresses) > 0 {
		last = <-addresses
	}
	return last
}

// What a dead node kept is given back when its cluster ends.
func TestAddressIsGivenBack(t *testing.T) {
	n, addresses := watched(t)
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	c, err := cluster.Start(ctx, cluster.Config{Nodes: 1, Network: n, NewStateMachine: newSum, Node: fastNode()})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(c.Kill(1), c.Close()); err != nil {
		t.Fatal(err)
	}
	l, err := exclusive(<-addresses)
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
}
