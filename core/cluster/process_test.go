package cluster_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/client"
	"github.com/raftbench/raftbench/core/node"
	"github.com/raftbench/raftbench/core/wal"
	"github.com/raftbench/raftbench/transports/rawtcp"
)

// processes are three nodes, each a process of its own with a log on disk and a
// Unix-domain socket, so that any of them can be killed as an operator or the kernel
// would do it.
type processes struct {
	t      *testing.T
	dir    string
	leases bool         // leaders hold them
	turned atomic.Int64 // changes of members (obey)
	nodes  map[core.NodeID]*process
}

// process is a node's. It ends when its standard input does: no node outlives its test.
type process struct {
	cmd     *exec.Cmd
	stdin   io.WriteCloser
	log     string        // what it says on standard error
	settled chan struct{} // closed when it trusts its log
	read    sync.WaitGroup
}

// processNodes is how many there are.
const processNodes = 3

func startProcesses(t *testing.T, leases bool) *processes {
	t.Helper()
	dir, err := os.MkdirTemp("", "raft") // the path of a socket must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	p := &processes{t: t, dir: dir, leases: leases, nodes: map[core.NodeID]*process{}}
	t.Cleanup(func() {
		for id := range p.nodes {
			p.kill(id)
		}
	})
	for id := core.NodeID(1); id <= processNodes; id++ {
		p.start(id)
	}
	return p
}

// data is the directory of a node's log.
func (p *processes) data(id core.NodeID) string { return filepath.Join(p.dir, fmt.Sprint(id)) }

func (p *processes) start(id core.NodeID) {
	p.t.Helper()
	n := &process{log: filepath.Join(p.dir, fmt.Sprintf("%d.log", id)), settled: make(chan struct{})}
	n.cmd = exec.Command(os.Args[0], "-test.run=^TestNodeProcess$")
	n.cmd.Env = append(os.Environ(), "RAFT_TEST_NODE="+p.dir+" "+fmt.Sprint(uint64(id)), fmt.Sprint("RAFT_TEST_LEASES=", p.leases))
	log, err := os.OpenFile(n.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		p.t.Fatal(err)
	}
	defer func() { _ = log.Close() }() // the process has its own
	n.cmd.Stderr = log
	stdin, err := n.cmd.StdinPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	stdout, err := n.cmd.StdoutPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	if err := n.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	n.stdin = stdin
	n.read.Go(func() {
		for lines := bufio.NewScanner(stdout); lines.Scan(); {
			switch lines.Text() {
			case "settled":
				close(n.settled)
			case "turned":
				p.turned.Add(1)
			}
		}
	})
	p.nodes[id] = n
}

// kill sends SIGKILL and waits for the end.
func (p *processes) kill(id core.NodeID) {
	n := p.nodes[id]
	if n == nil {
		return
	}
	delete(p.nodes, id)
	_ = n.cmd.Process.Kill() // it may be dead: Wait says so
	n.read.Wait()
	_ = n.stdin.Close()
	if err := n.cmd.Wait(); err == nil || err.Error() != "signal: killed" {
		p.t.Errorf("%v ended by itself: %v\n%s", id, err, p.said(id))
	}
}

func (p *processes) said(id core.NodeID) string {
	text, err := os.ReadFile(filepath.Join(p.dir, fmt.Sprintf("%d.log", id)))
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// waitSettled waits until a node trusts its log.
func (p *processes) waitSettled(ctx context.Context, id core.NodeID) {
	p.t.Helper()
	select {
	case <-p.nodes[id].settled:
	case <-ctx.Done():
		p.t.Fatalf("%v is in doubt about its log: %v\n%s", id, ctx.Err(), p.said(id))
	}
}

// client opens a client of the nodes.
func (p *processes) client(self core.NodeID, change ...func(*client.Config)) *client.Client {
	p.t.Helper()
	network := network(p.t, rawtcp.Transport(), "sock=unix")
	config := client.Config{
		Self: self, Nodes: []core.NodeID{1, 2, 3}, Timeout: 2 * time.Second,
		Open: func(h core.Handler) (core.Transport, error) {
			return network.Open(core.Endpoint{Self: self, Handler: h, Dial: dialProcess(p.dir)})
		},
		Done: func([]*client.Op) {},
	}
	for _, c := range change {
		c(&config)
	}
	c, err := client.New(config)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { _ = c.Close() })
	return c
}

func socketOf(dir string, id core.NodeID) string {
	return filepath.Join(dir, fmt.Sprintf("%d.sock", id))
}

func dialProcess(dir string) func(context.Context, core.NodeID) (net.Conn, error) {
	return func(ctx context.Context, to core.NodeID) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", socketOf(dir, to))
	}
}

// TestNodeProcess is no test of its own: it is a node of processes, as long as its
// standard input is open.
func TestNodeProcess(t *testing.T) {
	dir, number, ok := strings.Cut(os.Getenv("RAFT_TEST_NODE"), " ")
	if !ok {
		t.Skip("started by the tests that kill nodes")
	}
	id, err := strconv.ParseUint(number, 10, 64)
	if err == nil {
		err = runProcess(t, dir, core.NodeID(id))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		t.Fatal(err)
	}
}

func runProcess(t *testing.T, dir string, id core.NodeID) error {
	log, err := wal.Open(wal.Options{
		Dir: filepath.Join(dir, fmt.Sprint(id)), Identity: wal.Identity{Cluster: 1, Node: id}, SegmentBytes: 64 << 10, Quarantine: true,
	})
	if err != nil {
		return err
	}
	if d := log.Recovery().Damage; d != nil {
		fmt.Fprintln(os.Stderr, d)
	}
	socket := socketOf(dir, id)
	_ = os.Remove(socket) // what a life before has left
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return err
	}
	network := network(t, rawtcp.Transport(), "sock=unix")
	var founders []core.NodeID // others join
	if id <= processNodes {
		founders = []core.NodeID{1, 2, 3}
	}
	lease := 0
	if os.Getenv("RAFT_TEST_LEASES") == "true" {
		lease = 10
	}
	var settled sync.Once
	n, err := node.Start(node.Config{
		ID: id, Peers: founders, Cluster: 1, LeaseDriftPercent: lease, Unordered: !network.Ordered,
		Tick: 10 * time.Millisecond, ElectionTicks: 15, Seed: uint64(time.Now().UnixNano()),
		Storage: log, StateMachine: newSet(), Snapshot: node.SnapshotConfig{Entries: 400},
		Open: func(h core.Handler) (core.Transport, error) {
			return network.Open(core.Endpoint{Self: id, Listener: listener, Dial: dialProcess(dir), Handler: h})
		},
		OnChange: func(s node.Status) {
			if s.Err != nil {
				fmt.Fprintln(os.Stderr, s.Err)
			}
			if !s.InDoubt {
				settled.Do(func() { fmt.Println("settled") })
			}
		},
		OnWarning: func(text string) { fmt.Fprintln(os.Stderr, text) },
	})
	if err != nil {
		return err
	}
	for orders := bufio.NewScanner(os.Stdin); orders.Scan(); {
		obey(n, orders.Text())
	}
	return n.Close()
}
