package grpc

import (
	"time"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/transports/dial"
)

// peer is the way to one node: its connections, and for each class a lane on each
// connection that the class may use.
type peer struct {
	id      core.NodeID
	pool    *pool
	breaker *dial.Breaker // of attempts to open a stream
	lanes   [core.NumClasses]*dial.Pool[*lane]
}

func newPeer(e *endpoint, id core.NodeID) (*peer, error) {
	pool, err := newConns(e.config, &e.Endpoint, id, &e.counters.Counters)
	if err != nil {
		return nil, err
	}
	p := &peer{id: id, pool: pool, breaker: dial.NewBreaker(id, e.Timeouts.ReconnectMax)}
	for class := range core.Class(core.NumClasses) {
		conns := p.pool.of(class)
		lanes, room := make([]*lane, len(conns)), dial.NewRoom(e.Limits.QueuedBytes, len(conns))
		for i, c := range conns {
			lanes[i] = newLane(e, p, class, c, room, i, len(conns))
		}
		p.lanes[class] = dial.NewPool(lanes...)
	}
	return p, nil
}

// add puts calls of one class under way, together on one lane; what that one has no
// room for, on the others: they share the bounds of the class. Those that do not
// fit it appends to refused, with Err set.
func (p *peer) add(class core.Class, calls []*core.Call, now time.Duration, refused []*core.Call) []*core.Call {
	lanes := p.lanes[class]
	first := lanes.Pick()
	left := first.add(calls, now)
	for _, l := range lanes.Members() {
		if l != first && len(left) > 0 {
			left = l.add(left, now)
		}
	}
	return append(refused, left...)
}

func (p *peer) close() error { return p.pool.close() }
