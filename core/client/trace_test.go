package client_test

import (
	"runtime"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/batch"
	"github.com/raftbench/raftbench/core/client"
)

// asks reports whether a call asks for a trace.
func asks(c *core.Call) bool {
	switch req := c.Request.(type) {
	case *core.ProposeRequest:
		return req.Trace
	case *core.ReadRequest:
		return req.Trace
	}
	return false
}

// traced answers as ok does, with a trace for those who ask.
func traced(t core.Trace) func(*core.Call) {
	return func(c *core.Call) {
		ok(c)
		if !asks(c) {
			return
		}
		switch resp := c.Response.(type) {
		case *core.ProposeResponse:
			resp.Traced, resp.Trace = true, t
		case *core.ReadResponse:
			resp.Traced, resp.Trace = true, t
		}
	}
}

// later waits until the clock has moved on, and tells by how much: by no less
// than a stage that lasts from before the call until after it.
func later() time.Duration {
	start := time.Now()
	for time.Since(start) < 5*time.Millisecond {
		runtime.Gosched()
	}
	return time.Since(start)
}

func newClock() core.Clock { return core.Clock{ID: 7, Origin: time.Now()} }

// link is a client whose transport holds every call, and the operations done.
type link struct {
	*client.Client
	script
	clock core.Clock
	done  chan *client.Op
}

// open opens a link that samples every batch.
func openLink(t *testing.T, c client.Config) *link {
	l := &link{clock: newClock(), done: make(chan *client.Op, 100)}
	c.SampleEvery, c.Clock = 1, l.clock
	c.Done = func(ops []*client.Op) {
		for _, op := range ops {
			l.done <- op
		}
	}
	l.Client = open(t, &l.script, c)
	return l
}

func (l *link) submit() *client.Op {
	op := &client.Op{Command: []byte("x")}
	l.Submit([]*client.Op{op})
	return op
}

// stagesOf waits for one operation and checks that it was sampled.
func (l *link) stagesOf(t *testing.T, op *client.Op) client.Stages {
	t.Helper()
	for got := range l.done {
		if got == op {
			break
		}
	}
	if op.Err != nil || !op.Sampled {
		t.Fatalf("sampled: %v, error: %v", op.Sampled, op.Err)
	}
	if op.Took != op.Stages.Sum() {
		t.Fatalf("it took %v, and the stages %v sum to %v", op.Took, op.Stages, op.Stages.Sum())
	}
	return op.Stages
}

// answerNow answers what is held, as a leader does that received it now.
func (l *link) answerNow(parts core.Trace) {
	parts.Clock, parts.Received = l.clock.ID, l.clock.Now()
	l.release(traced(parts))
}

// The stages of every operation lie within the time between its Submit and its
// Done, as seen from outside, and take up most of it.
func TestStagesCoverTheOperation(t *testing.T) {
	for name, read := range map[string]bool{"write": false, "read": true} {
		t.Run(name, func(t *testing.T) {
			clock := newClock()
			var after time.Duration
			s := &script{answer: func(c *core.Call) {
				received := clock.Now()
				traced(core.Trace{Clock: clock.ID, Received: received, Apply: later()})(c)
			}}
			cl := open(t, s, client.Config{SampleEvery: 1, Clock: clock, Done: func([]*client.Op) { after = clock.Now() }})
			op := &client.Op{Read: read, Command: []byte("x")}
			before := clock.Now()
			cl.Submit([]*client.Op{op})
			if sum := op.Stages.Sum(); !op.Sampled || sum > after-before || sum < 5*time.Millisecond {
				t.Fatalf("sampled: %v; stages %v sum to %v of %v", op.Sampled, op.Stages, sum, after-before)
			}
			op = &client.Op{Read: read, Command: []byte("x")}
			if do(t, cl, op); !op.Sampled {
				t.Fatal("an operation that Do waits for was not sampled")
			}
		})
	}
}

func TestDepthFullIsQueue(t *testing.T) {
	l := openLink(t, client.Config{Depth: 1})
	l.submit()
	op := l.submit() // waits for the place of the first
	held := later()
	l.answerNow(core.Trace{})
	l.answerNow(core.Trace{})
	if s := l.stagesOf(t, op); s[client.StageQueue] < held || s[client.StageLinger] != 0 {
		t.Fatalf("after %v without a free place: queue %v, linger %v", held, s[client.StageQueue], s[client.StageLinger])
	}
}

