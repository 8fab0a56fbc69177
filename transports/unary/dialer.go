package unary

import (
	"context"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/transports/dial"
)

// Dialer connects to peers for a library that dials on demand. After a failure
// it refuses for a pause (full-jitter exponential back-off) instead of waiting:
// the calls end at once and Raft asks again soon. It may be used concurrently.
type Dialer struct {
	dial         func(context.Context, core.NodeID) (net.Conn, error)
	timeout      time.Duration
	reconnectMax time.Duration
	counters     *Counters

	mu     sync.Mutex
	pauses map[core.NodeID]*pause
}

type pause struct {
	backoff dial.Backoff
	until   time.Time
	cause   error // of the last attempt
}

// NewDialer makes a dialer over ep.Dial that counts in counters.
func NewDialer(ep core.Endpoint, counters *Counters) *Dialer {
	timeouts := ep.Timeouts.WithDefaults()
	return &Dialer{
		dial:         ep.Dial,
		timeout:      timeouts.Connect,
		reconnectMax: timeouts.ReconnectMax,
		counters:     counters,
		pauses:       map[core.NodeID]*pause{},
	}
}

// Dial connects to a peer within Timeouts.Connect, or until ctx ends. The error
// matches core.ErrUnavailable.
func (d *Dialer) Dial(ctx context.Context, to core.NodeID) (net.Conn, error) {
	if wait, cause := d.wait(to); wait > 0 {
		return nil, fmt.Errorf("dial %v: %w: next attempt in %v after: %w", to, core.ErrUnavailable, wait, cause)
	}
	ctx, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	d.counters.Dials.Add(1)
	conn, err := d.dial(ctx, to)
	err = dial.Explain(err)
	d.note(to, err)
	if err != nil {
		d.counters.DialFailed(err)
		return nil, fmt.Errorf("dial %v: %w: %w", to, core.ErrUnavailable, err)
	}
	return conn, nil
}

// wait returns how long the peer is to be left alone, and why.
func (d *Dialer) wait(to core.NodeID) (time.Duration, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if p := d.pauses[to]; p != nil {
		return time.Until(p.until), p.cause
	}
	return 0, nil
}

// note keeps the outcome of an attempt. One that this machine could not make is
// none: another call may find a port or a descriptor that has become free.
func (d *Dialer) note(to core.NodeID, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err == nil {
		delete(d.pauses, to)
		return
	}
	if dial.IsExhausted(err) {
		return
	}
	p := d.pauses[to]
	if p == nil {
		p = &pause{backoff: dial.Backoff{Max: d.reconnectMax}}
		d.pauses[to] = p
	}
	p.until, p.cause = time.Now().Add(p.backoff.Next()), err
}

// CloseWith has conn closed when ctx ends. The function that it returns closes conn
// now; when it returns, conn is closed and no goroutine is at it any more.
func CloseWith(ctx context.Context, conn net.Conn) (closeNow func()) {
	closed := make(chan struct{})
	release := context.AfterFunc(ctx, func() {
		defer close(closed)
		_ = conn.Close() // whoever uses it finds out
	})
	return func() {
		if release() {
			_ = conn.Close() // there is nothing more on it
			return
		}
		<-closed
	}
}
