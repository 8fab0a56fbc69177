package grpc

import (
	"context"
	"fmt"
	"net"
	"sync"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/transports/dial"
	"github.com/raftbench/raftbench/transports/unary"
)

// dialer dials for one ClientConn. When that is closed, grpc-go lets a dial and
// the end of a connection take their time in goroutines of its own; the dialer
// sees to it that nothing is left. It hands out bare connections, because
// grpc-go reads a *net.TCPConn best, and so it cannot tell when one has ended.
type dialer struct {
	endpoint *core.Endpoint
	to       core.NodeID
	counters *unary.Counters

	mu     sync.Mutex
	closed bool
	dials  sync.WaitGroup // under way
	recent []net.Conn     // the last few that were handed out
	spent  error          // of the last attempt, if this machine could not make it
}

// recentConns is how many connections of a ClientConn may be alive: one, and
// those of before that grpc-go has not got round to closing.
const recentConns = 4

func (d *dialer) dial(ctx context.Context, _ string) (net.Conn, error) {
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		return nil, core.ErrClosed
	}
	d.dials.Add(1)
	d.mu.Unlock()
	defer d.dials.Done()

	d.counters.Dials.Add(1)
	conn, err := d.endpoint.Dial(ctx, d.to)
	err = dial.Explain(err)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.spent = nil
	if err != nil {
		d.counters.DialFailed(err)
		if dial.IsExhausted(err) {
			d.spent = err
		}
		return nil, fmt.Errorf("dial %v: %w", d.to, err)
	}
	if d.closed {
		_ = conn.Close()
		return nil, core.ErrClosed
	}
	if len(d.recent) == recentConns {
		d.recent = append(d.recent[:0], d.recent[1:]...)
	}
	d.recent = append(d.recent, conn)
	return conn, nil
}

// exhausted returns why this machine could not make the last attempt, or nil.
func (d *dialer) exhausted() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.spent
}

// close closes what is left. The ClientConn was closed, which ends the contexts
// of dials.
func (d *dialer) close() {
	d.mu.Lock()
	d.closed = true
	d.mu.Unlock()
	d.dials.Wait()
	for _, c := range d.recent {
		_ = c.Close() // grpc-go has closed most of them
	}
}
