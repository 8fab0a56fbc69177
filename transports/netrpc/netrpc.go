// Package netrpc carries Raft over the standard library's net/rpc with gob.
//
// What net/rpc is known for, and what remains of it here:
//
//   - Order is not kept: the server starts a goroutine for each request.
//   - It knows neither deadlines nor cancellation. The lifter ends the call on
//     time; the library's call goes on, owns its reply until the connection ends
//     (no reply is used again then), and stays in the library's table. After
//     Limits.QueuedCalls such calls a connection is given up, so that the table
//     is bounded.
//   - Sending blocks while the peer does not read. A write deadline on every
//     write breaks such a connection, in both profiles; it costs 0.3 µs a write.
//   - Errors arrive as strings: the string begins with a unary.Code.
//   - Gob is not hardened against an enemy. A message that announces more than
//     Limits.MessageBytes ends the connection before memory is taken for it, but
//     a hostile message of the allowed size can make gob hold 48 times that, and
//     allocate 200 times that on the way, by naming that many empty entries
//     (measured with 1 MiB). Sizes are checked against an upper
//     bound of the encoding: a message within about 1 % of the limit may be
//     refused.
//
// Profile stock reproduces the codec that rpc.NewClient makes: a buffer of 4 KiB,
// a write for each message. Profile tuned is still net/rpc and gob with the same
// messages, but calls that are being sent at the same time share a write. At 64
// callers an echo of 128 B costs 8.3 instead of 18.5 microseconds of CPU, with 22
// calls in a write; at 1,000 callers 12 instead of 18.5 (caller and server in one
// process, getrusage, medians of 3). In both profiles votes and heartbeats have a
// connection of their own: most users of net/rpc have one for everything, but
// core.Transport promises that control traffic does not wait behind bulk, and
// nothing behind snapshots, which have one, too. All other requests share a pool of
// conns connections. With conns=0 each call dials,
// and gob compiles its types again.
//
// # Goroutines
//
// The library's: one reader for each connection that was dialed, which ends when
// the connection does (Close closes it and waits for its last read; the few
// instructions that follow cannot be waited for), and on the server one for
// each request, awaited by the connection's. All others are the lifter's and
// described in package unary.
package netrpc

import (
	"time"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/transports/dial"
	"github.com/raftbench/raftbench/transports/unary"
)

// Transport returns the row of the table of transports.
func Transport() core.NamedTransport {
	return core.NamedTransport{
		Name:    "netrpc",
		Summary: "net/rpc with gob, the standard library's own",
		Options: []core.Option{
			{Name: "conns", Stock: "1", Tuned: "1", Usage: "connections to each peer that a request of bulk chooses among, 1 to 64, beside one for votes and heartbeats and one for snapshots; 0: one for each call"},
			{Name: "flush", Stock: "each", Tuned: "shared", Allowed: []string{"each", "shared"}, Usage: "each: a write for each message; shared: messages sent at the same time share one"},
			{Name: "buffer", Stock: "4KiB", Tuned: "64KiB", Usage: "read and write buffer of a connection, 512B to 16MiB; with flush=shared also what is gathered at most"},
			core.SocketOption(),
		},
		New: newNetwork,
	}
}

func newNetwork(o core.Options) (*core.Network, error) {
	conns, err := o.Int("conns", 0, maxConns)
	if err != nil {
		return nil, err
	}
	buffer, err := o.Size("buffer", 512, 16<<20)
	if err != nil {
		return nil, err
	}
	shared := o.String("flush") == "shared"
	open := func(ep core.Endpoint) (core.Transport, error) {
		link := newLinkConfig(ep, buffer, shared)
		config := unary.Config{Client: newClient(ep, link, conns), Counters: link.counters}
		if conns == 0 {
			config.Workers = dial.ShortCalls
		}
		t := unary.New(ep, config)
		if ep.Listener != nil {
			t.ServeConns(ep.Listener, serveConn(t, link))
		}
		return t, nil
	}
	return &core.Network{Open: open, Socket: o.String("sock")}, nil
}

// maxConns bounds option conns.
const maxConns = 64

// linkConfig is what the connections of an endpoint have in common.
type linkConfig struct {
	counters     *unary.Counters
	messageBytes int
	bufferBytes  int
	sharedFlush  bool
	timeouts     core.Timeouts
	maxOrphans   int64 // calls on one connection that were given up before it is, too
}

func newLinkConfig(ep core.Endpoint, bufferBytes int, shared bool) *linkConfig {
	limits := ep.Limits.WithDefaults()
	return &linkConfig{
		counters:     new(unary.Counters),
		messageBytes: limits.MessageBytes,
		bufferBytes:  bufferBytes,
		sharedFlush:  shared,
		timeouts:     ep.Timeouts.WithDefaults(),
		maxOrphans:   int64(limits.QueuedCalls),
	}
}

// longestTimeout bounds a write on a connection that carries every class.
func (l *linkConfig) longestTimeout() time.Duration {
	t := l.timeouts
	return max(t.Control, t.Append, t.Client, t.Snapshot)
}
