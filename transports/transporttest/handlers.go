package transporttest

import (
	"errors"
	"strings"

	"github.com/raftbench/raftbench/core"
)

// handlerChecks are about what the handler does.
func handlerChecks() []check {
	return []check{
		{name: "HandlerError", run: checkHandlerError,
			contract: "Err set makes the caller's call end with a RemoteError of its text."},
		{name: "HandlerPanic", run: checkHandlerPanic,
			contract: "If Receive panics, the transport answers those requests with an error, counts it, and lives."},
		{name: "HandlerCallsFromReceive", run: checkForward,
			contract: "Each is to be answered by Transport.Reply, at any time, in any order, also from within Receive."},
	}
}

func checkHandlerError(t T, e *env) {
	const text = "disk full: \"quoted\", 100 % and \x00 non-text \u00e4"
	a, b := e.open(1), e.open(2)
	b.setHandler(func(requests []*core.Incoming) {
		for _, r := range requests {
			r.Err = errors.New(text)
			echoResponse(r.Response, r.Request, b.id)
		}
		b.transport.Reply(requests)
	})
	for c := range core.Class(core.NumClasses) {
		err := a.call(b, ofClass(c, 1)).wait(t)
		var remote *core.RemoteError
		if !errors.As(err, &remote) || !errors.Is(err, core.ErrRemote) || remote.Text != text {
			t.Errorf("contract: %q: class %v: the call ended with %#v", e.contract, c, err)
		}
	}
	b.setHandler(b.echo)
	a.call(b, heartbeat(1)).done(t)
}

func checkHandlerPanic(t T, e *env) {
	a, b := e.open(1), e.open(2)
	b.setHandler(func(requests []*core.Incoming) {
		if requests[0].Request.(*core.AppendEntriesRequest).Session%2 == 0 {
			b.echo(requests) // answered already: stays answered
		}
		panic("a defect of the state machine")
	})
	if err := a.call(b, heartbeat(1)).wait(t); !errors.Is(err, core.ErrRemote) || !strings.Contains(err.Error(), "panic") {
		t.Errorf("contract: %q: the call ended with %v", e.contract, err)
	}
	a.call(b, heartbeat(2)).done(t)
	b.setHandler(b.echo)
	for i := range uint64(10) {
		a.call(b, ofClass(core.Class(i%core.NumClasses), i)).done(t)
	}
	if s, ok := b.stats(); ok && s.HandlerPanics != 2 {
		t.Errorf("contract: %q: %d panics counted, there were 2", e.contract, s.HandlerPanics)
	}
}

// checkForward has a handler call a third node from within Receive and answer
// when that call ends.
func checkForward(t T, e *env) {
	a, middle, last := e.open(1), e.open(2), e.open(3)
	middle.setHandler(func(requests []*core.Incoming) {
		for _, r := range requests {
			tk := middle.ticket(last.id, heartbeat(idOf(r.Request)), 2*patience)
			tk.then = func() { middle.echo([]*core.Incoming{r}) }
			middle.send(tk)
		}
	})
	var all []*ticket
	e.finishes("Send", func() {
		for i := range uint64(200) {
			all = append(all, a.call(middle, heartbeat(i)))
		}
	})
	for _, tk := range all {
		tk.done(t)
	}
}
