// Package inproc is the transport without a network: endpoints of one Network
// find each other by NodeID and a call is a function call. It is the zero line
// of every chart, what is left when the wire costs nothing, and the page to
// copy when a transport is to be added. It is not a way to run a real cluster:
// there is no wire, so the listener and the dialer are not used.
//
// With deliver=inline, Send runs the peer's Handler.Receive on the sender's own
// goroutine, a Reply from within it runs the caller's Complete there too, and
// Send returns after that. So whoever calls Send or Reply must hold no lock
// that its own or a peer's handler takes. The depth of such nesting is bounded:
// an endpoint that is being delivered to is left alone, and what arrives for it
// meanwhile is delivered together by its own goroutine (mailbox.go). With
// deliver=goroutine that goroutine delivers everything; work then spreads over
// more cores, for two switches between goroutines a call.
//
// Either way a handler is called by one goroutine at a time, and requests to
// one peer arrive in the order in which they were sent.
//
// A request is copied, because its memory is the caller's again when the call
// times out, while the handler may still be reading. The copy of an
// AppendEntries with one entry of 128 B takes 24 ns of the 280 ns of a whole call
// (1.2 us with deliver=goroutine; go test -bench . on two cores of an EPYC, no
// allocations).
//
// Each endpoint has one goroutine, endpoint.run, which ends calls that have
// timed out and delivers what could not be delivered inline. Close stops it.
package inproc

import (
	"fmt"
	"sync"

	"github.com/raftbench/raftbench/core"
)

// The values of option deliver.
const (
	deliverInline    = "inline"
	deliverGoroutine = "goroutine"
)

// Transport is this package's row in the table of transports.
func Transport() core.NamedTransport {
	return core.NamedTransport{
		Name:    "inproc",
		Summary: "function calls within one process: the zero line",
		Options: []core.Option{{
			Name:    "deliver",
			Stock:   deliverGoroutine,
			Tuned:   deliverInline,
			Allowed: []string{deliverInline, deliverGoroutine},
			Usage:   "run the receiver on the sender's goroutine (least latency) or on its own (more cores)",
		}},
		New: func(o core.Options) (*core.Network, error) {
			h := &hub{inline: o.String("deliver") == deliverInline, endpoints: map[core.NodeID]*endpoint{}}
			return &core.Network{Open: h.open, Ordered: true, InProcess: true}, nil
		},
	}
}

// hub is where the endpoints of one Network find each other.
type hub struct {
	inline bool

	mu        sync.RWMutex
	endpoints map[core.NodeID]*endpoint
}

// open starts an endpoint. One without a name (Self zero) can call and cannot
// be called.
func (h *hub) open(cfg core.Endpoint) (core.Transport, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, taken := h.endpoints[cfg.Self]; taken {
		return nil, fmt.Errorf("inproc: %v is open already", cfg.Self)
	}
	e := newEndpoint(h, cfg)
	if cfg.Self != 0 {
		h.endpoints[cfg.Self] = e
	}
	return e, nil
}

// find returns the endpoint of node, or nil.
func (h *hub) find(node core.NodeID) *endpoint {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.endpoints[node]
}

// remove takes e out, so that nobody finds it any more, and returns the others.
func (h *hub) remove(e *endpoint) []*endpoint {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.endpoints[e.self] == e {
		delete(h.endpoints, e.self)
	}
	others := make([]*endpoint, 0, len(h.endpoints))
	for _, other := range h.endpoints {
		others = append(others, other)
	}
	return others
}
