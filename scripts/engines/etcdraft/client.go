package etcdraft

import "github.com/raftbench/raftbench/core/client"

// Client proposes at a node, in its process. It implements workloads.Target.
type Client struct {
	node *Node
	done func([]*client.Op)
}

// Client returns a way to propose at this node, which must lead. Operations come back
// through done, in batches, from the node's loop; done may submit.
func (n *Node) Client(done func([]*client.Op)) *Client { return &Client{n, done} }

// proposal is an operation on its way into the log.
type proposal struct {
	op     *client.Op
	client *Client
}

// Submit implements workloads.Target.
func (c *Client) Submit(ops []*client.Op) {
	proposals := make([]proposal, len(ops))
	for i, op := range ops {
		proposals[i] = proposal{op, c}
	}
	c.node.inbox.propose(proposals)
}

// ending gathers operations that end together.
type ending struct {
	client *Client
	ops    []*client.Op
}

func (e *ending) add(p proposal, outcome client.Outcome, err error) {
	if e.client != p.client {
		e.flush()
		e.client = p.client
	}
	p.op.Outcome, p.op.Err = outcome, err
	e.ops = append(e.ops, p.op)
}

func (e *ending) flush() {
	if len(e.ops) > 0 {
		e.client.done(e.ops)
		clear(e.ops)
		e.ops = e.ops[:0]
	}
}
