// Package http carries Raft over HTTP/1.1 with valyala/fasthttp: a POST for each
// request, one path for each kind, bodies in the encoding of transports/wire.
// Import it under a name that does not hide net/http.
//
// What HTTP/1.1 means for Raft: a connection answers in the order in which it
// was asked, and the server looks at a request only when the one before has been
// answered. So calls that must not wait for each other need a connection each.
//
//   - mode=pool gives each call a connection to itself, and opens one if all are
//     in use. A call that times out costs its connection.
//
//   - mode=pipeline sends a call on an idle connection, or opens one, until there
//     are conns of them; after that on the least busy one, behind the calls that
//     are there, sharing writes with them. So conns calls of a class do not wait
//     for each other; further ones do. A call that times out costs its
//     connection, and the calls behind it end with core.ErrBroken.
//
//   - conns=0 gives each call a connection that is closed behind it ("Connection:
//     close"), whatever the mode.
//
// Few connections are cheaper and many are safer. One echo of 128 B, answered at
// once, costs in microseconds of CPU (caller and server in one process,
// getrusage; at 1, 64 and 1,000 callers): one pipelined connection 23, 3.3, 6.6;
// eight 23, 7, 7.2; 64 22, 21, 11; a pool of 512 22, 22, 37. A handler that has to
// wait, as for a quorum or a disk, turns the order around, so tuned has 64.
//
// Each class has connections of its own, so that control traffic never waits
// behind another.
//
// The server is fasthttp's. On the calling side the messages are fasthttp's and
// the connections are not, because its clients break promises of core.Transport
// (all read in v1.77.0). Its PipelineClient leaves calls to a dead peer waiting
// until they time out, sleeps for a second between attempts to connect, which is
// longer than an election, and has goroutines that outlive it by its idle time.
// Its HostClient starts a goroutine that sleeps for the idle time, ten seconds by
// default, whatever is closed meanwhile. No response has a Date header, in either
// profile: the clock that fasthttp keeps for it runs for the rest of the process.
//
// Nothing is ever sent twice: POST, one attempt, no retry.
//
// # Goroutines
//
// One reader for each pipelined connection, which ends with the connection; Close
// closes all and waits. All others are the lifter's and described in package
// unary: one for each accepted connection, in which fasthttp's server runs.
package http

import (
	"time"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/transports/dial"
	"github.com/raftbench/raftbench/transports/unary"
)

// Transport returns the row of the table of transports.
func Transport() core.NamedTransport {
	return core.NamedTransport{
		Name:    "http",
		Summary: "HTTP/1.1 POST with a binary body, by valyala/fasthttp",
		Options: []core.Option{
			{Name: "mode", Stock: modePool, Tuned: modePipeline, Allowed: []string{modePool, modePipeline}, Usage: "pool: a connection for each call under way; pipeline: calls share connections when all are busy"},
			{Name: "conns", Stock: "512", Tuned: "64", Usage: "connections to each peer that a request chooses among, at most, for each class; 1 to 4096; 0: one for each call"},
			{Name: "buffer", Stock: "4KiB", Tuned: "64KiB", Usage: "read and write buffer of a connection, 4KiB to 16MiB"},
			{Name: "headers", Stock: "default", Tuned: "bare", Allowed: []string{"default", "bare"}, Usage: "default: what fasthttp adds (agent, server, content type); bare: only what HTTP demands"},
			core.SocketOption(),
		},
		New: newNetwork,
	}
}

const (
	modePool     = "pool"
	modePipeline = "pipeline"
)

// config is what the connections of an endpoint have in common.
type config struct {
	pipeline    bool
	conns       int
	bufferBytes int
	bare        bool

	counters     *unary.Counters
	messageBytes int
	queuedCalls  int
	timeouts     core.Timeouts
}

func newNetwork(o core.Options) (*core.Network, error) {
	conns, err := o.Int("conns", 0, 4096)
	if err != nil {
		return nil, err
	}
	buffer, err := o.Size("buffer", 4<<10, 16<<20)
	if err != nil {
		return nil, err
	}
	base := config{
		pipeline:    o.String("mode") == modePipeline,
		conns:       conns,
		bufferBytes: buffer,
		bare:        o.String("headers") == "bare",
	}
	return &core.Network{
		Open:   func(ep core.Endpoint) (core.Transport, error) { return open(ep, base) },
		Socket: o.String("sock"),
	}, nil
}

func open(ep core.Endpoint, c config) (core.Transport, error) {
	limits := ep.Limits.WithDefaults()
	c.counters = new(unary.Counters)
	c.messageBytes, c.queuedCalls = limits.MessageBytes, limits.QueuedCalls
	c.timeouts = ep.Timeouts.WithDefaults()

	lifted := unary.Config{Client: newClient(ep, &c), Counters: c.counters}
	switch {
	case c.conns == 0:
		lifted.Workers = dial.ShortCalls
	case !c.pipeline:
		lifted.Workers = c.conns // a call that has a worker finds a connection
	}
	t := unary.New(ep, lifted)
	if ep.Listener != nil {
		t.ServeConns(ep.Listener, serveConn(t, &c))
	}
	return t, nil
}

// longestTimeout bounds a write on the server, which cannot tell classes apart
// before it has read a request.
func (c *config) longestTimeout() time.Duration {
	t := c.timeouts
	return max(t.Control, t.Append, t.Client, t.Snapshot)
}
