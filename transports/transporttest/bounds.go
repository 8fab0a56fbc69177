package transporttest

import (
	"context"
	"errors"
	"io"
	"net"
	"runtime"
	"time"

	"github.com/raftbench/raftbench/core"
)

const contractBounds = "Queues are bounded by count and by bytes (Limits). What does not fit ends at once with ErrOverflow."

// boundChecks are about what a transport holds.
func boundChecks() []check {
	return []check{
		{name: "QueuedCalls", run: checkQueuedCalls, contract: contractBounds},
		{name: "QueuedBytes", run: checkQueuedBytes, contract: contractBounds},
		{name: "OneCallIsAlwaysLetThrough", run: checkOneLargeCall,
			contract: "QueuedBytes bounds their SizeBytes. ... One call is always let through: one of the class, over however many connections."},
		{name: "OneLargeCallOverAllConnections", run: checkOneOfManyLarge,
			contract: "One call is always let through: one of the class, over however many connections."},
		{name: "PeerNeverReads", run: checkNeverReads, wire: true, alone: true, contract: contractWait},
	}
}

// checkQueuedCalls sends more than fits to a peer that does not answer, in each
// class, and then again when there is room.
func checkQueuedCalls(t T, e *env) {
	const limit = 50
	e.limits.QueuedCalls = limit
	a, b := e.open(1), e.open(2)
	a.call(b, heartbeat(0)).done(t)
	b.setHandler(b.hold)
	for c := range core.Class(core.NumClasses) {
		first := overfill(t, e, a, b, c, limit)
		e.eventually("arrival of what was let through", func() bool { return b.holding() == limit })
		b.release()
		for _, tk := range first {
			if err := tk.wait(t); !errors.Is(err, core.ErrOverflow) {
				tk.done(t)
			}
		}
		tk := a.call(b, ofClass(c, 1))
		e.eventually("arrival of a call when there is room again", func() bool { return b.release() > 0 || tk.isEnded() })
		tk.done(t)
	}
}

// overfill sends twice the limit and checks that one half ends at once.
func overfill(t T, e *env, a, b *node, c core.Class, limit int) []*ticket {
	t.Helper()
	var all []*ticket
	for i := range 2 * limit {
		all = append(all, a.call(b, ofClass(c, uint64(i))))
	}
	underWay := func() (n int) {
		for _, tk := range all {
			if !tk.isEnded() {
				n++
			}
		}
		return n
	}
	if !e.poll(func() bool { return underWay() <= limit }) {
		t.Fatalf("contract: %q: %d calls of class %v are under way, the limit is %d", e.contract, underWay(), c, limit)
	}
	if got := underWay(); got != limit {
		t.Errorf("contract: %q: %d calls of class %v are under way, the limit is %d", e.contract, got, c, limit)
	}
	for _, tk := range all {
		if tk.isEnded() && !errors.Is(tk.err, core.ErrOverflow) {
			t.Fatalf("contract: %q: a call that does not fit ended with %v", e.contract, tk.err)
		}
	}
	return all
}

func checkQueuedBytes(t T, e *env) {
	const size, fit = 10 << 10, 8
	e.limits.QueuedBytes = fit * (appendEntries(1, size).SizeBytes())
	a, b := e.open(1), e.open(2)
	a.call(b, heartbeat(0)).done(t)
	b.setHandler(b.hold)
	var all []*ticket
	for i := range uint64(2 * fit) {
		all = append(all, a.call(b, appendEntries(i, size)))
	}
	for _, tk := range all[fit:] {
		if err := tk.wait(t); !errors.Is(err, core.ErrOverflow) {
			t.Fatalf("contract: %q: a call beyond the limit in bytes ended with %v", e.contract, err)
		}
	}
	e.eventually("arrival of what was let through", func() bool { return b.holding() == fit })
	b.setHandler(b.echo)
	b.release()
	for _, tk := range all[:fit] {
		tk.done(t)
	}
	if s, ok := a.stats(); ok && s.Overflows != fit {
		t.Errorf("contract: %q: %d overflows counted, there were %d", e.contract, s.Overflows, fit)
	}
}

