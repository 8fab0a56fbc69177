package transporttest

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/goleak"

	"github.com/raftbench/raftbench/core"
)

// closeChecks close transports in awkward moments.
func closeChecks() []check {
	return []check{
		{name: "CloseUnderCalls", run: checkCloseUnderCalls, contract: contractClose},
		{name: "CloseBeforeAnyCall", run: checkCloseUnused, contract: contractClose},
		{name: "CloseWhileDialing", run: checkCloseDialing, wire: true, contract: contractClose},
		{name: "CloseOnPeerThatNeverReads", run: checkCloseNeverReads, wire: true, contract: contractClose},
		{name: "CloseTwice", run: checkCloseTwice, contract: "A second Close does nothing."},
		{name: "CloseInAFlood", run: checkCloseFlood, contract: contractClose},
		{name: "CloseWhileSending", run: checkCloseSending, contract: contractOnce},
		{name: "CloseThenReply", run: checkCloseReply,
			contract: "Answering after the connection broke or after Close is allowed and does nothing."},
		{name: "SendAfterClose", run: checkSendAfterClose,
			contract: "ErrClosed: the transport was closed; whether the peer saw the request is unknown."},
		{name: "NothingIsLeft", run: checkNothingLeft, alone: true, contract: contractClose},
	}
}

func checkCloseUnderCalls(t T, e *env) {
	a, b := e.open(1), e.open(2)
	b.setHandler(b.hold)
	var all []*ticket
	for i := range uint64(100) {
		all = append(all, a.call(b, ofClass(core.Class(i%core.NumClasses), i)))
	}
	e.eventually("arrival of all requests", func() bool { return b.holding() == len(all) })
	e.finishes("Close with calls under way", a.close)
	for _, tk := range all {
		if !tk.isEnded() {
			t.Fatalf("contract: %q: Close has returned and a call is still under way", e.contract)
		}
		if !errors.Is(tk.err, core.ErrClosed) {
			t.Fatalf("contract: %q: a call under way ended with %v", e.contract, tk.err)
		}
	}
	b.release()
}

func checkCloseUnused(_ T, e *env) {
	e.finishes("Close of a transport that was never used", e.open(1).close)
	e.finishes("Close of a transport that only calls", e.openAt(2, nil).close)
}

// checkCloseDialing closes while connections to a peer are being made.
func checkCloseDialing(t T, e *env) {
	e.timeouts.Connect = 3 * patience
	const stuck core.NodeID = 2
	e.wrapDial = stuckDial(stuck)
	a := e.openAt(1, nil)
	var all []*ticket
	for c := range core.Class(core.NumClasses) {
		all = append(all, a.callFor(stuck, ofClass(c, 1), 3*patience))
	}
	e.finishes("Close during a dial", a.close)
	for _, tk := range all {
		if err := tk.wait(t); !errors.Is(err, core.ErrClosed) {
			t.Fatalf("contract: %q: a call under way ended with %v", e.contract, err)
		}
	}
}

// checkCloseNeverReads closes while writes to a peer are stuck.
func checkCloseNeverReads(t T, e *env) {
	const mute core.NodeID = 2
	e.serveRaw(mute, hold(e))
	a := e.openAt(1, nil)
	var all []*ticket
	for i := range uint64(100) {
		all = append(all, a.callFor(mute, appendEntries(i, 128<<10), 3*patience))
	}
	e.finishes("Close with writes that are stuck", a.close)
	for _, tk := range all {
		if err := tk.wait(t); err == nil {
			t.Fatalf("contract: %q: a call that nobody read ended well", contractOnce)
		}
	}
}

func checkCloseTwice(t T, e *env) {
	a, b := e.open(1), e.open(2)
	a.call(b, heartbeat(1)).done(t)
	var all sync.WaitGroup
	for range 4 {
		all.Go(a.close)
		all.Go(b.close)
	}
	e.finishes("Close from many goroutines", all.Wait)
	e.finishes("Close of a closed transport", a.close)
}

