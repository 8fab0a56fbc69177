package transporttest

import (
	"bytes"
	"context"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"github.com/raftbench/raftbench/core"
)

// recording is what was written to a connection.
type recording struct {
	net.Conn
	mu   *sync.Mutex
	sent *[]byte
}

func (r recording) Write(p []byte) (int, error) {
	r.mu.Lock()
	*r.sent = append(*r.sent, p...)
	r.mu.Unlock()
	return r.Conn.Write(p)
}

// record returns what a caller writes on each of its connections to b.
func record(t T, e *env, b *node) [][]byte {
	t.Helper()
	var mu sync.Mutex
	var streams []*[]byte
	before := e.wrapDial
	e.wrapDial = func(dial dialFunc) dialFunc {
		return func(ctx context.Context, to core.NodeID) (net.Conn, error) {
			c, err := dial(ctx, to)
			if err != nil {
				return nil, err
			}
			mu.Lock()
			defer mu.Unlock()
			sent := new([]byte)
			streams = append(streams, sent)
			return recording{c, &mu, sent}, nil
		}
	}
	a := e.openAt(77, nil)
	e.wrapDial = before
	for i := range uint64(8) {
		a.call(b, ofClass(core.Class(i%core.NumClasses), i)).done(t)
	}
	e.finishes("Close", a.close)
	mu.Lock()
	defer mu.Unlock()
	var recorded [][]byte
	for _, s := range streams {
		if len(*s) > 0 {
			recorded = append(recorded, *s)
		}
	}
	if len(recorded) == 0 {
		t.Fatalf("the transport wrote nothing to the connections that its dialer gave it")
	}
	return recorded
}

// checkMutations sends what a real caller sent, with bytes changed, cut out or
// repeated.
func checkMutations(t T, e *env) {
	e.limits.MessageBytes = 1 << 20
	a, b := e.open(1), e.open(2)
	a.call(b, heartbeat(0)).done(t)
	random := rand.New(rand.NewPCG(3, 3))
	const tries = 60
	for _, real := range record(t, e, b) {
		frugally(t, "recorded bytes with changes", tries, func() {
			for range tries {
				c := e.dialRaw(b.id)
				_ = c.SetDeadline(time.Now().Add(2 * time.Millisecond))
				_, _ = c.Write(mutate(random, real))
				drain(c)
				_ = c.Close()
			}
		})
	}
	e.eventually("calls of another node", func() bool {
		for c := range core.Class(core.NumClasses) {
			if a.callFor(b.id, ofClass(c, 1), time.Second).wait(t) != nil {
				return false
			}
		}
		return true
	})
}

// mutate returns a copy of b with a small change.
func mutate(random *rand.Rand, b []byte) []byte {
	m := bytes.Clone(b)
	at := random.IntN(len(m))
	switch random.IntN(4) {
	case 0:
		m[at] ^= 1 << random.IntN(8)
	case 1:
		m[at] = 0xff
	case 2:
		m = append(m[:at], m[min(at+1+random.IntN(8), len(m)):]...)
	case 3:
		m = append(m[:at:at], m[at/2:]...)
	}
	return m
}

// checkHalf leaves connections open on which only a part of what a real caller
// sent has come.
func checkHalf(t T, e *env) {
	a, b := e.open(1), e.open(2)
	for _, real := range record(t, e, b) {
		for _, n := range []int{1, len(real) / 3, len(real) / 2, len(real) - 1} {
			if _, err := e.dialRaw(b.id).Write(real[:n]); err != nil {
				t.Fatalf("write: %v", err)
			}
		}
	}
	for i := range uint64(20) {
		a.call(b, ofClass(core.Class(i%core.NumClasses), i)).done(t)
	}
	e.finishes("Close with half a request on a connection", b.close)
}
