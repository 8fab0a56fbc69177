package transporttest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/raftbench/raftbench/core"
)

// completionChecks are about calls that end, and end once.
func completionChecks() []check {
	return []check{
		{name: "ExactlyOneCompletion", run: checkExactlyOnce, contract: contractOnce},
		{name: "Cancel", run: checkCancel,
			contract: "Cancel asks for calls under way to end now: those that have not ended end with ErrCanceled. A call that has ended is left alone."},
		{name: "CancelRaces", run: checkCancelRaces, contract: contractOnce},
		{name: "LateReply", run: checkLateReply,
			contract: "it does not touch it [Response] once the call has ended."},
		{name: "DoubleReply", run: checkDoubleReply, contract: contractOnce},
		{name: "Stats", run: checkStats,
			contract: "Meter is implemented by transports that count what they do. Stats may be called at any time, also after Close."},
	}
}

// fate is what a handler does with a request: the low digits of its session.
type fate uint64

const (
	fateEcho fate = iota
	fateLater
	fateError
	fateNever
	fatePanic
	fates
)

// checkExactlyOnce sends thousands of calls from many goroutines, of which some
// are answered at once, some later, some with an error, some never, some make
// the handler panic, and some are canceled.
func checkExactlyOnce(t T, e *env) {
	a, b := e.open(1), e.open(2)
	b.setHandler(byFate(b))
	a.call(b, heartbeat(0)).done(t) // connect first
	t.Logf("outcomes: %v", storm(e, a, b))

	// In the crowd a panic may have hit any of them. One by one it is certain.
	for f, want := range map[fate]string{fateEcho: "ok", fateLater: "ok", fateError: "remote", fatePanic: "remote", fateNever: "timeout"} {
		timeout := 2 * patience
		if f == fateNever {
			timeout = 20 * time.Millisecond
		}
		err := a.callFor(b.id, appendEntries(uint64(f), 1), timeout).wait(t)
		if got := outcome(err); got != want {
			t.Errorf("contract: %q: a call that was to end as %q ended with %v", contractOnce, want, err)
		}
	}
}

// storm has eight goroutines send about 2,000 calls in batches and cancel every
// tenth, and returns how they ended.
func storm(e *env, a, b *node) map[string]int {
	var mu sync.Mutex
	outcomes := map[string]int{}
	sender := func(random *rand.Rand) {
		var all []*ticket
		for range 60 {
			batch := make([]*ticket, 1+random.IntN(8))
			for i := range batch {
				batch[i] = fatedTicket(a, b, random)
			}
			a.send(batch...)
			if random.IntN(10) == 0 {
				a.cancel(batch...)
			}
			all = append(all, batch...)
		}
		for _, tk := range all {
			<-tk.ended
			if tk.err == nil {
				if d := echoDiff(tk.call); d != "" {
					e.violate("the response is not the answer to the request: %s", d)
				}
			}
			mu.Lock()
			outcomes[outcome(tk.err)]++
			mu.Unlock()
		}
	}
	var senders sync.WaitGroup
	for g := range uint64(8) {
		senders.Go(func() { sender(rand.New(rand.NewPCG(1, g))) })
	}
	e.finishes("about 2,000 calls", senders.Wait)
	return outcomes
}

// fatedTicket returns a call that says what is to become of it. Panics are rare,
// because one takes along what is unanswered of the requests that arrived with it.
func fatedTicket(from, to *node, random *rand.Rand) *ticket {
	f, timeout := fate(random.Uint64N(uint64(fatePanic))), 2*patience
	if random.IntN(200) == 0 {
		f = fatePanic
	}
	if f == fateNever {
		timeout = time.Duration(50+random.IntN(100)) * time.Millisecond
	}
	r := appendEntries(random.Uint64N(1<<40)*uint64(fates)+uint64(f), random.IntN(2000))
	return from.ticket(to.id, r, timeout)
}

// byFate answers requests as they ask for.
func byFate(n *node) func([]*core.Incoming) {
	return func(requests []*core.Incoming) {
		var now, later []*core.Incoming
		doomed := false
		for _, r := range requests {
			switch fate(r.Request.(*core.AppendEntriesRequest).Session % uint64(fates)) {
			case fateEcho:
				now = append(now, r)
			case fateLater:
				later = append(later, r)
			case fateError:
				r.Err = errors.New("as asked for")
				now = append(now, r)
			case fateNever:
				n.hold([]*core.Incoming{r})
			case fatePanic:
				doomed = true
			}
		}
		n.echo(now)
		if len(later) > 0 {
			n.env.background.Go(func() { n.echo(later) })
		}
		if doomed {
			panic("as asked for")
		}
	}
}

func outcome(err error) string {
	if err == nil {
		return "ok"
	}
	return core.ErrorClass(err)
}

