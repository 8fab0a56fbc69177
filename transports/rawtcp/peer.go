package rawtcp

import (
	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/transports/dial"
)

// peer is a node that was called: a lane for each class and what they share.
type peer struct {
	t       *transport
	id      core.NodeID
	breaker *dial.Breaker // of attempts to connect; a connection that lives proves the peer alive
	lanes   [core.NumClasses]*lane
}

func newPeer(t *transport, id core.NodeID) *peer {
	p := &peer{t: t, id: id, breaker: dial.NewBreaker(id, t.timeouts.ReconnectMax)}
	for class := range core.Class(core.NumClasses) {
		n := 1
		if class == core.ClassAppend || class == core.ClassClient {
			n = t.set.conns
		}
		links, room := make([]*link, n), dial.NewRoom(t.limits.QueuedBytes, n)
		for i := range links {
			links[i] = newLink(p, class, room, i, n)
		}
		p.lanes[class] = dial.NewPool(links...)
	}
	return p
}

// eachLink calls f with every link of the peer.
func (p *peer) eachLink(f func(*link)) {
	for i := range p.lanes {
		for _, l := range p.lanes[i].Members() {
			f(l)
		}
	}
}

// peer returns the peer with this id, which is made if need be. The map is
// copied when it changes, so that a send does not take a lock to read it.
func (t *transport) peer(id core.NodeID) *peer {
	if p := (*t.peers.Load())[id]; p != nil {
		return p
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	old := *t.peers.Load()
	if p := old[id]; p != nil {
		return p
	}
	peers := make(map[core.NodeID]*peer, len(old)+1)
	for k, v := range old {
		peers[k] = v
	}
	p := newPeer(t, id)
	if t.closed {
		p.eachLink(func(l *link) { l.closed = true })
	}
	peers[id] = p
	t.peers.Store(&peers)
	return p
}
