package transporttest

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net"
	"runtime"
	"time"

	"github.com/raftbench/raftbench/core"
)

const contractTooLarge = "Larger ones are refused on both sides, before memory is taken for them."

// hostileChecks are about messages that nobody should send.
func hostileChecks() []check {
	return []check{
		{name: "OversizeRequest", run: checkOversizeRequest,
			contract: "ErrTooLarge: the request exceeds Limits.MessageBytes and was not sent, or the response does and was refused."},
		{name: "OversizeResponse", run: checkOversizeResponse,
			contract: "ErrTooLarge: the request exceeds Limits.MessageBytes and was not sent, or the response does and was refused."},
		{name: "OversizeForThePeer", run: checkOversizePeer, contract: contractTooLarge},
		{name: "GarbageToListener", run: checkGarbage, wire: true, alone: true, contract: contractTooLarge},
		{name: "GarbageToDialer", run: checkGarbageAnswers, wire: true, alone: true, contract: contractTooLarge},
		{name: "RecordedBytesMutated", run: checkMutations, wire: true, wraps: true, alone: true, contract: contractTooLarge},
		{name: "HalfARequestThenSilence", run: checkHalf, wire: true, wraps: true, contract: contractWait},
	}
}

// garbage returns byte strings that are no transport's protocol, or the
// beginning of one with something absurd behind.
func garbage() [][]byte {
	random := make([]byte, 64<<10)
	source := rand.NewPCG(7, 7)
	for i := range random {
		random[i] = byte(source.Uint64())
	}
	repeat := func(b byte, n int) []byte { return bytes.Repeat([]byte{b}, n) }
	return [][]byte{
		nil,
		{0},
		random,
		random[:5],
		repeat(0, 64<<10),
		repeat(0xff, 64<<10),
		repeat(0x7f, 64),
		{0x7f, 0xff, 0xff, 0xff, 1},
		{0xff, 0xff, 0xff, 0x7f, 1, 1, 1, 1, 1, 1, 1, 1},
		[]byte("GET / HTTP/1.1\r\nHost: node\r\n\r\n"),
		[]byte("GET / HTTP/9.9\r\n\r\n"),
		[]byte("POST / HTTP/1.1\r\nHost: node\r\nContent-Length: 9000000000000000000\r\n\r\nx"),
		[]byte("POST / HTTP/1.1\r\nHost: node\r\nContent-Length: 4000000000\r\n\r\nx"),
		[]byte("POST / HTTP/1.1\r\nHost: node\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFF\r\nx"),
		[]byte("HTTP/1.1 200 OK\r\nContent-Length: 4000000000\r\n\r\nx"),
		[]byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff\x00\x00\x00\x00\x00\x00"),
		[]byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00\x00\x00\x05\x00\x05\x00\x00\x00\x01"),
		{0xf8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2}, // gob: a message of 2^63 B
		{0xfc, 0x7f, 0xff, 0xff, 0xff, 1},                      // gob: a message of 2 GiB
		{0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3},                // TLS: a client hello
	}
}

// allocationBound is what one connection may allocate for garbage. It covers
// the buffers that libraries take for a connection.
const allocationBound = 8 << 20

// frugally runs f and fails if the process allocated more than n times the bound.
func frugally(t T, what string, n int, f func()) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > uint64(n)*allocationBound {
		t.Errorf("contract: %q: %s made the process allocate %d MiB", contractTooLarge, what, got>>20)
	}
}

func checkGarbage(t T, e *env) {
	a, b := e.open(1), e.open(2)
	a.call(b, heartbeat(0)).done(t)
	b.setHandler(b.hold)
	bystander := a.call(b, appendEntries(1, 100))
	e.eventually("arrival of a request", func() bool { return b.holding() == 1 })

	for i, bad := range garbage() {
		frugally(t, fmt.Sprintf("garbage %d (%.20q)", i, bad), 1, func() {
			c := e.dialRaw(b.id)
			_ = c.SetDeadline(time.Now().Add(20 * time.Millisecond)) // some wait for more
			_, _ = c.Write(bad)
			drain(c)
			_ = c.Close()
		})
	}
	if bystander.isEnded() {
		t.Errorf("contract: %q: garbage on one connection ended a call on another with %v", contractWait, bystander.err)
	}
	b.setHandler(b.echo)
	b.release()
	bystander.done(t)
	for c := range core.Class(core.NumClasses) {
		a.call(b, ofClass(c, 1)).done(t)
	}
}

// checkGarbageAnswers calls servers that answer with garbage.
func checkGarbageAnswers(t T, e *env) {
	b := e.open(2)
	a := e.openAt(1, nil)
	for i, bad := range garbage() {
		id := core.NodeID(100 + i)
		e.serveRaw(id, func(c net.Conn) {
			_, _ = c.Write(bad)
			drain(c)
		})
		frugally(t, fmt.Sprintf("garbage %d (%.20q) as an answer", i, bad), core.NumClasses, func() {
			var all []*ticket
			for c := range core.Class(core.NumClasses) {
				all = append(all, a.callFor(id, ofClass(c, 1), 20*time.Millisecond))
			}
			for _, tk := range all {
				if err := tk.wait(t); err == nil {
					t.Errorf("contract: %q: garbage %d was taken for an answer", contractOnce, i)
				}
			}
		})
	}
	a.call(b, heartbeat(1)).done(t)
}
