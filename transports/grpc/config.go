package grpc

import (
	"time"

	"github.com/raftbench/raftbench/core"
)

// The values of option mode.
const (
	modeStream = "stream"
	modeUnary  = "unary"
)

// auto and off are values that stand for "as grpc-go does it by itself".
const (
	auto = "auto"
	off  = "off"
)

// controlShared is a value of option control.
const controlShared = "shared"

// maxConns bounds option conns.
const maxConns = 64

func options() []core.Option {
	return []core.Option{{
		Name: "mode", Stock: modeUnary, Tuned: modeStream, Allowed: []string{modeStream, modeUnary},
		Usage: "stream: a long-lived stream for each class, requests in order; unary: an RPC for each call, in any order",
	}, {
		Name: "conns", Stock: "1", Tuned: "1",
		Usage: "connections to each peer that a request of bulk chooses among, 1 to 64; with more than one, order is not kept; 0: a connection and a unary RPC for each call, whatever mode is",
	}, {
		Name: "control", Stock: controlShared, Tuned: "own", Allowed: []string{"own", controlShared},
		Usage: "own: votes and heartbeats have a connection beside those of conns; shared: they share those, as streams of their own",
	}, {
		Name: "batch", Stock: off, Tuned: "on", Allowed: []string{"on", off},
		Usage: "mode=stream: put the requests (responses) that wait together into one message, or one into each",
	}, {
		Name: "window", Stock: auto, Tuned: "8MiB",
		Usage: "flow-control window of a stream and of a connection, 64KiB to 1GiB; auto: 64KiB, grown by grpc-go's estimator",
	}, {
		Name: "writebuf", Stock: "32KiB", Tuned: "128KiB",
		Usage: "bytes gathered for one write to a connection, 4KiB to 16MiB",
	}, {
		Name: "readbuf", Stock: "32KiB", Tuned: "128KiB",
		Usage: "bytes asked of a connection by one read, 4KiB to 16MiB",
	}, {
		Name: "keepalive", Stock: off, Tuned: "10s",
		Usage: "ping a silent connection after this time, from 10s (grpc-go's least), and close it if nothing comes in as long; or off",
	}, {
		Name: "workers", Stock: "0", Tuned: "16",
		Usage: "mode=unary: server goroutines that are kept for requests, 0 to 1024; 0: a new one for each",
	}, core.SocketOption()}
}

// config is the parsed options. What they mean is said in options.
type config struct {
	mode      string
	conns     int  // zero: one for each call
	control   bool // votes and heartbeats have one beside
	batch     bool
	window    int // zero: auto
	writeBuf  int
	readBuf   int
	keepalive time.Duration // zero: off
	workers   int
}

func parse(o core.Options) (config, error) {
	c := config{mode: o.String("mode"), batch: o.Bool("batch"), control: o.String("control") != controlShared}
	var err error
	if c.conns, err = o.Int("conns", 0, maxConns); err != nil {
		return c, err
	}
	if c.conns == 0 {
		c.mode = modeUnary
	}
	if o.String("window") != auto {
		if c.window, err = o.Size("window", 64<<10, 1<<30); err != nil {
			return c, err
		}
	}
	if c.writeBuf, err = o.Size("writebuf", 4<<10, 16<<20); err != nil {
		return c, err
	}
	if c.readBuf, err = o.Size("readbuf", 4<<10, 16<<20); err != nil {
		return c, err
	}
	if o.String("keepalive") != off {
		if c.keepalive, err = o.Duration("keepalive", 10*time.Second, time.Hour); err != nil {
			return c, err
		}
	}
	c.workers, err = o.Int("workers", 0, 1024)
	return c, err
}
