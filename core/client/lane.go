package client

import (
	"slices"
	"time"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/batch"
)

// lane holds the reads or the writes of a client: they travel in calls of their
// own. The client's lock guards it.
type lane struct {
	read     bool
	queue    *batch.Queue[*Op]
	inFlight int
	gate     gate
	depths   batch.Histogram // inFlight at each batch that left, with it

	unsampled int // operations that left since the last one that is sampled

	// resultBytes is what a result is expected to take on its way back.
	resultBytes int

	// An operation is neither sent nor kept in the queue when it has less than reserve left:
	// its answer would come too late. The queue is looked through for such when one has only
	// half of that, so that under overload, with something late all the time, this does not
	// happen all the time: at 12 times what the nodes could do, it took a fifth of all CPU time.
	reserve time.Duration

	// earliest is no later than any deadline in the queue.
	earliest time.Time
}

func newLane(c batch.Config, timeout time.Duration) lane {
	return lane{queue: batch.NewQueue[*Op](c), reserve: wayBack(timeout)}
}

// late reports whether op has too little time left to be sent.
func (l *lane) late(op *Op, now time.Time) bool { return op.deadline.Sub(now) < l.reserve }

// lookAt is when to look for late operations: until then, whatever is queued has half of
// reserve left.
func (l *lane) lookAt() time.Time { return l.earliest.Add(-l.reserve / 2) }

// push queues an operation and returns what it counts in a batch. The lock is held.
func (c *Client) push(op *Op, now time.Time) (bytes int) {
	l := c.laneOf(op)
	if c.config.SampleEvery > 0 {
		op.open = l.gate.open(c.at(now))
	}
	return l.push(op, now)
}

func (l *lane) push(op *Op, now time.Time) (bytes int) {
	if l.queue.Len() == 0 || op.deadline.Before(l.earliest) {
		l.earliest = op.deadline
	}
	size := opOverheadBytes + len(op.Command) + l.resultBytes
	if op.session != nil {
		size += sessionBytes
	}
	l.queue.Push(op, 1, size, now)
	return size
}

// expire ends queued operations that have too little time left. They are certainly not
// executed by this attempt, which one that is sent and times out may be.
func (l *lane) expire(now time.Time, ended []*Op) []*Op {
	if l.queue.Len() == 0 || now.Before(l.lookAt()) {
		return ended
	}
	var next time.Time
	overdue := l.queue.Remove(func(op *Op) bool {
		if l.late(op, now) {
			return true
		}
		if next.IsZero() || op.deadline.Before(next) {
			next = op.deadline
		}
		return false
	})
	l.earliest = next
	for _, op := range overdue {
		err := op.Err // what went wrong at the last attempt
		if err == nil {
			err = core.ErrTimeout
		}
		op.giveUp(err)
	}
	return append(ended, overdue...)
}

// flight is one call under way with the operations that it carries. Flights are
// used again, but for those of reads that may be hedged (once).
type flight struct {
	call core.Call
	lane *lane
	ops  []*Op

	registers bool // a session: it carries no operations

	// Of a flight that asks for a trace:
	traced  bool
	sampled int           // the first of ops that is
	sent    time.Duration // when it left
	open    time.Duration // what its lane's gate said then

	// Of reads that may be hedged:
	left    time.Time // when the first call left
	hedgeAt time.Time
	twin    *flight // the other call for the same operations, while both are under way
	second  bool    // it is the hedge, over the transport of the hedges
	aloft   bool    // the transport has been given it
	lost    bool    // its twin was answered: whatever comes back is left alone

	// memory of the queries, if operations may end before the call does, and of commands
	// that carry a session.
	memory []byte

	propose         core.ProposeRequest
	proposeResponse core.ProposeResponse
	read            core.ReadRequest
	readResponse    core.ReadResponse
}

