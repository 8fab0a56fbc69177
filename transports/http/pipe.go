package http

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/transports/unary"
)

// pipeLink is a fixed number of places for pipelined connections.
type pipeLink struct {
	client *client
	slots  []pipeSlot
	choice sync.Mutex

	mu      sync.Mutex
	closed  bool
	pipes   map[*pipe]struct{} // every one that lives, also the retired
	readers sync.WaitGroup
}

// pipeSlot is the place of one connection.
type pipeSlot struct {
	*unary.Slot[*pipe]
	pending int // calls that chose this slot and have not ended; guarded by pipeLink.choice
}

// opening is more than the calls that a slot can have.
const opening = 1 << 30

// rank orders slots by how good a choice they are for the next call, lowest
// first. The lock of choice is held.
func (s *pipeSlot) rank() int {
	switch live := s.Live(); {
	case live && s.pending == 0:
		return 0
	case live:
		return 1 + s.pending
	case s.pending == 0:
		return 1 // to be opened
	}
	return opening + s.pending
}

func newPipeLink(c *client, key linkKey) *pipeLink {
	l := &pipeLink{client: c, slots: make([]pipeSlot, c.config.conns), pipes: map[*pipe]struct{}{}}
	for i := range l.slots {
		l.slots[i].Slot = unary.NewSlot(func(ctx context.Context) (*pipe, error) {
			nc, err := c.dial(ctx, key)
			if err != nil {
				return nil, err
			}
			return l.start(nc)
		})
	}
	return l
}

// start puts a pipe on a connection.
func (l *pipeLink) start(nc *conn) (*pipe, error) {
	p := newPipe(l.client, nc)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		_ = nc.Close() // nobody has used it
		return nil, core.ErrClosed
	}
	l.pipes[p] = struct{}{}
	l.readers.Go(func() {
		p.read()
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.pipes, p)
	})
	return p, nil
}

// choose returns the slot with the fewest calls, the first of equals: so no more
// connections are opened than were ever needed at once. Of those without calls it
// prefers one that lives, and it passes over one whose connection a call is just
// opening while there is another.
func (l *pipeLink) choose() *pipeSlot {
	l.choice.Lock()
	defer l.choice.Unlock()
	best := &l.slots[0]
	for i := range l.slots {
		if s := &l.slots[i]; s.rank() < best.rank() {
			best = s
		}
		if best.rank() == 0 {
			break
		}
	}
	best.pending++
	return best
}

// leave is the opposite of choose.
func (l *pipeLink) leave(s *pipeSlot) {
	l.choice.Lock()
	defer l.choice.Unlock()
	s.pending--
}

func (l *pipeLink) do(ctx context.Context, a *attempt, _ time.Time) error {
	s := l.choose()
	defer l.leave(s)
	p, err := s.Get(ctx, a.timer.C)
	for err == nil {
		if err = p.send(a); !errors.Is(err, errRetired) {
			break
		}
		p, err = s.Get(ctx, a.timer.C)
	}
	if err != nil {
		return err
	}
	select {
	case err := <-a.done:
		return err
	case <-a.timer.C:
		return p.giveUp(a, core.ErrTimeout)
	case <-ctx.Done():
		return p.giveUp(a, core.ErrClosed)
	}
}

func (l *pipeLink) close() error {
	var err error
	for i := range l.slots {
		err = errors.Join(err, l.slots[i].Close())
	}
	l.mu.Lock()
	l.closed = true
	for p := range l.pipes {
		_ = p.conn.Close() // the reader closes it, too
	}
	l.mu.Unlock()
	l.readers.Wait()
	return err
}
