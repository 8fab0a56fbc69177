package unary

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/raftbench/raftbench/core"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for what must happen.
const patience = 10 * time.Second

// fakeLibrary is a Client whose steps a test can hold.
type fakeLibrary struct {
	prepare func(req core.Request) error
	do      func(ctx context.Context, deadline time.Time) error
}

func (f *fakeLibrary) Prepare(_ core.NodeID, req core.Request) (Attempt, error) {
	if f.prepare != nil {
		if err := f.prepare(req); err != nil {
			return nil, err
		}
	}
	return (*fakeAttempt)(f), nil
}

func (f *fakeLibrary) Close() error { return nil }

type fakeAttempt fakeLibrary

func (a *fakeAttempt) Do(ctx context.Context, deadline time.Time) error {
	if a.do == nil {
		return nil
	}
	return a.do(ctx, deadline)
}

func (a *fakeAttempt) Decode(resp core.Response) error {
	switch r := resp.(type) {
	case *core.AppendEntriesResponse:
		r.Success = true
	case *core.ProposeResponse:
		r.From = 2
	case *core.RequestVoteResponse:
		r.Granted = true
	}
	return nil
}

func (a *fakeAttempt) Release() {}

// inbox is a handler that keeps count of what ended.
type inbox struct {
	receive func([]*core.Incoming)
	ended   chan *core.Call
}

func newInbox() *inbox { return &inbox{ended: make(chan *core.Call, 4096)} }

func (h *inbox) Receive(requests []*core.Incoming) { h.receive(requests) }

func (h *inbox) Complete(calls []*core.Call) {
	for _, c := range calls {
		h.ended <- c
	}
}

func (h *inbox) next(t *testing.T) *core.Call {
	t.Helper()
	select {
	case c := <-h.ended:
		return c
	case <-time.After(patience):
		t.Fatalf("no call ended within %v", patience)
		return nil
	}
}

func (h *inbox) mustBeEmpty(t *testing.T) {
	t.Helper()
	select {
	case c := <-h.ended:
		t.Fatalf("%v ended once more: %v", c.Request.Kind(), c.Err)
	default:
	}
}

