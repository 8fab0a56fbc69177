// Package grpc is the transport over gRPC and protobuf (grpc-go), as people run
// it (profile stock: one unary RPC a call) and at its best (profile tuned: one
// long-lived bidirectional stream a lane). It is not a general gRPC service: the
// messages of raftpb are those of package core.
//
// mode=stream. To each peer there is a stream for each class of calls, so a
// class is an ordered lane with HTTP/2 flow control of its own: a snapshot that
// the peer does not read stops neither appends nor heartbeats. With control=own the
// control lane has a connection to itself, so that it does not share a writer with
// bulk either. With conns=N each class of bulk has a stream on each of N connections. Requests carry an id, responses come in any order.
// With batch=on, what waits when the lane's sender comes round goes out as one
// message, as TiKV and CockroachDB do; nothing ever waits for more to come. An
// echo of 128 B costs 2.5 to 3.5 us of CPU and 7 allocations then, with 64 to
// 1,000 callers; with batch=off, which is how streams are usually written, 7 to 8
// us and 29; with mode=unary 42 to 55 us and 160 (go test -bench Echo, 2 cores,
// both ends in one process). A sole caller gains nothing from batch=on: 25 us.
//
// SendMsg blocks when 64 KiB of a stream are unsent, so Send and Reply only put
// into a bounded queue, and a goroutine of the stream takes from it. A timeout is
// the caller's affair: it is not on the wire, and the server answers late requests
// too.
//
// mode=unary is one RPC of its own HTTP/2 stream for each call, lifted by
// transports/unary. Its requests arrive in any order. conns=0 is such an RPC on a
// ClientConn that is made for it and closed behind it.
//
// Reconnecting is grpc-go's own, set to the pauses that every transport of
// raftbench has: full jitter from 5 ms to Timeouts.ReconnectMax (its defaults,
// 1 s to 120 s, would outlive elections). Calls meanwhile fail fast. The breaker
// of a peer counts attempts to open a stream (in mode=unary: calls).
//
// Goroutines, besides those of grpc-go: for each lane that was ever used a
// sender (lane.run), for each open stream a receiver (outbound.receive), for
// each stream that a peer opened a reader and a writer (inbound), for each
// endpoint one that ends calls that have timed out (sweeper.run) and one that
// serves. Close stops all of them and waits for them.
package grpc

import "github.com/raftbench/raftbench/core"

// Transport is this package's row in the table of transports.
func Transport() core.NamedTransport {
	return core.NamedTransport{
		Name:    "grpc",
		Summary: "gRPC and protobuf: a unary RPC for each call, or long-lived streams",
		Options: options(),
		New: func(o core.Options) (*core.Network, error) {
			cfg, err := parse(o)
			if err != nil {
				return nil, err
			}
			return &core.Network{
				Open:    cfg.open,
				Ordered: cfg.mode == modeStream && cfg.conns == 1,
				Socket:  o.String("sock"),
			}, nil
		},
	}
}

// open starts an endpoint in the configured mode.
func (c config) open(ep core.Endpoint) (core.Transport, error) {
	ep.Limits = ep.Limits.WithDefaults()
	ep.Timeouts = ep.Timeouts.WithDefaults()
	if c.mode == modeUnary {
		return openUnary(c, ep), nil
	}
	return openStream(c, ep), nil
}
