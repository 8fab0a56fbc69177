package transporttest

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/raftbench/raftbench/core"
)

const contractExhausted = "Exhausted: of DialFailures: this machine was out of local ports or file descriptors."

const contractBackoff = "ReconnectMax caps the pause between attempts to reach a peer that failed: random between nothing and the cap, which doubles from 5 ms."

// failureChecks are about peers that go and come.
func failureChecks() []check {
	return []check{
		{name: "DeadPeer", run: checkDeadPeer,
			contract: "ErrUnavailable: no connection to the peer could be had, so the request was not sent."},
		{name: "DeadPeerIsNotBesieged", run: checkBackoff, wire: true, contract: contractBackoff},
		{name: "PeerComesBack", run: checkPeerReturns,
			contract: "It [ReconnectMax] must stay below the election timeout, or a fail-over measures the back-off."},
		{name: "Breaker", run: checkBreaker, wire: true,
			contract: "closed lets calls through, open refuses them at once with ErrUnavailable, half-open lets a few through to see."},
		{name: "MachineIsExhausted", run: checkExhausted, wire: true, contract: contractExhausted},
		{name: "ConnectionIsReset", run: checkReset, wire: true, mem: true,
			contract: "ErrBroken: the connection ended while the call was under way; whether the peer saw the request is unknown."},
		{name: "HalfAnAnswer", run: checkHalfAnAnswer, wire: true, wraps: true,
			contract: "Complete gives back calls that have ended: either Err is set, or Response is filled."},
		{name: "PeerClosesUnderCalls", run: checkPeerCloses,
			contract: "ErrBroken: the connection ended while the call was under way; whether the peer saw the request is unknown."},
	}
}

// dead returns a NodeID where nobody listens, but somebody did.
func dead(e *env) core.NodeID {
	const id core.NodeID = 9
	if !e.network.InProcess {
		_ = e.listen(id).Close()
	}
	return id
}

func checkDeadPeer(t T, e *env) {
	a := e.openAt(1, nil)
	to := dead(e)
	for i := range uint64(8) {
		tk := a.callFor(to, ofClass(core.Class(i%core.NumClasses), i), 2*patience)
		if err := tk.wait(t); !errors.Is(err, core.ErrUnavailable) {
			t.Fatalf("contract: %q: a call to a dead peer ended with %v", e.contract, err)
		}
	}
	if s, ok := a.stats(); ok && s.Unavailable != 8 {
		t.Errorf("contract: %q: %d counted as unavailable, there were 8", e.contract, s.Unavailable)
	}
}

// checkBackoff keeps calling a dead peer for half a second and counts dials.
func checkBackoff(t T, e *env) {
	var dials atomic.Int64
	e.wrapDial = func(dial dialFunc) dialFunc {
		return func(ctx context.Context, to core.NodeID) (net.Conn, error) {
			dials.Add(1)
			return dial(ctx, to)
		}
	}
	a := e.openAt(1, nil)
	to := dead(e)
	const window = 500 * time.Millisecond
	calls := 0
	for start := time.Now(); time.Since(start) < window; calls++ {
		tk := a.callFor(to, ofClass(core.Class(calls%core.NumClasses), 1), window)
		_ = tk.wait(t)
		time.Sleep(100 * time.Microsecond) // a caller that is in a hurry
	}
	e.finishes("Close", a.close) // with it the attempt that is under way
	// A single link makes about 16 attempts in half a second: the pauses are 2.5,
	// 5, 10, 20, 40 and then 50 ms on average. Allow ten links that are lucky.
	const bound = 400
	if got := dials.Load(); got == 0 || got > bound {
		t.Errorf("contract: %q: %d dials for %d calls in %v, want between 1 and %d", e.contract, got, calls, window, bound)
	}
}

// checkPeerReturns closes a peer under load and opens it again at its address,
// twice.
func checkPeerReturns(t T, e *env) {
	a, b := e.open(1), e.open(2)
	a.call(b, heartbeat(0)).done(t)
	for range 2 {
		e.finishes("Close", b.close)
		for i := range uint64(20) {
			if err := a.callFor(b.id, ofClass(core.Class(i%core.NumClasses), i), 2*patience).wait(t); err == nil {
				t.Fatalf("contract: %q: a call to a closed peer ended well", contractOnce)
			}
		}
		b = e.open(b.id)
		inARow := 0
		e.eventually("20 calls in a row to a peer that came back", func() bool {
			for i := range uint64(20) {
				if a.callFor(b.id, ofClass(core.Class(i%core.NumClasses), i), time.Second).wait(t) != nil {
					inARow = 0
					return false
				}
				inARow++
			}
			return true
		})
	}
}

func checkBreaker(t T, e *env) {
	a, b := e.open(1), e.open(2)
	if _, ok := a.stats(); !ok {
		t.Skipf("the transport does not count (core.Meter)")
	}
	a.call(b, heartbeat(0)).done(t)
	e.eventually("a closed breaker", func() bool { return breaker(a, b.id).Breaker == core.BreakerClosed })
	e.finishes("Close", b.close)
	e.eventually("an open breaker", func() bool {
		_ = a.callFor(b.id, heartbeat(1), time.Second).wait(t)
		s := breaker(a, b.id)
		return s.BreakerTrips > 0 && s.Breaker != core.BreakerClosed
	})
	b = e.open(b.id)
	e.eventually("a breaker that closes again", func() bool {
		err := a.callFor(b.id, heartbeat(2), time.Second).wait(t)
		return err == nil && breaker(a, b.id).Breaker == core.BreakerClosed
	})
}

