package grpc

import (
	"time"

	gogrpc "google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/transports/unary"
)

// keepaliveMin is the shortest time between pings that a server puts up with.
// Clients ping every 10 s at most.
const keepaliveMin = 5 * time.Second

// newServer makes a server that is not serving yet.
func newServer(c config, ep *core.Endpoint, n *unary.Counters) *gogrpc.Server {
	limit := ep.Limits.MessageBytes + envelopeBytes
	opts := []gogrpc.ServerOption{
		gogrpc.ForceServerCodecV2(codec{malformed: &n.BadFrames}),
		gogrpc.MaxRecvMsgSize(limit),
		gogrpc.MaxSendMsgSize(limit),
		gogrpc.WriteBufferSize(c.writeBuf),
		gogrpc.ReadBufferSize(c.readBuf),
		// A connection that does not say it is HTTP/2 within this time is closed.
		gogrpc.ConnectionTimeout(ep.Timeouts.Connect),
		gogrpc.MaxConcurrentStreams(maxStreams(c, ep.Limits)),
		gogrpc.WaitForHandlers(true),
		gogrpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{
			MinTime: keepaliveMin, PermitWithoutStream: true,
		}),
	}
	if c.window > 0 {
		opts = append(opts,
			gogrpc.StaticStreamWindowSize(int32(c.window)),
			gogrpc.StaticConnWindowSize(int32(c.window)))
	}
	if c.keepalive > 0 {
		opts = append(opts, gogrpc.KeepaliveParams(keepalive.ServerParameters{
			Time: c.keepalive, Timeout: c.keepalive,
		}))
	}
	if c.workers > 0 && c.mode == modeUnary {
		opts = append(opts, gogrpc.NumStreamWorkers(uint32(c.workers)))
	}
	return gogrpc.NewServer(opts...)
}

// serve runs server on the listener of ep until Stop.
func serve(server *gogrpc.Server, ep *core.Endpoint) {
	_ = server.Serve(&listener{Listener: ep.Listener, patience: ep.Timeouts.Connect})
}

// maxStreams bounds the streams of one connection, and with them the goroutines
// that a peer can make the server start.
func maxStreams(c config, l core.Limits) uint32 {
	if c.mode == modeUnary {
		return uint32(min(l.QueuedCalls*core.NumClasses, 1<<20))
	}
	return 4 * core.NumClasses // those in use, and those that are about to end
}
