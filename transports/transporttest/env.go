package transporttest

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/transports/transporttest/memnet"
)

// patience is how long a check waits for what must happen. Reaching it is a
// failure, so it is long: a loaded machine is no defect of a transport.
const patience = time.Minute

// The sentences of the contract that more than one check quotes.
const (
	contractOnce  = "Every call given to Send is handed to Handler.Complete exactly once, with a response or an error, no later than shortly after its timeout."
	contractClose = "Close ends every call under way with ErrClosed, closes the listener and all connections, and waits for every goroutine that the transport started. When it has returned, nothing is delivered any more."
	contractWait  = "Send, Cancel and Reply do not wait for a peer. A slow or dead peer delays nobody else."
)

// env is the world of one check: a network, the nodes on it, and what they saw
// that the contract forbids.
type env struct {
	t        T
	contract string
	network  *core.Network
	mem      *memnet.Network // nil over sockets
	dir      string          // of Unix-domain sockets; empty over TCP
	patience time.Duration
	limits   core.Limits
	timeouts core.Timeouts

	// wrapDial, if set before a node is opened, replaces its dialer.
	wrapDial func(dialFunc) dialFunc

	mu         sync.Mutex
	addrs      map[core.NodeID]string // of sockets
	nodes      []*node
	conns      []net.Conn // raw connections
	violations []string

	background sync.WaitGroup
	closed     chan struct{}
}

type dialFunc = func(ctx context.Context, to core.NodeID) (net.Conn, error)

func newEnv(t T, nt core.NamedTransport, settings []string, network string) *env {
	t.Helper()
	e := &env{t: t, network: configure(t, nt, settings), patience: patience, addrs: map[core.NodeID]string{}, closed: make(chan struct{})}
	// A loaded machine is slow to connect, and to write: a transport may take a peer for
	// gone that does not take a write within the timeout of its class.
	e.timeouts = core.Timeouts{Connect: patience, Control: patience, Append: patience, Client: patience, Snapshot: patience}
	switch network {
	case networkMem:
		e.mem = memnet.New()
	case networkUnix:
		// Not t.TempDir: the name of a test is too long for the path of a socket.
		dir, err := os.MkdirTemp("", "suite")
		if err != nil {
			t.Fatalf("directory of sockets: %v", err)
		}
		e.dir = dir
	}
	return e
}

// socket is the kind of socket of a network that is not in memory.
func (e *env) socket() string {
	if e.dir != "" {
		return networkUnix
	}
	return networkTCP
}

// listen opens a listener for id: at the same address as before, if there was one.
func (e *env) listen(id core.NodeID) net.Listener {
	e.t.Helper()
	if e.mem != nil {
		l, err := e.mem.Listen(id)
		if err != nil {
			e.t.Fatalf("listen for %v: %v", id, err)
		}
		return l
	}
	e.mu.Lock()
	address, known := e.addrs[id]
	e.mu.Unlock()
	switch {
	case known:
	case e.dir != "":
		address = filepath.Join(e.dir, strconv.FormatUint(uint64(id), 10))
	default:
		address = "127.0.0.1:0"
	}
	var l net.Listener
	e.eventually("listening at "+address, func() bool {
		var err error
		l, err = net.Listen(e.socket(), address)
		return err == nil
	})
	e.mu.Lock()
	e.addrs[id] = l.Addr().String()
	e.mu.Unlock()
	return l
}

// dial connects to id.
func (e *env) dial(ctx context.Context, id core.NodeID) (net.Conn, error) {
	if e.mem != nil {
		return e.mem.Dial(ctx, id)
	}
	e.mu.Lock()
	address, known := e.addrs[id]
	e.mu.Unlock()
	if !known {
		return nil, fmt.Errorf("%v has no address", id)
	}
	var d net.Dialer
	return d.DialContext(ctx, e.socket(), address)
}