func TestPolicyIsLinger(t *testing.T) {
	l := openLink(t, client.Config{Depth: 2}) // natural: waits for the batch before, though there is a place
	first := l.submit()
	op := l.submit()
	held := later()
	l.answerNow(core.Trace{})
	l.answerNow(core.Trace{})
	if s := l.stagesOf(t, first); s[client.StageLinger] != 0 {
		t.Fatalf("the first of all lingered for %v", s[client.StageLinger])
	}
	if s := l.stagesOf(t, op); s[client.StageLinger] < held {
		t.Fatalf("after %v behind the batch before: queue %v, linger %v", held, s[client.StageQueue], s[client.StageLinger])
	}

	asked := 5 * time.Millisecond
	lingers := openLink(t, client.Config{Batch: batch.Config{Linger: asked}})
	lingers.answer = traced(core.Trace{})
	if s := lingers.stagesOf(t, lingers.submit()); s[client.StageLinger] < asked {
		t.Fatalf("lingered for %v, want at least %v", s[client.StageLinger], asked)
	}
}

// What happened before the attempt that succeeded counts as waiting for a leader.
func TestEarlierAttemptsAreQueue(t *testing.T) {
	for name, refuse := range map[string]func(*core.Call){
		"sent to the leader": status(core.StatusNotLeader, 2),
		"no leader known":    status(core.StatusNotLeader, 0), // a pause follows
	} {
		t.Run(name, func(t *testing.T) {
			l := openLink(t, client.Config{})
			var held time.Duration
			l.answer = func(c *core.Call) {
				if held > 0 {
					traced(core.Trace{})(c)
					return
				}
				held = later()
				refuse(c)
			}
			op := l.submit()
			if s := l.stagesOf(t, op); s[client.StageQueue] < held || s[client.StageLinger] != 0 {
				t.Fatalf("after a first attempt of %v: queue %v, linger %v", held, s[client.StageQueue], s[client.StageLinger])
			}
		})
	}
}

// With a clock that both share, the way there can be told from the way back.
func TestRequestAndReply(t *testing.T) {
	l := openLink(t, client.Config{})
	op := l.submit()
	there := later()
	parts := core.Trace{Clock: l.clock.ID, Received: l.clock.Now()}
	parts.Inbox, parts.Log, parts.Quorum, parts.Apply = later(), 1, 2, 3
	back := later()
	l.release(traced(parts))
	s := l.stagesOf(t, op)
	if s[client.StageRequest] < there || s[client.StageReply] < back-6 {
		t.Errorf("request %v of %v, reply %v of %v", s[client.StageRequest], there, s[client.StageReply], back)
	}
	want := []time.Duration{parts.Inbox, 1, 2, 3}
	if d := cmp.Diff(want, s[client.StageInbox:client.StageReply]); d != "" {
		t.Errorf("the leader's own durations (-want +got):\n%s", d)
	}

	for _, id := range []uint64{0, 8} {
		op := l.submit()
		there := later()
		parts := core.Trace{Clock: id, Received: 1 << 60, Inbox: later()}
		back := later()
		l.release(traced(parts))
		if s := l.stagesOf(t, op); s[client.StageRequest] < there+back || s[client.StageReply] != 0 || s[client.StageInbox] != parts.Inbox {
			t.Errorf("with another's clock: request %v of %v, reply %v", s[client.StageRequest], there+back, s[client.StageReply])
		}
	}
}

// The last stage ends with Done, and not with the answer: what the client does in
// between, such as sending the next batch, is part of it.
func TestReplyLastsUntilDone(t *testing.T) {
	l := openLink(t, client.Config{Depth: 1})
	first := l.submit()
	l.submit()
	var sending time.Duration
	l.answer = func(c *core.Call) {
		sending = later()
		traced(core.Trace{})(c)
	}
	l.answerNow(core.Trace{})
	if s := l.stagesOf(t, first); s[client.StageReply] < sending {
		t.Fatalf("reply %v, though the next batch took %v to send", s[client.StageReply], sending)
	}
}

// Of reads and of writes, the batch of every n-th operation asks; the others are left
// alone.
func TestEveryNthOperationAsks(t *testing.T) {
	asked := map[bool][]bool{}
	var cl *client.Client
	s := &script{answer: func(c *core.Call) {
		read := c.Request.Kind() == core.KindRead
		asked[read] = append(asked[read], asks(c))
		traced(core.Trace{})(c)
	}}
	cl = open(t, s, client.Config{SampleEvery: 3})
	untouched := client.Stages{1, 2, 3}
	for range 6 {
		for _, read := range []bool{false, true} {
			op := &client.Op{Read: read, Command: []byte("x"), Stages: untouched, Sampled: true}
			before := time.Now()
			do(t, cl, op)
			if took := time.Since(before); op.Sampled && op.Stages.Sum() > took {
				t.Fatalf("stages %v of an operation that took %v", op.Stages, took)
			}
			n := len(asked[read])
			if want := asked[read][n-1]; op.Sampled != want || want == (op.Stages == untouched) {
				t.Fatalf("batch %d asked: %v; sampled %v, stages %v", n, want, op.Sampled, op.Stages)
			}
		}
	}
	every := []bool{false, false, true, false, false, true}
	if d := cmp.Diff(map[bool][]bool{false: every, true: every}, asked); d != "" {
		t.Fatalf("batches that asked (-want +got):\n%s", d)
	}

	never := open(t, &script{answer: func(c *core.Call) {
		if asks(c) {
			t.Error("a client that does not sample asks for a trace")
		}
		ok(c)
	}}, client.Config{})
	op := &client.Op{Command: []byte("x"), Sampled: true}
	if do(t, never, op); op.Sampled {
		t.Fatal("Sampled was left from the last time")
	}
}