// checkExhausted lets the machine run out of local ports for a while: the calls say
// so and what to do, they are counted, and the peer is not blamed.
func checkExhausted(t T, e *env) {
	var exhausted atomic.Bool
	exhausted.Store(true)
	e.wrapDial = func(dial dialFunc) dialFunc {
		return func(ctx context.Context, to core.NodeID) (net.Conn, error) {
			if exhausted.Load() {
				return nil, &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.EADDRNOTAVAIL)}
			}
			return dial(ctx, to)
		}
	}
	a, b := e.open(1), e.open(2)
	for i := range uint64(20) {
		err := a.call(b, ofClass(core.Class(i%core.NumClasses), i)).wait(t)
		if !errors.Is(err, core.ErrUnavailable) || !strings.Contains(err.Error(), "ip_local_port_range") {
			t.Fatalf("contract: %q: a call without a local port ended with %v", e.contract, err)
		}
	}
	if s, ok := a.stats(); ok {
		if s.Exhausted == 0 || s.Exhausted != s.DialFailures {
			t.Errorf("contract: %q: %d of %d failures to dial counted as exhausted", e.contract, s.Exhausted, s.DialFailures)
		}
		if p := breaker(a, b.id); p.BreakerTrips > 0 {
			t.Errorf("contract: %q: the breaker of a peer that nobody could call tripped %d times", e.contract, p.BreakerTrips)
		}
	}
	exhausted.Store(false)
	e.eventually("a call when there are ports again", func() bool {
		return a.callFor(b.id, heartbeat(1), time.Second).wait(t) == nil
	})
}

func breaker(n *node, peer core.NodeID) core.PeerStats {
	s, _ := n.stats()
	for _, p := range s.Peers {
		if p.Peer == peer {
			return p
		}
	}
	return core.PeerStats{}
}

// checkReset resets all connections under calls that nobody has answered.
func checkReset(t T, e *env) {
	a, b := e.open(1), e.open(2)
	b.setHandler(b.hold)
	var all []*ticket
	for i := range uint64(20) {
		all = append(all, a.call(b, ofClass(core.Class(i%core.NumClasses), i)))
	}
	e.eventually("arrival of all requests", func() bool { return b.holding() == len(all) })
	e.mem.Cut(b.id)
	for _, tk := range all {
		if err := tk.wait(t); !errors.Is(err, core.ErrBroken) {
			t.Fatalf("contract: %q: a call over a connection that was reset ended with %v", e.contract, err)
		}
	}
	b.setHandler(b.echo)
	b.release() // "Answering after the connection broke ... is allowed and does nothing."
	e.eventually("a call over a new connection", func() bool {
		return a.callFor(b.id, heartbeat(1), time.Second).wait(t) == nil
	})
}

// checkPeerCloses closes the transport of a peer whose handler holds requests.
func checkPeerCloses(t T, e *env) {
	a, b := e.open(1), e.open(2)
	b.setHandler(b.hold)
	var all []*ticket
	for i := range uint64(20) {
		all = append(all, a.call(b, ofClass(core.Class(i%core.NumClasses), i)))
	}
	e.eventually("arrival of all requests", func() bool { return b.holding() == len(all) })
	e.finishes("Close of a transport whose handler holds requests", b.close)
	for _, tk := range all {
		if err := tk.wait(t); !errors.Is(err, core.ErrBroken) && !errors.Is(err, core.ErrUnavailable) {
			t.Fatalf("contract: %q: a call to a peer that closed ended with %v", e.contract, err)
		}
	}
	b.release()
}

// checkHalfAnAnswer has calls time out when half of their answer has arrived. What
// comes of the rest must not be taken for the answer to a later call, on whichever
// connection that goes (pools that gave back a connection after a deadline had this bug).
func checkHalfAnAnswer(t T, e *env) {
	v := &valve{Listener: e.listen(2)}
	defer v.open()
	a, b := e.open(1), e.openAt(2, v)
	for i := range uint64(2 * core.NumClasses) {
		class := core.Class(i % core.NumClasses)
		e.eventually("a call before", func() bool {
			return a.callFor(b.id, ofClass(class, 1000+i), time.Second).wait(t) == nil
		})
		v.shut()
		tk := a.callFor(b.id, ofClass(class, 2000+i), 20*time.Millisecond)
		if err := tk.wait(t); !errors.Is(err, core.ErrTimeout) && !errors.Is(err, core.ErrBroken) && !errors.Is(err, core.ErrUnavailable) {
			t.Fatalf("contract: %q: a call of which half an answer came ended with %v", e.contract, err)
		}
		v.open()
		next, answered := uint64(3000), 0
		e.eventually("ten calls after half an answer", func() bool {
			next++
			tk := a.callFor(b.id, ofClass(class, next), time.Second)
			if tk.wait(t) != nil {
				return false // the connection is given up
			}
			if d := echoDiff(tk.call); d != "" {
				t.Fatalf("contract: %q: after half an answer, the response is not the answer to the request: %s", e.contract, d)
			}
			answered++
			return answered == 10
		})
	}
}
