package grpc

import (
	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/transports/dial"
	"github.com/raftbench/raftbench/transports/grpc/raftpb"
)

// peer is the way to one node: its connections, and a lane for each class.
type peer struct {
	id      core.NodeID
	conns   []*conn
	breaker *dial.Breaker // of attempts to open a stream
	lanes   [core.NumClasses]*lane
}

func newPeer(e *endpoint, id core.NodeID) (*peer, error) {
	conns, err := connectAll(e.config, &e.Endpoint, id, &e.counters.Counters)
	if err != nil {
		return nil, err
	}
	p := &peer{id: id, conns: conns, breaker: dial.NewBreaker(id, e.Timeouts.ReconnectMax)}
	for c := range p.lanes {
		p.lanes[c] = newLane(e, p, core.Class(c))
	}
	return p, nil
}

// client returns the service over the connection of class c.
func (p *peer) client(c core.Class) raftpb.RaftClient {
	return raftpb.NewRaftClient(connOf(p.conns, c))
}

func (p *peer) close() error { return closeAll(p.conns) }
