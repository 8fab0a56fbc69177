package grpc

import (
	"fmt"
	"strconv"
	"time"

	gogrpc "google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/transports/unary"
)

// envelopeBytes is what the envelope of a stream adds to a message at most: the
// tags and lengths around it and its id.
const envelopeBytes = 64

// backoffBase is the first pause between attempts to connect, as in package dial.
const backoffBase = 5 * time.Millisecond

// conn is a ClientConn that closes for good.
type conn struct {
	*gogrpc.ClientConn
	dialer *dialer
}

// Close waits for what the ClientConn may have left.
func (c *conn) Close() error {
	err := c.ClientConn.Close()
	c.dialer.close()
	return err
}

// Ready implements dial.Member.
func (c *conn) Ready() bool {
	switch c.GetState() {
	case connectivity.Ready:
		return true
	case connectivity.Idle: // never used, or ended: after that grpc-go waits for a call
		c.Connect()
	}
	return false
}

// unavailable is the error of a call that found no connection, because of cause.
func (c *conn) unavailable(cause error) error {
	if e := c.dialer.exhausted(); e != nil { // of which cause has only the text
		return fmt.Errorf("%v: %w: %w", c.dialer.to, core.ErrUnavailable, e)
	}
	return fmt.Errorf("%v: %w: %s", c.dialer.to, core.ErrUnavailable, status.Convert(cause).Message())
}

// connect makes a connection to a peer. It dials when it is first used.
func connect(c config, ep *core.Endpoint, to core.NodeID, n *unary.Counters) (*conn, error) {
	d := &dialer{endpoint: ep, to: to, counters: n}
	limit := ep.Limits.MessageBytes + envelopeBytes
	opts := []gogrpc.DialOption{
		gogrpc.WithTransportCredentials(insecure.NewCredentials()),
		gogrpc.WithContextDialer(d.dial),
		gogrpc.WithConnectParams(connectParams(ep.Timeouts)),
		gogrpc.WithIdleTimeout(0), // the default hangs up after 30 minutes
		gogrpc.WithDisableServiceConfig(),
		gogrpc.WithDisableRetry(), // Raft knows what to send again, and so does the client
		gogrpc.WithWriteBufferSize(c.writeBuf),
		gogrpc.WithReadBufferSize(c.readBuf),
		gogrpc.WithDefaultCallOptions(
			gogrpc.MaxCallRecvMsgSize(limit),
			gogrpc.MaxCallSendMsgSize(limit),
			gogrpc.ForceCodecV2(codec{malformed: &n.BadFrames}),
		),
	}
	if c.window > 0 {
		opts = append(opts,
			gogrpc.WithStaticStreamWindowSize(int32(c.window)),
			gogrpc.WithStaticConnWindowSize(int32(c.window)))
	}
	if c.keepalive > 0 {
		opts = append(opts, gogrpc.WithKeepaliveParams(keepalive.ClientParameters{
			Time: c.keepalive, Timeout: c.keepalive, PermitWithoutStream: true,
		}))
	}
	// passthrough: the name goes to the dialer as it is, no DNS.
	client, err := gogrpc.NewClient("passthrough:///"+strconv.FormatUint(uint64(to), 10), opts...)
	if err != nil {
		return nil, fmt.Errorf("%v: %w: %w", to, core.ErrUnavailable, err)
	}
	return &conn{client, d}, nil
}

// connectParams expresses the pauses that core.Timeouts.ReconnectMax asks for in
// grpc-go's terms. It multiplies a cap that doubles by a random number from
// 1-Jitter to 1+Jitter; with Jitter 1 and half the cap that is full jitter.
func connectParams(t core.Timeouts) gogrpc.ConnectParams {
	return gogrpc.ConnectParams{
		Backoff: backoff.Config{
			BaseDelay:  min(backoffBase, t.ReconnectMax) / 2,
			Multiplier: 2,
			Jitter:     1,
			MaxDelay:   t.ReconnectMax / 2,
		},
		MinConnectTimeout: t.Connect,
	}
}
