package memnet

import (
	"context"
	"errors"
	"io"
	"net"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/nettest"
)

// connect returns both ends of a connection to node 1.
func connect(t *testing.T, n *Network) (client, server net.Conn) {
	t.Helper()
	l, err := n.Listen(1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	if client, err = n.Dial(context.Background(), 1); err != nil {
		t.Fatal(err)
	}
	if server, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	return client, server
}

func TestConnBehavesAsNetConn(t *testing.T) {
	nettest.TestConn(t, func() (c1, c2 net.Conn, stop func(), err error) {
		n := New()
		l, err := n.Listen(1)
		if err != nil {
			return nil, nil, nil, err
		}
		if c1, err = n.Dial(context.Background(), 1); err != nil {
			return nil, nil, nil, err
		}
		if c2, err = l.Accept(); err != nil {
			return nil, nil, nil, err
		}
		return c1, c2, func() { c1.Close(); c2.Close(); l.Close() }, nil
	})
}

func TestOpenConnsCountsEnds(t *testing.T) {
	n := New()
	client, server := connect(t, n)
	if got := n.OpenConns(); got != 2 {
		t.Fatalf("%d ends open, want 2", got)
	}
	_ = client.Close()
	_ = client.Close()
	_ = server.Close()
	if got := n.OpenConns(); got != 0 {
		t.Fatalf("%d ends open after closing both, want 0", got)
	}
}

func TestCloseOfListenerResetsItsBacklog(t *testing.T) {
	n := New()
	l, err := n.Listen(1)
	if err != nil {
		t.Fatal(err)
	}
	client, err := n.Dial(context.Background(), 1)
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	if _, err := client.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Fatalf("read: %v, want a reset", err)
	}
	if _, err := n.Dial(context.Background(), 1); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Fatalf("dial to a closed listener: %v, want refused", err)
	}
	if _, err := n.Listen(1); err != nil {
		t.Fatalf("listen again: %v", err)
	}
}

func TestRefuse(t *testing.T) {
	n := New()
	connect(t, n)
	n.Refuse(1, true)
	if _, err := n.Dial(context.Background(), 1); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Fatalf("dial: %v, want refused", err)
	}
	n.Refuse(1, false)
	if _, err := n.Dial(context.Background(), 1); err != nil {
		t.Fatalf("dial: %v", err)
	}
	if got := n.Dials(1); got != 3 {
		t.Fatalf("%d dials, want 3", got)
	}
}

func TestFreezeStopsReadsUntilThawed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := New()
		client, server := connect(t, n)
		n.Freeze(1, true)
		_ = client.SetWriteDeadline(time.Now().Add(20 * time.Millisecond))
		sent, err := client.Write(make([]byte, 2*streamBytes))
		var timeout net.Error
		if !errors.As(err, &timeout) || !timeout.Timeout() || sent != streamBytes {
			t.Fatalf("wrote %d B, %v; want %d B and a timeout", sent, err, streamBytes)
		}
		_ = server.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
		if _, err := server.Read(make([]byte, 1)); !errors.As(err, &timeout) {
			t.Fatalf("frozen read: %v, want a timeout", err)
		}
		_ = server.SetReadDeadline(time.Time{})
		n.Freeze(1, false)
		if _, err := io.ReadFull(server, make([]byte, streamBytes)); err != nil {
			t.Fatalf("thawed read: %v", err)
		}
	})
}

func TestSlowLimitsReads(t *testing.T) {
	n := New()
	client, server := connect(t, n)
	n.Slow(1, 10, time.Millisecond)
	if _, err := client.Write(make([]byte, 100)); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	for read := 0; read < 100; {
		got, err := server.Read(make([]byte, 100))
		if err != nil || got > 10 {
			t.Fatalf("read %d B, %v; want at most 10 B", got, err)
		}
		read += got
	}
	if took := time.Since(start); took < 10*time.Millisecond {
		t.Fatalf("took %v, want at least 10 ms", took)
	}
}

func TestCutResetsBothEnds(t *testing.T) {
	n := New()
	client, server := connect(t, n)
	if _, err := client.Write([]byte("lost")); err != nil {
		t.Fatal(err)
	}
	n.Cut(1)
	for _, c := range []net.Conn{client, server} {
		if _, err := c.Read(make([]byte, 4)); !errors.Is(err, syscall.ECONNRESET) {
			t.Fatalf("read: %v, want a reset", err)
		}
	}
}
