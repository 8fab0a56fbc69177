package cluster_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/client"
	"github.com/raftbench/raftbench/core/cluster"
	"github.com/raftbench/raftbench/transports"
)

// choose makes the network of a transport with settings.
func choose(t *testing.T, spec string) *core.Network {
	t.Helper()
	list, err := transports.ParseList(transports.All(), spec)
	if err != nil {
		t.Fatal(err)
	}
	n, err := list[0].Named.New(list[0].Options)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// shortTempDir makes TMPDIR an empty directory whose name leaves room for that of a
// socket, as t.TempDir may not.
func shortTempDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "s")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	t.Setenv("TMPDIR", dir)
	return dir
}

// Every transport with connections runs over Unix-domain sockets; a node that
// restarts listens at its old place; nothing is left in the file system.
func TestUnixSockets(t *testing.T) {
	for _, name := range []string{"rawtcp", "grpc", "http", "netrpc"} {
		t.Run(name, func(t *testing.T) {
			dir := shortTempDir(t)
			h, err := cluster.Start(context.Background(), cluster.Config{
				Nodes: 3, Network: choose(t, name+":sock=unix"), NewStateMachine: newSum, Node: fastNode(),
			})
			if err != nil {
				t.Fatal(err)
			}
			cl, err := h.Client(client.Config{Done: func([]*client.Op) {}})
			if err != nil {
				t.Fatal(err)
			}
			do(t, cl, &client.Op{Command: []byte("12345")})
			if err := h.Kill(3); err != nil {
				t.Fatal(err)
			}
			do(t, cl, &client.Op{Command: []byte("12345")})
			if err := h.Restart(3); err != nil {
				t.Fatal(err)
			}
			if got := do(t, cl, &client.Op{Read: true}); got != 10 {
				t.Errorf("the sum is %d", got)
			}
			if traffic := h.Traffic(); !traffic.Unknown {
				t.Errorf("the kernel counts nothing for Unix-domain sockets, the cluster says %+v", traffic)
			}
			if err := errors.Join(cl.Close(), h.Close()); err != nil {
				t.Error(err)
			}
			if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
				t.Errorf("%d files are left: %v", len(left), err)
			}
		})
	}
}

func TestPathOfASocketIsTooLong(t *testing.T) {
	dir := shortTempDir(t) + "/" + strings.Repeat("x", 100)
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", dir)
	_, err := cluster.StartEcho(cluster.EchoConfig{Network: choose(t, "rawtcp:sock=unix")})
	if err == nil || !strings.Contains(err.Error(), "TMPDIR") || strings.Contains(err.Error(), "\n") {
		t.Errorf("error %v, want one line that says what to do", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("%d files are left: %v", len(left), err)
	}
}

func TestUnknownSocketIsRefused(t *testing.T) {
	_, err := cluster.StartEcho(cluster.EchoConfig{Network: &core.Network{Socket: "udp"}})
	if err == nil || !strings.Contains(err.Error(), `"udp"`) {
		t.Errorf("error %v", err)
	}
}

// What nobody can count is not reported as nothing.
func TestTrafficIsUnknownWhereNobodyCounts(t *testing.T) {
	for spec, unknown := range map[string]bool{
		"rawtcp": false, "rawtcp:sock=unix": true, "rawtcp:io=gnet": true, "rawtcp:conns=0": true,
	} {
		e, err := cluster.StartEcho(cluster.EchoConfig{Network: choose(t, spec)})
		if err != nil {
			t.Fatal(err)
		}
		back := make(chan int, 1000)
		c, err := e.Client(20*time.Second, func(ops []*client.Op) { back <- len(ops) })
		if err != nil {
			t.Fatal(err)
		}
		for range 200 {
			c.Submit([]*client.Op{{Command: []byte("x")}})
			<-back
		}
		if got := e.Traffic(); got.Unknown != unknown || !unknown && got.Bytes == 0 {
			t.Errorf("%s: %+v", spec, got)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestIsolateNeedsConnectionsThatCanBeCut(t *testing.T) {
	c := start(t, cluster.Config{Nodes: 3, Network: choose(t, "rawtcp:io=gnet"), NewStateMachine: newSum, Node: fastNode()})
	if err := c.Isolate(2); err == nil || !strings.Contains(err.Error(), "sockets") {
		t.Errorf("error %v", err)
	}
}