// dialRaw connects to id without a transport. The connection is closed with the env.
func (e *env) dialRaw(id core.NodeID) net.Conn {
	e.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), e.patience)
	defer cancel()
	c, err := e.dial(ctx, id)
	if err != nil {
		e.t.Fatalf("dial %v: %v", id, err)
	}
	e.keep(c)
	return c
}

// serveRaw answers connections to id by handle, without a transport. They are
// closed with the env.
func (e *env) serveRaw(id core.NodeID, handle func(net.Conn)) {
	l := e.listen(id)
	e.background.Go(func() {
		<-e.closed
		_ = l.Close()
	})
	e.background.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			e.keep(c)
			e.background.Go(func() { handle(c) })
		}
	})
}

// keep closes c with the env.
func (e *env) keep(c net.Conn) {
	e.mu.Lock()
	defer e.mu.Unlock()
	select {
	case <-e.closed:
		_ = c.Close()
	default:
		e.conns = append(e.conns, c)
	}
}

// open starts a node that listens and answers by echoing.
func (e *env) open(id core.NodeID) *node {
	e.t.Helper()
	return e.openAt(id, e.listen(id))
}

// openAt starts a node; with a nil listener one that only calls.
func (e *env) openAt(id core.NodeID, l net.Listener) *node {
	e.t.Helper()
	n := &node{env: e, id: id}
	n.setHandler(n.echo)
	dial := e.dial
	if e.wrapDial != nil {
		dial = e.wrapDial(dial)
	}
	var err error
	n.ready.Add(1)
	n.transport, err = e.network.Open(core.Endpoint{
		Self: id, Listener: l, Dial: dial, Handler: n, Limits: e.limits, Timeouts: e.timeouts,
	})
	n.ready.Done()
	if err != nil {
		e.t.Fatalf("open %v: %v", id, err)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.nodes = append(e.nodes, n)
	return n
}

// violate records something that the contract forbids. Any goroutine may call it.
func (e *env) violate(format string, args ...any) {
	e.mu.Lock()
	defer e.mu.Unlock()
	const enough = 10
	if len(e.violations) < enough {
		e.violations = append(e.violations, fmt.Sprintf(format, args...))
	}
}

// eventually waits until condition holds.
func (e *env) eventually(what string, condition func() bool) {
	e.t.Helper()
	if !e.poll(condition) {
		e.t.Fatalf("contract: %q: %s did not happen within %v", e.contract, what, e.patience)
	}
}

func (e *env) poll(condition func() bool) bool {
	for start := time.Now(); time.Since(start) < e.patience; time.Sleep(200 * time.Microsecond) {
		if condition() {
			return true
		}
	}
	return false
}

// finishes fails if f does not return: then goroutines hang, and the check cannot
// clean up behind itself.
func (e *env) finishes(what string, f func()) {
	e.t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	select {
	case <-done:
	case <-time.After(e.patience):
		e.t.Fatalf("contract: %q: %s did not return within %v", e.contract, what, e.patience)
	}
}

// close ends the check: it closes all nodes, and reports what they saw and what
// they left.
func (e *env) close() {
	e.t.Helper()
	e.mu.Lock()
	nodes := e.nodes
	close(e.closed)
	for _, c := range e.conns {
		_ = c.Close()
	}
	e.mu.Unlock()
	for _, n := range nodes {
		e.finishes("Close", n.close)
	}
	e.finishes("a goroutine of the check", e.background.Wait)

	for _, n := range nodes {
		n.settle()
	}
	if err := os.RemoveAll(e.dir); e.dir != "" && err != nil {
		e.t.Errorf("directory of sockets: %v", err)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, v := range e.violations {
		e.t.Errorf("contract: %q: %s", e.contract, v)
	}
	if e.mem != nil && !e.network.InProcess && e.mem.OpenConns() != 0 {
		e.t.Errorf("contract: %q: %d ends of connections are left open", contractClose, e.mem.OpenConns())
	}
}
