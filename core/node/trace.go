package node

import (
	"time"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/raft"
)

// traces follows the requests that ask where their time goes. A Trace is filled
// while its request passes: each part is what has passed since Received and the
// parts before it, so that they add up whatever the clock reads.
//
// While nobody asks, it is empty and costs the loop a comparison here and there:
// what is called in every turn is inlined.
type traces struct {
	clock  core.Clock
	writes []tracedWrite // in the log, in its order, and not known to be committed
	ready  []*core.Trace // of answers to be given to the transport
}

// tracedWrite is a proposal in the log.
type tracedWrite struct {
	trace   *core.Trace
	last    core.Index // of its entries
	seq     uint64     // the write to the storage that has them; zero: none yet
	durable bool
}

// traceOf returns where the trace of r belongs, or nil if r asks for none.
func traceOf(r *core.Incoming) *core.Trace {
	switch req := r.Request.(type) {
	case *core.ProposeRequest:
		if req.Trace {
			return &r.Response.(*core.ProposeResponse).Trace
		}
	case *core.ReadRequest:
		if req.Trace {
			return &r.Response.(*core.ReadResponse).Trace
		}
	}
	return nil
}

// lap is the time since the parts of t that are known.
func lap(t *core.Trace, now time.Duration) time.Duration {
	return now - t.Received - t.Total()
}

// proposed ends Inbox of a write that the log has taken: its entries end at last.
func (t *traces) proposed(trace *core.Trace, last core.Index) {
	trace.Inbox = lap(trace, t.clock.Now())
	t.writes = append(t.writes, tracedWrite{trace: trace, last: last})
}

// written notes which write to the storage has the entries.
func (t *traces) written(seq uint64, entries []core.Entry) {
	if len(t.writes) > 0 && len(entries) > 0 {
		t.setSeq(seq, entries[len(entries)-1].Index)
	}
}

func (t *traces) setSeq(seq uint64, last core.Index) {
	for i := range t.writes {
		if w := &t.writes[i]; w.seq == 0 && w.last <= last {
			w.seq = seq
		}
	}
}

// persisted ends Log of the writes that have become durable.
func (t *traces) persisted(seq uint64) {
	if len(t.writes) > 0 {
		t.endLog(seq)
	}
}

func (t *traces) endLog(seq uint64) {
	now := t.clock.Now()
	for i := range t.writes {
		if w := &t.writes[i]; !w.durable && w.seq != 0 && w.seq <= seq {
			w.trace.Log, w.durable = lap(w.trace, now), true
		}
	}
}

// committed ends Quorum of the writes up to index i. One whose quorum came
// before the leader's own write was durable has no Log: it did not wait for it.
func (t *traces) committed(i core.Index) {
	if len(t.writes) > 0 && t.writes[0].last <= i {
		t.endQuorum(i)
	}
}

func (t *traces) endQuorum(i core.Index) {
	now := t.clock.Now()
	n := 0
	for n < len(t.writes) && t.writes[n].last <= i {
		trace := t.writes[n].trace
		trace.Quorum = lap(trace, now)
		n++
	}
	rest := copy(t.writes, t.writes[n:])
	clear(t.writes[rest:])
	t.writes = t.writes[:rest]
}

// abandon forgets the writes that nobody waits for any more.
func (t *traces) abandon() {
	clear(t.writes)
	t.writes = t.writes[:0]
}

// answered reports whether the answer to r, with this status, has a trace.
func (t *traces) answered(r *core.Incoming, status core.Status) bool {
	trace := traceOf(r)
	if trace == nil {
		return false
	}
	if status != core.StatusOK {
		*trace = core.Trace{}
		return false
	}
	t.ready = append(t.ready, trace)
	return true
}

// finish ends Apply of the answers that are given to the transport now.
func (t *traces) finish() {
	if len(t.ready) > 0 {
		t.endApply()
	}
}

func (t *traces) endApply() {
	now := t.clock.Now()
	for _, trace := range t.ready {
		trace.Apply = lap(trace, now)
	}
	clear(t.ready)
	t.ready = t.ready[:0]
}

// asked reports whether a read of the round asks for a trace.
func asked(requests []*core.Incoming) bool {
	for _, r := range requests {
		if traceOf(r) != nil {
			return true
		}
	}
	return false
}

// left ends Inbox of the reads whose heartbeats are among the messages.
func (t *traces) left(rs *reads, messages []raft.Message) {
	if rs.traced > 0 {
		t.endInbox(rs, messages)
	}
}

func (t *traces) endInbox(rs *reads, messages []raft.Message) {
	round := uint64(0)
	for i := range messages {
		if req, ok := messages[i].Request.(*core.AppendEntriesRequest); ok {
			round = max(round, req.ReadContext)
		}
	}
	for i := range rs.rounds {
		if r := &rs.rounds[i]; r.context <= round {
			t.leave(r)
		}
	}
}

// leave ends Inbox of the reads of a round, unless it has ended.
func (t *traces) leave(r *readRound) {
	if !r.traced || r.left {
		return
	}
	r.left = true
	now := t.clock.Now()
	for _, req := range r.requests {
		if trace := traceOf(req); trace != nil {
			trace.Inbox = lap(trace, now)
		}
	}
}

// confirmed ends Quorum of the reads of a round. In a cluster of one, nothing
// had to leave.
func (t *traces) confirmed(rs *reads, r *readRound) {
	if !r.traced {
		return
	}
	t.leave(r)
	rs.traced--
	now := t.clock.Now()
	for _, req := range r.requests {
		if trace := traceOf(req); trace != nil {
			trace.Quorum = lap(trace, now)
		}
	}
}
