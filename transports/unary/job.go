package unary

import (
	"sync/atomic"
	"time"

	"github.com/raftbench/raftbench/core"
)

// stage is how far a call has come. Only the lane changes it.
type stage uint8

const (
	resting   stage = iota // nothing is under way
	queued                 // waits for a worker
	encoding               // a worker reads Call.Request
	carrying               // the library has it; the call's memory is not in use
	decoding               // a worker writes Call.Response
	abandoned              // the call has ended; the library has not returned yet
)

// job is the transport's side of one call. It stays with its Call (Call.State)
// and is used again when the Call is, so that the steady path allocates none.
type job struct {
	call *core.Call
	lane *lane // the last one it was given to; guarded by Transport.states

	sizeBytes int
	begun     time.Duration // since Transport.started, like deadline
	deadline  time.Duration

	// Guarded by lane.mu.
	stage      stage
	doomed     error         // why to end when encoding is over
	due        time.Duration // when the sweeper is to look: the deadline, or a little later
	place      int           // in the lane's deadlines
	prev, next *job          // in the lane's queue

	// held is true while a worker uses the job. A call that timed out may be
	// sent again while its first worker is still in the library: then it gets
	// another job.
	held atomic.Bool
}

// jobOf returns a job for c that no worker holds, and notes where it goes.
func (t *Transport) jobOf(c *core.Call, l *lane) *job {
	t.states.Lock()
	defer t.states.Unlock()
	j, ok := c.State.(*job)
	if !ok || j.call != c || j.held.Load() {
		j = &job{call: c}
		c.State = j
	}
	j.lane = l
	return j
}

// placeOf returns the job of c and where it went; a nil lane if that was not
// here.
func (t *Transport) placeOf(c *core.Call) (*job, *lane) {
	t.states.Lock()
	defer t.states.Unlock()
	if j, ok := c.State.(*job); ok && j.lane.peer.t == t {
		return j, j.lane
	}
	return nil, nil
}

// jobQueue is a first-in, first-out list from which any job can be taken.
type jobQueue struct{ head, tail *job }

func (q *jobQueue) push(j *job) {
	j.prev, j.next = q.tail, nil
	if q.tail == nil {
		q.head = j
	} else {
		q.tail.next = j
	}
	q.tail = j
}

func (q *jobQueue) remove(j *job) {
	if j.prev == nil {
		q.head = j.next
	} else {
		j.prev.next = j.next
	}
	if j.next == nil {
		q.tail = j.prev
	} else {
		j.next.prev = j.prev
	}
	j.prev, j.next = nil, nil
}
