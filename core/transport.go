package core

import (
	"context"
	"fmt"
	"net"
	"sync/atomic"
	"time"
)

// Transport carries calls to other nodes and answers theirs. All methods may be
// called concurrently.
//
// What every transport promises:
//
//   - Exactly one completion. Every call given to Send is handed to
//     Handler.Complete exactly once, with a response or an error, no later than
//     shortly after its timeout.
//   - Send, Cancel and Reply do not wait for a peer. A slow or dead peer delays
//     nobody else.
//   - Queues are bounded by count and by bytes (Limits). What does not fit ends
//     at once with ErrOverflow.
//   - Control traffic does not wait behind other classes. Nothing waits behind
//     snapshots.
//   - Requests of one class to one peer arrive in the order they were sent only
//     if Network.Ordered says so, and only while the connection lives.
//   - It may hand over what one read brought, and write what one Send gave, in
//     one piece; it never waits for more.
type Transport interface {
	// Send starts calls. The slice is the caller's again when Send returns; the
	// calls are the transport's until each is completed. Complete may be called
	// before Send returns, from the same goroutine.
	Send(calls []*Call)

	// Cancel asks for calls under way to end now: those that have not ended
	// end with ErrCanceled. A call that has ended is left alone, as long as the
	// caller has not sent it again.
	Cancel(calls []*Call)

	// Reply answers requests that Handler.Receive was given. Each must be
	// answered once, with Response filled or Err set. From here on the requests
	// and their responses belong to the transport again. The slice is the
	// caller's again when Reply returns. Answering after the connection broke
	// or after Close is allowed and does nothing.
	Reply(requests []*Incoming)

	// Close ends every call under way with ErrClosed, closes the listener and all
	// connections, and waits for every goroutine that the transport started.
	// When it has returned, nothing is delivered any more. It must not be
	// called from Receive or Complete. A second Close does nothing.
	Close() error
}

// Handler is what a transport delivers to. Its methods may be called
// concurrently, from goroutines of the transport; they must not wait (for a
// disk, a peer, a lock held across one of those) and they must not keep the slice.
type Handler interface {
	// Receive takes over requests that arrived together. Each is to be answered
	// by Transport.Reply, at any time, in any order, also from within Receive.
	// If Receive panics, the transport answers those requests with an error,
	// counts it, and lives.
	Receive(requests []*Incoming)

	// Complete gives back calls that have ended: either Err is set, or Response
	// is filled. The calls are the receiver's.
	Complete(calls []*Call)
}

// Call is one request under way. The caller fills the first four fields.
type Call struct {
	To NodeID

	// Request and everything it points to stays the caller's memory, and must
	// not change until the call has ended.
	Request Request

	// Response has the kind of Request. The transport resets it and decodes into
	// it, reusing the memory of its slices; it does not touch it once the call
	// has ended.
	Response Response

	// Timeout counts from Send. Zero means the class's default (Timeouts).
	Timeout time.Duration

	// Err says why there is no response.
	Err error

	// Tag is the caller's own; a transport does not look at it.
	Tag any

	// State is the transport's own while the call is under way. The caller
	// neither reads nor writes it and keeps it when it reuses the call.
	State any
}

// Incoming is one request that arrived.
type Incoming struct {
	// Request belongs to the transport: read-only, and valid until Reply. What
	// the handler keeps, it copies.
	Request Request

	// Response has the kind of Request and is empty. The handler fills it.
	Response Response

	// Err set makes the caller's call end with a RemoteError of its text.
	Err error

	// Tag is the handler's own; a transport does not look at it.
	Tag any

	// Expires is the handler's own as well: when no time is left, on its clock.
	Expires time.Duration

	// State is the transport's own.
	State any

	answered atomic.Bool
}

// TakeAnswer is for transports: it reports true the first time it is called,
// and so decides who answers when a handler replies twice or replies to a
// request that a panic has already answered. A transport that reuses an
// Incoming calls Rearm first, and never reuses one that a panic has answered.
func (r *Incoming) TakeAnswer() bool { return !r.answered.Swap(true) }

// Rearm makes TakeAnswer report true once more.
func (r *Incoming) Rearm() { r.answered.Store(false) }

// Deliver hands requests to h and recovers a panic of its Receive, which it
// returns as an error. The transport then answers those of the requests for
// which TakeAnswer reports true.
func Deliver(h Handler, requests []*Incoming) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("handler panic: %v", p)
		}
	}()
	h.Receive(requests)
	return nil
}

// Endpoint is what a transport is opened with. The listener and the dialer come
// from outside, so that the same transport runs over loopback, TLS, an
// in-memory network or an emulated WAN.
type Endpoint struct {
	// Self is the name under which this endpoint calls others.
	Self NodeID

	// Listener accepts connections from other nodes. Nil makes an endpoint that
	// only calls. The transport closes it. In a plain run it hands out bare
	// *net.TCPConn; do not wrap them: gRPC would lose its pooled reads and
	// net.Buffers its writev.
	Listener net.Listener

	// Dial connects to a node. It may be called concurrently.
	Dial func(ctx context.Context, to NodeID) (net.Conn, error)

	// Handler receives requests and completed calls.
	Handler Handler

	Limits   Limits
	Timeouts Timeouts
}

// Limits bound what a transport holds. Zero fields take the default.
type Limits struct {
	// MessageBytes is the largest request or response, by its encoded size.
	// Larger ones are refused on both sides, before memory is taken for them.
	// Default 8 MiB.
	MessageBytes int

	// QueuedCalls bounds the calls under way to one peer in one class. Default 65,536.
	QueuedCalls int

	// QueuedBytes bounds their SizeBytes. Default 64 MiB. One call is always let
	// through: one of the class, over however many connections.
	QueuedBytes int
}