// checkCloseFlood closes a node while others flood it with requests and it
// floods them. Nothing may be delivered to it afterwards.
func checkCloseFlood(t T, e *env) {
	closing, other := e.open(1), e.open(2)
	var stop atomic.Bool
	var floods sync.WaitGroup
	flood := func(from, to *node) {
		for i := uint64(0); !stop.Load(); i++ {
			tk := from.callFor(to.id, ofClass(core.Class(i%core.NumClasses), i), patience)
			if i%16 == 0 {
				<-tk.ended
			}
		}
	}
	for range 2 {
		floods.Go(func() { flood(other, closing) })
	}
	floods.Go(func() { flood(closing, other) })
	e.eventually("traffic both ways", func() bool { return closing.received.Load() > 100 && other.received.Load() > 100 })
	e.finishes("Close in a flood", closing.close)
	// Whatever the transport has forgotten to wait for gets a chance to show.
	time.Sleep(20 * time.Millisecond)
	stop.Store(true)
	e.finishes("a flood of calls to a closed peer", floods.Wait)
	_ = t
}

// checkCloseSending closes while many goroutines send.
func checkCloseSending(t T, e *env) {
	a, b := e.open(1), e.open(2)
	a.call(b, heartbeat(0)).done(t)
	var senders sync.WaitGroup
	for g := range uint64(4) {
		senders.Go(func() {
			for i := range uint64(200) {
				tk := a.call(b, ofClass(core.Class(i%core.NumClasses), g<<32|i))
				<-tk.ended
				if tk.err == nil {
					if d := echoDiff(tk.call); d != "" {
						e.violate("the response is not the answer to the request: %s", d)
					}
				} else if !errors.Is(tk.err, core.ErrClosed) {
					e.violate("a call of a transport that is being closed ended with %v", tk.err)
				}
			}
		})
	}
	e.eventually("some calls", func() bool { return b.received.Load() > 50 })
	e.finishes("Close while others send", a.close)
	e.finishes("Send to a closed transport", senders.Wait)
}

func checkCloseReply(t T, e *env) {
	a, b := e.open(1), e.open(2)
	b.setHandler(b.hold)
	all := []*ticket{a.call(b, heartbeat(1)), a.call(b, appendEntries(1, 100)), a.call(b, &core.ProposeRequest{})}
	e.eventually("arrival of all requests", func() bool { return b.holding() == len(all) })
	e.finishes("Close of the caller", a.close)
	e.finishes("Close of a transport whose handler holds requests", b.close)
	e.finishes("Reply after Close", func() { b.release() })
	for _, tk := range all {
		_ = tk.wait(t)
	}
}

func checkSendAfterClose(t T, e *env) {
	a, b := e.open(1), e.open(2)
	a.call(b, heartbeat(1)).done(t)
	e.finishes("Close", a.close)
	for i := range uint64(8) {
		tk := a.callFor(core.NodeID(2+i%2), ofClass(core.Class(i%core.NumClasses), i), patience)
		if !tk.isEnded() {
			t.Fatalf("contract: %q: Send after Close returned and the call has not ended; nobody is left who could end it", e.contract)
		}
		if !errors.Is(tk.err, core.ErrClosed) {
			t.Fatalf("contract: %q: a call sent after Close ended with %v", e.contract, tk.err)
		}
		a.cancel(tk)
	}
}

// checkNothingLeft opens, uses and closes nodes again and again.
func checkNothingLeft(t T, e *env) {
	for round := range 3 {
		ignore := goleak.IgnoreCurrent()
		a, b := e.open(1), e.open(2)
		b.setHandler(b.hold)
		for i := range uint64(8) {
			a.call(b, ofClass(core.Class(i%core.NumClasses), i))
		}
		_ = a.callFor(b.id, heartbeat(1), time.Millisecond).wait(t)
		_ = a.callFor(9, heartbeat(1), time.Millisecond).wait(t) // nobody there
		if round%2 == 0 {
			e.finishes("Close", a.close)
			e.finishes("Close", b.close)
		} else {
			e.finishes("Close", b.close)
			e.finishes("Close", a.close)
		}
		if err := goleak.Find(ignore); err != nil {
			t.Fatalf("contract: %q: %v", e.contract, err)
		}
		if e.mem != nil && !e.network.InProcess && e.mem.OpenConns() != 0 {
			t.Fatalf("contract: %q: %d ends of connections are left open", e.contract, e.mem.OpenConns())
		}
	}
}
