package workloads

import (
	"container/heap"
	"sync/atomic"
	"time"

	"github.com/raftbench/raftbench/core/client"
)

// virtualTime is a clock and a target in one, for an open loop of one worker: time
// passes when the dispatcher sleeps, and what the target has done by then is
// handed back on the way, at the nanosecond at which it was done. So the whole
// driver runs without a machine's delays, and what it reports can be compared with
// what is known to be true.
//
// It starts no goroutine. All but now is for the dispatcher's. It cannot have a
// warm-up: after never comes, so the conductor would wait for the end of it.
type virtualTime struct {
	at      atomic.Int64 // time.Duration; only the dispatcher's goroutine moves it
	latency func(sent time.Duration) time.Duration
	done    func([]*client.Op)
	pending answers
	one     []*client.Op
}

// answer is an operation that will be done.
type answer struct {
	at time.Duration
	op *client.Op
}

// answers is a heap, the first one on top.
type answers []answer

func (a answers) Len() int           { return len(a) }
func (a answers) Less(i, j int) bool { return a[i].at < a[j].at }
func (a answers) Swap(i, j int)      { a[i], a[j] = a[j], a[i] }
func (a *answers) Push(x any)        { *a = append(*a, x.(answer)) }
func (a *answers) Pop() any {
	last := (*a)[len(*a)-1]
	*a = (*a)[:len(*a)-1]
	return last
}

// connect is the Connect of the target.
func (v *virtualTime) connect(_ int, done func([]*client.Op)) (Target, error) {
	v.done = done
	return v, nil
}

// Submit implements Target.
func (v *virtualTime) Submit(ops []*client.Op) {
	now := v.now()
	for _, op := range ops {
		op.Outcome, op.Err = client.OutcomeOK, nil
		heap.Push(&v.pending, answer{now + v.latency(now), op})
	}
}

// until implements sleeper.
func (v *virtualTime) until(t time.Duration) {
	for len(v.pending) > 0 && v.pending[0].at <= t {
		a := heap.Pop(&v.pending).(answer)
		v.advance(a.at)
		v.one = append(v.one[:0], a.op)
		v.done(v.one)
	}
	v.advance(t)
}

func (v *virtualTime) advance(t time.Duration) { v.at.Store(max(v.at.Load(), int64(t))) }

// close implements sleeper: it waits until all is done.
func (v *virtualTime) close() {
	for len(v.pending) > 0 {
		v.until(v.pending[0].at)
	}
}

func (v *virtualTime) now() time.Duration { return time.Duration(v.at.Load()) }

func (v *virtualTime) start() {}

func (v *virtualTime) started() time.Time { return time.Unix(0, 0) }

// after never comes: whoever waits for more than the dispatcher waits for its end.
func (v *virtualTime) after(time.Duration) <-chan time.Time { return nil }

// sleeper is for the dispatcher alone: nobody else ever has to sleep.
func (v *virtualTime) sleeper() sleeper { return v }