// Timeouts are the default timeouts of calls by class, and of connecting. Zero
// fields take the default.
type Timeouts struct {
	Connect  time.Duration // one attempt to connect, including any handshake; default 500 ms
	Control  time.Duration // votes, heartbeats, TimeoutNow; default 500 ms
	Append   time.Duration // AppendEntries with entries; default 2 s
	Client   time.Duration // Propose and Read; default 5 s
	Snapshot time.Duration // one InstallSnapshot chunk; default 10 s

	// ReconnectMax caps the pause between attempts to reach a peer that failed:
	// random between nothing and the cap, which doubles from 5 ms (full-jitter
	// exponential back-off). It must stay below the election timeout, or a
	// fail-over measures the back-off. Default 100 ms.
	ReconnectMax time.Duration
}

// WithDefaults returns l with zero fields replaced.
func (l Limits) WithDefaults() Limits {
	setDefault(&l.MessageBytes, 8<<20)
	setDefault(&l.QueuedCalls, 1<<16)
	setDefault(&l.QueuedBytes, 64<<20)
	return l
}

// WithDefaults returns t with zero fields replaced.
func (t Timeouts) WithDefaults() Timeouts {
	setDefault(&t.Connect, 500*time.Millisecond)
	setDefault(&t.Control, 500*time.Millisecond)
	setDefault(&t.Append, 2*time.Second)
	setDefault(&t.Client, 5*time.Second)
	setDefault(&t.Snapshot, 10*time.Second)
	setDefault(&t.ReconnectMax, 100*time.Millisecond)
	return t
}

// Of returns the timeout of class c.
func (t Timeouts) Of(c Class) time.Duration {
	switch c {
	case ClassControl:
		return t.Control
	case ClassAppend:
		return t.Append
	case ClassClient:
		return t.Client
	case ClassSnapshot:
		return t.Snapshot
	}
	return t.Client
}

func setDefault[T ~int | ~int64](field *T, value T) {
	if *field == 0 {
		*field = value
	}
}

// NamedTransport is one row of the table of transports: what `raftbench list`
// shows and `--transport name:option=value` selects.
type NamedTransport struct {
	Name    string // as on the command line
	Summary string // one line
	Options []Option

	// New makes a transport configuration for one cluster. options holds a value
	// for every entry of Options, already checked against Allowed. The error
	// names the option, the value and what is allowed.
	New func(options Options) (*Network, error)
}

// Option is one setting of a transport. An option named "profile" (stock or
// tuned) gives the others their defaults.
type Option struct {
	Name    string
	Stock   string   // the value in profile stock
	Tuned   string   // the value in profile tuned, which is the default profile
	Allowed []string // the values allowed; nil for a number or a size that New checks
	Usage   string   // what it does, its unit, why change it; one line
}

// Network is a configured transport, ready to open the endpoints of one cluster.
type Network struct {
	// Open starts an endpoint.
	Open func(Endpoint) (Transport, error)

	// Ordered: requests of one class to one peer arrive in the order they were
	// sent, while the connection lives.
	Ordered bool

	// InProcess: endpoints find each other by NodeID within this Network; the
	// listener and the dialer are not used and no bytes cross a wire.
	InProcess bool

	// Socket is the kind of socket that the endpoints' listeners and dialers are
	// to have. Empty means SocketTCP.
	Socket string

	// TakesSockets: the transport works on sockets of the kernel only
	// (*net.TCPConn, *net.UnixConn), and takes them out of the connections that it
	// is given, which look closed from then on. So nobody else can read what they
	// carried, or cut them.
	TakesSockets bool
}

// Meter is implemented by transports that count what they do. Stats may be
// called at any time, also after Close.
type Meter interface {
	Stats() TransportStats
}

// TransportStats counts since the endpoint was opened.
type TransportStats struct {
	Calls         uint64 // calls given to Send
	Requests      uint64 // requests delivered to Receive
	Writes        uint64 // writes to connections, where the transport does them itself; zero: unknown
	Overflows     uint64 // calls refused with ErrOverflow
	Timeouts      uint64 // calls ended with ErrTimeout
	Unavailable   uint64 // calls ended with ErrUnavailable
	Broken        uint64 // calls ended with ErrBroken
	Dials         uint64 // attempts to connect
	DialFailures  uint64
	Exhausted     uint64 // of DialFailures: this machine was out of local ports or file descriptors
	HandlerPanics uint64
	BadFrames     uint64 // connections ended because what arrived was not a message

	Peers []PeerStats // by NodeID, peers that were ever called
}

// PeerStats is the state of the link to one peer.
type PeerStats struct {
	Peer         NodeID
	Breaker      BreakerState
	BreakerTrips uint64 // closed to open
}

// BreakerState is the state of a peer's circuit breaker.
type BreakerState uint8

// The states: closed lets calls through, open refuses them at once with
// ErrUnavailable, half-open lets a few through to see.
const (
	BreakerClosed BreakerState = iota
	BreakerHalfOpen
	BreakerOpen
)

func (s BreakerState) String() string {
	switch s {
	case BreakerClosed:
		return "closed"
	case BreakerHalfOpen:
		return "half-open"
	case BreakerOpen:
		return "open"
	}
	return fmt.Sprintf("BreakerState(%d)", uint8(s))
}
