package node

import (
	"sync/atomic"

	"github.com/raftbench/raftbench/core"
)

// admission bounds what this node holds of clients: from the moment at which a request
// is received, wherever it waits after that, until it is answered. What does not fit is
// answered at once with StatusOverloaded, also while the loop is held up: it was not
// executed, and the client may come again.
//
// What Raft holds beside it has bounds of its own: uncommitted entries
// (raft.Config.MaxUncommittedBytes), and appends under way to a follower
// (raft.Config.MaxInflightBytes).
type admission struct {
	maxOps, maxBytes int64

	// Only Receive adds, under the inbox's lock, so that the bounds are never passed;
	// the loop takes away.
	ops, bytes         atomic.Int64
	opsMost, bytesMost atomic.Int64
	refused            atomic.Uint64
}

// weigh says what a client's request counts; ok is false for those of nodes, of which
// a follower's question for a read index is one.
func weigh(req core.Request) (ops, bytes int64, ok bool) {
	switch q := req.(type) {
	case *core.ProposeRequest:
		return int64(len(q.Commands)), int64(q.SizeBytes()), true
	case *core.ReadRequest:
		return int64(len(q.Queries)), int64(q.SizeBytes()), len(q.Queries) > 0
	}
	return 0, 0, false
}

// admit reports whether a request may come in. The first one always may, however large
// it is: it could never be sent otherwise.
func (a *admission) admit(req core.Request) bool {
	ops, bytes, ok := weigh(req)
	if !ok {
		return true
	}
	heldOps, heldBytes := a.ops.Load(), a.bytes.Load()
	if heldBytes > 0 && (heldOps+ops > a.maxOps || heldBytes+bytes > a.maxBytes) {
		a.refused.Add(uint64(ops))
		return false
	}
	a.opsMost.Store(max(a.opsMost.Load(), a.ops.Add(ops)))
	a.bytesMost.Store(max(a.bytesMost.Load(), a.bytes.Add(bytes)))
	return true
}

// answered takes away what is about to be answered.
func (a *admission) answered(list []*core.Incoming) {
	var ops, bytes int64
	for _, r := range list {
		o, b, ok := weigh(r.Request)
		if ok {
			ops, bytes = ops+o, bytes+b
		}
	}
	if bytes > 0 {
		a.ops.Add(-ops)
		a.bytes.Add(-bytes)
	}
}

// turnAway answers requests that were not admitted, from the transport's goroutine.
// Requests may come before Open has returned the transport.
func (n *Node) turnAway(refused []*core.Incoming) {
	<-n.opened
	leader := n.Status().Leader
	for _, r := range refused {
		overloaded(r, n.config.ID, leader)
	}
	n.transport.Reply(refused)
}

func overloaded(r *core.Incoming, id, leader core.NodeID) {
	switch resp := r.Response.(type) {
	case *core.ProposeResponse:
		resp.From, resp.Status, resp.Leader = id, core.StatusOverloaded, leader
	case *core.ReadResponse:
		resp.From, resp.Status, resp.Leader = id, core.StatusOverloaded, leader
	}
}