// newFlight makes the call that carries ops. The lock is held.
func (c *Client) newFlight(l *lane, ops []*Op, now time.Time) *core.Call {
	f := c.takeFlight(l)
	f.address(l, ops, c.target(l, len(ops), now), now)
	if f.sampled, f.traced = c.sample(l, len(ops)); f.traced {
		f.sent, f.open = c.config.Clock.Now(), l.gate.open(c.at(now))
	}
	if l.read {
		c.readRequest(f)
		if c.hedging.On() {
			c.hedging.watch(f, now)
		}
	} else {
		f.propose.From, f.propose.Trace = c.config.Self, f.traced
		f.propose.Remaining = allowance(f.call.Timeout)
		if list := f.propose.Commands[:0]; c.sessions.on {
			f.propose.Commands, f.memory = enclose(list, ops, f.memory[:0])
		} else {
			f.propose.Commands = commands(list, ops)
		}
		f.call.Request, f.call.Response = &f.propose, &f.proposeResponse
	}
	return &f.call
}

// address makes f a call of ops to a node.
func (f *flight) address(l *lane, ops []*Op, to core.NodeID, now time.Time) {
	f.lane = l
	f.ops = append(f.ops[:0], ops...)
	f.call.To = to
	f.call.Timeout = latest(ops).Sub(now)
	f.call.Err = nil
}

// readRequest fills in the request of f, which carries reads.
func (c *Client) readRequest(f *flight) {
	f.read.From, f.read.Trace = c.config.Self, f.traced
	f.read.Remaining = allowance(f.call.Timeout)
	f.read.Queries = commands(f.read.Queries[:0], f.ops)
	if c.hedging.On() {
		f.memory = own(f.read.Queries, f.memory[:0])
	}
	f.call.Request, f.call.Response = &f.read, &f.readResponse
}

// maxWayBack is the most that an answer is given for its way back, below.
const maxWayBack = 100 * time.Millisecond

// allowance is the time that a node is told a call has left: a tenth less than the
// client waits, so that "not executed, too late" arrives while somebody listens, and the
// outcome is known (Envoy's grpc_timeout_header_offset is there for that). A batch
// has one, of its last deadline, as the call has: while one of them waits, it is not too late.
func allowance(timeout time.Duration) time.Duration { return timeout - wayBack(timeout) }

// wayBack is what an answer is given for its way back, of so much time.
func wayBack(timeout time.Duration) time.Duration { return min(timeout/10, maxWayBack) }

// own copies queries into memory, which it returns.
func own(queries [][]byte, memory []byte) []byte {
	size := 0
	for _, q := range queries {
		size += len(q)
	}
	memory = slices.Grow(memory, size) // it must not move while it fills
	for i, q := range queries {
		start := len(memory)
		memory = append(memory, q...)
		queries[i] = memory[start:len(memory):len(memory)]
	}
	return memory
}

// latest is the last deadline among operations: a call that ended with the first
// would take the others with it.
func latest(ops []*Op) time.Time {
	last := ops[0].deadline
	for _, op := range ops[1:] {
		if op.deadline.After(last) {
			last = op.deadline
		}
	}
	return last
}

func commands(list [][]byte, ops []*Op) [][]byte {
	for _, op := range ops {
		list = append(list, op.Command)
	}
	return list
}

// once reports whether the flights of a lane are used once only: those that may be
// cancelled.
func (c *Client) once(l *lane) bool { return l.read && c.hedging.On() }

func (c *Client) takeFlight(l *lane) *flight {
	if n := len(c.spare); n > 0 && !c.once(l) {
		f := c.spare[n-1]
		c.spare = c.spare[:n-1]
		return f
	}
	f := new(flight)
	f.call.Tag = f
	return f
}

// giveBack makes f available again; it is bounded because flights are.
func (c *Client) giveBack(f *flight) {
	clear(f.ops)
	if !c.once(f.lane) {
		c.spare = append(c.spare, f)
	}
}
