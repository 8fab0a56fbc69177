// Package unary lifts a library that knows one blocking call and one blocking
// handler to the batch-first contract of core.Transport. With it a transport
// over such a library is a small file: a Client that says how to encode a
// request, carry out one call and decode the answer, and a server that hands
// every request it reads to Transport.Serve.
//
// What the lifter owns, so that no library has to: bounds, timeouts,
// cancellation, exactly one completion, the circuit breaker, the isolation of
// control traffic, the recovery of handler panics, statistics and Close. A call
// ends at its timeout even if the library has not returned; what the library
// brings afterwards is thrown away.
//
// It is not a connection pool, a codec or a retry policy; nothing is ever sent
// twice. It does not keep order: two calls of one class to one peer are carried
// by two goroutines. It cannot put several calls into one write either; what a
// library does about that is the library's.
//
// # Goroutines
//
// Workers carry out calls, one each, at most Config.Workers for each peer and
// class. They are started on demand, kept for the next call (last in, first
// out, so that the ones in use have warm stacks), and ended by Close. One
// sweeper per transport ends calls whose time is up; Close ends it. Listen runs
// the library's server in one more, until its stop function makes it return;
// ServeConns adds one for each connection, which closing the connection ends.
package unary

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/raftbench/raftbench/core"
)

// Transport is a lifted library. It implements core.Transport and core.Meter.
type Transport struct {
	client   Client
	handler  core.Handler
	limits   core.Limits
	timeouts core.Timeouts
	workers  int
	counters *Counters
	count    core.CallCounters
	started  time.Time // deadlines are durations since then

	// ctx ends when Close begins; library calls under way are to return then.
	ctx     context.Context
	closing context.CancelFunc

	states sync.Mutex // guards Call.State and job.lane: Cancel may race with Send

	mu     sync.Mutex // guards closed, and changes of peers
	closed bool
	peers  atomic.Pointer[peerTable] // copy on write: read for every call

	sweeper   sweeper
	inbound   inboundPools
	serving   sync.WaitGroup // Serve calls under way
	served    atomic.Int64   // their number
	stop      func() error   // of the library's server; nil without one
	goroutine sync.WaitGroup // workers, sweeper, the library's server
	closeOnce sync.Once
	closeErr  error
}

var (
	_ core.Transport = (*Transport)(nil)
	_ core.Meter     = (*Transport)(nil)
)

// Config is what the transport of a library gives to New.
type Config struct {
	// Client carries out calls. Close closes it.
	Client Client

	// Counters are the numbers that only the library's side can count; Stats
	// reports them. Nil means that it counts nothing.
	Counters *Counters

	// Workers bounds the library calls under way to one peer in one class, and
	// with them the goroutines. Further calls wait in the queue. Default 1,024.
	Workers int
}

// defaultWorkers carries the thousand callers of the largest echo benchmark
// without a queue. More would only move the waiting into the library.
const defaultWorkers = 1024

// New makes a transport for ep. It uses all of ep but the dialer, which is the
// client's, and the listener, which Listen takes.
func New(ep core.Endpoint, config Config) *Transport {
	t := &Transport{
		client:   config.Client,
		handler:  ep.Handler,
		limits:   ep.Limits.WithDefaults(),
		timeouts: ep.Timeouts.WithDefaults(),
		workers:  config.Workers,
		counters: config.Counters,
		started:  time.Now(),
	}
	if t.workers <= 0 {
		t.workers = defaultWorkers
	}
	if t.counters == nil {
		t.counters = new(Counters)
	}
	t.ctx, t.closing = context.WithCancel(context.Background())
	t.peers.Store(&peerTable{})
	t.sweeper.wake = make(chan struct{}, 1)
	t.goroutine.Go(t.sweep)
	return t
}

// Send implements core.Transport.
func (t *Transport) Send(calls []*core.Call) {
	t.count.Calls.Add(uint64(len(calls)))
	now := t.now()
	var refused []*core.Call
	for _, c := range calls {
		c.Err = nil
		if err := t.start(c, now); err != nil {
			t.count.Ended(err)
			c.Err = err
			refused = append(refused, c)
		}
	}
	if len(refused) > 0 {
		t.handler.Complete(refused)
	}
}

func (t *Transport) start(c *core.Call, now time.Duration) error {
	p := t.peer(c.To)
	if p == nil {
		return core.ErrClosed
	}
	if err := p.admit(now); err != nil {
		return err
	}
	class := c.Request.Class()
	timeout := c.Timeout
	if timeout <= 0 {
		timeout = t.timeouts.Of(class)
	}
	l := &p.lanes[class]
	j := t.jobOf(c, l)
	j.sizeBytes, j.begun, j.deadline = c.Request.SizeBytes(), now, now+timeout
	return l.admit(j)
}

// Cancel implements core.Transport. The library is not told: none of those this
// was made for can take a request back.
func (t *Transport) Cancel(calls []*core.Call) {
	canceled := false
	for _, c := range calls {
		if j, l := t.placeOf(c); l != nil {
			l.cancel(j)
			canceled = true
		}
	}
	if canceled {
		t.sweeper.kick()
	}
}

// Close implements core.Transport.
func (t *Transport) Close() error {
	t.closeOnce.Do(func() {
		t.mu.Lock()
		t.closed = true
		t.mu.Unlock()
		t.closing()

		for _, p := range *t.peers.Load() {
			for i := range p.lanes {
				p.lanes[i].close()
			}
		}
		t.closeErr = t.client.Close()
		if t.stop != nil {
			t.closeErr = errors.Join(t.closeErr, t.stop())
		}
		t.serving.Wait()
		t.goroutine.Wait()
	})
	return t.closeErr
}

// now is the time since the transport was opened.
func (t *Transport) now() time.Duration { return time.Since(t.started) }