// Operations count, not batches: a large batch has its share of the samples.
func TestLargeBatchesHaveTheirShareOfSamples(t *testing.T) {
	var asked []bool
	cl := open(t, &script{answer: func(c *core.Call) {
		asked = append(asked, asks(c))
		traced(core.Trace{})(c)
	}}, client.Config{SampleEvery: 3})
	var sampled []int
	last := 0
	for _, size := range []int{1, 2, 4, 1, 1, 9} {
		ops := make([]*client.Op, size)
		for i := range ops {
			ops[i] = &client.Op{Command: []byte("x")}
		}
		cl.Submit(ops)
		for _, op := range ops {
			last++
			if op.Sampled {
				sampled = append(sampled, last)
			}
		}
	}
	if d := cmp.Diff([]int{3, 6, 9, 12, 15, 18}, sampled); d != "" {
		t.Errorf("operations that were sampled (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]bool{false, true, true, false, true, true}, asked); d != "" {
		t.Errorf("batches that asked (-want +got):\n%s", d)
	}
}

// An operation that did not end well is not sampled.
func TestFailuresAreNotSampled(t *testing.T) {
	for name, spoil := range map[string]func(*core.ProposeResponse){
		"overloaded":  func(r *core.ProposeResponse) { r.Status = core.StatusOverloaded },
		"unknown":     func(r *core.ProposeResponse) { r.Status = core.StatusUnknown },
		"no results":  func(r *core.ProposeResponse) { r.Truncate() },
		"not traced":  func(r *core.ProposeResponse) { r.Traced = false },
		"senseless":   func(r *core.ProposeResponse) { r.Trace.Log = -1 },
		"exaggerated": func(r *core.ProposeResponse) { r.Trace.Apply = time.Hour },
	} {
		t.Run(name, func(t *testing.T) {
			cl := open(t, &script{answer: func(c *core.Call) {
				traced(core.Trace{})(c)
				spoil(c.Response.(*core.ProposeResponse))
			}}, client.Config{SampleEvery: 1})
			op := &client.Op{Command: []byte("x")}
			if do(t, cl, op); op.Sampled {
				t.Fatalf("outcome %v, sampled as %v", op.Outcome, op.Stages)
			}
		})
	}
	closed := open(t, &script{answer: ok}, client.Config{SampleEvery: 1})
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	op := &client.Op{Command: []byte("x"), Sampled: true}
	if do(t, closed, op); op.Sampled {
		t.Fatal("Sampled was left from the last time by a client that is closed")
	}
}

func TestDistributions(t *testing.T) {
	l := openLink(t, client.Config{Depth: 2, Batch: batch.Config{SizeBytes: 10}})
	op := func(read bool) *client.Op { return &client.Op{Read: read, Command: []byte("x")} } // of 5 bytes
	l.Submit([]*client.Op{op(false), op(false), op(false), op(true)})
	got := map[string]map[int64]uint64{}
	for _, d := range l.Distributions() {
		got[d.Name] = map[int64]uint64{}
		for v, n := range d.Histogram.Buckets() {
			got[d.Name][v] = n
		}
	}
	delete(got, "client_batch_wait_ns") // whatever the clock says
	want := map[string]map[int64]uint64{
		"client_batch_ops":         {2: 1, 1: 1},
		"client_batch_bytes":       {10: 1, 5: 1},
		"client_batch_linger_ns":   {},
		"client_batches_in_flight": {1: 2},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("distributions (-want +got):\n%s", d)
	}
	stats := l.BatchStats()
	if d := cmp.Diff(map[string]uint64{"full": 1, "idle": 1}, stats.Reasons()); d != "" {
		t.Errorf("reasons (-want +got):\n%s", d)
	}
	if calls, ops := l.Batches(); calls != 2 || ops != 3 {
		t.Errorf("Batches() = %d, %d; want 2, 3", calls, ops)
	}
}
