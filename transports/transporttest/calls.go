package transporttest

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/raftbench/raftbench/core"
)

// callChecks are about what a call carries and where it goes.
func callChecks() []check {
	return []check{
		{name: "RoundTrip", run: checkRoundTrip,
			contract: "Complete gives back calls that have ended: either Err is set, or Response is filled."},
		{name: "BatchToSeveralPeers", run: checkBatch,
			contract: "Send starts calls. The slice is the caller's again when Send returns; the calls are the transport's until each is completed."},
		{name: "NoCrossTalk", run: checkNoCrossTalk,
			contract: contractOnce},
		{name: "CallIsUsedAgain", run: checkReuse,
			contract: "The caller neither reads nor writes it [State] and keeps it when it reuses the call."},
		{name: "CompleteSendsTheNext", run: checkChain,
			contract: "Complete may be called before Send returns, from the same goroutine."},
		{name: "EmptySlices", run: checkEmptySlices,
			contract: "All methods may be called concurrently."},
		{name: "Order", run: checkOrder,
			contract: "Requests of one class to one peer arrive in the order they were sent only if Network.Ordered says so, and only while the connection lives."},
		{name: "RequestMemory", run: checkRequestMemory,
			contract: "Request and everything it points to stays the caller's memory, and must not change until the call has ended."},
	}
}

func checkRoundTrip(t T, e *env) {
	a, b := e.open(1), e.open(2)
	for _, x := range exchanges() {
		var arrived atomic.Pointer[string]
		b.setHandler(func(requests []*core.Incoming) {
			for _, r := range requests {
				d := diff(x.request, r.Request)
				arrived.Store(&d)
				assign(r.Response, x.response)
			}
			b.transport.Reply(requests)
		})
		tk := a.call(b, x.request)
		// What a response held before must not be seen in the next.
		if err := tk.wait(t); err != nil {
			t.Fatalf("contract: %q: %s: %v", e.contract, x.name, err)
		}
		if d := arrived.Load(); d == nil || *d != "" {
			t.Errorf("contract: %q: %s: the request arrived changed (-sent +arrived):\n%s", e.contract, x.name, excerpt(*d))
		}
		if d := diff(x.response, tk.call.Response); d != "" {
			t.Errorf("contract: %q: %s: the response arrived changed (-sent +arrived):\n%s", e.contract, x.name, excerpt(d))
		}
	}
}

// excerpt keeps a diff of a big message readable.
func excerpt(s string) string {
	const enough = 1000
	if len(s) > enough {
		return s[:enough] + " ..."
	}
	return s
}

func checkBatch(t T, e *env) {
	a := e.open(1)
	peers := []*node{e.open(2), e.open(3), e.open(4)}
	var batch []*ticket
	for i := range 60 {
		to := peers[i%len(peers)]
		batch = append(batch, a.ticket(to.id, ofClass(core.Class(i%core.NumClasses), uint64(i)), 2*patience))
	}
	a.send(batch...)
	for _, tk := range batch {
		tk.done(t)
	}
	for _, p := range peers {
		if got := p.received.Load(); got != 20 {
			t.Errorf("contract: %q: %v received %d requests of 20", e.contract, p.id, got)
		}
	}
}

// checkNoCrossTalk has many callers ask different things of several peers, whose
// answers come back in another order.
func checkNoCrossTalk(t T, e *env) {
	a := e.open(1)
	peers := []*node{e.open(2), e.open(3)}
	for _, p := range peers {
		answerLater(p)
	}
	var callers sync.WaitGroup
	for g := range uint64(16) {
		callers.Go(func() {
			for i := range uint64(50) {
				id := g<<32 | i
				tk := a.call(peers[i%2], ofClass(core.Class(i%core.NumClasses), id))
				<-tk.ended
				if tk.err != nil {
					e.violate("a call ended with %v", tk.err)
				} else if d := echoDiff(tk.call); d != "" {
					e.violate("the response is not the answer to the request: %s", d)
				}
			}
		})
	}
	e.finishes("calls from 16 goroutines", callers.Wait)
}

// answerLater makes p answer what it holds when the next requests come, the
// newest first; a goroutine answers the last.
func answerLater(p *node) {
	more := make(chan struct{}, 1)
	p.setHandler(func(requests []*core.Incoming) {
		p.hold(requests)
		select {
		case more <- struct{}{}:
		default:
		}
	})
	p.env.background.Go(func() {
		for {
			select {
			case <-p.env.closed:
				return
			case <-more:
			}
			p.mu.Lock()
			held := p.held
			p.held = nil
			p.mu.Unlock()
			for i := len(held) - 1; i >= 0; i-- {
				p.echo(held[i : i+1])
			}
		}
	})
}

func checkReuse(t T, e *env) {
	a, b := e.open(1), e.open(2)
	call := &core.Call{To: b.id, Timeout: 2 * patience}
	for i := range 200 {
		call.Request = ofClass(core.Class(i%3), uint64(i))
		if call.Response == nil || call.Response.Kind() != call.Request.Kind() {
			call.Response = call.Request.Kind().NewResponse()
		}
		tk := &ticket{node: a, call: call, ended: make(chan struct{})}
		call.Tag = tk
		a.send(tk)
		if err := tk.wait(t); err != nil {
			t.Fatalf("contract: %q: call %d: %v", e.contract, i, err)
		}
		if d := echoDiff(call); d != "" {
			t.Fatalf("contract: %q: call %d: the response is not the answer to the request: %s", e.contract, i, d)
		}
	}
}

func checkEmptySlices(t T, e *env) {
	a, b := e.open(1), e.open(2)
	a.transport.Send(nil)
	a.transport.Send([]*core.Call{})
	a.transport.Cancel(nil)
	a.transport.Cancel([]*core.Call{})
	b.transport.Reply(nil)
	b.transport.Reply([]*core.Incoming{})
	a.call(b, heartbeat(1)).done(t)
	if got := b.received.Load(); got != 1 {
		t.Errorf("contract: %q: %d requests arrived, one was sent", e.contract, got)
	}
}

// checkRequestMemory changes requests as soon as their calls have ended, while a
// handler may still be reading. The race detector sees memory that is shared;
// without it the handler sees bytes that differ.
func checkRequestMemory(t T, e *env) {
	a, b := e.open(1), e.open(2)
	b.setHandler(func(requests []*core.Incoming) {
		for _, r := range requests {
			e.background.Go(func() {
				time.Sleep(3 * time.Millisecond) // the call ends meanwhile
				data := r.Request.(*core.AppendEntriesRequest).Entries[0].Data
				for _, x := range data {
					if x != data[0] {
						e.violate("a request changed while its handler was reading it")
						break
					}
				}
				b.echo([]*core.Incoming{r})
			})
		}
	})
	_ = a.call(b, appendEntries(1, 1)).wait(t) // connect first
	var all []*ticket
	for i := range 40 {
		r := appendEntries(uint64(i), 4<<10)
		tk := a.ticket(b.id, r, time.Duration(1+i%6)*time.Millisecond)
		tk.then = func() {
			data := r.Entries[0].Data
			for j := range data {
				data[j] = byte(j)
			}
		}
		all = append(all, tk)
		a.send(tk)
		if i%5 == 0 {
			a.cancel(tk)
		}
	}
	for _, tk := range all {
		_ = tk.wait(t)
	}
}
