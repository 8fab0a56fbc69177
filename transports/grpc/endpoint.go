package grpc

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	gogrpc "google.golang.org/grpc"
	"google.golang.org/grpc/mem"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/transports/grpc/raftpb"
)

// maxBatchBytes bounds the requests (responses) that share one message of a
// stream, by their SizeBytes. It is what grpc-go lets a stream have unsent.
const maxBatchBytes = 64 << 10

// endpoint is the transport in mode=stream.
type endpoint struct {
	core.Endpoint
	config     config
	counters   counters
	batchBytes int

	// ctx ends when Close begins. Streams and attempts to connect end with it.
	ctx     context.Context
	closing context.CancelFunc

	mu     sync.RWMutex
	closed bool
	peers  map[core.NodeID]*peer

	server     *gogrpc.Server // nil if nobody can call this endpoint
	started    time.Time      // deadlines are durations since then
	sweeper    *sweeper
	incoming   incomingPools
	pool       mem.BufferPool // of encoded messages
	goroutines sync.WaitGroup // of this package
	closeOnce  sync.Once
	closeErr   error
}

var (
	_ core.Transport = (*endpoint)(nil)
	_ core.Meter     = (*endpoint)(nil)
)

// openStream starts an endpoint. ep has its defaults filled in.
func openStream(c config, ep core.Endpoint) *endpoint {
	e := &endpoint{Endpoint: ep, config: c, peers: map[core.NodeID]*peer{}, sweeper: newSweeper(), pool: newPool(), started: time.Now()}
	if c.batch {
		// Half, because an encoding may be twice SizeBytes.
		e.batchBytes = min(maxBatchBytes, ep.Limits.MessageBytes/2)
	}
	e.ctx, e.closing = context.WithCancel(context.Background())
	e.goroutines.Go(func() { e.sweep() })
	if ep.Listener != nil {
		e.server = newServer(c, &e.Endpoint, &e.counters.Counters)
		raftpb.RegisterRaftServer(e.server, &streamService{e: e})
		e.goroutines.Go(func() { serve(e.server, &e.Endpoint) })
	}
	return e
}

// Send implements core.Transport.
func (e *endpoint) Send(calls []*core.Call) {
	e.counters.Calls.Add(uint64(len(calls)))
	now := e.now()
	var refused []*core.Call
	for len(calls) > 0 {
		to, class, n := calls[0].To, calls[0].Request.Class(), 1
		for n < len(calls) && calls[n].To == to && calls[n].Request.Class() == class {
			n++
		}
		if p, err := e.peer(to); err == nil {
			refused = p.add(class, calls[:n], now, refused)
		} else {
			for _, c := range calls[:n] {
				c.Err = err
			}
			refused = append(refused, calls[:n]...)
		}
		calls = calls[n:]
	}
	e.complete(refused)
}

// complete hands over calls that have ended.
func (e *endpoint) complete(ended []*core.Call) {
	if len(ended) == 0 {
		return
	}
	for _, c := range ended {
		if c.Err != nil {
			e.counters.Ended(c.Err)
		}
	}
	e.Handler.Complete(ended)
}

// Cancel implements core.Transport. It looks at every call under way: a call that
// is perhaps not under way yet is its caller's, and says nothing about itself.
func (e *endpoint) Cancel(calls []*core.Call) {
	canceled := make(map[*core.Call]bool, len(calls))
	for _, c := range calls {
		canceled[c] = true
	}
	for _, l := range e.lanes() {
		l.end(core.ErrCanceled, func(p *pending) bool { return canceled[p.call] })
	}
}

// peer returns the peer with the given name, new if need be.
func (e *endpoint) peer(id core.NodeID) (*peer, error) {
	e.mu.RLock()
	p := e.peers[id]
	e.mu.RUnlock()
	if p != nil {
		return p, nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return nil, core.ErrClosed
	}
	if p := e.peers[id]; p != nil {
		return p, nil
	}
	p, err := newPeer(e, id)
	if err == nil {
		e.peers[id] = p
	}
	return p, err
}

func (e *endpoint) lanes() []*lane {
	e.mu.RLock()
	defer e.mu.RUnlock()
	var all []*lane
	for _, p := range e.peers {
		for _, lanes := range p.lanes {
			all = append(all, lanes.Members()...)
		}
	}
	return all
}

// Close implements core.Transport.
func (e *endpoint) Close() error {
	e.closeOnce.Do(func() {
		e.mu.Lock()
		e.closed = true
		e.mu.Unlock()
		// First the calls, so that they end with ErrClosed and not with what
		// becomes of their streams.
		for _, l := range e.lanes() {
			l.close()
		}
		e.closing()
		if e.server != nil {
			e.server.Stop()
		}
		for _, p := range e.peers {
			e.closeErr = errors.Join(e.closeErr, p.close())
		}
		e.goroutines.Wait()
	})
	return e.closeErr
}

// now is the time since the endpoint was opened.
func (e *endpoint) now() time.Duration { return time.Since(e.started) }

// Stats implements core.Meter.
func (e *endpoint) Stats() core.TransportStats {
	s := e.counters.stats()
	e.mu.RLock()
	defer e.mu.RUnlock()
	for _, p := range e.peers {
		s.Peers = append(s.Peers, p.breaker.Stats())
	}
	slices.SortFunc(s.Peers, func(a, b core.PeerStats) int { return cmp.Compare(a.Peer, b.Peer) })
	return s
}
