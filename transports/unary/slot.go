package unary

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/raftbench/raftbench/core"
)

// Conn is a connection that many calls share.
type Conn interface {
	// Dead reports whether it has ended. It is called for every call.
	Dead() bool

	// Close ends it and waits for its goroutines.
	Close() error
}

// Slot is the place of one connection to one peer. Whoever finds it empty, or
// its connection dead, dials; the others wait for the outcome. In a dial.Pool it
// dials in a goroutine of its own instead, which Close ends.
type Slot[C Conn] struct {
	dial func(context.Context) (C, error)
	live atomic.Pointer[C]

	// life ends with Close; redials in the background run as long as it does.
	life     context.Context
	end      context.CancelFunc
	redialer sync.WaitGroup

	mu      sync.Mutex
	closed  bool
	dialing chan struct{} // closed when the attempt is over; nil when there is none
}

// NewSlot makes an empty slot. dial opens a connection; it is called by one
// goroutine at a time.
func NewSlot[C Conn](dial func(context.Context) (C, error)) *Slot[C] {
	s := &Slot[C]{dial: dial}
	s.life, s.end = context.WithCancel(context.Background())
	return s
}

// Live reports whether there is a connection that works.
func (s *Slot[C]) Live() bool {
	c := s.live.Load()
	return c != nil && !(*c).Dead()
}

// Ready implements dial.Member.
func (s *Slot[C]) Ready() bool {
	if s.Live() {
		return true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.dialing != nil {
		return false
	}
	if s.Live() {
		return true // somebody was faster: to dial again would lose that connection
	}
	s.dialing = make(chan struct{})
	s.redialer.Go(func() { _ = s.fill(s.life) }) // the next call that needs it tries again
	return false
}

// Get returns the connection. It waits for one until ctx ends (core.ErrClosed)
// or timeout fires (core.ErrTimeout); other errors are those of dial.
func (s *Slot[C]) Get(ctx context.Context, timeout <-chan time.Time) (C, error) {
	var none C
	for {
		if s.Live() {
			return *s.live.Load(), nil
		}
		wait, mine, err := s.claim()
		if err != nil {
			return none, err
		}
		if mine {
			if err := s.fill(ctx); err != nil {
				return none, err
			}
			continue
		}
		select {
		case <-wait:
		case <-timeout:
			return none, core.ErrTimeout
		case <-ctx.Done():
			return none, core.ErrClosed
		}
	}
}

// claim makes the caller the one who dials, or returns what to wait for.
func (s *Slot[C]) claim() (wait chan struct{}, mine bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch c := s.live.Load(); {
	case s.closed:
		return nil, false, core.ErrClosed
	case s.dialing != nil:
		return s.dialing, false, nil
	case c != nil && !(*c).Dead(): // somebody was faster
		done := make(chan struct{})
		close(done)
		return done, false, nil
	}
	s.dialing = make(chan struct{})
	return nil, true, nil
}

func (s *Slot[C]) fill(ctx context.Context) error {
	c, err := s.dial(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.dialing)
	s.dialing = nil
	switch {
	case err != nil:
		return err
	case s.closed:
		_ = c.Close() // nobody has used it
		return core.ErrClosed
	}
	s.live.Store(&c)
	return nil
}

// Close closes the connection, and keeps the slot empty. The context of every
// Get must have ended before.
func (s *Slot[C]) Close() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.end()
	s.redialer.Wait()
	c := s.live.Load()
	if c == nil {
		return nil
	}
	return (*c).Close()
}
