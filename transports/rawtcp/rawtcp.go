// Package rawtcp carries calls in binary frames over plain connections: the
// fastest transport that this project could write in Go, and the one that shows
// what the others spend on generality.
//
// It is not a protocol for strangers: a frame has a checksum against accidents,
// not against attackers. Put TLS underneath (the endpoint's listener and dialer)
// where the network is not trusted.
//
// What it does, and where:
//
//   - frame.go: the frames. One hello each way, then requests one way and
//     responses the other, in any order, matched by an id.
//   - lane.go, peer.go: one connection for each class of request, opened by the
//     first call, so that a vote does not wait behind a snapshot.
//   - conn.go, pending.go: the calling side of a connection and its calls.
//   - short.go: a connection for each call (conns=0).
//   - session.go, served.go: the answering side and its requests.
//   - writer.go: one system call for everything that is ready, made by whoever
//     sends first.
//   - reader.go: everything that one read brought, in one piece.
//   - credit.go: flow control.
//   - sweeper.go: deadlines and cancellation.
//   - loops.go, loopconn.go, loopsession.go, loopwriter.go: the same on the event
//     loops of gnet (io=gnet), to be compared.
//
// Goroutines: one for the listener, one for deadlines, one for each connection
// at either end, and one for as long as a connection takes data more slowly than
// it is given; with conns=0 those of package unary besides, with
// io=gnet its event loops, one for each processor. Close ends them all and
// waits for them.
package rawtcp

import (
	"fmt"

	"github.com/raftbench/raftbench/core"
)

// settings are the options, parsed.
type settings struct {
	conns    int  // connections to each peer for appends, and for clients' requests; zero: one for each call
	inline   bool // the sender writes, if nobody else does
	yield    bool // and lets other goroutines run once before it does
	readSize int  // of a read buffer, in bytes
	checksum bool
	credits  bool // the peer bounds what is on its way to it
	gnet     bool // event loops read and write, and not Go's poller
}

// The values of option io.
const (
	ioNetpoll = "netpoll"
	ioGnet    = "gnet"
)

// Transport returns this transport's row in the table of transports.
func Transport() core.NamedTransport {
	return core.NamedTransport{
		Name:    "rawtcp",
		Summary: "binary frames over TCP, multiplexed, one write for all that is ready",
		Options: []core.Option{
			{Name: "conns", Stock: "1", Tuned: "1", Usage: "connections to each peer that an append or a client's request chooses among, 1 to 1024; with more than one, order is not kept; 0: one for each call"},
			{Name: "writer", Stock: "flusher", Tuned: "inline", Allowed: []string{"inline", "flusher"}, Usage: "who writes: the sender, unless somebody is writing already, or always a goroutine of its own"},
			{Name: "yield", Stock: "off", Tuned: "on", Allowed: []string{"on", "off"}, Usage: "let other senders run before the sender writes, so that they share its write"},
			{Name: "readbuf", Stock: "4KiB", Tuned: "128KiB", Usage: "size of a read buffer, 1KiB to 16MiB; it bounds how many messages are handed over together"},
			{Name: "checksum", Stock: "on", Tuned: "on", Allowed: []string{"on", "off"}, Usage: "CRC-32C of every frame; turn it off under TLS, which has its own"},
			{Name: "credits", Stock: "off", Tuned: "on", Allowed: []string{"on", "off"}, Usage: "flow control: the peer grants 1 MiB of requests that it has not answered on each connection, the rest waits at the caller"},
			{Name: "io", Stock: ioNetpoll, Tuned: ioNetpoll, Allowed: []string{ioNetpoll, ioGnet}, Usage: "netpoll: a goroutine reads each connection; gnet: edge-triggered event loops read and write them, whatever writer is"},
			core.SocketOption(),
		},
		New: newNetwork,
	}
}

func newNetwork(options core.Options) (*core.Network, error) {
	conns, err := options.Int("conns", 0, maxConns)
	if err != nil {
		return nil, err
	}
	readSize, err := options.Size("readbuf", 1<<10, 16<<20)
	if err != nil {
		return nil, err
	}
	set := settings{
		conns:    conns,
		inline:   options.String("writer") == "inline",
		yield:    options.Bool("yield"),
		readSize: readSize,
		checksum: options.Bool("checksum"),
		credits:  options.Bool("credits"),
		gnet:     options.String("io") == ioGnet,
	}
	open := func(e core.Endpoint) (core.Transport, error) {
		if e.Handler == nil {
			return nil, fmt.Errorf("rawtcp: open %v: no handler", e.Self)
		}
		if set.conns == 0 {
			return openShort(set, e)
		}
		return open(set, e)
	}
	return &core.Network{
		Open:         open,
		Ordered:      conns == 1,
		Socket:       options.String("sock"),
		TakesSockets: set.gnet,
	}, nil
}

// maxConns bounds option conns. A thousand is what event loops are praised for;
// for all classes and a few peers it stays below maxSessions.
const maxConns = 1024
