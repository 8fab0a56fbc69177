package cluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"

	"github.com/raftbench/raftbench/core"
)

// EchoConfig configures an Echo. Network is required.
type EchoConfig struct {
	Network  *core.Network
	Limits   core.Limits
	Timeouts core.Timeouts
	Port     int // of the server; zero: any free port; Unix-domain sockets have none
}

// Echo is a transport without Raft: one server that answers every
// AppendEntries as a follower would that has nothing to do, and clients that
// call it. What a round trip costs here is the transport's alone.
//
// It starts no goroutine of its own; the transports' end with Close.
type Echo struct {
	config   EchoConfig
	sockets  sockets
	wires    wires
	server   echoServer
	listener net.Listener

	mu      sync.Mutex
	clients int
}

// echoNode is the server's NodeID.
const echoNode core.NodeID = 1

// StartEcho starts the server.
func StartEcho(config EchoConfig) (*Echo, error) {
	if config.Network == nil {
		return nil, errors.New("echo: Network is required")
	}
	sockets, err := newSockets(config.Network)
	if err != nil {
		return nil, fmt.Errorf("echo: %w", err)
	}
	l, err := sockets.listen(sockets.address(echoNode, config.Port))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("echo: %w", err), sockets.close())
	}
	e := &Echo{config: config, sockets: sockets, wires: wires{dark: config.Network.TakesSockets}, listener: l}
	e.server.opened.Add(1)
	e.server.transport, err = config.Network.Open(core.Endpoint{
		Self:     echoNode,
		Listener: &tap{e.listener, &e.wires, echoNode},
		Dial:     e.dialer(echoNode),
		Handler:  &e.server,
		Limits:   config.Limits,
		Timeouts: config.Timeouts,
	})
	e.server.opened.Done()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("echo: %w", err), l.Close(), sockets.close())
	}
	return e, nil
}

// dialer connects one endpoint to the server.
func (e *Echo) dialer(from core.NodeID) func(context.Context, core.NodeID) (net.Conn, error) {
	return func(ctx context.Context, to core.NodeID) (net.Conn, error) {
		conn, err := e.sockets.dial(ctx, e.listener.Addr().String())
		if err != nil {
			return nil, fmt.Errorf("dial %v at %v: %w", to, e.listener.Addr(), err)
		}
		e.wires.add(conn, from, to)
		return conn, nil
	}
}

// Server returns the server's endpoint, for its statistics.
func (e *Echo) Server() core.Transport { return e.server.transport }

// Traffic returns what the connections carried so far.
func (e *Echo) Traffic() Traffic {
	e.wires.mu.Lock()
	defer e.wires.mu.Unlock()
	return e.wires.look()
}

// Unaccepted is as Cluster.Unaccepted.
func (e *Echo) Unaccepted() uint64 { return e.wires.unaccepted() }

// Close stops the server. Close the clients first.
func (e *Echo) Close() error {
	err := e.server.transport.Close()
	_ = e.listener.Close() // a second close, unless the transport has no use for it
	return errors.Join(err, e.sockets.close())
}

// echoServer answers at once, from the transport's goroutine.
type echoServer struct {
	opened    sync.WaitGroup // transport is set
	transport core.Transport
}

// Receive implements core.Handler.
func (s *echoServer) Receive(requests []*core.Incoming) {
	s.opened.Wait()
	for _, r := range requests {
		q, ok := r.Request.(*core.AppendEntriesRequest)
		if !ok {
			r.Err = fmt.Errorf("an echo answers AppendEntries and not %v", r.Request.Kind())
			continue
		}
		*r.Response.(*core.AppendEntriesResponse) = core.AppendEntriesResponse{
			From: echoNode, Term: q.Term, Success: true, PrevIndex: q.PrevIndex,
			Match: q.PrevIndex + core.Index(len(q.Entries)), Session: q.Session,
		}
	}
	s.transport.Reply(requests)
}

// Complete implements core.Handler. The server calls nobody.
func (s *echoServer) Complete([]*core.Call) {}
