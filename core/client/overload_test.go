package client

import (
	"errors"
	"testing"
	"time"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/batch"
)

// mute is a transport that never answers.
type mute struct{ core.Transport }

func (mute) Send([]*core.Call) {}
func (mute) Close() error      { return nil }

// overloaded opens a client whose calls are never answered, and which has one batch under
// way: what is submitted is queued. What it refuses comes through the channel.
func overloaded(t *testing.T, c Config) (*Client, chan *Op) {
	t.Helper()
	ended := make(chan *Op, 100)
	c.Nodes, c.Depth, c.Timeout = []core.NodeID{1}, 1, time.Hour
	c.Open = func(core.Handler) (core.Transport, error) { return mute{}, nil }
	c.Done = func(ops []*Op) {
		for _, op := range ops {
			ended <- op
		}
	}
	cl, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cl.Close(); err != nil {
			t.Error(err)
		}
	})
	cl.Submit([]*Op{{Command: []byte("under way")}, {Read: true, Command: []byte("under way")}})
	return cl, ended
}

// What does not fit into the queue ends at once, before Submit returns, certainly not
// executed, with an error that says so.
func TestFullQueueRefusesAtOnce(t *testing.T) {
	const command = "0123456789ab" // 16 B in a batch
	for name, tt := range map[string]struct {
		config   Config
		read     bool
		admitted int
	}{
		"operations":            {config: Config{MaxQueuedOps: 7}, admitted: 7},
		"reads":                 {config: Config{MaxQueuedOps: 7}, read: true, admitted: 7},
		"bytes":                 {config: Config{MaxQueuedBytes: 48}, admitted: 3},
		"the last exceeds them": {config: Config{MaxQueuedBytes: 49}, admitted: 4},
		"bytes of results":      {config: Config{MaxQueuedBytes: 3 * 116, ReadBytes: 100}, read: true, admitted: 3},
		"a session's":           {config: Config{MaxQueuedOps: 7, Sessions: true}, admitted: 6}, // one waits for it already
	} {
		for _, together := range []bool{false, true} {
			cl, ended := overloaded(t, tt.config)
			var ops []*Op
			for range 50 {
				ops = append(ops, &Op{Read: tt.read, Command: []byte(command)})
			}
			if together {
				cl.Submit(ops)
			} else {
				for _, op := range ops {
					cl.Submit([]*Op{op})
				}
			}
			if got := len(ended); got != 50-tt.admitted {
				t.Errorf("%s, together %v: %d of 50 operations were refused, want %d", name, together, got, 50-tt.admitted)
			}
			for range len(ended) {
				if op := <-ended; op.Outcome != OutcomeFailed || !errors.Is(op.Err, ErrOverloaded) {
					t.Errorf("%s: one ended as %v: %v", name, op.Outcome, op.Err)
				}
			}
		}
	}
}

// The queue has bounds by default, unless those who submit are known to be few.
func TestQueueIsBoundedByDefault(t *testing.T) {
	if c := (Config{}).withDefaults(); c.MaxQueuedOps != 65_536 || c.MaxQueuedBytes != 64<<20 {
		t.Errorf("by default the queue holds %d operations and %d B", c.MaxQueuedOps, c.MaxQueuedBytes)
	}
	if c := (Config{Callers: 100_000}).withDefaults(); c.MaxQueuedOps < 100_000 || c.MaxQueuedBytes < 100_000<<10 {
		t.Errorf("with 100,000 callers the queue holds %d operations and %d B", c.MaxQueuedOps, c.MaxQueuedBytes)
	}
}

// Room that is given back is used again, and one operation is always let in, however
// large it is.
func TestRoomInTheQueue(t *testing.T) {
	cl, ended := overloaded(t, Config{MaxQueuedBytes: 20})
	submit := func(size int) { cl.Submit([]*Op{{Command: make([]byte, size)}}) }
	if submit(1000); len(ended) != 0 {
		t.Fatal("a large operation was refused although nothing was queued")
	}
	if submit(0); len(ended) != 1 {
		t.Fatal("an operation was let in although the queue was full")
	}
	cl.mu.Lock()
	cl.writes.queue.Drain()
	cl.mu.Unlock()
	if submit(1000); len(ended) != 1 {
		t.Fatal("an operation was refused although the queue was empty")
	}
}

// at is an instant of a clock of its own.
func at(d time.Duration) time.Time { return time.Unix(1, 0).Add(d) }

// A queue in which something is late all the time is not looked through all the time, and
// still nothing is left in it, and may be sent, that has less than half of the time
// for the way back.
func TestLateOperationsAreNotSent(t *testing.T) {
	const length, timeout, reserve, step = 4 * time.Second, time.Second, 100 * time.Millisecond, time.Millisecond
	l := newLane(batch.Config{}, timeout)
	late, looks := 0, 0
	for now := time.Duration(0); now < length; now += step {
		op := &Op{deadline: at(now + timeout)}
		if now%(7*step) == 0 { // one that has been sent before
			op.deadline = at(now + reserve)
		}
		l.push(op, at(now))
		before := l.earliest
		ended := l.expire(at(now), nil)
		if l.earliest != before {
			looks++
		}
		late += len(ended)
		for _, op := range ended {
			if left := op.deadline.Sub(at(now)); left < reserve/2 || left >= reserve || op.Outcome != OutcomeFailed {
				t.Fatalf("one ended with %v left, as %v: want failed, with %v to %v", left, op.Outcome, reserve/2, reserve)
			}
		}
		for _, op := range l.queue.Remove(func(op *Op) bool { return op.deadline.Sub(at(now)) < reserve/2 }) {
			t.Fatalf("after %v one with %v left is still queued", now, op.deadline.Sub(at(now)))
		}
	}
	if most := int(length / (reserve / 2)); late < 3000 || looks > most {
		t.Fatalf("the queue was looked through %d times for %d operations that were late, want at most %d times", looks, late, most)
	}
}

// What has too little time left is not sent again, nor is the budget asked for it.
func TestLateOperationsAreNotSentAgain(t *testing.T) {
	for _, left := range []time.Duration{99 * time.Millisecond, 101 * time.Millisecond} {
		cl, _ := overloaded(t, Config{Retry: Retry{Budget: DefaultBudget()}})
		cl.mu.Lock()
		f := &flight{lane: &cl.writes, ops: []*Op{{deadline: at(left)}}}
		ended := cl.again(f, failure{err: core.ErrUnavailable}, at(0), nil)
		if mixed := (&flight{lane: f.lane, ops: []*Op{{deadline: at(time.Minute)}, {deadline: at(time.Millisecond)}}}); len(cl.again(mixed, failure{free: true}, at(0), nil)) != 1 {
			t.Error("of two operations that are sent again, one too late, not the one was ended")
		}
		cl.writes.queue.Remove(func(op *Op) bool { return op.deadline.Equal(at(time.Minute)) })
		queued, retried := cl.writes.queue.Len(), cl.attempts.RetriedCalls
		cl.mu.Unlock()
		if late := left < maxWayBack; late != (len(ended) == 1) || late != (queued == 0) || late != (retried == 0) {
			t.Errorf("with %v left of an hour, %d operations ended, %d are queued, and %d calls were paid for", left, len(ended), queued, retried)
		}
	}
}
