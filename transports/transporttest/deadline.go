package transporttest

import (
	"errors"
	"math"
	"sync/atomic"
	"time"

	"github.com/raftbench/raftbench/core"
)

// timeChecks are about timeouts.
func timeChecks() []check {
	return []check{
		{name: "Timeout", run: checkTimeout,
			contract: "Timeout counts from Send."},
		{name: "TimeoutOfEachClass", run: checkClassTimeouts,
			contract: "Zero means the class's default (Timeouts)."},
		{name: "TimeoutWhileConnecting", run: checkTimeoutConnecting, wire: true, contract: contractOnce},
		{name: "RemainingTime", run: checkRemaining,
			contract: "Remaining is the time that all of the batch has left when it leaves the sender; zero: without end; negative: none."},
	}
}

// clockStep is what a timer may be early, as clocks are read at different places.
const clockStep = time.Millisecond

// checkTimeout calls a peer that never answers, with many different timeouts. The
// calls leave in one Send: those that leave after others have timed out are new
// failures of the peer to a circuit breaker, and a caller that a busy machine held up
// for long enough would find it open.
func checkTimeout(t T, e *env) {
	a, b := e.open(1), e.open(2)
	a.call(b, heartbeat(0)).done(t)
	b.setHandler(b.hold)
	var all []*ticket
	for i := range 100 {
		timeout := time.Duration(1+i) * 2 * time.Millisecond
		all = append(all, a.ticket(b.id, ofClass(core.Class(i%core.NumClasses), uint64(i)), timeout))
	}
	a.send(all...)
	for _, tk := range all {
		err := tk.wait(t) // not later than shortly after: with much patience
		if !errors.Is(err, core.ErrTimeout) {
			t.Fatalf("contract: %q: a call that nobody answered ended with %v after %v", contractOnce, err, tk.took())
		}
		if tk.took() < tk.timeout-clockStep {
			t.Errorf("contract: %q: a call with a timeout of %v ended with %v after %v", e.contract, tk.timeout, err, tk.took())
		}
	}
	b.release()
	b.setHandler(b.echo)
	a.call(b, heartbeat(1)).done(t)
}

func checkClassTimeouts(t T, e *env) {
	e.timeouts.Control, e.timeouts.Append = 20*time.Millisecond, 60*time.Millisecond
	e.timeouts.Client, e.timeouts.Snapshot = 100*time.Millisecond, 2*patience
	a, b := e.open(1), e.open(2)
	a.call(b, heartbeat(0)).done(t)
	b.setHandler(b.hold)
	var all []*ticket
	for c := range core.Class(core.NumClasses) {
		all = append(all, a.callFor(b.id, ofClass(c, 1), 0))
	}
	for c, tk := range all[:core.ClassSnapshot] {
		err := tk.wait(t)
		want := e.timeouts.Of(core.Class(c))
		if !errors.Is(err, core.ErrTimeout) || tk.took() < want-clockStep {
			t.Errorf("contract: %q: class %v, %v: ended with %v after %v", e.contract, core.Class(c), want, err, tk.took())
		}
	}
	if slow := all[core.ClassSnapshot]; slow.isEnded() {
		t.Errorf("contract: %q: class snapshot, %v: ended with %v after %v", e.contract, e.timeouts.Snapshot, slow.err, slow.took())
	}
}

// checkTimeoutConnecting calls a peer that accepts and says nothing, and one
// whose connection is never made.
func checkTimeoutConnecting(t T, e *env) {
	e.timeouts.Connect = 2 * patience
	const silent, stuck core.NodeID = 2, 3
	e.serveRaw(silent, hold(e))
	e.wrapDial = stuckDial(stuck)
	a := e.openAt(1, nil)
	for _, to := range []core.NodeID{silent, stuck} {
		for c := range core.Class(core.NumClasses) {
			tk := a.callFor(to, ofClass(c, 1), 30*time.Millisecond)
			if err := tk.wait(t); !errors.Is(err, core.ErrTimeout) && !errors.Is(err, core.ErrUnavailable) {
				t.Errorf("contract: %q: a call to a peer that does not connect ended with %v", e.contract, err)
			}
		}
	}
}

// checkRemaining sends requests that say how much time they have left, one after the
// other, so that one that says nothing follows one that did.
func checkRemaining(t T, e *env) {
	a, b := e.open(1), e.open(2)
	var arrived atomic.Int64
	b.setHandler(func(requests []*core.Incoming) {
		for _, r := range requests {
			switch q := r.Request.(type) {
			case *core.ProposeRequest:
				arrived.Store(int64(q.Remaining))
			case *core.ReadRequest:
				arrived.Store(int64(q.Remaining))
			}
		}
		b.echo(requests)
	})
	for _, d := range []time.Duration{time.Second, 0, 1, 5*time.Second - 1, -1, math.MaxInt64, 0, math.MinInt64} {
		for _, r := range []core.Request{
			&core.ProposeRequest{Remaining: d, Commands: [][]byte{[]byte("x")}},
			&core.ReadRequest{Remaining: d, Queries: [][]byte{[]byte("x")}},
		} {
			arrived.Store(7)
			a.call(b, r).done(t)
			if got := time.Duration(arrived.Load()); got != d {
				t.Errorf("contract: %q: a %v with %v left arrived with %v", e.contract, r.Kind(), d, got)
			}
		}
	}
}
