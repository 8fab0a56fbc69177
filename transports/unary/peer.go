package unary

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/transports/dial"
)

type peerTable map[core.NodeID]*peer

// peer is everything about one node that is called.
type peer struct {
	t     *Transport
	id    core.NodeID
	lanes [core.NumClasses]lane

	breaker *dial.Breaker
	openFor time.Duration

	// failing is false as long as the peer's last outcome was a success: then
	// the breaker need not be asked or told, and a call costs one load.
	failing atomic.Bool

	mu     sync.Mutex    // orders outcomes
	failed time.Duration // when the last failure that counted was seen
	probed time.Duration // when a half-open breaker last let a call through
}

// peer returns the peer called id, making it if need be; nil after Close.
func (t *Transport) peer(id core.NodeID) *peer {
	if p := (*t.peers.Load())[id]; p != nil {
		return p
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	old := *t.peers.Load()
	if p := old[id]; p != nil || t.closed {
		return p
	}
	p := &peer{t: t, id: id, openFor: t.timeouts.ReconnectMax, failed: -1}
	p.breaker = dial.NewBreaker(id, p.openFor)
	p.probed = -p.openFor
	for i := range p.lanes {
		p.lanes[i].peer, p.lanes[i].class = p, core.Class(i)
	}
	peers := maps.Clone(old)
	peers[id] = p
	t.peers.Store(&peers)
	return p
}

// admit asks the breaker. A half-open breaker lets one call through each time
// it would have stayed open, however long that call takes: a Propose that waits
// seconds for a quorum must not keep heartbeats out.
func (p *peer) admit(now time.Duration) error {
	if !p.failing.Load() {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	state := p.breaker.State()
	switch {
	case state == core.BreakerClosed:
		return nil
	case state == core.BreakerHalfOpen && now-p.probed >= p.openFor:
		p.probed = now
		return nil
	}
	return fmt.Errorf("%v: %w: circuit breaker %v", p.id, core.ErrUnavailable, state)
}

// record tells the breaker how a call that began at the given time ended.
func (p *peer) record(class core.Class, begun time.Duration, err error) {
	switch {
	case err == nil || errors.Is(err, core.ErrRemote): // any answer speaks for the peer
		if !p.failing.Load() {
			return
		}
		err = nil
	case errors.Is(err, core.ErrTimeout) && class == core.ClassClient:
		return // a client's call waits for a quorum: that is not the peer's fault
	case dial.IsExhausted(err):
		return // nor is this
	case errors.Is(err, core.ErrUnavailable), errors.Is(err, core.ErrBroken), errors.Is(err, core.ErrTimeout):
	default:
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil && begun <= p.failed {
		return // it was under way when the last one failed: the same event
	}
	if done, refused := p.breaker.Allow(); refused == nil {
		done(err)
	}
	if err != nil {
		p.failed = p.t.now()
		p.failing.Store(true)
	} else if p.breaker.State() == core.BreakerClosed {
		p.failing.Store(false)
	}
}

// timedOut is the error of a call whose time is up.
func (p *peer) timedOut(c core.Class) error {
	return fmt.Errorf("%v call to %v: %w", c, p.id, core.ErrTimeout)
}

// stats returns the peers' statistics in the order of their ids.
func (t peerTable) stats() []core.PeerStats {
	list := make([]core.PeerStats, 0, len(t))
	for _, p := range t {
		list = append(list, p.breaker.Stats())
	}
	slices.SortFunc(list, func(a, b core.PeerStats) int { return cmp.Compare(a.Peer, b.Peer) })
	return list
}
