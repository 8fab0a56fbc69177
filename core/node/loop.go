package node

import (
	"errors"
	"fmt"
	"time"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/raft"
)

// run is the loop: the one goroutine that touches the raft state.
func (n *Node) run() {
	ticker := time.NewTicker(n.config.Tick)
	defer ticker.Stop()
	var in arrivals
	for {
		select {
		case <-n.quit:
			return
		case <-n.inbox.wake:
		case <-ticker.C:
			n.tick()
		}
		n.inbox.take(&in)
		n.turn(&in)
		if at, ok := n.proposed.queue.Deadline(); ok {
			n.linger.WakeAt(at)
		}
	}
}

// tick is called once a tick, or less often if the node is held up.
func (n *Node) tick() {
	n.expireReads()
	if n.leases() {
		n.catchUp()
	} else if n.failed == nil {
		n.tickOnce()
	}
}

func (n *Node) tickOnce() {
	if !n.quarantine.active() { // which waits for a leader, however long it takes
		n.raft.Tick()
	}
	for _, r := range n.reorder.tick() {
		n.step(r, r.Request)
	}
}

// turn takes up everything that arrived, then does everything that follows from
// it, so that a turn costs one write to the log and one batch to each peer
// however much came.
func (n *Node) turn(in *arrivals) {
	for _, call := range in.calls {
		n.completed(call)
	}
	for _, r := range in.requests {
		n.received(r)
	}
	for _, task := range in.tasks {
		task()
	}
	n.propose()
	n.endForwards()
	n.startReads()
	n.drain()
	n.leadershipChanges()
	n.endChanges()
	n.tidySnapshots()
	n.maybeSnapshot()
	n.settle()
	n.flush()
	n.publish(len(in.requests), len(in.calls))
}

// received takes up one request.
func (n *Node) received(r *core.Incoming) {
	if n.failed != nil {
		n.refuse(r, n.failed)
		return
	}
	if n.abstain(r) {
		return
	}
	switch req := r.Request.(type) {
	case *core.ProposeRequest:
		n.enqueue(r, req)
	case *core.ReadRequest:
		n.reads.waiting = append(n.reads.waiting, r)
	case *core.InstallSnapshotRequest:
		n.receiveSnapshot(r, req)
	case *core.AppendEntriesRequest:
		n.receiveAppend(r, req)
	default:
		n.step(r, req)
	}
}

// step gives a request to raft, which answers it in a Ready to come.
func (n *Node) step(r *core.Incoming, req core.Request) {
	token := n.serving.add(r)
	if err := n.raft.Step(token, req); err != nil {
		n.refuse(n.serving.remove(token), err)
	}
}

// refuse answers a request with an error.
func (n *Node) refuse(r *core.Incoming, err error) {
	r.Err = err
	n.answers = append(n.answers, r)
}

// drain does what raft asks for until it asks for nothing more. What is to be
// sent leaves before entries are applied, so that peers and state machine work
// at the same time. Before the first Ready raft is told of the time (catchUp).
func (n *Node) drain() {
	n.catchUp()
	for {
		n.becomeDurable()
		if n.failed != nil || !n.raft.HasReady() {
			return
		}
		if n.remember(); n.failed != nil {
			return
		}
		rd := n.raft.Ready()
		if n.persist(&rd); n.failed != nil {
			return
		}
		n.dispatch(rd.Messages)
		n.traces.left(&n.reads, rd.Messages)
		if n.becomeDurable(); n.failed != nil {
			return
		}
		n.caught(rd.FastClocks)
		n.confirmReads(rd.Reads)
		// Before anything is applied: after a change of leader, other entries may
		// stand where the clients' were.
		n.leadershipChanges()
		n.flush()
		n.apply.entries(rd.Committed)
		n.answerReads()
	}
}

// dispatch sorts messages into calls to send and requests to answer.
func (n *Node) dispatch(messages []raft.Message) {
	for i := range messages {
		m := &messages[i]
		if m.Response != nil {
			r := n.serving.remove(m.Token)
			assign(r.Response, m.Response)
			n.temper(r.Response)
			n.answers = append(n.answers, r)
			continue
		}
		if req, ok := m.Request.(*core.InstallSnapshotRequest); ok {
			n.startSnapshot(m.To, req)
			continue
		}
		if req, ok := m.Request.(*core.AppendEntriesRequest); ok {
			n.meters.append(m.To, req)
		}
		n.outgoing.add(m.To, m.Request)
	}
}

// flush sends and answers what has gathered.
func (n *Node) flush() {
	if len(n.outgoing.calls) > 0 {
		n.transport.Send(n.outgoing.calls)
		n.outgoing.sent()
	}
	if len(n.answers) > 0 {
		n.traces.finish()
		n.inbox.admission.answered(n.answers)
		n.transport.Reply(n.answers)
		clear(n.answers)
		n.answers = n.answers[:0]
	}
}

// completed takes up a call that has ended.
func (n *Node) completed(call *core.Call) {
	n.meters.ended(call.To, call.Request)
	if req, ok := call.Request.(*core.InstallSnapshotRequest); ok {
		n.continueSnapshot(call, req)
	} else if req, ok := call.Request.(*core.ReadRequest); ok {
		n.forwarded(call, req)
	} else if call.Err != nil {
		n.counters.failedCalls.Add(1)
		n.raft.ReportFailure(call.To, call.Request)
	} else {
		n.raft.StepResponse(call.Response)
		n.warnOfForgetful()
	}
	n.outgoing.recycle(call)
}

// warnOfForgetful says that a follower has lost what it acknowledged.
func (n *Node) warnOfForgetful() {
	if id := n.raft.Forgetful(); id != 0 {
		n.warn("%v does not have what it acknowledged: if an older copy was put in the place of its directory, or its disk lies, what was committed with it may be lost; a directory that is deleted does no harm", id)
	}
}

// assign copies a response of fixed size, as raft's are, into the transport's.
func assign(dst, src core.Response) {
	switch src := src.(type) {
	case *core.AppendEntriesResponse:
		*dst.(*core.AppendEntriesResponse) = *src
	case *core.RequestVoteResponse:
		*dst.(*core.RequestVoteResponse) = *src
	case *core.InstallSnapshotResponse:
		*dst.(*core.InstallSnapshotResponse) = *src
	case *core.TimeoutNowResponse:
		*dst.(*core.TimeoutNowResponse) = *src
	default:
		panic(fmt.Sprintf("node: raft answered with %T", src))
	}
}

// errStorage wraps what a storage reported.
var errStorage = errors.New("storage failed; this node acknowledges nothing any more")

// fail stops the node from acknowledging, voting and leading: a failed write is
// never tried again, because nobody knows what the disk holds.
func (n *Node) fail(err error) {
	if n.failed == nil {
		n.failed = fmt.Errorf("%w: %w", errStorage, err)
		n.abandon(n.failed)
		n.writes.held = nil // answers to requests that have just been refused
	}
}
