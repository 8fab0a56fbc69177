package transporttest

import (
	"bytes"
	"time"

	"github.com/raftbench/raftbench/core"
)

const (
	contractControl  = "Control traffic does not wait behind other classes."
	contractSnapshot = "Nothing waits behind snapshots."
)

// laneChecks are about who waits for whom.
func laneChecks() []check {
	return []check{
		{name: "ControlPassesUnansweredBulk", run: checkControlUnanswered, contract: contractControl},
		{name: "ControlPassesSlowBulk", run: checkControlSlow, wire: true, mem: true, contract: contractControl},
		{name: "AppendsPassSlowSnapshot", run: checkAppendsPassSnapshot, wire: true, mem: true, contract: contractSnapshot},
		{name: "FrozenPeerDelaysNobody", run: checkFrozenPeer, wire: true, mem: true, contract: contractWait},
		{name: "HandlerThatNeverAnswersDelaysNobody", run: checkMuteHandler, contract: contractWait},
	}
}

// checkControlUnanswered fills the queues of all other classes with calls that
// the peer's handler does not answer.
func checkControlUnanswered(t T, e *env) {
	const limit = 200
	e.limits.QueuedCalls = limit
	a, b := e.open(1), e.open(2)
	b.setHandler(holdBulk(b))
	a.call(b, heartbeat(0)).done(t)
	var bulk []*ticket
	for i := range uint64(2 * limit) {
		for _, c := range []core.Class{core.ClassAppend, core.ClassClient, core.ClassSnapshot} {
			bulk = append(bulk, a.call(b, ofClass(c, i)))
		}
	}
	for i := range uint64(20) {
		a.call(b, heartbeat(i)).done(t)
		a.call(b, &core.RequestVoteRequest{Term: core.Term(i)}).done(t)
	}
	b.setHandler(b.echo)
	b.release()
	for _, tk := range bulk {
		_ = tk.wait(t)
	}
}

// holdBulk answers control requests and keeps the others.
func holdBulk(n *node) func([]*core.Incoming) {
	return func(requests []*core.Incoming) {
		for _, r := range requests {
			one := []*core.Incoming{r}
			if r.Request.Class() == core.ClassControl {
				n.echo(one)
			} else {
				n.hold(one)
			}
		}
	}
}

// largeBytes take four seconds on a connection of which 1 MiB/s is read.
const largeBytes = 4 << 20

// checkControlSlow fills the way to a peer that reads 1 MiB/s on each connection with
// 32 MiB, which take four seconds even if each call has a connection.
func checkControlSlow(t T, e *env) {
	const calls = 8
	a, b := e.open(1), e.open(2)
	a.call(b, heartbeat(0)).done(t)
	a.call(b, appendEntries(0, 1)).done(t)
	e.mem.Slow(b.id, 10<<10, 10*time.Millisecond)
	var bulk []*ticket
	for i := range uint64(calls) {
		bulk = append(bulk, a.call(b, appendEntries(i, largeBytes)))
	}
	passes(t, e, bulk, func() {
		for i := range uint64(3) {
			a.call(b, heartbeat(i)).done(t)
		}
	})
	e.mem.Slow(b.id, 0, 0)
	for _, tk := range bulk {
		tk.done(t)
	}
}

// passes fails if most of the large calls that are under way end before what must not
// wait for them. (Some may have ended before: it takes a busy machine a while to send them.)
func passes(t T, e *env, large []*ticket, asked func()) {
	t.Helper()
	underWay := func() (n int) {
		for _, tk := range large {
			if !tk.isEnded() {
				n++
			}
		}
		return n
	}
	before, start := underWay(), time.Now()
	asked()
	if left := underWay(); left < before/2 {
		t.Errorf("contract: %q: small calls took %v, and meanwhile %d of %d large calls were done", e.contract, time.Since(start), before-left, before)
	}
}

// checkAppendsPassSnapshot sends chunks of a snapshot to a peer that reads 1 MiB/s on
// each connection, which takes seconds, and meanwhile appends and what clients ask for.
func checkAppendsPassSnapshot(t T, e *env) {
	const chunks = 8
	a, b := e.open(1), e.open(2)
	for class := range core.Class(core.NumClasses) {
		a.call(b, ofClass(class, 0)).done(t)
	}
	e.mem.Slow(b.id, 10<<10, 10*time.Millisecond)
	var snapshot []*ticket
	for i := range uint64(chunks) {
		snapshot = append(snapshot, a.call(b, &core.InstallSnapshotRequest{Session: i, Data: bytes.Repeat([]byte{byte(i)}, largeBytes)}))
	}
	passes(t, e, snapshot, func() {
		for i := range uint64(3) {
			a.call(b, ofClass(core.ClassAppend, i)).done(t)
			a.call(b, ofClass(core.ClassClient, i)).done(t)
		}
	})
	e.mem.Slow(b.id, 0, 0)
	for _, tk := range snapshot {
		tk.done(t)
	}
}

// checkFrozenPeer fills everything to a peer that has stopped reading and calls
// another; then the peer reads on.
func checkFrozenPeer(t T, e *env) {
	e.limits.QueuedBytes = 2 << 20
	a, frozen, other := e.open(1), e.open(2), e.open(3)
	a.call(frozen, heartbeat(0)).done(t)
	a.call(other, heartbeat(0)).done(t)
	e.mem.Freeze(frozen.id, true)
	var stuck []*ticket
	e.finishes("Send to a frozen peer", func() {
		for i := range uint64(100) {
			stuck = append(stuck, a.callFor(frozen.id, appendEntries(i, 64<<10), 2*patience), a.callFor(frozen.id, heartbeat(i), 2*patience))
		}
	})
	for i := range uint64(50) {
		a.call(other, ofClass(core.Class(i%core.NumClasses), i)).done(t)
	}
	e.finishes("Cancel of a call to a frozen peer", func() { a.cancel(stuck[0]) })
	_ = stuck[0].wait(t)
	e.mem.Freeze(frozen.id, false)
	for _, tk := range stuck {
		_ = tk.wait(t)
	}
	e.eventually("a call to the peer that reads again", func() bool {
		return a.callFor(frozen.id, heartbeat(1), time.Second).wait(t) == nil
	})
}

func checkMuteHandler(t T, e *env) {
	a, mute, other := e.open(1), e.open(2), e.open(3)
	mute.setHandler(mute.hold)
	e.finishes("Send to a node whose handler never answers", func() {
		for i := range uint64(1000) {
			a.call(mute, ofClass(core.Class(i%core.NumClasses), i))
		}
	})
	for i := range uint64(50) {
		a.call(other, ofClass(core.Class(i%core.NumClasses), i)).done(t)
	}
	// And the mute one can call itself.
	mute.call(other, heartbeat(1)).done(t)
}