func checkCancel(t T, e *env) {
	a, b := e.open(1), e.open(2)
	b.setHandler(b.hold)

	before := a.ticket(b.id, heartbeat(1), 2*patience)
	a.cancel(before) // not sent yet: nothing to end
	a.send(before)
	during := a.call(b, appendEntries(2, 100))
	e.eventually("arrival of two requests", func() bool { return b.holding() == 2 })

	a.cancel(during)
	if err := during.wait(t); !errors.Is(err, core.ErrCanceled) {
		t.Fatalf("contract: %q: a canceled call ended with %v", e.contract, err)
	}
	if before.isEnded() {
		t.Fatalf("contract: %q: a call ended (%v) that was not under way when it was canceled", e.contract, before.err)
	}
	b.release()
	before.done(t)
	a.cancel(before, during)
	if before.call.Err != nil || !errors.Is(during.call.Err, core.ErrCanceled) {
		t.Fatalf("contract: %q: Cancel changed calls that had ended", e.contract)
	}
}

// checkCancelRaces cancels calls while they are being answered, from another
// goroutine than the one that sent them. (A call is under way when Send has
// returned; whoever cancels it waits for that.)
func checkCancelRaces(t T, e *env) {
	a, b := e.open(1), e.open(2)
	answerLater(b)
	a.call(b, heartbeat(0)).done(t)
	sent := make(chan *ticket, 1)
	e.background.Go(func() {
		for tk := range sent {
			a.cancel(tk)
		}
	})
	defer close(sent)
	for i := range uint64(300) {
		tk := a.call(b, ofClass(core.Class(i%core.NumClasses), i))
		sent <- tk
		if err := tk.wait(t); err != nil && !errors.Is(err, core.ErrCanceled) {
			t.Fatalf("contract: %q: a call that was canceled as it was answered ended with %v", e.contract, err)
		}
	}
}

// checkLateReply answers requests whose calls have ended, and looks whether the
// answers go anywhere.
func checkLateReply(t T, e *env) {
	a, b := e.open(1), e.open(2)
	a.call(b, heartbeat(0)).done(t)
	b.setHandler(b.hold)
	late := make([]*ticket, 20)
	for i := range late {
		late[i] = a.callFor(b.id, &core.ProposeRequest{Commands: [][]byte{fmt.Appendf(nil, "late %d", i)}}, 30*time.Millisecond)
	}
	for _, tk := range late {
		if err := tk.wait(t); !errors.Is(err, core.ErrTimeout) {
			t.Fatalf("contract: %q: a call that nobody answered ended with %v", e.contract, err)
		}
		mark(tk.call.Response)
	}
	// The same Call objects are sent again before the old answers come.
	again := make([]*ticket, len(late))
	b.setHandler(b.echo)
	for i, old := range late {
		old.call.Response = new(core.ProposeResponse)
		again[i] = &ticket{node: a, call: old.call, ended: make(chan struct{})}
		again[i].call.Tag = again[i]
		again[i].call.Request = &core.ProposeRequest{Commands: [][]byte{fmt.Appendf(nil, "again %d", i)}}
		again[i].call.Timeout = 2 * patience
		if i == len(late)/2 {
			b.release()
		}
		a.send(again[i])
	}
	for _, tk := range again {
		tk.done(t)
		mark(tk.call.Response)
	}
	a.call(b, heartbeat(1)).done(t)
	for i, tk := range again {
		if r := tk.call.Response.(*core.ProposeResponse); r.From != marked || len(r.List()) != 0 {
			t.Errorf("contract: %q: response %d became %+v after its call had ended", e.contract, i, r)
		}
	}
}

// marked is who has answered when the caller itself has filled the response.
const marked core.NodeID = 4711

func mark(r core.Response) {
	p := r.(*core.ProposeResponse)
	p.Reset()
	p.From = marked
}

// checkDoubleReply has a handler answer twice in one Reply.
func checkDoubleReply(t T, e *env) {
	a, b := e.open(1), e.open(2)
	b.setHandler(func(requests []*core.Incoming) {
		for _, r := range requests {
			echoResponse(r.Response, r.Request, b.id)
			b.transport.Reply([]*core.Incoming{r, r})
		}
	})
	for i := range uint64(50) {
		a.call(b, heartbeat(i)).done(t)
	}
}

func checkStats(t T, e *env) {
	a, b := e.open(1), e.open(2)
	if _, ok := a.stats(); !ok {
		t.Skipf("the transport does not count (core.Meter)")
	}
	for i := range uint64(10) {
		a.call(b, heartbeat(i)).done(t)
	}
	b.setHandler(b.hold)
	if err := a.callFor(b.id, heartbeat(10), time.Millisecond).wait(t); !errors.Is(err, core.ErrTimeout) {
		t.Fatalf("contract: %q: a call that nobody answered ended with %v", contractOnce, err)
	}
	e.finishes("Close", a.close)
	s, _ := a.stats()
	if s.Calls != 11 || s.Timeouts != 1 {
		t.Errorf("contract: %q: 11 calls of which one timed out were counted as %+v", e.contract, s)
	}
	if len(s.Peers) != 1 || s.Peers[0].Peer != b.id {
		t.Errorf("contract: %q: peers %+v, want those that were called: %v", e.contract, s.Peers, b.id)
	}
	if s, _ := b.stats(); s.Requests < 10 || s.Calls != 0 {
		t.Errorf("contract: %q: a node that received at least 10 requests and sent none counted %+v", e.contract, s)
	}
}