func checkOneLargeCall(t T, e *env) {
	e.limits.QueuedBytes = 1000
	a, b := e.open(1), e.open(2)
	for i := range uint64(5) {
		a.call(b, appendEntries(i, 100<<10)).done(t)
	}
}

// checkOneOfManyLarge sends many calls of which each alone is more than may be under
// way: over however many connections they are spread, one is.
func checkOneOfManyLarge(t T, e *env) {
	const calls = 24
	e.limits.QueuedBytes = 1000
	a, b := e.open(1), e.open(2)
	a.call(b, heartbeat(0)).done(t)
	b.setHandler(b.hold)
	var all []*ticket
	for i := range uint64(calls) {
		all = append(all, a.call(b, appendEntries(i, 10<<10)))
	}
	overflows := 0
	e.eventually("arrival of what was let through", func() bool {
		overflows = 0
		for _, tk := range all {
			if tk.isEnded() && errors.Is(tk.err, core.ErrOverflow) {
				overflows++
			}
		}
		return b.holding() > 0 && b.holding()+overflows == calls
	})
	if overflows != calls-1 {
		t.Errorf("contract: %q: %d large calls are under way", e.contract, calls-overflows)
	}
	b.setHandler(b.echo)
	b.release()
	for _, tk := range all {
		if err := tk.wait(t); !errors.Is(err, core.ErrOverflow) {
			tk.done(t)
		}
	}
	a.call(b, appendEntries(calls, 10<<10)).done(t)
}

// checkNeverReads calls a peer that accepts connections and never reads, with far
// more than sockets hold.
func checkNeverReads(t T, e *env) {
	const size, calls, queued = 64 << 10, 1500, 4 << 20 // 94 MiB in all
	e.limits.QueuedBytes = queued
	const mute core.NodeID = 2
	e.serveRaw(mute, hold(e))
	a, c := e.open(1), e.open(3)
	a.call(c, heartbeat(0)).done(t)

	shared := appendEntries(1, size)
	heap := heapBytes()
	all := make([]*ticket, calls)
	e.finishes("Send to a peer that never reads", func() {
		for i := range all {
			all[i] = a.callFor(mute, shared, 3*patience)
		}
	})
	grown := int(heapBytes()) - int(heap)
	if bound := 8*queued + 16<<20; grown > bound {
		t.Errorf("contract: %q: %d calls of %d KiB took %d MiB, with a queue of %d MiB", contractBounds, calls, size>>10, grown>>20, queued>>20)
	}
	for i := range uint64(20) {
		a.call(c, heartbeat(i)).done(t)
	}
	ended := 0
	for _, tk := range all {
		if tk.isEnded() {
			ended++
			if tk.err == nil {
				t.Fatalf("contract: %q: a call that nobody read ended well", contractOnce)
			}
		}
	}
	if ended < calls-2*queued/size {
		t.Errorf("contract: %q: %d calls of %d KiB are under way, with a queue of %d MiB", contractBounds, calls-ended, size>>10, queued>>20)
	}
	short := a.callFor(mute, heartbeat(1), 20*time.Millisecond)
	if err := short.wait(t); err == nil {
		t.Fatalf("contract: %q: a call that nobody read ended well", contractOnce)
	}
}

// heapBytes returns what is in use after a collection.
func heapBytes() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// hold keeps a connection open without reading.
func hold(e *env) func(net.Conn) {
	return func(net.Conn) { <-e.closed }
}

// drain reads until the connection ends.
func drain(c net.Conn) { _, _ = io.Copy(io.Discard, c) }

// stuckDial makes dials to one node wait until they are given up.
func stuckDial(stuck core.NodeID) func(dialFunc) dialFunc {
	return func(dial dialFunc) dialFunc {
		return func(ctx context.Context, to core.NodeID) (net.Conn, error) {
			if to == stuck {
				<-ctx.Done()
				return nil, ctx.Err()
			}
			return dial(ctx, to)
		}
	}
}
