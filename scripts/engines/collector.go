package main

import (
	"sync"

	"github.com/raftbench/raftbench/core/client"
)

// future is a proposal that an engine has taken.
type future interface {
	ready() bool // wait would not wait
	wait() error // until it is committed and applied; called once
}

// collector is the target for engines that give a future for each proposal. One
// goroutine waits for all of them in the order in which they were proposed, which is
// that in which they are applied: cheaper than a goroutine for each client, as a
// wake-up is for many operations. Close ends it.
type collector struct {
	propose func(command []byte) (future, error)
	done    func([]*client.Op)

	mu     sync.Mutex
	wake   sync.Cond
	queue  []proposed
	closed bool
	ended  chan struct{}
}

type proposed struct {
	op     *client.Op
	future future
}

func newCollector(propose func([]byte) (future, error), done func([]*client.Op)) *collector {
	c := &collector{propose: propose, done: done, ended: make(chan struct{})}
	c.wake.L = &c.mu
	go c.run()
	return c
}

// Submit implements workloads.Target.
func (c *collector) Submit(ops []*client.Op) {
	var refused []*client.Op
	for _, op := range ops {
		f, err := c.propose(op.Command)
		if err != nil {
			op.Outcome, op.Err = client.OutcomeFailed, err
			refused = append(refused, op)
			continue
		}
		c.mu.Lock()
		c.queue = append(c.queue, proposed{op, f})
		c.wake.Signal()
		c.mu.Unlock()
	}
	if len(refused) > 0 {
		c.done(refused)
	}
}

func (c *collector) run() {
	defer close(c.ended)
	var batch []proposed
	var finished []*client.Op
	for {
		c.mu.Lock()
		for len(c.queue) == 0 && !c.closed {
			c.wake.Wait()
		}
		batch, c.queue = c.queue, batch[:0]
		c.mu.Unlock()
		if len(batch) == 0 {
			return
		}
		for _, p := range batch {
			if len(finished) > 0 && !p.future.ready() {
				c.done(finished)
				finished = finished[:0]
			}
			finish(p.op, p.future.wait())
			finished = append(finished, p.op)
		}
		c.done(finished)
		finished = finished[:0]
		clear(batch)
	}
}

func finish(op *client.Op, err error) {
	op.Outcome, op.Err = client.OutcomeOK, nil
	if err != nil {
		op.Outcome, op.Err = client.OutcomeUnknown, err
	}
}

// close waits for the goroutine. All proposals must have ended, or end with an error.
func (c *collector) close() {
	c.mu.Lock()
	c.closed = true
	c.wake.Signal()
	c.mu.Unlock()
	<-c.ended
}
