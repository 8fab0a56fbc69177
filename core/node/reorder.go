package node

import (
	"slices"

	"github.com/raftbench/raftbench/core"
)

const (
	// maxHeld bounds the appends that wait for the ones before them.
	maxHeld = 64
	// heldTicks is how long they wait before they count as following a loss.
	heldTicks = 1
)

// reorder puts appends in order again when the transport does not keep it
// (net/rpc and unary gRPC run every request in a goroutine of its own): an append that lies beyond the end of
// the log waits a little for the ones before it, instead of being rejected and
// sent again.
type reorder struct {
	held []heldAppend // by PrevIndex
}

type heldAppend struct {
	request *core.Incoming
	append  *core.AppendEntriesRequest
	ticks   int
}

// receiveAppend steps an append, or holds it until its turn comes.
func (n *Node) receiveAppend(r *core.Incoming, req *core.AppendEntriesRequest) {
	if n.config.Unordered && n.early(req) && len(n.reorder.held) < maxHeld {
		n.counters.reorders.Add(1)
		n.reorder.hold(r, req)
		return
	}
	n.step(r, req)
	for len(n.reorder.held) > 0 && !n.early(n.reorder.held[0].append) {
		next := n.reorder.held[0]
		n.reorder.held = slices.Delete(n.reorder.held, 0, 1)
		n.step(next.request, next.append)
	}
}

// early tells whether req follows entries of the same leader that have not come. As long
// as that leader does not know where the logs agree, which it forgets when it begins a new
// session, it sends one message at a time, and there is nothing to wait for.
func (n *Node) early(req *core.AppendEntriesRequest) bool {
	return len(req.Entries) > 0 && req.PrevIndex > n.raft.LastIndex() &&
		req.Term == n.raft.Term() && req.From == n.raft.Leader() && n.raft.Agreed(req.Session)
}

func (o *reorder) hold(r *core.Incoming, req *core.AppendEntriesRequest) {
	at, _ := slices.BinarySearchFunc(o.held, req.PrevIndex, func(h heldAppend, i core.Index) int {
		return int(h.append.PrevIndex) - int(i)
	})
	o.held = slices.Insert(o.held, at, heldAppend{request: r, append: req})
}

// tick returns the appends that have waited long enough: raft rejects them, and
// the leader sends again from where the log ends.
func (o *reorder) tick() []*core.Incoming {
	var overdue []*core.Incoming
	o.held = slices.DeleteFunc(o.held, func(h heldAppend) bool {
		return h.ticks >= heldTicks && appendTo(&overdue, h.request)
	})
	for i := range o.held {
		o.held[i].ticks++
	}
	return overdue
}

func appendTo(list *[]*core.Incoming, r *core.Incoming) bool {
	*list = append(*list, r)
	return true
}

// drain removes and returns the appends held.
func (o *reorder) drain() []*core.Incoming {
	var all []*core.Incoming
	for _, h := range o.held {
		all = append(all, h.request)
	}
	o.held = nil
	return all
}
