package node

import (
	"errors"
	"time"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/batch"
	"github.com/raftbench/raftbench/core/raft"
)

// proposals holds the clients' writes: those that wait for their batch to close,
// and those in the log that wait to be applied.
type proposals struct {
	queue    *batch.Queue[*core.Incoming]
	commands int        // in the queue
	pending  []proposal // in log order
	head     int        // those before it are done
	forecast forecast   // of pending
}

// proposal is one ProposeRequest in the log: entries first to last.
//
// Invariant: those pending are of the term in which this node leads. They are
// given up before anything of a later term is applied (leadershipChanges).
type proposal struct {
	request     *core.Incoming
	first, last core.Index
	bytes       int64         // of the request
	at          time.Duration // when it got into the log
}

// enqueue takes up a client's write.
func (n *Node) enqueue(r *core.Incoming, req *core.ProposeRequest) {
	n.proposed.commands += len(req.Commands)
	n.proposed.queue.Push(r, len(req.Commands), req.SizeBytes(), time.Now())
}

// propose puts the batches that have closed into the log. How many batches are
// under way is not counted here: raft's window (Pipeline) holds back what is
// sent while it is full, and what gathers behind it leaves together.
func (n *Node) propose() {
	if n.proposed.queue.Len() == 0 {
		return
	}
	now := time.Now()
	n.status.mu.Lock() // for the meters; nobody holds it for long
	defer n.status.mu.Unlock()
	n.meters.queued.Record(int64(n.proposed.queue.Len()))
	for {
		requests, reason := n.proposed.queue.Next(batch.Situation{
			Now:  now,
			Sole: n.config.Callers > 0 && n.proposed.commands >= n.config.Callers,
		})
		if reason == batch.Open {
			return
		}
		for _, r := range requests {
			n.proposeOne(r, now.Sub(n.inbox.clock.Origin))
		}
	}
}

func (n *Node) proposeOne(r *core.Incoming, now time.Duration) {
	commands := r.Request.(*core.ProposeRequest).Commands
	n.proposed.commands -= len(commands)
	if expired(r, now) || n.proposed.late(r, now) {
		n.unproposed(r, core.StatusExpired)
		return
	}
	if len(commands) == 0 {
		n.unproposed(r, core.StatusOK)
		return
	}
	if n.writes.bytes > int64(n.config.MaxClientBytes) {
		// The followers' disks work and ours stands still: what they commit is answered,
		// and would gather here until this node gives up the leadership.
		n.answerClient(r, core.StatusOverloaded)
		n.ended(1)
		return
	}
	first, _, err := n.raft.Propose(commands)
	if err != nil {
		n.unproposed(r, statusOf(err))
		return
	}
	n.meters.proposed += uint64(len(commands))
	last := first + core.Index(len(commands)) - 1
	bytes := int64(r.Request.SizeBytes())
	n.proposed.pending = append(n.proposed.pending, proposal{r, first, last, bytes, now})
	n.proposed.forecast.proposed(bytes, now)
	if trace := traceOf(r); trace != nil {
		n.traces.proposed(trace, last)
	}
}

// late reports whether a request would be answered too late if it got into the log now.
func (p *proposals) late(r *core.Incoming, now time.Duration) bool {
	if r.Expires == 0 || p.head == len(p.pending) {
		return false
	}
	return p.forecast.late(r.Expires-now, now-p.pending[p.head].at)
}

// unproposed ends a request that has left the queue and is not in the log.
func (n *Node) unproposed(r *core.Incoming, status core.Status) {
	n.answerClient(r, status)
	n.ended(1)
}

// ended tells a policy that learns that so many requests which left the queue have
// been answered.
func (n *Node) ended(requests int) {
	if q := n.proposed.queue; requests > 0 && q.Learns() {
		q.Done(requests, time.Now())
	}
}

func statusOf(err error) core.Status {
	if errors.Is(err, raft.ErrOverloaded) {
		return core.StatusOverloaded
	}
	return core.StatusNotLeader
}

// answerClient ends a client's request with a status.
func (n *Node) answerClient(r *core.Incoming, status core.Status) {
	leader := n.raft.Leader()
	if status == core.StatusExpired {
		n.counters.expired.Add(1)
	}
	switch resp := r.Response.(type) {
	case *core.ProposeResponse:
		resp.From, resp.Status, resp.Leader = n.config.ID, status, leader
		resp.Traced = n.traces.answered(r, status)
	case *core.ReadResponse:
		resp.From, resp.Status, resp.Leader = n.config.ID, status, leader
		resp.Traced = n.traces.answered(r, status)
	}
	n.answers = append(n.answers, r)
}

// applied gives the results of the commands from index first on to those who
// proposed them, and answers the requests that are complete.
func (n *Node) applied(first core.Index, results [][]byte) {
	p := &n.proposed
	if p.head == len(p.pending) {
		return
	}
	end := first + core.Index(len(results))
	answered, now := 0, n.inbox.clock.Now()
	for p.head < len(p.pending) {
		front := &p.pending[p.head]
		resp := front.request.Response.(*core.ProposeResponse)
		for front.first <= front.last && front.first < end {
			resp.Append(results[front.first-first])
			front.first++
		}
		if front.first <= front.last {
			break
		}
		n.answerClient(front.request, core.StatusOK)
		p.forecast.answered(front.bytes, now)
		p.pending[p.head] = proposal{}
		p.head++
		answered++
	}
	n.ended(answered)
	p.compact()
}

// compact moves the rest to the front once more than half is done.
func (p *proposals) compact() {
	if 2*p.head < len(p.pending) {
		return
	}
	k := copy(p.pending, p.pending[p.head:])
	clear(p.pending[k:])
	p.pending, p.head = p.pending[:k], 0
}

// leadershipChanges answers the clients that this node can no longer serve.
func (n *Node) leadershipChanges() {
	term, leads := n.raft.Term(), n.raft.Leader() == n.config.ID
	if leads == n.status.led && (!leads || term == n.status.term) {
		return
	}
	if n.status.led {
		n.abandon(nil)
	}
	n.status.led, n.status.term = leads, term
	if leads {
		n.counters.elections.Add(1)
	}
}

// abandon answers every client's request: those in the log may be committed yet
// or never, the others were certainly not executed. With an error, the cluster's
// requests are answered too.
func (n *Node) abandon(err error) {
	p := &n.proposed
	n.ended(len(p.pending) - p.head)
	for _, front := range p.pending[p.head:] {
		front.request.Response.Reset()
		n.answerClient(front.request, core.StatusUnknown)
	}
	clear(p.pending)
	p.pending, p.head, p.commands, p.forecast = p.pending[:0], 0, 0, forecast{}
	n.traces.abandon()
	for _, r := range append(p.queue.Drain(), n.reads.drain()...) {
		n.answerClient(r, core.StatusNotLeader)
	}
	if err == nil {
		return
	}
	for _, r := range append(n.serving.drain(), n.reorder.drain()...) {
		n.refuse(r, err)
	}
}
