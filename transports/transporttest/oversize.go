package transporttest

import (
	"bytes"
	"errors"
	"time"

	"github.com/raftbench/raftbench/core"
)

// messageLimit is MessageBytes in these checks.
const messageLimit = 64 << 10

// oversize returns a request of each kind that can be large.
func oversize(n int) []core.Request {
	big := bytes.Repeat([]byte{'x'}, n)
	return []core.Request{
		&core.AppendEntriesRequest{Entries: []core.Entry{{Index: 1, Data: big}}},
		&core.InstallSnapshotRequest{Data: big},
		&core.ProposeRequest{Commands: [][]byte{big}},
		&core.ReadRequest{Queries: [][]byte{big}},
	}
}

func checkOversizeRequest(t T, e *env) {
	e.limits.MessageBytes = messageLimit
	a, b := e.open(1), e.open(2)
	b.setHandler(b.hold)
	bystander := a.call(b, heartbeat(1))
	e.eventually("arrival of a request", func() bool { return b.holding() == 1 })
	for _, r := range oversize(4 * messageLimit) {
		if err := a.call(b, r).wait(t); !errors.Is(err, core.ErrTooLarge) {
			t.Errorf("contract: %q: a %v of %d B with a limit of %d B ended with %v", e.contract, r.Kind(), r.SizeBytes(), messageLimit, err)
		}
	}
	for _, r := range oversize(messageLimit * 7 / 8) {
		tk := a.call(b, r)
		e.eventually("arrival of a request within the limit", func() bool { return b.holding() == 2 || tk.isEnded() })
		if tk.isEnded() {
			t.Fatalf("contract: %q: a %v of %d B with a limit of %d B ended with %v", e.contract, r.Kind(), r.SizeBytes(), messageLimit, tk.err)
		}
		b.mu.Lock()
		last := b.held[1:]
		b.held = b.held[:1:1]
		b.mu.Unlock()
		for _, r := range last {
			r.Err = errors.New("as asked for")
		}
		b.transport.Reply(last)
		if err := tk.wait(t); !errors.Is(err, core.ErrRemote) {
			t.Errorf("contract: %q: a %v within the limit ended with %v", e.contract, r.Kind(), err)
		}
	}
	if bystander.isEnded() {
		t.Errorf("contract: %q: another call on the connection ended with %v", e.contract, bystander.err)
	}
	b.release()
	bystander.done(t)
}

func checkOversizeResponse(t T, e *env) {
	e.limits.MessageBytes = messageLimit
	a, b := e.open(1), e.open(2)
	size := 4 * messageLimit
	b.setHandler(func(requests []*core.Incoming) {
		for _, r := range requests {
			switch answer := r.Response.(type) {
			case *core.ProposeResponse:
				answer.Append(make([]byte, size))
			case *core.ReadResponse:
				answer.Append(make([]byte, size))
			default:
				echoResponse(r.Response, r.Request, b.id)
			}
		}
		b.transport.Reply(requests)
	})
	for _, r := range []core.Request{&core.ProposeRequest{}, &core.ReadRequest{}} {
		if err := a.call(b, r).wait(t); !errors.Is(err, core.ErrTooLarge) {
			t.Errorf("contract: %q: a response of %d B with a limit of %d B ended with %v", e.contract, size, messageLimit, err)
		}
		a.call(b, heartbeat(1)).done(t)
	}
}

// checkOversizePeer sends what the sender allows and the receiver does not.
func checkOversizePeer(t T, e *env) {
	e.limits.MessageBytes = 16 * messageLimit
	a := e.open(1)
	e.limits.MessageBytes = messageLimit
	b := e.open(2)
	for _, r := range oversize(4 * messageLimit) {
		if err := a.call(b, r).wait(t); err == nil {
			t.Errorf("contract: %q: a %v of %d B was taken by a peer with a limit of %d B", e.contract, r.Kind(), r.SizeBytes(), messageLimit)
		}
		e.eventually("a small call after an oversize one", func() bool {
			return a.callFor(b.id, ofClass(r.Class(), 1), time.Second).wait(t) == nil
		})
	}
}
