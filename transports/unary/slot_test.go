package unary

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/raftbench/raftbench/core"
)

type fakeConn struct{ dead, closed atomic.Bool }

func (c *fakeConn) Dead() bool   { return c.dead.Load() }
func (c *fakeConn) Close() error { c.closed.Store(true); return nil }

func TestSlotDialsOnceForAllAndAgainWhenTheConnectionDied(t *testing.T) {
	var dials atomic.Int64
	s := NewSlot(func(context.Context) (*fakeConn, error) {
		dials.Add(1)
		return new(fakeConn), nil
	})
	var first *fakeConn
	for round := range int64(3) {
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				if c, err := s.Get(t.Context(), nil); err != nil || c == nil || c == first {
					t.Errorf("connection %p (before: %p), error %v", c, first, err)
				}
			})
		}
		all.Wait()
		if got := dials.Load(); got != round+1 {
			t.Fatalf("%d dials for %d connections", got, round+1)
		}
		first, _ = s.Get(t.Context(), nil)
		first.dead.Store(true)
	}
}

func TestSlotWaitsNoLongerThanItsCaller(t *testing.T) {
	dialing, dialed := make(chan struct{}), make(chan struct{})
	s := NewSlot(func(context.Context) (*fakeConn, error) {
		close(dialing)
		<-dialed
		return nil, core.ErrUnavailable
	})
	result := make(chan error, 1)
	go func() {
		_, err := s.Get(t.Context(), nil)
		result <- err
	}()
	<-dialing
	timeout := make(chan time.Time, 1)
	timeout <- time.Time{}
	if _, err := s.Get(t.Context(), timeout); !errors.Is(err, core.ErrTimeout) {
		t.Fatalf("after its timeout: %v, want ErrTimeout", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Get(ended, nil); !errors.Is(err, core.ErrClosed) {
		t.Fatalf("after its context: %v, want ErrClosed", err)
	}
	close(dialed)
	if err := <-result; !errors.Is(err, core.ErrUnavailable) {
		t.Fatalf("who dialed got %v, want the error of the dialer", err)
	}
}

func TestSlotStaysEmptyAfterClose(t *testing.T) {
	s := NewSlot(func(context.Context) (*fakeConn, error) { return new(fakeConn), nil })
	c, err := s.Get(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil || !c.closed.Load() {
		t.Fatalf("Close: %v; connection closed: %v", err, c.closed.Load())
	}
	c.dead.Store(true)
	if _, err := s.Get(t.Context(), nil); !errors.Is(err, core.ErrClosed) {
		t.Fatalf("Get after Close: %v, want ErrClosed", err)
	}
}

func TestDialerRefusesDuringItsPause(t *testing.T) {
	unreachable := errors.New("nobody is there")
	counters := new(Counters)
	d := NewDialer(core.Endpoint{
		Timeouts: core.Timeouts{ReconnectMax: time.Hour},
		Dial:     func(context.Context, core.NodeID) (net.Conn, error) { return nil, unreachable },
	}, counters)
	for range 1000 { // pauses are random and begin at 5 ms: some attempt falls into one
		if _, err := d.Dial(t.Context(), 2); !errors.Is(err, core.ErrUnavailable) {
			t.Fatalf("%v, want ErrUnavailable", err)
		}
	}
	dials, failures := counters.Dials.Load(), counters.DialFailures.Load()
	if dials == 0 || dials == 1000 || dials != failures {
		t.Fatalf("1000 calls made %d attempts, of which %d failed", dials, failures)
	}
}

// Whoever closes a connection of a call's own leaves nothing behind, not even where
// Close was faster.
func TestCloseWithWaitsForTheClose(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	conn := &slowConn{closing: make(chan struct{}), proceed: make(chan struct{})}
	closeNow := CloseWith(ctx, conn)
	cancel()
	<-conn.closing
	go close(conn.proceed)
	closeNow()
	if conn.closed != 1 { // the detector of races sees a close that was not awaited
		t.Errorf("closed %d times", conn.closed)
	}

	conn = &slowConn{closing: make(chan struct{}), proceed: conn.proceed}
	CloseWith(t.Context(), conn)()
	if conn.closed != 1 {
		t.Errorf("closed %d times without an end of the context", conn.closed)
	}
}

// slowConn takes its time to close.
type slowConn struct {
	net.Conn
	closing, proceed chan struct{}
	closed           int
}

func (c *slowConn) Close() error {
	close(c.closing)
	<-c.proceed
	c.closed++
	return nil
}

// In a pool nobody waits for a connection that another one can stand in for.
func TestSlotDialsInTheBackground(t *testing.T) {
	begun, dialed := make(chan struct{}), make(chan struct{})
	s := NewSlot(func(context.Context) (*fakeConn, error) {
		begun <- struct{}{}
		<-dialed
		return new(fakeConn), nil
	})
	for range 2 {
		if s.Ready() {
			t.Fatal("ready without a connection")
		}
	}
	<-begun // once: a second attempt at the same time would be stuck there
	close(dialed)
	if c, err := s.Get(t.Context(), nil); err != nil || !s.Ready() {
		t.Fatalf("connection %p, error %v, ready %t", c, err, s.Ready())
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestSlotCloseEndsADialInTheBackground(t *testing.T) {
	s := NewSlot(func(ctx context.Context) (*fakeConn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	})
	if s.Ready() {
		t.Fatal("ready without a connection")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s.Ready() {
		t.Fatal("ready when closed")
	}
}

// Between the look at the connection and the lock somebody else may have made a new
// one. It stays: nobody would ever close it if another one took its place.
func TestSlotKeepsAConnectionMadeMeanwhile(t *testing.T) {
	var dials atomic.Int64
	s := NewSlot(func(context.Context) (*dyingConn, error) {
		dials.Add(1)
		return new(dyingConn), nil
	})
	old, err := s.Get(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var fresh *dyingConn
	old.dies = func() { fresh, err = s.Get(t.Context(), nil) }
	old.dead.Store(true)
	s.Ready()
	if err := errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	if n := dials.Load(); n != 2 || !fresh.closed.Load() {
		t.Errorf("%d dials, want 2; closed the second connection: %t", n, fresh.closed.Load())
	}
}

// dyingConn calls a function when it is first found dead.
type dyingConn struct {
	fakeConn
	dies func()
}

func (c *dyingConn) Dead() bool {
	if f := c.dies; f != nil && c.dead.Load() {
		c.dies = nil
		f()
	}
	return c.fakeConn.Dead()
}