func open(t *testing.T, f *fakeLibrary, h *inbox, change func(*core.Endpoint, *Config)) *Transport {
	t.Helper()
	ep, config := core.Endpoint{Self: 1, Handler: h}, Config{Client: f}
	if change != nil {
		change(&ep, &config)
	}
	tr := New(ep, config)
	t.Cleanup(func() {
		if err := tr.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return tr
}

func newAppend(timeout time.Duration) *core.Call {
	req := &core.AppendEntriesRequest{From: 1, Entries: []core.Entry{{Index: 1, Data: make([]byte, 100)}}}
	return &core.Call{To: 2, Request: req, Response: new(core.AppendEntriesResponse), Timeout: timeout}
}

func newVote() *core.Call {
	return &core.Call{To: 2, Request: &core.RequestVoteRequest{From: 1}, Response: new(core.RequestVoteResponse)}
}

func send(tr *Transport, calls ...*core.Call) { tr.Send(calls) }

func wantErr(t *testing.T, c *core.Call, want error) {
	t.Helper()
	if !errors.Is(c.Err, want) {
		t.Fatalf("call ended with %v, want %v", c.Err, want)
	}
}

func TestEveryCallEndsOnce(t *testing.T) {
	h := newInbox()
	tr := open(t, &fakeLibrary{}, h, func(_ *core.Endpoint, c *Config) { c.Workers = 3 })
	const n = 2000
	seen := map[*core.Call]bool{}
	for range n {
		send(tr, newAppend(0))
	}
	for range n {
		c := h.next(t)
		if c.Err != nil || !c.Response.(*core.AppendEntriesResponse).Success {
			t.Fatalf("err %v, response %+v", c.Err, c.Response)
		}
		if seen[c] {
			t.Fatal("a call ended twice")
		}
		seen[c] = true
	}
	if got := tr.Stats().Calls; got != n {
		t.Fatalf("counted %d calls, want %d", got, n)
	}
}

func TestACallEndsAtItsTimeoutThoughTheLibraryDoesNotReturn(t *testing.T) {
	release := make(chan struct{})
	h := newInbox()
	tr := open(t, &fakeLibrary{do: func(context.Context, time.Time) error { <-release; return nil }}, h, nil)
	call := newAppend(5 * time.Millisecond)
	send(tr, call)
	wantErr(t, h.next(t), core.ErrTimeout)

	// The call is ours now: the late answer must not reach it (the race detector
	// watches), nor the second use of it.
	*call.Response.(*core.AppendEntriesResponse) = core.AppendEntriesResponse{Match: 7}
	send(tr, call)
	wantErr(t, h.next(t), core.ErrTimeout)
	close(release)
	if err := tr.Close(); err != nil {
		t.Fatal(err)
	}
	if got := call.Response.(*core.AppendEntriesResponse); got.Success || got.Match != 7 {
		t.Fatalf("a late answer changed the response: %+v", got)
	}
	h.mustBeEmpty(t)
	if got := tr.Stats().Timeouts; got != 2 {
		t.Fatalf("counted %d timeouts, want 2", got)
	}
}

func TestACallDoesNotEndWhileItsRequestIsBeingRead(t *testing.T) {
	reading, read := make(chan struct{}), make(chan struct{})
	f := &fakeLibrary{prepare: func(req core.Request) error {
		close(reading)
		<-read
		req.(*core.AppendEntriesRequest).Entries[0].Data[0]++ // a write, so that the race detector sees any overlap
		return nil
	}}
	h := newInbox()
	tr := open(t, f, h, nil)
	call := newAppend(time.Nanosecond)
	send(tr, call)
	<-reading
	tr.Cancel([]*core.Call{call})
	h.mustBeEmpty(t)
	close(read)
	if c := h.next(t); !errors.Is(c.Err, core.ErrCanceled) && !errors.Is(c.Err, core.ErrTimeout) {
		t.Fatalf("call ended with %v, want canceled or timeout", c.Err)
	}
	call.Request.(*core.AppendEntriesRequest).Entries[0].Data[0]++
}

func TestCancelEndsQueuedAndCarriedCalls(t *testing.T) {
	h := newInbox()
	tr := open(t, &fakeLibrary{do: untilClosed}, h, func(_ *core.Endpoint, c *Config) { c.Workers = 1 })
	calls := []*core.Call{newAppend(time.Hour), newAppend(time.Hour), newAppend(time.Hour)}
	tr.Send(calls)
	tr.Cancel([]*core.Call{calls[1], calls[0], calls[2]})
	for range calls {
		wantErr(t, h.next(t), core.ErrCanceled)
	}
	tr.Cancel(calls)
	h.mustBeEmpty(t)
}

// untilClosed is a Do to which no answer comes.
func untilClosed(ctx context.Context, _ time.Time) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestQueueIsBoundedByCountAndByBytes(t *testing.T) {
	for name, limits := range map[string]core.Limits{
		"count": {QueuedCalls: 3},
		"bytes": {QueuedBytes: 3 * newAppend(0).Request.SizeBytes()},
	} {
		t.Run(name, func(t *testing.T) {
			h := newInbox()
			tr := open(t, &fakeLibrary{do: untilClosed}, h, func(ep *core.Endpoint, _ *Config) { ep.Limits = limits })
			send(tr, newAppend(time.Hour), newAppend(time.Hour), newAppend(time.Hour))
			send(tr, newAppend(time.Hour))
			wantErr(t, h.next(t), core.ErrOverflow)
			h.mustBeEmpty(t)
			if got := tr.Stats().Overflows; got != 1 {
				t.Fatalf("counted %d overflows, want 1", got)
			}
		})
	}
}

func TestOneCallIsAlwaysLetThrough(t *testing.T) {
	h := newInbox()
	tr := open(t, &fakeLibrary{}, h, func(ep *core.Endpoint, _ *Config) { ep.Limits.QueuedBytes = 1 })
	send(tr, newAppend(0))
	wantErr(t, h.next(t), nil)
}

func TestControlDoesNotWaitBehindBulk(t *testing.T) {
	f := &fakeLibrary{}
	blocked := make(chan struct{})
	f.prepare = func(req core.Request) error {
		if req.Kind() == core.KindAppendEntries {
			<-blocked
		}
		return nil
	}
	h := newInbox()
	tr := open(t, f, h, func(_ *core.Endpoint, c *Config) { c.Workers = 1 })
	send(tr, newAppend(time.Hour), newAppend(time.Hour), newVote())
	if c := h.next(t); c.Request.Kind() != core.KindRequestVote || c.Err != nil {
		t.Fatalf("%v ended first, with %v; want the vote", c.Request.Kind(), c.Err)
	}
	close(blocked)
	h.next(t)
	h.next(t)
}

func TestCloseEndsEverythingOnce(t *testing.T) {
	h := newInbox()
	tr := open(t, &fakeLibrary{do: untilClosed}, h, func(_ *core.Endpoint, c *Config) { c.Workers = 2 })
	const n = 10
	for range n {
		send(tr, newAppend(time.Hour))
	}
	if err := tr.Close(); err != nil {
		t.Fatal(err)
	}
	if len(h.ended) != n {
		t.Fatalf("%d calls ended by the time Close returned, want %d", len(h.ended), n)
	}
	for range n {
		wantErr(t, h.next(t), core.ErrClosed)
	}
	send(tr, newAppend(0))
	wantErr(t, h.next(t), core.ErrClosed)
}

func TestCallsThatRaceWithCancelTimeoutAndCloseEndOnce(t *testing.T) {
	h := newInbox()
	f := &fakeLibrary{do: func(_ context.Context, deadline time.Time) error {
		for time.Until(deadline) > 0 { // answer as close to the timeout as can be
		}
		return nil
	}}
	tr := open(t, f, h, func(_ *core.Endpoint, c *Config) { c.Workers = 4 })
	const n = 400
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range n / 4 {
				c := newAppend(50 * time.Microsecond)
				c.Tag = new(int)
				send(tr, c)
				tr.Cancel([]*core.Call{c})
			}
		})
	}
	wg.Wait()
	if err := tr.Close(); err != nil {
		t.Fatal(err)
	}
	if len(h.ended) != n {
		t.Fatalf("%d calls ended, want %d", len(h.ended), n)
	}
	for range n {
		c := h.next(t)
		if ends := c.Tag.(*int); *ends != 0 {
			t.Fatal("a call ended twice")
		} else {
			*ends++
		}
	}
}

func TestTheSteadyPathReusesItsMemory(t *testing.T) {
	h := newInbox()
	tr := open(t, &fakeLibrary{}, h, nil)
	calls := []*core.Call{newAppend(0)}
	allocs := testing.AllocsPerRun(1000, func() {
		tr.Send(calls)
		<-h.ended
	})
	if allocs >= 1 {
		t.Fatalf("%.1f allocations per call, want none", allocs)
	}
}

func TestErrorsOfTheLibraryBecomeErrorsOfCore(t *testing.T) {
	for _, tt := range []struct {
		from error
		want error
	}{
		{context.DeadlineExceeded, core.ErrTimeout},
		{context.Canceled, core.ErrClosed},
		{errors.New("reset by peer"), core.ErrBroken},
		{core.ErrTooLarge, core.ErrTooLarge},
		{&core.RemoteError{Text: "x"}, core.ErrRemote},
	} {
		h := newInbox()
		tr := open(t, &fakeLibrary{do: func(context.Context, time.Time) error { return tt.from }}, h, nil)
		send(tr, newAppend(0))
		wantErr(t, h.next(t), tt.want)
	}
}
