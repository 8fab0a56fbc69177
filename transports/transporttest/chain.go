package transporttest

import (
	"fmt"
	"sync/atomic"

	"github.com/raftbench/raftbench/core"
)

// checkChain sends each call from the completion of the one before. A transport
// that completes from within Send must not nest ever deeper.
func checkChain(_ T, e *env) {
	const length, deep = 1000, 100
	a, b := e.open(1), e.open(2)
	c := &chain{node: a, left: length, ended: make(chan error, 1)}
	c.call = &core.Call{To: b.id, Request: heartbeat(1), Response: new(core.AppendEntriesResponse), Timeout: 2 * patience}
	e.background.Go(c.next)
	var err error
	e.finishes(fmt.Sprintf("a chain of %d calls", length), func() { err = <-c.ended })
	if err != nil {
		e.violate("a chain of calls ended with %v", err)
	}
	if got := c.deepest.Load(); got > deep {
		e.violate("%d Sends, each from the completion of the one before, were nested %d deep", length, got)
	}
}

// chain sends one call again and again.
type chain struct {
	node           *node
	call           *core.Call
	left           int
	depth, deepest atomic.Int64 // Sends that have not returned
	ended          chan error
}

func (c *chain) next() {
	c.deepest.Store(max(c.deepest.Load(), c.depth.Add(1)))
	defer c.depth.Add(-1)
	tk := &ticket{node: c.node, call: c.call, ended: make(chan struct{})}
	c.call.Tag = tk
	tk.then = func() {
		c.left--
		if tk.err != nil || c.left == 0 {
			c.ended <- tk.err
			return
		}
		c.next()
	}
	c.node.sendCalls([]*core.Call{c.call})
}
